"""CSV and TSV: the dialect of a file, its header and its rows."""

import csv
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice

from autosend_mcp.imports.file.encodings import MAX_LINE, FileError
from autosend_mcp.imports.file.rows import MAX_COLUMNS, FileRow, check_lengths
from autosend_mcp.models.text import quoted

# The delimiters that are detected, with the words for them; where two are as frequent, the first.
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
NO_HEADER = "The file is empty. Its first line must name the columns, such as email,firstName."

_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n\0])"?[\s,;|]*', re.IGNORECASE)  # Excel's
_BLANKS = ' \r\n\xa0"' + "".join(DELIMITERS)
_IN_QUOTES = re.compile(r'"[^"]*"?')
_ADDRESS = re.compile(r"(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+>?")
_MAX_ADDRESS = 320  # characters


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text is cut into cells.

    `spaced`: a blank after each delimiter is no part of the cell. `skipped`: lines before the header that are no rows.
    """

    delimiter: str
    spaced: bool
    skipped: int


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns; `unnamed`: those of columns that the file leaves without one."""

    columns: tuple[str, ...]
    unnamed: frozenset[str]


def read_delimiter(given: str) -> str:
    """Return the delimiter that is given: one character, `tab` or `\\t`.

    Raises:
        FileError: It is none.
    """
    delimiter = "\t" if given.lower() in {"tab", "\\t"} else given
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise FileError(f"A delimiter is one character such as ; or the word tab, no quote; not {quoted(given)}.")
    return delimiter


def find_dialect(lines: Iterable[str], given: str | None, usual: str | None) -> Dialect:
    """Return the dialect of these lines, by the header.

    The delimiter is the one that is given, else that of Excel's first line, else the usual one of such a file, else the
    one that the header has most.
    """
    lines = iter(lines)
    first = next(lines, "")
    excel = _SEPARATOR_LINE.fullmatch(first)
    header = next((line for line in chain([] if excel else [first], lines) if line.strip(_BLANKS)), "")
    bare = _IN_QUOTES.sub("", header)
    delimiter = given or (excel[1] if excel else usual or max(DELIMITERS, key=bare.count))
    spaced = bare.count(f"{delimiter} ") == bare.count(delimiter) > 0
    return Dialect(delimiter, spaced, 1 if excel else 0)


def read_header(lines: Iterable[str], dialect: Dialect) -> Header:
    """Return the names of the columns.

    Raises:
        FileError: There are none, or they name no columns.
    """
    with closing(_cells(lines, dialect)) as rows:
        line, cells = next(rows, (0, list[str]()))
    if not cells:
        raise FileError(NO_HEADER)
    if len(cells) > MAX_COLUMNS:
        raise FileError(f"The header in line {line} has {len(cells)} columns; at most {MAX_COLUMNS} can be read.")
    names = [cell.replace("\ufeff", "").strip() for cell in cells]
    if any(len(name) <= _MAX_ADDRESS and _ADDRESS.fullmatch(name) for name in names):
        raise FileError(
            f"The first line is no header: line {line} holds a mail address. Put names above the columns, such as "
            "email,firstName."
        )
    check_lengths(names, line)
    positions: dict[str, int] = {}
    for position, given in enumerate(names, start=1):
        name = given or f"column {position}"
        if name in positions:
            raise FileError(
                f"The header in line {line} names {quoted(name)} twice, in columns {positions[name]} and {position}. "
                "Rename or remove one of them."
            )
        positions[name] = position
    return Header(tuple(positions), frozenset(name for name, given in zip(positions, names, strict=True) if not given))


def delimited_rows(lines: Iterable[str], dialect: Dialect, columns: Sequence[str]) -> Iterator[FileRow]:
    """Yield the rows below the header.

    Raises:
        FileError: A quote is never closed, or a row is too long.
    """
    with closing(_cells(lines, dialect)) as rows:
        next(rows, None)
        width = len(columns)
        for number, (line, cells) in enumerate(rows, start=1):
            values = dict(zip(columns, cells, strict=False))
            problem = "" if len(cells) == width else _wrong_count(cells, width)
            yield FileRow(number, line, values, cells, problem)


def _cells(lines: Iterable[str], dialect: Dialect) -> Generator[tuple[int, list[str]]]:
    """Yield the header and the rows that are not blank, each with the line where it begins."""
    line, length, ended = 1 + dialect.skipped, 0, False

    def text_of_rows() -> Iterator[str]:
        nonlocal length, ended
        for text in islice(lines, dialect.skipped, None):
            length += len(text)
            if length > MAX_LINE:
                raise FileError(
                    f"The row that begins in line {line} is longer than {MAX_LINE // 1_000_000} million characters. "
                    "Perhaps a quote in it is never closed: close or remove it."
                )
            yield text
        ended = True
        yield ""  # a row of no cells, unless a quote is still open

    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    reader = csv.reader(text_of_rows(), delimiter=dialect.delimiter, skipinitialspace=dialect.spaced)
    try:
        for cells in reader:
            if ended and cells:
                raise FileError(
                    f"A quote in the row that begins in line {line} is never closed, so that the rest of the file "
                    "became one cell. Close or remove it."
                )
            if any(map(str.strip, cells)):
                yield line, cells
            line, length = reader.line_num + dialect.skipped + 1, 0
    except csv.Error as error:
        raise FileError(f"The row that begins in line {line} cannot be read as CSV: {error}.") from error


def _wrong_count(cells: list[str], width: int) -> str:
    """Return why a row with this many cells is none; "" if those beyond the header are blank."""
    if len(cells) > width and not any(map(str.strip, cells[width:])):
        return ""
    return f"has {len(cells)} cell{'s' * (len(cells) != 1)}, the header {width}"
