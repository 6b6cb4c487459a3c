"""Contacts in a file, a row at a time: CSV and TSV in any common dialect, and JSONL."""

import csv
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import PurePath
from typing import Any, BinaryIO, Literal

from autosend_mcp.imports.file.encodings import LONGEST, FileError, digest_of, find_encoding, lines_of
from autosend_mcp.imports.file.jsonl import NoRowError, members_of
from autosend_mcp.models.text import quoted

__all__ = ["FileError", "Record", "Table", "read_table"]

MOST_COLUMNS = 300
LONGEST_NAME = 200  # characters of a column's name
_JSON_ENDINGS = {".jsonl", ".ndjson", ".json"}
_TAB_ENDINGS = {".tsv", ".tab"}
_CSV_ENDINGS = {".csv", *_TAB_ENDINGS}
_DELIMITERS = ",;\t|"  # where two are as frequent, the first
_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n\0])"?[\s,;|]*', re.IGNORECASE)  # Excel's
_BLANKS = ' \r\n\xa0"' + _DELIMITERS
_IN_QUOTES = re.compile(r'"[^"]*"?')
_EMPTY = "The file is empty. Its first line must name the columns, such as email,firstName."
_ADDRESS = re.compile(r"(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+>?")

Format = Literal["CSV", "TSV", "JSONL"]


@dataclass(frozen=True, slots=True)
class Record:
    """One row.

    `number`: its place among the rows, from 1. `line`: where it begins in the file, from 1. `values`: by column name;
    of JSONL only the members that the object has, custom fields as `customFields.plan`. `raw`: the cells, or the line
    without its end, as they stand. `problem`: why it is no row of this table, said of the row ("has 5 cells, the
    header 4"); `values` is then what can be told.
    """

    number: int
    line: int
    values: dict[str, Any]
    raw: list[str] | str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How the text of a CSV file is cut. `skipped`: lines before the header that are no rows."""

    delimiter: str
    spaced: bool
    skipped: int


@dataclass(frozen=True, slots=True)
class Table:
    """What was found out about a file, and its rows.

    `encoding`: Python's name. `encoding_note`: "" when the encoding is certain; else a word of the file as it would be
    read. `delimiter`: "" for JSONL. `columns`: of JSONL all members in order of appearance. `unnamed`: those that the
    header leaves blank, by the names that they have here. `digest`: SHA-256 in hex of the bytes. `size`: bytes.
    """

    format: Format
    encoding: str
    encoding_note: str
    delimiter: str
    columns: tuple[str, ...]
    digest: str
    size: int
    file: BinaryIO = field(repr=False)
    dialect: _Dialect | None = field(repr=False)
    unnamed: frozenset[str] = frozenset()

    def records(self) -> Iterator[Record]:
        """The rows from the start of the file, one held at a time. Two such passes cannot run side by side.

        Raises:
            FileError: A quote is never closed, a row is too long, or bytes changed so that they are no text any more.
        """
        with lines_of(self.file, self.encoding) as lines:
            if self.dialect is None:
                yield from _objects(lines)
                return
            with closing(_rows(lines, self.dialect)) as rows:
                next(rows, None)
                width = len(self.columns)
                for number, (line, cells) in enumerate(rows, start=1):
                    values = dict(zip(self.columns, cells, strict=False))
                    problem = "" if len(cells) == width else _wrong_count(cells, width)
                    yield Record(number, line, values, cells, problem)

    def check_unchanged(self) -> None:
        """Raise FileError if the file no longer holds the bytes that it was read from."""
        if digest_of(self.file) != self.digest:
            raise FileError("The file changed while it was imported.")


def read_table(file: BinaryIO, name: str, *, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Find out what the file is, from its bytes, its header and the ending of its name; "" if it has none.

    Args:
        file: Seekable; it stays open.
        name: Only its ending is looked at.
        encoding: A codec's name, if somebody knows it.
        delimiter: One character, `tab` or `\\t`, if somebody knows it. A file of JSONL has none.

    Raises:
        FileError: The file cannot be read as a table.
    """
    named = None if delimiter is None else _named_delimiter(delimiter)
    ending = PurePath(name).suffix.lower()
    found = find_encoding(file, encoding)
    with lines_of(file, found.name) as lines:
        text = next((stripped for line in lines if (stripped := line.strip())), "")
    if not text:
        raise FileError(_EMPTY)
    by_content = named is None and ending not in _CSV_ENDINGS and text[0] in "{["
    if ending in _JSON_ENDINGS or by_content:
        columns = _members(file, found.name, is_array=text[0] == "[")
        return Table("JSONL", found.name, found.note, "", columns, found.digest, found.size, file, None)
    with lines_of(file, found.name) as lines:
        dialect = _find_dialect(lines, named, ending)
    columns, unnamed = _header(file, found.name, dialect)
    cut = dialect.delimiter
    kind: Format = "TSV" if cut == "\t" else "CSV"
    return Table(kind, found.name, found.note, cut, columns, found.digest, found.size, file, dialect, unnamed)


def _named_delimiter(delimiter: str) -> str:
    one = "\t" if delimiter.lower() in {"tab", "\\t"} else delimiter
    if len(one) != 1 or one in '"\r\n\0':
        raise FileError(f"A delimiter is one character such as ; or the word tab, no quote; not {quoted(delimiter)}.")
    return one


