"""The arguments and answers of the tools for lists and segments.

Source: AutoSend's documentation, the pages of "Contact lists" and "Segments".
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from autosend_mcp.models.base import WriteAnswer, WriteBody, broken_rule
from autosend_mcp.models.pages import Pageable, Paged
from autosend_mcp.models.shapes import ShownList
from autosend_mcp.models.values import FOR_LIST, Name, not_blank, sendable

ListName = Annotated[str, Field(max_length=200), AfterValidator(sendable), AfterValidator(not_blank)]

Description = Annotated[str, Field(max_length=500), AfterValidator(sendable)]

_VALUELESS = {"is_empty", "is_not_empty"}

_EITHER = {"equals", "not_equals"}

OPERATORS = {
    "string": _EITHER | {"contains", "not_contains", "starts_with", "ends_with"} | _VALUELESS,
    "number": _EITHER | {"greater_than", "less_than", "between"},
    "boolean": _EITHER,
    "date": _EITHER | {"before", "after", "between"} | _VALUELESS,
}


def _criteria(value: object) -> object:
    """Return the conditions of a segment, checked against the documented operators."""
    if not isinstance(value, dict):
        return value
    criteria = cast("dict[str, Any]", value)
    if criteria.get("logicalOperator") not in ("AND", "OR"):  # a list cannot be looked for in a set
        raise broken_rule("needs logicalOperator, AND or OR")
    groups = criteria.get("groups")
    if not isinstance(groups, list) or not groups:
        raise broken_rule("needs groups, an array of conditions")
    for number, group in enumerate(cast("list[object]", groups)):
        if not isinstance(group, dict):
            raise broken_rule(f"groups.{number} must be an object")
        _check_condition(cast("dict[str, Any]", group), f"groups.{number}")
    return criteria


def _check_condition(condition: dict[str, Any], path: str) -> None:
    if not isinstance(condition.get("field"), str) or not condition["field"].strip():
        raise broken_rule(f"{path} needs field, the name of a field")
    operators = OPERATORS.get(str(condition.get("fieldType")))
    if operators is None:
        raise broken_rule(f"{path}.fieldType must be one of {', '.join(OPERATORS)}")
    if condition.get("operator") not in sorted(operators):
        raise broken_rule(f"{path}.operator must be one of {', '.join(sorted(operators))}")
    if condition["operator"] not in _VALUELESS and condition.get("value") is None:
        raise broken_rule(f"{path} needs value")


Criteria = Annotated[dict[str, Any], BeforeValidator(_criteria), WithJsonSchema({"type": "object"})]


class ListContactLists(Pageable):
    """The arguments of `list_contact_lists`."""

    # A host that requires every argument must be able to say that it wants both.
    type: Literal["any", "list", "segment"] = Field(default="any", description="Only these.")
    name_contains: Name | None = Field(default=None, description="Only those with this in their name, in any case.")


class ContactLists(Paged):
    """The answer of `list_contact_lists`."""

    lists: list[ShownList]


class CreateContactList(WriteBody):
    """The arguments of `create_contact_list`; but for dryRun, the body of `POST /contact-lists`."""

    name: ListName = Field(description="Name, unique in the project.", examples=["Newsletter"])
    description: Description | None = Field(default=None, description="What it is for.")
    type: Literal["list", "segment"] = Field(default="list", description="list by default.")
    filter_criteria: Criteria | None = Field(
        default=None,
        description="The conditions of a segment; fieldType string, number, boolean or date. Operators: equals, "
        "not_equals; of strings contains, not_contains, starts_with, ends_with; of numbers greater_than, less_than; of "
        "dates before, after; of both between; of strings and dates is_empty, is_not_empty. "
        'Example: {"logicalOperator":"AND","groups":[{"field":"plan","fieldType":"string","operator":"equals",'
        '"value":"pro"}]}',
        examples=[
            {
                "logicalOperator": "AND",
                "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
            }
        ],
    )
    parent_id: Name | None = Field(default=None, description="Id of the list that a segment is a part of.")

    @model_validator(mode="after")
    def _segment_has_criteria(self) -> Self:
        if (self.type == "segment") is not (self.filter_criteria is not None):
            raise broken_rule("filterCriteria is required for a segment, and only for a segment")
        return self

    def field_names(self) -> list[str]:
        """Return the names of the fields in its conditions, without the `customFields.` that some pages show."""
        names = [condition["field"].strip() for condition in (self.filter_criteria or {}).get("groups", ())]
        return [name.removeprefix("customFields.").removeprefix("contactProperties.") for name in names]

    def request_body(self) -> dict[str, Any]:
        """Return the body of the request."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"dry_run"})


class CreatedContactList(WriteAnswer[Literal["created", "dry_run"]]):
    """The answer of `create_contact_list`. `contactCount`: how many are in a segment that was made."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    contact_count: int | None = None


class DeleteContactList(WriteBody):
    """The arguments of `delete_contact_list`."""

    spellings: ClassVar[Mapping[str, str]] = {**FOR_LIST, "name": "list", "id": "list"}

    contact_list: Name = Field(alias="list", description="The list or segment, by name or id.", examples=["Newsletter"])
    confirm: Name | None = Field(default=None, description="Its exact name, once the user has agreed.")


class DeletedContactList(WriteAnswer[Literal["deleted", "dry_run"]]):
    """The answer of `delete_contact_list`."""

    id: str | None = None
    name: str | None = None
