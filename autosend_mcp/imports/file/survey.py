"""What is in the columns of a file, whatever they are called: counted over all rows, before anything is decided."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from autosend_mcp.imports.file.chunks import Chunk, Kind
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.file.known_headers import known, plain
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.models.contacts.contact import FIRST_NAME, LAST_NAME
from autosend_mcp.models.mailboxes import unwrapped
from autosend_mcp.models.values import in_e164

_ADDRESS = re.compile(
    r"""(?:[^<>]*<|[^@<>()]+\()?['"(]?(?:mailto:)?[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;()]+(\s*\([^@()]+\))?[>'"),;.\s]*"""
)
_MAX_ADDRESS = 320  # characters
_MAX_EXAMPLES = 3
_BESIDE = frozenset(">)];,")  # how an address ends that may have a name beside it


def is_address(cell: str) -> bool:
    """Return whether the cell looks like one mail address, also with a name before it or a separator behind it."""
    return "@" in cell and len(cell) <= _MAX_ADDRESS and _ADDRESS.fullmatch(cell) is not None


@dataclass(slots=True)
class Content:
    """What the cells of one column are.

    `filled`: how many are not blank. `addresses`: how many of them are addresses; `named`: with a name beside them;
    `spaced`: have a blank between words; `objects`: are objects that could not be read; `nested`: are lists of
    objects, or of lists; `numbers`: are numbers to call, with their country. `alone`: are whole names in rows whose
    parts of a name are blank; `repeated`: in rows with such parts, which are in it. `examples`: the first cells;
    `names`: the first names beside addresses; `alone_examples`: the first cells of those alone.
    """

    filled: int = 0
    addresses: int = 0
    named: int = 0
    spaced: int = 0
    objects: int = 0
    nested: int = 0
    numbers: int = 0
    alone: int = 0
    repeated: int = 0
    examples: list[str] = field(default_factory=list[str])
    names: list[str] = field(default_factory=list[str])
    alone_examples: list[str] = field(default_factory=list[str])

    @property
    def holds_addresses(self) -> bool:
        """Return whether most of the cells are addresses."""
        return 2 * self.addresses > self.filled

    @property
    def holds_numbers(self) -> bool:
        """Return whether most cells are numbers that can be called from any country."""
        return 2 * self.numbers > self.filled or not self.filled

    @property
    def holds_words(self) -> bool:
        """Return whether most of the cells are several words."""
        return 2 * self.spaced > self.filled

    @property
    def repeats_parts(self) -> bool:
        """Return whether most of the whole names beside the parts of a name say the same."""
        return 2 * self.repeated >= self.filled - self.alone

    @property
    def holds_objects(self) -> bool:
        """Return whether all cells are objects, as Ruby or Python writes them."""
        return 0 < self.filled == self.objects

    def see(self, cell: object, times: int = 1) -> None:
        """Count this many more cells that are equal."""
        if isinstance(cell, str):
            text = cell.strip()
            if not text:
                return
            if "@" in text:
                self._see_address(text, times)
            if text[0] in "+0'\uff0b" and in_e164(text) is not None:
                self.numbers += times
            if " " in text:
                self.spaced += times
            if text[0] == "{" and text[-1] == "}" and ('"' in text or "'" in text):
                self.objects += times
            if len(self.examples) < _MAX_EXAMPLES:
                self.examples.append(text)
        elif cell is None:
            return
        else:
            self.nested += times * isinstance(cell, dict | list)
        self.filled += times

    def see_plain(self, kind: Kind, cells: Collection[str], times: int) -> None:
        """Count more cells that are all of this kind, of which these are the different ones."""
        if kind == "addresses":
            self.addresses += times
        self.examples += islice(cells, _MAX_EXAMPLES - len(self.examples))
        self.filled += times

    def see_whole(self, whole: str, parts: Sequence[str]) -> None:
        """Compare a whole name with the parts of a name in its row, of which blank ones are left out."""
        if not parts:
            self.alone += 1
            if len(self.alone_examples) < _MAX_EXAMPLES:
                self.alone_examples.append(whole.strip())
        else:
            name = plain(whole)
            self.repeated += any(plain(part) in name for part in parts)

    def _see_address(self, text: str, times: int) -> None:
        self.addresses += times * is_address(text)
        if text[-1] in _BESIDE and (name := unwrapped(text).name):
            self.named += times
            if len(self.names) < _MAX_EXAMPLES:
                self.names.append(name)


def survey(columns: Sequence[str], chunks: Iterable[Chunk]) -> dict[str, Content]:
    """Return what is in each column of these chunks of a file."""
    found = {name: Content() for name in columns}
    attributes = {name: says.attribute for name in columns if (says := known(name))}
    wholes = [name for name, attribute in attributes.items() if attribute == WHOLE_NAME]
    parts = [name for name, attribute in attributes.items() if attribute in (FIRST_NAME, LAST_NAME)]
    for chunk in chunks:
        for name, content in found.items():
            kind, cells, number = chunk.plain(name)
            if kind:
                content.see_plain(kind, cells, number)
                continue
            for cell, times in chunk.cells(name):
                if cell is not None and cell != "":
                    content.see(cell, times)
        if wholes and parts:
            for row in chunk.rows:
                _compare(found, row, wholes, parts)
    return found


def _compare(found: dict[str, Content], row: FileRow, wholes: Iterable[str], parts: Iterable[str]) -> None:
    filled = [cell for name in parts if isinstance(cell := row.values.get(name), str) and cell.strip()]
    for name in wholes:
        whole = row.values.get(name)
        if isinstance(whole, str) and whole.strip():
            found[name].see_whole(whole, filled)
