"""A row of a file, and what names columns may have, whatever the format."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.models.text import quoted

MAX_COLUMNS = 300

_MAX_NAME = 200  # characters of a column's name


@dataclass(slots=True)
class FileRow:
    """One row.

    `number`: its position among the rows, from 1. `line`: where it begins in the file, from 1. `values`: by column
    name; of JSONL only the members that the object has, custom fields as `customFields.plan`. `raw`: the cells, or the
    line without its end, as they stand. `problem`: why it is no row of this table, as a predicate ("has 5 cells, the
    header 4");`values` is then what could be read. `text`: of a delimited row, as it stands in the file;
    "" where it is not to be written again.
    """

    number: int
    line: int
    values: dict[str, Any]
    raw: list[str] | str
    problem: str = ""
    text: str = ""


def check_lengths(names: Iterable[str], line: int) -> None:
    """Raise FileError if one of the names that stand in this line is too long."""
    for name in names:
        if len(name) > _MAX_NAME:
            raise FileError(
                f"Line {line} names a column {quoted(f'{name[:30]}...')} in {len(name):,} characters; at most "
                f"{_MAX_NAME} can be read. Shorten it."
            )
