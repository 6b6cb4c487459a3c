"""Contact lists and segments, as AutoSend returns them.

Source: AutoSend's documentation, the pages of "Contact lists" and "Segments". Both are one resource: a list is a
group that contacts are put into, a segment is computed from conditions.
"""

from typing import Annotated, Any

from pydantic import Field

from autosend_mcp.models.base import JsonObject, Stored
from autosend_mcp.models.text import VisibleText

EVERYBODY = "GLOBAL_CONTACT_LIST"


class ContactList(Stored):
    """A list or segment as AutoSend returns it. Only `id` and `name` are taken for granted."""

    id: Annotated[VisibleText, Field(min_length=1)]
    name: VisibleText
    description: VisibleText | None = None
    type: VisibleText | None = None
    contact_count: int | None = None
    created_at: VisibleText | None = None
    filter_criteria: JsonObject | None = None
    parent_id: VisibleText | None = None

    @property
    def is_segment(self) -> bool:
        """Whether it is computed, so that nobody can be put into it."""
        return self.type == "segment" if self.type else self.filter_criteria is not None

    def short(self) -> dict[str, Any]:
        """Return `{"id", "name"}`."""
        return {"id": self.id, "name": self.name}

    def named(self) -> dict[str, Any]:
        """Return what distinguishes it: `{"id", "name", "type", "contactCount"}`, of a sub-segment also `parentId`."""
        shown = {"id": self.id, "name": self.name, "type": self.type, "contactCount": self.contact_count}
        shown |= {"parentId": self.parent_id}
        return {name: value for name, value in shown.items() if value is not None}

    def shown(self) -> dict[str, Any]:
        """Return what there is to know of it: what distinguishes it, the description, the conditions of a segment."""
        more = {"description": self.description, "filterCriteria": self.filter_criteria}
        return self.named() | {name: value for name, value in more.items() if value}
