"""How the lines of delimited text become cells: many lines at a time where that is plain, else row by row."""

import csv
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from autosend_mcp.imports.file.chunks import MAX_CHARACTERS, MAX_ROWS
from autosend_mcp.imports.file.encodings import MAX_LINE, FileError
from autosend_mcp.imports.file.escapes import with_escapes
from autosend_mcp.imports.file.header import Dialect


def below_skipped(lines: Iterable[str], dialect: Dialect) -> Iterator[str]:
    """Return the lines below those that are no part of the table."""
    return islice(lines, dialect.skipped, None)


def some_lines(lines: Iterator[str]) -> list[str]:
    """Return the next lines, as many as one chunk may have; none at the end."""
    some, size = list[str](), 0
    for text in lines:
        some.append(text)
        size += len(text)
        if len(some) == MAX_ROWS or size > MAX_CHARACTERS:
            break
    return some


def plain_columns(lines: Sequence[str], dialect: Dialect, width: int) -> list[list[str]] | None:
    """Return the cells of lines that need no more than a cut at each delimiter, by columns; None for any others.

    None holds a quote, each is a row of `width` cells, and the first of them is not blank.
    """
    text = "".join(lines)
    if dialect.spaced or dialect.escaped or '"' in text or "\0" in text:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\r" in text or text.count("\n") + (text[-1] != "\n") != len(lines):
        return None
    delimiter = dialect.delimiter
    if any(line.count(delimiter) != width - 1 for line in lines):
        return None
    cells = text.removesuffix("\n").replace("\n", delimiter).split(delimiter)
    columns = [cells[position::width] for position in range(width)]
    return columns if all(map(str.strip, columns[0])) else None


def whole_rows(lines: Sequence[str], dialect: Dialect, first: int) -> tuple[list[int], list[list[str]], int] | None:
    """Return the rows that end within these lines and are not blank: where each begins, its cells, and how many lines.

    `first`: the number of the first line. None where no row ends, or one has to be looked at more closely.
    """
    if sum(map(len, lines)) > MAX_LINE:
        return None
    texts = map(with_escapes, lines) if dialect.escaped else lines
    # What is added is a row of no cells, unless a quote is still open.
    reader = _reader(chain(texts, [""]), dialect)
    try:
        rows = [(cells, reader.line_num) for cells in reader]
    except csv.Error:
        return None
    unfinished, _ = rows.pop()
    ends = [end for _, end in rows]
    if unfinished and not ends:
        return None
    starts = map(first.__add__, [0, *ends])
    filled = [(start, cells) for start, (cells, _) in zip(starts, rows, strict=False) if _is_filled(cells)]
    return [start for start, _ in filled], [cells for _, cells in filled], ends[-1] if unfinished else len(lines)


def _is_filled(cells: Sequence[str]) -> bool:
    return bool(cells) and bool(cells[0].strip() or any(map(str.strip, cells)))


def _reader(lines: Iterable[str], dialect: Dialect) -> Any:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    escape = "\\" if dialect.escaped else None
    return csv.reader(lines, delimiter=dialect.delimiter, skipinitialspace=dialect.spaced, escapechar=escape)


def rows_of(lines: Iterable[str], dialect: Dialect, first: int) -> Generator[tuple[int, list[str], list[str]]]:
    """Yield the rows that are not blank, each with the line where it begins, and its lines.

    The lines are those of one row: the list is used again for the next. `first`: the number of the first of all lines.

    Raises:
        FileError: A quote is never closed, or a row is too long.
    """
    line, length, ended = first, 0, False
    texts: list[str] = []

    def text_of_rows() -> Iterator[str]:
        nonlocal length, ended
        for text in lines:
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

    reader = _reader(text_of_rows(), dialect)
    try:
        for cells in reader:
            if ended and cells:
                raise FileError(
                    f"A quote in the row that begins in line {line} is never closed, so that the rest of the file "
                    "became one cell. Close or remove it."
                )
            if _is_filled(cells):
                yield line, cells, texts
            texts.clear()
            line, length = reader.line_num + first, 0
    except csv.Error as error:
        raise FileError(f"The row that begins in line {line} cannot be read as CSV: {error}.") from error
