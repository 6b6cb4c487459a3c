"""The arguments and answers of the tools for suppression groups.

Source: AutoSend's documentation, the pages of "Suppression groups".
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from autosend_mcp.models.base import Answer, Body, JsonObject, WriteAnswer, WriteBody, broken_rule
from autosend_mcp.models.shapes import FieldChanges
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup
from autosend_mcp.models.text import visible
from autosend_mcp.models.values import Name, Text, not_blank, sendable

GroupName = Annotated[str, Field(max_length=200), AfterValidator(sendable), AfterValidator(not_blank)]

# Published as a text: a host that must give every argument gives false where it means nothing, and an empty text here.
Switch = Annotated[bool, WithJsonSchema({"type": "string"})]


class ListSuppressionGroups(Body):
    """The arguments of `list_suppression_groups`: none."""


class SuppressionGroups(Answer):
    """The answer of `list_suppression_groups`."""

    groups: list[JsonObject]


class CreateSuppressionGroup(WriteBody):
    """The arguments of `create_suppression_group`; but for dryRun, the body of `POST /suppression-groups`."""

    name: GroupName = Field(description="Name, unique in the project.", examples=["Our blog"])
    description: Text | None = Field(default=None, description="What mail it is about.")
    is_active: Switch = Field(default=True, description="true: on, as by default; false: off.")

    def request_body(self) -> dict[str, Any]:
        """Return the body of the request."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"dry_run"})


class CreatedSuppressionGroup(WriteAnswer[Literal["created", "dry_run"]]):
    """The answer of `create_suppression_group`."""

    group_id: str | None = None
    name: str | None = None


class UpdateSuppressionGroup(WriteBody):
    """The arguments of `update_suppression_group`."""

    group: Name = Field(description="The group, by name or groupId.", examples=["Our blog"])
    name: GroupName | None = Field(default=None, description="Its new name.")
    description: Text | None = Field(default=None, description="What mail it is about.")
    is_active: Switch | None = Field(default=None, description="true: on, false: off.")

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.wanted():
            raise broken_rule("give what to change: name, description or isActive")
        return self

    def wanted(self) -> dict[str, Any]:
        """Return the values that are asked for, under AutoSend's names."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"dry_run", "group"})

    def request_body(self, found: SuppressionGroup) -> dict[str, Any]:
        """Return the body of the request: always with isActive, without which AutoSend might switch the group on."""
        return {"isActive": found.is_active, **self.wanted()}


class UpdatedSuppressionGroup(WriteAnswer[Literal["updated", "unchanged", "dry_run"]]):
    """The answer of `update_suppression_group`. `changes`: each value that was changed, as it was and as it is."""

    group_id: str | None = None
    name: str | None = None
    changes: FieldChanges | None = None


def changes(before: SuppressionGroup, body: UpdateSuppressionGroup) -> dict[str, dict[str, Any]]:
    """Return each value that is asked for and not there: `{"name": {"was": "Blog", "now": "Our blog"}}`."""
    was = before.shown()
    return {
        name: {"was": was.get(name), "now": value}
        for name, value in body.wanted().items()
        if not _same(value, was.get(name))
    }


def _same(asked: object, shown: object) -> bool:
    if isinstance(asked, str) and isinstance(shown, str):
        return visible(asked).strip() == shown.strip()
    return asked == shown


def taken_back(changed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the values as they were, without those that were empty: an argument cannot say that."""
    return {name: change["was"] for name, change in changed.items() if change["was"] not in (None, "")}


class DeleteSuppressionGroup(WriteBody):
    """The arguments of `delete_suppression_group`."""

    group: Name = Field(description="The group, by name or groupId.", examples=["Our blog"])
    confirm: Name | None = Field(default=None, description="Its exact name, once the user has agreed.")


class DeletedSuppressionGroup(WriteAnswer[Literal["deleted", "dry_run"]]):
    """The answer of `delete_suppression_group`."""

    group_id: str | None = None
    name: str | None = None
