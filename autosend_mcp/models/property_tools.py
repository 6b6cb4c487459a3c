"""The arguments and answers of the tools for custom fields.

Sources: AutoSend's documentation, the pages of "Custom fields" and "Contact properties".
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from autosend_mcp.models.base import JsonObject, WriteAnswer, WriteBody
from autosend_mcp.models.contact_properties import FieldType
from autosend_mcp.models.pages import Pageable, Paged
from autosend_mcp.models.values import CustomName, Name, Text


class ListCustomFields(Pageable):
    """The arguments of `list_custom_fields`."""


class CustomFieldList(Paged):
    """The answer of `list_custom_fields`."""

    fields: list[JsonObject]


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
