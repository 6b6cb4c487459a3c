"""The arguments and the answer of `undo`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from autosend_mcp.models.base import JsonObject, WriteAnswer, WriteBody
from autosend_mcp.models.contacts.delete import Confirm
from autosend_mcp.models.values import Name

# What the answer of a call says of what it did, besides its outcome and what it was about.
DID = ("changes", "changed", "removed", "added", "created", "alreadyInList", "notInList", "notDeleted", "contacts")


# The members of a dry run that may be long.
DELETES, UPDATES = "wouldDelete", "wouldUpdate"


def _reference(given: object) -> object:
    """Return the reference, however it was copied from an answer: `undo 7kfm`, `"7KFM"`."""
    if not isinstance(given, str):
        return given
    return given.strip(" \t\r\n\"'`.").lower().removeprefix("undo").strip(" :=\"'")


class Undo(WriteBody):
    """The arguments of `undo`."""

    write: Annotated[Name, BeforeValidator(_reference)] = Field(
        description="The undo from the answer of that write.", examples=["7kfm"]
    )
    confirm: Confirm | None = Field(default=None, description="After the user agrees, if it deletes.")
    cursor: str | None = Field(default=None, description="With dryRun: its nextCursor.")


class Undone(WriteAnswer[Literal["undone", "partly_undone", "unchanged", "dry_run"]]):
    """The answer of `undo`.

    `write`: which write it was. `did`: the calls that took it back, and what became of them. `left`: what was left as
    it is, and why.
    """

    write: JsonObject | None = None
    did: list[JsonObject] | None = None
    left: list[JsonObject] | None = None
    next_cursor: str | None = None
