"""Suppression: the groups that people can opt out of, and the arguments and answers of the suppression tools.

Source: AutoSend's documentation, "List suppression groups", "Bulk suppress emails" and "Bulk unsuppress emails".
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from autosend_mcp.models.base import Answer, Body, JsonObject, Write, Written, broken_rule
from autosend_mcp.models.text import VisibleText
from autosend_mcp.models.values import MAX_ENTRIES, EmailAddress, Name, Text


class SuppressionGroup(Answer):
    """A suppression group as AutoSend returns it. Only `groupId` and `name` are taken for granted."""

    group_id: Annotated[VisibleText, Field(min_length=1)]
    name: VisibleText
    description: VisibleText | None = None
    is_global: bool | None = None
    suppression_count: int | None = None

    def shown(self) -> dict[str, object]:
        """What tells it from others."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"notes"})


class ListSuppressionGroups(Body):
    """The arguments of `list_suppression_groups`: none."""


class SuppressionGroups(Answer):
    """The answer of `list_suppression_groups`."""

    groups: list[JsonObject]


class _Suppression(Write):
    emails: list[EmailAddress] = Field(
        min_length=1, max_length=MAX_ENTRIES, description="Up to 100 addresses.", examples=[["jane@example.com"]]
    )
    group: Name | None = Field(default=None, description="The group, by name or groupId.", examples=["Our blog"])

    everywhere: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.group is None) is not self.everywhere:
            raise broken_rule("give either group, or everywhere: true")
        return self

    def addresses(self) -> list[str]:
        """The addresses, each once."""
        return list(dict.fromkeys(self.emails))


class SuppressEmails(_Suppression):
    """The arguments of `suppress_emails`."""

    everywhere: bool = Field(default=False, description="Or all mail, also transactional.")
    reason: Text | None = Field(default=None, description="Why, for the record.", examples=["asked by phone"])


class UnsuppressEmails(_Suppression):
    """The arguments of `unsuppress_emails`."""

    everywhere: bool = Field(default=False, description="Or out of every group they are in.")


class Suppressed(Written):
    """The answer of both. `changed`: how many addresses AutoSend says it changed."""

    outcome: Literal["done", "dry_run"]
    changed: int | None = None
