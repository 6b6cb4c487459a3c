"""What is meant by a name: the one thing that is called so, also where it is written in another case."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from autosend_mcp.models.text import folded, quoted, visible
from autosend_mcp.tools.context import Context

READ_AS = "{} was read as {}: nothing else is called so in any case."

RowT = TypeVar("RowT")


def called(rows: Iterable[RowT], name: str, name_of: Callable[[RowT], str]) -> list[RowT]:
    """Return the rows of exactly this name."""
    wanted = visible(name).strip()
    return [row for row in rows if name_of(row).strip() == wanted]


def called_in_any_case(rows: Iterable[RowT], name: str, name_of: Callable[[RowT], str]) -> list[RowT]:
    """Return the rows of this name in any case, width and spacing."""
    wanted = folded(name)
    return [row for row in rows if folded(name_of(row)) == wanted]


def note_reading(context: Context, given: str, name: str) -> None:
    """Note which name another was read as."""
    note = READ_AS.format(quoted(given.strip()), quoted(name))
    if note not in context.notes:
        context.notes.append(note)
