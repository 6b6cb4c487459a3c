"""A file of contacts as a table: CSV and TSV in any common dialect, JSONL and JSON."""

import re
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import BinaryIO, Literal

from autosend_mcp.imports.file.chunks import Chunk, chunks
from autosend_mcp.imports.file.delimited import NO_HEADER, delimited_chunks, delimited_rows, read_header
from autosend_mcp.imports.file.encodings import Encoding, FileError, digest_of, find_encoding, lines_of
from autosend_mcp.imports.file.escapes import ESCAPES, first_escape
from autosend_mcp.imports.file.header import Dialect, find_dialect, read_delimiter
from autosend_mcp.imports.file.json_documents import Layout, find_layout, goes_on
from autosend_mcp.imports.file.jsonl import find_members, json_rows
from autosend_mcp.imports.file.rows import MAX_COLUMNS, FileRow
from autosend_mcp.imports.file.spreading import Spreading, columns_of_objects
from autosend_mcp.imports.file.wrappings import Wrapping, find_wrapping, unwrapped

_ARRAY_INSIDE = re.compile(r":\s*\[\s*\{")
_BEGINS_JSON = re.compile(r"""\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\}?\s*$)|\[\s*(?:[\[{]|\]?\s*$)""")
_CELLS = re.compile(r"[,;\t|@]|^[\w -]+$")
_OTHERWISE = "The name ends in {}, and the file holds {}: it was read as that."
_JSON_ENDINGS = {".jsonl", ".ndjson", ".json"}
_TAB_ENDINGS = {".tsv", ".tab"}
_USUAL = (
    dict.fromkeys(_JSON_ENDINGS, ("JSON", "JSONL")) | dict.fromkeys(_TAB_ENDINGS, ("TSV",)) | {".csv": ("CSV", "TSV")}
)

Format = Literal["CSV", "TSV", "JSONL", "JSON"]


@dataclass(frozen=True, slots=True)
class Table:
    """What was found out about a file, and its rows.

    `encoding`: Python's name. `delimiter`: "" for JSON. `columns`: of JSON all members in order of appearance.
    `unnamed`: those that the header leaves blank, by the names that they have here. `digest`: SHA-256 in hex of the
    bytes. `notes`: what should be said of how it was read. `layout`: where the objects of JSON stand. `wrapping`: what
    is around the table. `header`: the columns as the file names them, before objects in cells are spread.
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
    header: tuple[str, ...] = ()
    spreading: Spreading = field(default_factory=Spreading, repr=False)

    def rows(self) -> Iterator[FileRow]:
        """Yield the rows from the start of the file, one in memory at a time. Two passes cannot run side by side.

        Raises:
            FileError: A quote is never closed, a row is too long, or bytes changed so that they are no text any more.
        """
        with _lines(self.file, self.encoding, self.wrapping) as lines:
            if self.dialect is None:
                yield from json_rows(lines, self.layout, self.spreading)
            else:
                yield from self.spreading.rows(delimited_rows(lines, self.dialect, self.header))

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows as `rows` does, some at a time. What a row with a problem has as text is left out."""
        if self.dialect is None or self.spreading.cells:
            yield from chunks(self.rows())
            return
        with _lines(self.file, self.encoding, self.wrapping) as lines:
            yield from delimited_chunks(lines, self.dialect, self.header)

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
    whole: Collection[str] = (),
) -> Table:
    """Find out what the file is, from its bytes, its header and the ending of its name; "" if it has none.

    Args:
        file: Seekable; it stays open.
        name: Only its ending is looked at.
        encoding: A codec's name, if it is known.
        delimiter: One character, `tab` or `\\t`, if it is known. A file of JSON has none.
        header_line: The line that names the columns, from 1; 0 if none does. Without it, it is found.
        whole: Columns that are not spread.

    Raises:
        FileError: The file cannot be read as a table.
    """
    cut = None if delimiter is None else read_delimiter(delimiter)
    ending = PurePath(name).suffix.lower()
    encoded = find_encoding(file, encoding)
    with lines_of(file, encoded.name) as lines:
        found = _Found(file, encoded, find_wrapping(lines), Spreading(whole))
    with found.lines() as lines:
        filled = (stripped for line in lines if (stripped := line.strip()))
        text, further = next(filled, ""), next(filled, "")
    if not text:
        raise FileError(NO_HEADER)
    if cut is None and _is_json(text, further, ending):
        return _called_otherwise(_json_table(found, is_lines=_is_lines(text, further)), ending)
    usual = "\t" if ending in _TAB_ENDINGS and "\t" in text + further else None
    with found.lines() as lines:
        dialect = find_dialect(lines, found.around.delimiter or cut, usual, header_line)
    return _called_otherwise(_delimited_table(found, dialect), ending)


