"""Where a table of delimited text begins: the line of its header, with what stands between the cells there."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from autosend_mcp.imports.file.attributes import EMAIL
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.survey import is_address
from autosend_mcp.models.text import quoted, visible

# The delimiters that are detected, with the words for them; where two are as frequent, the first.
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n\0])"?[\s,;|]*', re.IGNORECASE)  # Excel's
_BLANKS = ' \r\n\xa0"\ufeff' + "".join(DELIMITERS)
_IN_QUOTES = re.compile(r'"[^"]*"?')
_RARE = "^~\x01\x1f\xa6\xa7"
_SAMPLE = 60  # lines in which a header is looked for
_MAX_SAMPLE = 200_000  # characters of them
_MAX_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text is cut into cells.

    `spaced`: a blank after each delimiter is no part of the cell. `skipped`: lines before the header that are no rows.
    `headless`: there is no header. `one_a_line`: nothing but addresses, one a line. `escaped`: a backslash escapes the
    next character. `note`: what should be said of it.
    """

    delimiter: str
    spaced: bool
    skipped: int
    headless: bool = False
    one_a_line: bool = False
    escaped: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the sample: the line where it begins, from 0, and its cells."""

    line: int
    cells: Sequence[str]

    @property
    def filled(self) -> int:
        return sum(1 for cell in self.cells if cell.strip())

    @property
    def holds_address(self) -> bool:
        return any(is_address(cell.strip()) for cell in self.cells)

    @property
    def names_address(self) -> bool:
        names = [cell.strip() for cell in self.cells if '"' not in cell]  # which is left of a cut at the wrong sign
        return any((says := known(name)) is not None and says.attribute == EMAIL for name in names)


def read_delimiter(given: str) -> str:
    """Return the delimiter that is given: one character, `tab` or `\\t`.

    Raises:
        FileError: It is none.
    """
    delimiter = "\t" if given.lower() in {"tab", "\\t"} else given
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise FileError(f"A delimiter is one character such as ; or the word tab, no quote; not {quoted(given)}.")
    return delimiter


def find_dialect(lines: Iterable[str], given: str | None, usual: str | None, header_line: int | None = None) -> Dialect:
    """Return the dialect of these lines, by the header.

    The delimiter is the one that is given, else that of Excel's first line, else the usual one of such a file, else the
    one that the header has most. `header_line`: from 1, 0 for none; without it, the header is the first line that is
    not blank, or the one below a title that names the address.
    """
    sample = [*_sample(lines)]
    excel = _SEPARATOR_LINE.fullmatch(sample[0]) if sample else None
    first = 1 if excel else 0
    named = given or (excel[1] if excel else usual)
    named = named or _rare_delimiter(sample)
    tried = [named] if named else [*DELIMITERS]
    rows = {delimiter: [*_rows(sample, delimiter, first)] for delimiter in tried}
    if header_line:
        begin, note = header_line - 1, ""
    elif header_line == 0 or _is_plain_list(rows.values()):
        return _headless(sample, first, named, all_addresses=_is_plain_list(rows.values()))
    else:
        begin, note = _begin_of(rows.values(), sample, first)
    header = next((line for line in sample[begin:] if line.strip(_BLANKS)), "")
    bare = _IN_QUOTES.sub("", header)
    delimiter = named or max(DELIMITERS, key=bare.count)
    return Dialect(delimiter, _is_spaced(bare, delimiter), begin, note=note)


def _rare_delimiter(sample: Sequence[str]) -> str | None:
    """Return a rare sign that each of the first lines has equally often, if the header has no usual delimiter."""
    first = [line for line in sample if line.strip()][:3]
    for sign in _RARE:
        counts = {line.count(sign) for line in first}
        if len(counts) == 1 and min(counts) and "@" not in first[0] and not any(map(first[0].count, DELIMITERS)):
            return sign
    return None


def _headless(sample: Sequence[str], first: int, named: str | None, *, all_addresses: bool) -> Dialect:
    text = next((line for line in sample[first:] if line.strip(_BLANKS)), "")
    bare = _IN_QUOTES.sub("", text)
    delimiter = named or max(DELIMITERS, key=bare.count)
    note = (
        "There is no header: each line is one address."
        if all_addresses
        else "The columns have no names: 1 is the first."
    )
    return Dialect(delimiter, _is_spaced(bare, delimiter), first, headless=True, one_a_line=all_addresses, note=note)


def _is_spaced(bare: str, delimiter: str) -> bool:
    return bare.count(f"{delimiter} ") == bare.count(delimiter) > 0


def _sample(lines: Iterable[str]) -> Iterator[str]:
    size = 0
    for line in islice(lines, _SAMPLE):
        size += len(line)
        if size > _MAX_SAMPLE:
            yield line[:_MAX_SAMPLE]
            return
        yield line


def _rows(sample: Sequence[str], delimiter: str, first: int) -> Iterator[_Row]:
    """Yield the rows of the sample that are not blank, without one that goes on beyond it."""
    reader = csv.reader(chain(sample[first:], [""]), delimiter=delimiter)
    line = first
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield _Row(line, [cell.replace("\ufeff", "") for cell in cells])
            line = first + reader.line_num
    except csv.Error:
        return


def _is_plain_list(readings: Iterable[Sequence[_Row]]) -> bool:
    """Return whether each line has one cell, however it is read, and the first and most others are addresses."""
    every = [*readings]
    if not all(rows and rows[0].holds_address and all(row.filled == 1 for row in rows) for rows in every):
        return False
    return all(2 * sum(row.holds_address for row in rows) > len(rows) for rows in every)


def _begin_of(readings: Iterable[Sequence[_Row]], sample: Sequence[str], first: int) -> tuple[int, str]:
    """Return the line of the header, from 0, and what should be said of the lines above it."""
    best: tuple[int, int, int] | None = None
    for rows in readings:
        widest = 0
        for place, row in enumerate(rows):
            if row.holds_address:
                break
            widest = max(widest, row.filled)
            if row.filled == widest and (row.names_address or _is_wider(rows, place)):
                key = (row.names_address, row.filled, -row.line)
                best = max(best, key) if best else key
    if best is None:
        return first, ""
    line = -best[2]
    above = [text for text in sample[first:line] if text.strip(_BLANKS)]
    if not above:
        return first, ""
    shown = quoted(visible(above[0]).strip(_BLANKS)[:_MAX_SHOWN])
    return line, f"Line {line + 1} looks like the header; what stands above it is left out: {shown}."


def _is_wider(rows: Sequence[_Row], place: int) -> bool:
    """Return whether the row has several cells as the next have, and those above it are of one, with several words."""
    width = len(rows[place].cells)
    above, below = rows[:place], rows[place + 1 : place + 3]
    return (
        bool(above and below)
        and rows[place].filled > 1
        and all(row.filled == 1 and " " in "".join(row.cells).strip() for row in above)
        and all(len(row.cells) == width for row in below)
    )
