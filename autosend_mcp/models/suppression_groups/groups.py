"""Suppression groups, as AutoSend returns them. Source: AutoSend's documentation, the pages of "Suppression groups"."""

from typing import Annotated

from pydantic import AliasChoices, Field

from autosend_mcp.models.base import Stored
from autosend_mcp.models.text import VisibleText


class SuppressionGroup(Stored):
    """A suppression group as AutoSend returns it, or as it did at first. Only `groupId` and `name` are certain."""

    group_id: Annotated[VisibleText, Field(min_length=1, validation_alias=AliasChoices("groupId", "id"))]
    name: VisibleText
    description: VisibleText | None = None
    is_global: bool | None = None
    is_active: bool | None = Field(default=None, validation_alias=AliasChoices("isActive", "active"))
    suppression_count: int | None = None
    created_at: VisibleText | None = None

    def shown(self) -> dict[str, object]:
        """Return what distinguishes it from others."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"notes", "created_at"})

    def short(self) -> dict[str, object]:
        """Return the id and the name."""
        return self.model_dump(by_alias=True, include={"group_id", "name"})

    def made_by(self) -> dict[str, object]:
        """Return the arguments that make a group like it."""
        return self.model_dump(by_alias=True, exclude_none=True, include={"name", "description", "is_active"})
