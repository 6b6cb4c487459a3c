"""Custom fields: what AutoSend returns, and the arguments and answers of the field tools.

Sources: AutoSend's documentation, the pages of "Custom fields" and "Contact properties". The types are
those of the pages' tables.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field

from autosend_mcp.models.base import JsonObject, KeepsRaw, WriteAnswer, WriteBody
from autosend_mcp.models.comparison import moment
from autosend_mcp.models.pages import Pageable, Paged
from autosend_mcp.models.text import VisibleText, visible
from autosend_mcp.models.values import CustomName, Name, Text

FieldType = Literal["string", "number", "boolean", "date"]
TYPES: tuple[str, ...] = get_args(FieldType)


class CustomField(KeepsRaw):
    """A custom field as AutoSend returns it. Only `fieldName` is taken for granted."""

    id: VisibleText | None = None
    field_name: Annotated[VisibleText, Field(min_length=1)]
    field_type: VisibleText | None = None
    description: VisibleText | None = None
    default_value: VisibleText | None = None
    created_at: VisibleText | None = None

    @property
    def stored_name(self) -> str:
        """The name also with what cannot be seen in it, as a request must have it."""
        return str(self.raw["fieldName"])

    def shown(self) -> dict[str, object]:
        """Return what an assistant can use: the name, the type, what is said of it."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"id", "created_at", "notes"})


class ListCustomFields(Pageable):
    """The arguments of `list_custom_fields`."""


class CustomFieldList(Paged):
    """The answer of `list_custom_fields`."""

    fields: list[JsonObject]


def definition_for(name: str, value: object) -> dict[str, object]:
    """Return the arguments of `create_custom_field` that would define a field for such a value."""
    kind = "date" if isinstance(value, str) and moment(value) is not None else "string"
    if isinstance(value, int | float):
        kind = "boolean" if isinstance(value, bool) else "number"
    return {"fieldName": visible(name), "fieldType": kind}


class CreateCustomField(WriteBody):
    """The arguments of `create_custom_field`; but for dryRun, the body of `POST /custom-fields`. The newer path has
    `name` and `type` in it."""

    spellings: ClassVar[Mapping[str, str]] = {"name": "fieldName", "type": "fieldType"}

    field_name: CustomName = Field(description="Name, unique in the project.", examples=["plan"])
    field_type: FieldType = Field(description="What its values are.", examples=["string"])
    description: Text | None = Field(default=None, description="What it is for.")
    default_value: Text | None = Field(default=None, description="Used in mail where a contact has no value.")

    @classmethod
    def of(cls, name: str, kind: str) -> Self:
        """Return the arguments for this name and type. Raises ValidationError if there can be no such field."""
        return cls.model_validate({"fieldName": name, "fieldType": kind}, context=[])

    def request_body(self) -> dict[str, Any]:
        """Return the body of the request."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"dry_run"})


class CreatedCustomField(WriteAnswer[Literal["created", "dry_run"]]):
    """The answer of `create_custom_field`."""

    field_name: str | None = None
    field_type: str | None = None


class DeleteCustomField(WriteBody):
    """The arguments of `delete_custom_field`."""

    spellings: ClassVar[Mapping[str, str]] = {"name": "fieldName"}

    field_name: Name = Field(description="Its exact name.", examples=["plan"])
    confirm: Name | None = Field(default=None, description="The name again, once the user has agreed.")


class DeletedCustomField(WriteAnswer[Literal["deleted", "dry_run"]]):
    """The answer of `delete_custom_field`."""

    field_name: str | None = None
    field_type: str | None = None
