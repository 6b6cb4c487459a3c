"""The cells of a row as the arguments of a tool: each a value of its column's type, or the reason why it is none."""

from collections.abc import Iterable, Mapping
from typing import Any

from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.file.names import divided
from autosend_mcp.imports.values.blanks import is_spreadsheet_error, says_nothing, unguarded
from autosend_mcp.imports.values.booleans import TAKEN, read_boolean
from autosend_mcp.imports.values.dates import is_empty_date, read_date, why_no_date
from autosend_mcp.imports.values.numbers import Decimal, read_number, why_no_number
from autosend_mcp.models.contacts.contact import CUSTOM, FIRST_NAME, LAST_NAME
from autosend_mcp.models.mailboxes import unwrapped
from autosend_mcp.models.text import quoted

_DECIMALS: dict[str, Decimal] = {"point": "point", "comma": "comma"}


def arguments_of(
    values: Mapping[str, Any], columns: Iterable[Column], problems: list[str] | None = None
) -> dict[str, Any]:
    """Return a row as the arguments of a tool, without cells that say nothing and the blanks around others.

    A value that is not of its column's type stays as it is; `problems` gets the reason, as a line of a list.
    """
    arguments: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    whole: dict[str, str] = {}
    for column in columns:
        value = values.get(column.name)
        if value is None or value == "" or not column.field:
            continue
        value, why = read_cell(value, column) if isinstance(value, str) else (_code(value, column), "")
        if value is None:
            continue
        if why and problems is not None:
            problems.append(f"- {_named(column)}: {why}.")
        if column.field.startswith(CUSTOM_PREFIX):
            custom[column.field.removeprefix(CUSTOM_PREFIX)] = value
        elif column.field == WHOLE_NAME and isinstance(value, str):
            whole = name_parts(value, column.split)
        elif column.split and isinstance(value, str) and (mailbox := unwrapped(value)).name:
            arguments |= name_parts(mailbox.name, column.split) | {column.field: mailbox.address}
        else:
            arguments[column.field] = value
    if whole and FIRST_NAME not in arguments and LAST_NAME not in arguments:
        arguments |= whole
    return arguments | {CUSTOM: custom} if custom else arguments


def _named(column: Column) -> str:
    if column.field.startswith(CUSTOM_PREFIX):
        return f"{CUSTOM_PREFIX}{quoted(column.field.removeprefix(CUSTOM_PREFIX))}"
    return column.field


def name_parts(name: str, split: str) -> dict[str, str]:
    """Return the first and the last name of a whole name, those that there are."""
    parts = zip((FIRST_NAME, LAST_NAME), divided(name, split), strict=True)
    return {part: value for part, value in parts if value}


def _code(value: object, column: Column) -> object:
    """Return the value as a text where it is a code, which JSON may have as a number."""
    is_code = column.new and column.kind == "string" and isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_code else value


def read_cell(cell: str, column: Column) -> tuple[object, str]:
    """Return the value of a cell, None where it says nothing, and why it is none of the column's type."""
    text = unguarded(cell, throughout=column.guarded)
    kind = column.kind if column.field.startswith(CUSTOM_PREFIX) else ""
    if not text or says_nothing(text, strict=kind != "string") or (kind == "date" and is_empty_date(text)):
        return None, ""
    if is_spreadsheet_error(text):
        return text, "is an error of a spreadsheet, such as #REF!"
    if kind == "number":
        number = read_number(text, _DECIMALS.get(column.decimal, ""))
        return (text, why_no_number(text)) if number is None else (number, "")
    if kind == "boolean":
        boolean = read_boolean(text)
        return (text, f"must be a boolean: {TAKEN}") if boolean is None else (boolean, "")
    if kind == "date":
        day = read_date(text, column.order or None)
        return (text, why_no_date(text)) if day is None else (day, "")
    return text, ""
