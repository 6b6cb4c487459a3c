"""The rows of a file some at a time and column by column, so that equal cells are looked at once."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Literal

from autosend_mcp.imports.file.rows import FileRow

# Of one chunk, which is in memory.
MAX_ROWS = 2_000
MAX_CHARACTERS = 1_000_000

LineOf = Callable[[object], int]
Kind = Literal["words", "addresses", ""]

_TEXTS = {str, type(None)}
# Cells, each with a line end behind it, that are all one word, or all an address of the usual kind. Neither begins like
# a number to call or a date that is none, nor has a guard or anything beside it.
_WORDS = re.compile(r"(?:[^\W01_][\w.-]*\n)+")
_ADDRESSES = re.compile(r"(?:[^\W01_][\w.%+-]*@[\w-]+(?:\.[\w-]+)+\n)+")
_MAX_PLAIN = 300  # characters of one


class Chunk:
    """Some rows of a file, as they follow each other."""

    def __init__(self, rows: Sequence[FileRow]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> Sequence[FileRow]:
        """The rows one by one."""
        return self._rows

    def without_problems(self) -> "Chunk":
        """Return the rows that have no problem."""
        return Chunk([row for row in self._rows if not row.problem])

    def column(self, name: str) -> Sequence[Any]:
        """Return the cells of a column in the order of the rows, None for one that there is not."""
        return [row.values.get(name) for row in self._rows]

    def cells(self, name: str) -> Iterable[tuple[Any, int]]:
        """Return the different cells of a column in the order of the rows, and how many are equal to each."""
        cells = self.column(name)
        if _TEXTS.issuperset(map(type, cells)):
            return Counter(cells).items()
        return [(cell, 1) for cell in cells]  # of JSON: 1 and true would be equal, and lists cannot be counted

    def plain(self, name: str) -> tuple[Kind, Collection[str], int]:  # noqa: ARG002 - there is no need to look
        """Return what all cells of a column are that are not blank, which these are, and how many they are."""
        return "", (), 0

    def line_of(self, name: str) -> LineOf:
        """Return the function that finds the line of the first row with a cell in this column."""

        def find(cell: object) -> int:
            return next(row.line for row in self.rows if _is_same(row.values.get(name), cell))

        return find


class Cut(Chunk):
    """Rows of a delimited file, each with a cell for each column: they are kept by columns."""

    def __init__(
        self, names: Sequence[str], first: int, lines: Sequence[int], columns: Sequence[Sequence[str]]
    ) -> None:
        """`first`: the number of the first row. `lines`: where each begins. `columns`: the cells under each name."""
        super().__init__(())
        self.first, self.lines = first, lines
        self._columns = dict(zip(names, columns, strict=True))

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def rows(self) -> Sequence[FileRow]:
        """The rows one by one."""
        return [self.row(index) for index in range(len(self))]

    def without_problems(self) -> "Chunk":
        """Return itself: none has a problem."""
        return self

    def row(self, index: int) -> FileRow:
        """Return one of the rows."""
        values = {name: cells[index] for name, cells in self._columns.items()}
        return FileRow(self.first + index, self.lines[index], values, [*values.values()])

    def column(self, name: str) -> Sequence[str]:
        """Return the cells of a column in the order of the rows."""
        return self._columns[name]

    def cells(self, name: str) -> Iterable[tuple[str, int]]:
        """Return the different cells of a column in the order of the rows, and how many are equal to each."""
        return Counter(self._columns[name]).items()

    def plain(self, name: str) -> tuple[Kind, Collection[str], int]:
        """Return what all cells of a column are that are not blank, which these are, and how many they are."""
        counts = Counter(self._columns[name])
        blank = counts.pop("", 0)
        texts = "\n".join([*counts, ""])
        kind: Kind = "addresses" if "@" in texts else "words"
        found = (_ADDRESSES if kind == "addresses" else _WORDS).fullmatch(texts) and texts.count("\n") == len(counts)
        if found and max(map(len, counts)) <= _MAX_PLAIN:
            return kind, counts.keys(), len(self) - blank
        return "", (), 0


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def chunks(rows: Iterable[FileRow]) -> Iterator[Chunk]:
    """Yield the rows in chunks that fit into memory."""
    some, size = list[FileRow](), 0
    for row in rows:
        some.append(row)
        size += len(row.raw) if isinstance(row.raw, str) else sum(map(len, row.raw))
        if len(some) == MAX_ROWS or size > MAX_CHARACTERS:
            yield Chunk(some)
            some, size = [], 0
    if some:
        yield Chunk(some)
