"""What a section of the page is: one kind of record, newest first, with rows to look at one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from autosend_mcp.sandbox.control.exchanges import Exchanges
from autosend_mcp.sandbox.store import Store

ROWS = 50
_DAY_AND_SECOND = 19  # characters of a timestamp


@dataclass(frozen=True)
class Shown:
    """One row. `detail`: what else there is to see of it, as JSON; `html`: of a mail."""

    key: int
    cells: Sequence[str]
    detail: Any = None
    html: str | None = None
    text: str | None = None


class Seen(NamedTuple):
    """What the page looks at."""

    store: Store
    exchanges: Exchanges


class Section(Protocol):
    """One kind of record."""

    @property
    def name(self) -> str:
        """What `show` of the page is for it."""
        ...

    @property
    def title(self) -> str:
        """Its heading."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """The headings of its columns."""
        ...

    @property
    def nothing(self) -> str:
        """What stands there when it is empty."""
        ...

    def rows(self, seen: Seen, text: str, before: int | None) -> list[Shown]:
        """Return the newest rows that hold the text, older than a row's key if one is given; one more than `ROWS`."""
        ...

    def row(self, seen: Seen, key: int) -> Shown | None:
        """Return one row by its key."""
        ...

    def count(self, seen: Seen, text: str = "") -> int:
        """Return how many rows there are, or how many hold the text."""
        ...


def shown_time(text: str | None) -> str:
    """Return a timestamp as people read it, to the second."""
    return (text or "")[:_DAY_AND_SECOND].replace("T", " ")
