"""The rows of a file some at a time and column by column, so that equal cells are looked at once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from autosend_mcp.imports.file.rows import FileRow

# Of one chunk, which is in memory.
_MAX_ROWS = 2_000
_MAX_CHARACTERS = 1_000_000

LineOf = Callable[[object], int]

_TEXTS = {str, type(None)}


class Chunk:
    """Some rows of a file, as they follow each other."""

    def __init__(self, rows: Sequence[FileRow]) -> None:
        self.rows = rows

    def cells(self, name: str) -> Iterable[tuple[Any, int]]:
        """Return the cells of a column in the order of the rows, None for one that there is not, and how many are
        equal to each."""
        cells = [row.values.get(name) for row in self.rows]
        if _TEXTS.issuperset(map(type, cells)):
            return Counter(cells).items()
        return [(cell, 1) for cell in cells]  # of JSON: 1 and true would be equal, and lists cannot be counted

    def line_of(self, name: str) -> LineOf:
        """Return the function that finds the line of the first row with a cell in this column."""

        def find(cell: object) -> int:
            return next(row.line for row in self.rows if _is_same(row.values.get(name), cell))

        return find


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def chunks(rows: Iterable[FileRow]) -> Iterator[Chunk]:
    """Yield the rows in chunks that fit into memory."""
    some, size = list[FileRow](), 0
    for row in rows:
        some.append(row)
        size += len(row.raw) if isinstance(row.raw, str) else sum(map(len, row.raw))
        if len(some) == _MAX_ROWS or size > _MAX_CHARACTERS:
            yield Chunk(some)
            some, size = [], 0
    if some:
        yield Chunk(some)