def _find_dialect(lines: Iterable[str], named: str | None, ending: str) -> _Dialect:
    lines = iter(lines)
    first = next(lines, "")
    excel = _SEPARATOR_LINE.fullmatch(first)
    header = next((line for line in chain([] if excel else [first], lines) if line.strip(_BLANKS)), "")
    bare = _IN_QUOTES.sub("", header)
    if named:
        delimiter = named
    elif excel:
        delimiter = excel[1]
    elif ending in _TAB_ENDINGS:
        delimiter = "\t"
    else:
        delimiter = max(_DELIMITERS, key=bare.count)
    spaced = bare.count(f"{delimiter} ") == bare.count(delimiter) > 0
    return _Dialect(delimiter, spaced, 1 if excel else 0)


def _rows(lines: Iterable[str], dialect: _Dialect) -> Generator[tuple[int, list[str]]]:
    """The header and the rows that are not blank, each with the line where it begins."""
    line, held, ended = 1 + dialect.skipped, 0, False

    def fed() -> Iterator[str]:
        nonlocal held, ended
        for text in islice(lines, dialect.skipped, None):
            held += len(text)
            if held > LONGEST:
                raise FileError(
                    f"The row that begins in line {line} is longer than {LONGEST // 1_000_000} million characters. "
                    "Perhaps a quote in it is never closed: close or remove it."
                )
            yield text
        ended = True
        yield ""  # a row of no cells, unless a quote is still open

    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    reader = csv.reader(fed(), delimiter=dialect.delimiter, skipinitialspace=dialect.spaced)
    try:
        for cells in reader:
            if ended and cells:
                raise FileError(
                    f"A quote in the row that begins in line {line} is never closed, so that the rest of the file "
                    "became one cell. Close or remove it."
                )
            if any(map(str.strip, cells)):
                yield line, cells
            line, held = reader.line_num + dialect.skipped + 1, 0
    except csv.Error as error:
        raise FileError(f"The row that begins in line {line} cannot be read as CSV: {error}.") from error


def _header(file: BinaryIO, encoding: str, dialect: _Dialect) -> tuple[tuple[str, ...], frozenset[str]]:
    with lines_of(file, encoding) as lines, closing(_rows(lines, dialect)) as rows:
        line, cells = next(rows, (0, list[str]()))
    if not cells:
        raise FileError(_EMPTY)
    if len(cells) > MOST_COLUMNS:
        raise FileError(f"The header in line {line} has {len(cells)} columns; at most {MOST_COLUMNS} can be read.")
    names = [cell.replace("\ufeff", "").strip() for cell in cells]
    if any(len(name) <= 320 and _ADDRESS.fullmatch(name) for name in names):
        raise FileError(
            f"The first line is no header: line {line} holds a mail address. Put names above the columns, such as "
            "email,firstName."
        )
    _check_lengths(names, line)
    places: dict[str, int] = {}
    for place, given in enumerate(names, start=1):
        name = given or f"column {place}"
        if name in places:
            raise FileError(
                f"The header in line {line} names {quoted(name)} twice, in columns {places[name]} and {place}. "
                "Rename or remove one of them."
            )
        places[name] = place
    return tuple(places), frozenset(name for name, given in zip(places, names, strict=True) if not given)


def _check_lengths(names: Iterable[str], line: int) -> None:
    for name in names:
        if len(name) > LONGEST_NAME:
            raise FileError(
                f"Line {line} names a column {quoted(f'{name[:30]}...')} in {len(name):,} characters; at most "
                f"{LONGEST_NAME} can be read. Shorten it."
            )


def _wrong_count(cells: list[str], width: int) -> str:
    """Why a row with this many cells is none; "" if those beyond the header are blank."""
    if len(cells) > width and not any(map(str.strip, cells[width:])):
        return ""
    return f"has {len(cells)} cell{'s' * (len(cells) != 1)}, the header {width}"


def _members(file: BinaryIO, encoding: str, *, is_array: bool) -> tuple[str, ...]:
    """The names of all members of all objects, in order of appearance."""
    if is_array:
        raise FileError("The file is a JSON array. Write one object a line, without the brackets and commas (JSONL).")
    columns: dict[str, None] = {}
    with lines_of(file, encoding) as lines:
        for record in _objects(lines):
            if new := record.values.keys() - columns:
                _check_lengths(new, record.line)
            columns |= dict.fromkeys(record.values)
            if len(columns) > MOST_COLUMNS:
                raise FileError(
                    f"By line {record.line} the objects have more than {MOST_COLUMNS} different members. Leave out "
                    "those that no contact needs."
                )
    if not columns:
        raise FileError('No line of the file is a JSON object with members. Write one a line: {"email": "a@b.co"}.')
    return tuple(columns)


def _objects(lines: Iterable[str]) -> Iterator[Record]:
    number = 0
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        number += 1
        raw, values, problem = text.rstrip("\r\n"), {}, ""
        try:
            values = members_of(raw)
        except NoRowError as error:
            problem = str(error)
        yield Record(number, line, values, raw, problem)
