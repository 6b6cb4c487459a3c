"""CSV and TSV: the dialect of a file, its header and its rows."""

import csv
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from autosend_mcp.imports.file.attributes import EMAIL
from autosend_mcp.imports.file.chunks import MAX_CHARACTERS, MAX_ROWS, Chunk, Cut
from autosend_mcp.imports.file.encodings import MAX_LINE, FileError
from autosend_mcp.imports.file.escapes import with_escapes
from autosend_mcp.imports.file.header import Dialect
from autosend_mcp.imports.file.rows import MAX_COLUMNS, FileRow, check_lengths
from autosend_mcp.imports.file.survey import is_address
from autosend_mcp.imports.hints import Hint
from autosend_mcp.models.text import counted, visible

NO_HEADER = "The file is empty. Its first line must name the columns, such as email,firstName."


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns; `unnamed`: those of columns that the file leaves without one."""

    columns: tuple[str, ...]
    unnamed: frozenset[str]


def read_header(lines: Iterable[str], dialect: Dialect) -> Header:
    """Return the names of the columns.

    Raises:
        FileError: There are none, or they name no columns.
    """
    with closing(_cells(lines, dialect)) as rows:
        line, cells, _ = next(rows, (0, list[str](), list[str]()))
    if not cells:
        raise FileError(NO_HEADER)
    if len(cells) > MAX_COLUMNS:
        raise FileError(f"The header in line {line} has {len(cells)} columns; at most {MAX_COLUMNS} can be read.")
    if dialect.headless:
        return Header((EMAIL,) if dialect.one_a_line else tuple(_numbered([""] * len(cells))), frozenset())
    names = [clean_name(cell) for cell in cells]
    if any(map(is_address, names)):
        raise FileError(
            f"The first line is no header: line {line} holds a mail address. Put names above the columns, such as "
            "email,firstName.",
            Hint("no_header"),
        )
    check_lengths(names, line)
    columns = _numbered(names)
    return Header(tuple(columns), frozenset(name for name, given in zip(columns, names, strict=True) if not given))


def clean_name(cell: str) -> str:
    """Return a column's name as it can be seen, and so be written in a command."""
    return visible(cell).strip()


def _numbered(names: Sequence[str]) -> list[str]:
    """Return the names, each once: `column 3` for one that is blank, `Email (2)` for the second `Email`."""
    taken = {name for name in names if name}
    numbered: dict[str, None] = {}
    for position, given in enumerate(names, start=1):
        name, number = given or f"column {position}", 1
        while name in numbered or (number > 1 and name in taken) or (not given and name in taken):
            number += 1
            name = f"{given or f'column {position}'} ({number})"
        numbered[name] = None
    return [*numbered]


def delimited_rows(lines: Iterable[str], dialect: Dialect, columns: Sequence[str]) -> Iterator[FileRow]:
    """Yield the rows below the header.

    Raises:
        FileError: A quote is never closed, or a row is too long.
    """
    with closing(_cells(lines, dialect)) as rows:
        if not dialect.headless:
            next(rows, None)
        for number, (line, cells, texts) in enumerate(rows, start=1):
            yield _row(number, line, cells, columns, "" if dialect.escaped else "".join(texts))


def _row(number: int, line: int, cells: list[str], columns: Sequence[str], text: str = "") -> FileRow:
    values = dict(zip(columns, cells, strict=False))
    problem = "" if len(cells) == len(columns) else _wrong_count(cells, len(columns))
    return FileRow(number, line, values, cells, problem, text if problem else "")


def delimited_chunks(lines: Iterable[str], dialect: Dialect, columns: Sequence[str]) -> Iterator[Chunk]:
    """Yield the rows below the header in chunks that fit into memory.

    Raises:
        FileError: A quote is never closed, or a row is too long.
    """
    with closing(_cells(lines, dialect)) as rows:
        if not dialect.headless:
            next(rows, None)
        first, size, starts, some = 1, 0, list[int](), list[list[str]]()
        for line, cells, texts in rows:
            starts.append(line)
            some.append(cells)
            size += sum(map(len, texts))
            if len(some) == MAX_ROWS or size > MAX_CHARACTERS:
                yield _chunk(first, starts, some, columns)
                first, size, starts, some = first + len(some), 0, [], []
        if some:
            yield _chunk(first, starts, some, columns)


def _chunk(first: int, lines: list[int], some: list[list[str]], columns: Sequence[str]) -> Chunk:
    if {*map(len, some)} == {len(columns)}:
        return Cut(columns, first, lines, some)
    rows = zip(lines, some, strict=True)
    return Chunk([_row(number, line, cells, columns) for number, (line, cells) in enumerate(rows, start=first)])


def _cells(lines: Iterable[str], dialect: Dialect) -> Generator[tuple[int, list[str], list[str]]]:
    """Yield the header and the rows that are not blank, each with the line where it begins, and its lines.

    The lines are those of one row: the list is used again for the next.
    """
    line, length, ended = 1 + dialect.skipped, 0, False
    texts: list[str] = []

    def text_of_rows() -> Iterator[str]:
        nonlocal length, ended
        for text in islice(lines, dialect.skipped, None):
            length += len(text)
            if length > MAX_LINE:
                raise FileError(
                    f"The row that begins in line {line} is longer than {MAX_LINE // 1_000_000} million characters. "
                    "Perhaps a quote in it is never closed: close or remove it."
                )
            texts.append(text)
            yield with_escapes(text) if dialect.escaped else text
        ended = True
        yield ""  # a row of no cells, unless a quote is still open

    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    escape = "\\" if dialect.escaped else None
    reader = csv.reader(text_of_rows(), delimiter=dialect.delimiter, skipinitialspace=dialect.spaced, escapechar=escape)
    try:
        for cells in reader:
            if ended and cells:
                raise FileError(
                    f"A quote in the row that begins in line {line} is never closed, so that the rest of the file "
                    "became one cell. Close or remove it."
                )
            if cells and (cells[0].strip() or any(map(str.strip, cells))):
                yield line, cells, texts
            texts.clear()
            line, length = reader.line_num + dialect.skipped + 1, 0
    except csv.Error as error:
        raise FileError(f"The row that begins in line {line} cannot be read as CSV: {error}.") from error


def _wrong_count(cells: list[str], width: int) -> str:
    """Return why a row with this many cells is none; "" if those beyond the header are blank."""
    if len(cells) > width and not any(map(str.strip, cells[width:])):
        return ""
    return f"has {counted(len(cells), 'cell')}, the header {width}"
