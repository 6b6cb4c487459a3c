"""The file of an import as a table, and its columns as fields of a contact."""

from collections.abc import Mapping
from typing import BinaryIO

from autosend_mcp.imports.file.column_notes import column_notes
from autosend_mcp.imports.file.columns import Column, match_columns
from autosend_mcp.imports.file.survey import survey
from autosend_mcp.imports.file.tables import Table, read_table
from autosend_mcp.imports.options import ImportOptions


def table_of(file: BinaryIO, name: str, options: ImportOptions) -> Table:
    """Return the file as a table. Raises FileError where it cannot be read as one."""
    return read_table(
        file, name, encoding=options.encoding, delimiter=options.delimiter, header_line=options.header_line
    )


def columns_of(table: Table, options: ImportOptions, defined: Mapping[str, str]) -> tuple[list[Column], list[str]]:
    """Return the field that each column is, and notes on what the caller did not say. `defined`: types by name.

    Raises:
        NotSent: A column is not clear.
    """
    contents = survey(table.columns, table.rows())
    columns = match_columns(
        table.columns,
        options.columns,
        defined,
        create=options.create_fields,
        unnamed=table.unnamed,
        contents=contents,
        split=options.split_name or "",
    )
    return columns, [*table.notes, *column_notes(columns, options.columns, contents)]
