"""The rows of an import as its journal keeps them, and as they are on their way to AutoSend."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic_core import from_json

from autosend_mcp.models.contacts.contact import Values

SUCCESSES = ("created", "updated", "unchanged")
Outcome = Literal[
    "created",
    "would create",
    "updated",
    "would update",
    "unchanged",
    "merged",
    "opted out",
    "invalid",
    "failed",
    "unknown",
]
"""In the order in which they are shown."""

# In place of the number of lists that a row has joined: the person said no to mail, so that it joins none.
IN_NO_LIST = -1  # it is imported all the same
TO_SUPPRESS = -2  # it is suppressed, and no more; also the list of such a request


class JournalRow(NamedTuple):
    """A row of the file as the journal keeps it.

    `line`: where it begins in the file. `expected`: the values that the contact is to have, as JSON. `outcome`: None
    while it is not known. `joins`: see `PendingRow`.
    """

    number: int
    line: int
    email: str
    expected: str
    outcome: str | None
    reason: str
    joins: int = 0


StagedRow = tuple[int, int, str, str, str | None, str, int]
"""The members of a `JournalRow`."""


@dataclass(slots=True, eq=False)
class PendingRow:
    """A row on its way to AutoSend. `text`: the values that the contact is to have, as JSON, which is what is sent.

    `joins`: how many of the lists it is done with; below 0, it joins none. `hash_before`: of the contact before the
    import; None if there was none. `has_others`: the contact has values that the row does not name. `counted`: the
    outcome that the progress counts it under.
    """

    number: int
    email: str
    text: str
    outcome: Outcome | None = None
    reason: str = ""
    joins: int = 0
    hash_before: str | None = None
    has_others: bool = False
    counted: str | None = None

    @property
    def expected(self) -> Values:
        """The values that the contact is to have. They are parsed each time, which few rows need."""
        return from_json(self.text)


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request whose outcome is not known.

    `list_index`: of the list that its rows join; None for a bulk update, `TO_SUPPRESS` where they are suppressed.
    `rows`: by number; the addresses, or for an update the hashes of the contacts before it.
    """

    id: int
    list_index: int | None
    rows: dict[int, Any]
