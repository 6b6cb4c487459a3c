"""What AutoSend last said of its contact lists and custom fields, kept for a minute."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

from autosend_mcp.models.contact_lists import ContactList
from autosend_mcp.models.contact_properties import CustomField

LIFETIME = 60.0

RowT = TypeVar("RowT")


@dataclass(slots=True)
class Shelf(Generic[RowT]):
    """One kind of row. `rows` is None after a read that failed, which is remembered as long as one that did not.

    Whoever reads anew holds `reading`, so that calls side by side cost one request.
    """

    rows: list[RowT] | None = None
    read_at: float | None = None
    reading: anyio.Lock = field(default_factory=anyio.Lock)

    @property
    def age(self) -> float:
        """Seconds since the last read, infinite when there was none or its result was dropped."""
        return float("inf") if self.read_at is None else anyio.current_time() - self.read_at

    def keep(self, rows: list[RowT] | None) -> None:
        """Keep what a read brought, None for a failure."""
        self.rows, self.read_at = rows, anyio.current_time()

    def drop(self) -> None:
        """Forget it: a write of ours has changed it."""
        self.rows, self.read_at = None, None


@dataclass(slots=True)
class Catalogue:
    """The lists (segments too) and the custom fields of the project."""

    lists: Shelf[ContactList] = field(default_factory=Shelf[ContactList])
    fields: Shelf[CustomField] = field(default_factory=Shelf[CustomField])
