"""CSV and TSV: the header of a file and its rows."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from autosend_mcp.imports.file.attributes import EMAIL
from autosend_mcp.imports.file.chunks import MAX_CHARACTERS, MAX_ROWS, Chunk, Cut
from autosend_mcp.imports.file.delimited_lines import below_skipped, plain_columns, rows_of, some_lines, whole_rows
from autosend_mcp.imports.file.encodings import FileError
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
    with closing(rows_of(below_skipped(lines, dialect), dialect, 1 + dialect.skipped)) as rows:
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
    with closing(rows_of(below_skipped(lines, dialect), dialect, 1 + dialect.skipped)) as rows:
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
    left, line, first = below_skipped(lines, dialect), 1 + dialect.skipped, 1
    if not dialect.headless:
        with closing(rows_of(left, dialect, line)) as rows:
            for begins, _, texts in rows:
                line = begins + len(texts)
                break
    open_row: list[str] = []  # lines of one that goes on
    while block := [*open_row, *some_lines(left)]:
        cells = plain_columns(block, dialect, len(columns))
        if cells is not None:
            chunk, ended = Cut(columns, first, range(line, line + len(block)), cells), len(block)
        elif (read := whole_rows(block, dialect, line)) is not None:
            starts, some, ended = read
            chunk = _chunk(first, starts, some, columns)
        else:
            yield from _chunks_of_rows(first, rows_of(chain(block, left), dialect, line), columns)
            return
        if len(chunk):
            yield chunk
        first, line, open_row = first + len(chunk), line + ended, block[ended:]


def _chunks_of_rows(
    first: int, rows: Iterable[tuple[int, list[str], list[str]]], columns: Sequence[str]
) -> Iterator[Chunk]:
    """Yield the rows in chunks, read one by one: one of them is long, or cannot be read."""
    size, starts, some = 0, list[int](), list[list[str]]()
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
        return Cut(columns, first, lines, [*zip(*some, strict=True)])
    rows = zip(lines, some, strict=True)
    return Chunk([_row(number, line, cells, columns) for number, (line, cells) in enumerate(rows, start=first)])


def _wrong_count(cells: list[str], width: int) -> str:
    """Return why a row with this many cells is none; "" if those beyond the header are blank."""
    if len(cells) > width and not any(map(str.strip, cells[width:])):
        return ""
    return f"has {counted(len(cells), 'cell')}, the header {width}"