def _called_otherwise(table: Table, ending: str) -> Table:
    """Return the table, with a note where the file's ending says that it is something else."""
    if table.format in _USUAL.get(ending, (table.format,)):
        return table
    return replace(table, notes=(_OTHERWISE.format(ending, table.format), *table.notes))


def _is_json(text: str, further: str, ending: str) -> bool:
    """Return whether the file is JSON, by its first two lines that are not blank, and by its ending in doubt."""
    if _BEGINS_JSON.match(text):
        return True
    return ending in _JSON_ENDINGS and (text[0] in "{[" or further[:1] in {"{", "["} or not _CELLS.search(text))


@dataclass(frozen=True, slots=True)
class _Found:
    """A file of which the encoding is known, and what is around the table in it."""

    file: BinaryIO
    encoded: Encoding
    around: Wrapping
    spreading: Spreading

    def lines(self) -> AbstractContextManager[Iterable[str]]:
        """Return the lines of the table from the start of the file."""
        return _lines(self.file, self.encoded.name, self.around)


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


def _json_table(found: _Found, *, is_lines: bool) -> Table:
    """Return the table of JSON, which is an object a line or anything else."""
    layout, notes = None, found.around.notes
    if not is_lines:
        with found.lines() as lines:
            layout = find_layout(lines)
        notes += (layout.note,) if layout.note else ()
    with found.lines() as lines:
        columns = find_members(lines, layout, found.spreading)
    if found.spreading.several:
        found.spreading.again()
        with found.lines() as lines:
            columns = find_members(lines, layout, found.spreading)
    return Table(
        "JSONL" if layout is None else "JSON",
        found.encoded.name,
        "",
        columns,
        found.encoded.digest,
        found.file,
        None,
        notes=(*notes, *found.spreading.notes),
        layout=layout,
        wrapping=found.around,
        header=columns,
        spreading=found.spreading,
    )


def _delimited_table(found: _Found, dialect: Dialect) -> Table:
    with found.lines() as lines:
        escaped = first_escape(lines, dialect.delimiter)
    if escaped:
        dialect = replace(dialect, escaped=True)
    with found.lines() as lines:
        header = read_header(lines, dialect)
    said = (dialect.note, ESCAPES.format(escaped) if escaped else "")
    table = Table(
        "TSV" if dialect.delimiter == "\t" else "CSV",
        found.encoded.name,
        dialect.delimiter,
        header.columns,
        found.encoded.digest,
        found.file,
        dialect,
        header.unnamed,
        (*found.around.notes, *(note for note in said if note)),
        wrapping=found.around,
        header=header.columns,
        spreading=found.spreading,
    )
    with found.lines() as lines:
        has_objects = any("{" in line for line in lines)
    return _spread(table) if has_objects else table


def _spread(table: Table) -> Table:
    """Return the table with the columns that objects in its cells become."""
    spreading = table.spreading
    spreading.cells = columns_of_objects(table.rows(), spreading.whole)
    if not spreading.cells:
        return table
    names = _columns_of(table)
    if spreading.several:
        spreading.again()
        names = _columns_of(table)
    columns = [one for name in table.header for one in (names[name] if name in spreading.cells else (name,))]
    if len(columns) > MAX_COLUMNS:
        raise FileError(
            f"With the objects in its cells, the file has {len(columns)} columns; at most {MAX_COLUMNS} can be read."
        )
    return replace(table, columns=tuple(dict.fromkeys(columns)), notes=(*table.notes, *spreading.notes))


def _columns_of(table: Table) -> dict[str, tuple[str, ...]]:
    """Return the columns that those whose cells are objects become."""
    inner: dict[str, dict[str, None]] = {name: {} for name in table.spreading.cells}
    for row in table.rows():
        for name in row.values:
            for outer, names in inner.items():
                if name == outer or name.startswith(f"{outer}."):
                    names[name] = None
    return {outer: table.spreading.columns(names) for outer, names in inner.items()}
