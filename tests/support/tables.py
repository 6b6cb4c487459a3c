"""Files of contacts as tables, rows and cells, and what is said of one that cannot be read."""

import io
from typing import Any

import pytest

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.tables import Table, read_table
from autosend_mcp.imports.hints import Hint
from autosend_mcp.models.text import visible

ENCODING = Hint("encoding")


def table_of(content: bytes | str, name: str = "people.csv", **named: Any) -> Table:
    return read_table(io.BytesIO(content.encode() if isinstance(content, str) else content), name, **named)


def rows_of(content: bytes | str, name: str = "people.csv", **named: str) -> list[FileRow]:
    return list(table_of(content, name, **named).rows())


def cells_of(content: bytes | str, name: str = "people.csv", **named: str) -> list[list[str] | str]:
    return [row.raw for row in rows_of(content, name, **named)]


def refusal(content: bytes | str, name: str = "people.csv", *, hint: Hint | None = None, **named: str) -> str:
    """Return what is said of a file that cannot be read, by read_table or by the rows; `hint`: what would help."""
    with pytest.raises(FileError) as refused:
        rows_of(content, name, **named)
    text = str(refused.value)
    assert text == visible(text)
    assert len(text) < 350
    assert refused.value.hint == hint
    return text
