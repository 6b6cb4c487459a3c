"""A file of contacts as a table: CSV and TSV in any common dialect, JSONL and JSON."""

import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import BinaryIO, Literal

from autosend_mcp.imports.file.delimited import NO_HEADER, delimited_rows, read_header
from autosend_mcp.imports.file.encodings import Encoding, FileError, digest_of, find_encoding, lines_of
from autosend_mcp.imports.file.escapes import ESCAPES, first_escape
from autosend_mcp.imports.file.header import Dialect, find_dialect, read_delimiter
from autosend_mcp.imports.file.json_documents import Layout, find_layout, goes_on
from autosend_mcp.imports.file.jsonl import find_members, json_rows
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.wrappings import Wrapping, find_wrapping, unwrapped

_ARRAY_INSIDE = re.compile(r":\s*\[\s*\{")
_JSON_ENDINGS = {".jsonl", ".ndjson", ".json"}
_TAB_ENDINGS = {".tsv", ".tab"}
_CSV_ENDINGS = {".csv", *_TAB_ENDINGS}

Format = Literal["CSV", "TSV", "JSONL", "JSON"]


@dataclass(frozen=True, slots=True)
class Table:
    """What was found out about a file, and its rows.

    `encoding`: Python's name. `encoding_note`: "" when the encoding is certain; else a word of the file as it would be
    read. `delimiter`: "" for JSON. `columns`: of JSON all members in order of appearance. `unnamed`: those that the
    header leaves blank, by the names that they have here. `digest`: SHA-256 in hex of the bytes. `notes`: what should
    be said of how it was read. `layout`: where the objects of JSON stand.
    `wrapping`: what is around the table.
    """

    format: Format
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    digest: str
    file: BinaryIO = field(repr=False)
    dialect: Dialect | None = field(repr=False)
    unnamed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    layout: Layout | None = field(default=None, repr=False)
    wrapping: Wrapping = field(default=Wrapping(), repr=False)

    def rows(self) -> Iterator[FileRow]:
        """Yield the rows from the start of the file, one in memory at a time. Two passes cannot run side by side.

        Raises:
            FileError: A quote is never closed, a row is too long, or bytes changed so that they are no text any more.
        """
        with _lines(self.file, self.encoding, self.wrapping) as lines:
            if self.dialect is None:
                yield from json_rows(lines, self.layout)
            else:
                yield from delimited_rows(lines, self.dialect, self.columns)

    def check_unchanged(self) -> None:
        """Raise FileError if the file no longer holds the bytes that it was read from."""
        if digest_of(self.file) != self.digest:
            raise FileError("The file changed while it was imported.")


def read_table(
    file: BinaryIO,
    name: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_line: int | None = None,
) -> Table:
    """Find out what the file is, from its bytes, its header and the ending of its name; "" if it has none.

    Args:
        file: Seekable; it stays open.
        name: Only its ending is looked at.
        encoding: A codec's name, if it is known.
        delimiter: One character, `tab` or `\\t`, if it is known. A file of JSONL has none.
        header_line: The line that names the columns, from 1; 0 if none does. Without it, it is found.

    Raises:
        FileError: The file cannot be read as a table.
    """
    cut = None if delimiter is None else read_delimiter(delimiter)
    ending = PurePath(name).suffix.lower()
    found = find_encoding(file, encoding)
    with lines_of(file, found.name) as lines:
        around = find_wrapping(lines)
    with _lines(file, found.name, around) as lines:
        filled = (stripped for line in lines if (stripped := line.strip()))
        text, further = next(filled, ""), next(filled, "")
    if not text:
        raise FileError(NO_HEADER)
    if ending in _JSON_ENDINGS or (cut is None and ending not in _CSV_ENDINGS and text[0] in "{["):
        return _json_table(file, found, around, is_lines=_is_lines(text, further))
    usual = "\t" if ending in _TAB_ENDINGS else None
    with _lines(file, found.name, around) as lines:
        dialect = find_dialect(lines, "|" if around.drawn else cut, usual, header_line)
    return _delimited_table(file, found, around, dialect)


@contextmanager
def _lines(file: BinaryIO, encoding: str, around: Wrapping) -> Generator[Iterable[str]]:
    """Yield the lines of the table from the start of the file."""
    with lines_of(file, encoding) as lines:
        yield lines if around == Wrapping() else unwrapped(lines, around)


def _is_lines(text: str, further: str) -> bool:
    """Return whether JSON is an object a line, by its first lines that are not blank."""
    if text[0] == "[" or goes_on(text):
        return False
    inside = _ARRAY_INSIDE.search(text)
    return bool(further) or inside is None or "@" not in text[inside.end() :]


def _json_table(file: BinaryIO, found: Encoding, around: Wrapping, *, is_lines: bool) -> Table:
    """Return the table of JSON, which is an object a line or anything else."""
    layout, notes = None, around.notes
    if not is_lines:
        with _lines(file, found.name, around) as lines:
            layout = find_layout(lines)
        notes += (layout.note,) if layout.note else ()
    with _lines(file, found.name, around) as lines:
        columns = find_members(lines, layout)
    kind: Format = "JSONL" if layout is None else "JSON"
    return Table(kind, found.name, "", columns, found.digest, file, None, notes=notes, layout=layout, wrapping=around)


def _delimited_table(file: BinaryIO, found: Encoding, around: Wrapping, dialect: Dialect) -> Table:
    with _lines(file, found.name, around) as lines:
        escaped = first_escape(lines, dialect.delimiter)
    if escaped:
        dialect = replace(dialect, escaped=True)
    with _lines(file, found.name, around) as lines:
        header = read_header(lines, dialect)
    cut = dialect.delimiter
    kind: Format = "TSV" if cut == "\t" else "CSV"
    said = (dialect.note, ESCAPES.format(escaped) if escaped else "")
    notes = (*around.notes, *(note for note in said if note))
    return Table(
        kind,
        found.name,
        cut,
        header.columns,
        found.digest,
        file,
        dialect,
        header.unnamed,
        notes,
        wrapping=around,
    )
