"""The file of an import as a table, and its columns as fields of a contact."""

from collections.abc import Mapping
from typing import BinaryIO

from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.column_notes import column_notes
from autosend_mcp.imports.file.columns import match_columns
from autosend_mcp.imports.file.opt_outs import OptOuts
from autosend_mcp.imports.file.survey import survey
from autosend_mcp.imports.file.tables import Table, read_table
from autosend_mcp.imports.opted_out import left_for_opt_outs
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.values.readings import read_columns


def table_of(file: BinaryIO, name: str, options: ImportOptions) -> Table:
    """Return the file as a table. Raises FileError where it cannot be read as one."""
    return read_table(
        file,
        name,
        encoding=options.encoding,
        delimiter=options.delimiter,
        header_line=options.header_line,
        whole=options.columns.keys(),
    )


def columns_of(
    table: Table, options: ImportOptions, defined: Mapping[str, str], opt_outs: OptOuts
) -> tuple[list[Column], list[str]]:
    """Return the field that each column is, and notes on what the caller did not say. `defined`: types by name.

    What says who may get mail is no field, unless the caller or AutoSend has one for it.

    Raises:
        NotSent: A column is not clear.
    """
    given = left_for_opt_outs(table.columns, opt_outs, defined) | dict(options.columns)
    contents = survey(table.columns, table.chunks())
    columns = match_columns(
        table.columns,
        given,
        defined,
        create=options.create_fields,
        unnamed=table.unnamed,
        contents=contents,
        split=options.split_name or "",
    )
    read_notes = read_columns(table.chunks(), columns, options)
    return columns, [*table.notes, *column_notes(columns, given, contents), *read_notes]
