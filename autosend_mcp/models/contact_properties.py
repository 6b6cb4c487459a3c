"""Custom fields, as AutoSend returns them.

Sources: AutoSend's documentation, the pages of "Custom fields" and "Contact properties". The types are
those of the pages' tables.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field

from autosend_mcp.models.base import KeepsRaw
from autosend_mcp.models.comparison import moment
from autosend_mcp.models.text import VisibleText, visible

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


def definition_for(name: str, value: object) -> dict[str, object]:
    """Return the arguments of `create_custom_field` that would define a field for such a value."""
    kind = "date" if isinstance(value, str) and moment(value) is not None else "string"
    if isinstance(value, int | float):
        kind = "boolean" if isinstance(value, bool) else "number"
    return {"fieldName": visible(name), "fieldType": kind}
