"""What is in the columns of a file, whatever they are called: counted over all rows, before anything is decided."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autosend_mcp.imports.file.rows import FileRow

_ADDRESS = re.compile(r"""(?:[^<>]*<)?['"(]?(?:mailto:)?[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+[>'"),;.\s]*""")
_MAX_ADDRESS = 320  # characters
_MAX_EXAMPLES = 3


def is_address(cell: str) -> bool:
    """Return whether the cell looks like one mail address, also with a name before it or a separator behind it."""
    return "@" in cell and len(cell) <= _MAX_ADDRESS and _ADDRESS.fullmatch(cell) is not None


@dataclass(slots=True)
class Content:
    """What the cells of one column are.

    `filled`: how many are not blank. `addresses`: how many of them are addresses; `spaced`: have a blank between words;
    `objects`: are JSON objects. `examples`: the first of them.
    """

    filled: int = 0
    addresses: int = 0
    spaced: int = 0
    objects: int = 0
    examples: list[str] = field(default_factory=list[str])

    @property
    def holds_addresses(self) -> bool:
        """Return whether most of the cells are addresses."""
        return 2 * self.addresses > self.filled

    @property
    def holds_words(self) -> bool:
        """Return whether most of the cells are several words."""
        return 2 * self.spaced > self.filled

    @property
    def holds_objects(self) -> bool:
        """Return whether all cells are JSON objects."""
        return 0 < self.filled == self.objects

    def see(self, cell: object) -> None:
        """Count one more cell."""
        if isinstance(cell, str):
            text = cell.strip()
            if not text:
                return
            self.addresses += is_address(text)
            self.spaced += " " in text
            self.objects += text[0] == "{" and text[-1] == "}" and '"' in text
            if len(self.examples) < _MAX_EXAMPLES:
                self.examples.append(text)
        elif cell is None:
            return
        self.filled += 1


def survey(columns: Sequence[str], rows: Iterable[FileRow]) -> dict[str, Content]:
    """Return what is in each column."""
    found = {name: Content() for name in columns}
    for row in rows:
        for name, cell in row.values.items():
            if cell is not None and cell != "":
                found[name].see(cell)
    return found
