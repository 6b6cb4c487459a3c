"""Rows of which each cell is plainly a value of its column, read without the model: it would take most of the time.

Whatever is not so plain, and whatever is wrong, is left to the model, which finds the words for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from autosend_mcp.imports.file.cells import name_parts, read_cell
from autosend_mcp.imports.file.chunks import Cut
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.values.blanks import says_nothing
from autosend_mcp.models.addresses import read_plain
from autosend_mcp.models.contacts.contact import CUSTOM, FIRST_NAME, LAST_NAME, MOBILE, USER_ID, Person, Values
from autosend_mcp.models.text import compact_json, visible
from autosend_mcp.models.values import MAX_ENTRIES, MAX_TEXT, in_e164, is_sendable
from autosend_mcp.tools.property_checks import fits

EMAIL = "email"
_ORDER = (EMAIL, FIRST_NAME, LAST_NAME, WHOLE_NAME, USER_ID, MOBILE)  # as the model has them; custom fields come last

_NOT_PLAIN = object()
_MAX_KNOWN = 2_000  # values of a column that are kept, with how they were read

# How a cell begins that a spreadsheet was kept from reading, or could not.
_ODD_BEGINNINGS = ("'", "\u2019", "=", "#", "Err:")

Read = Callable[[str], object]
ValueT = TypeVar("ValueT")


class PlainRows:
    """Reads the rows of one file."""

    def __init__(self, columns: Sequence[Column], defined: Mapping[str, str]) -> None:
        """`defined`: the types of the custom fields."""
        used = [column for column in columns if column.field]
        custom = [column.field.removeprefix(CUSTOM_PREFIX) for column in used if _is_custom(column)]
        is_usable = _are_valid(custom) and all(visible(name) in defined for name in custom)
        used.sort(key=lambda column: len(_ORDER) if _is_custom(column) else _ORDER.index(column.field))
        self._columns = [
            (column.name, column.field.removeprefix(CUSTOM_PREFIX), _is_custom(column), _reader(column, defined))
            for column in (used if is_usable else [])
        ]
        by_column = is_usable and [column.field for column in used[:1]] == [EMAIL]
        by_column = by_column and all(column.field != WHOLE_NAME for column in used)
        self._address, others = (used[0].name, used[1:]) if by_column else ("", [])
        self._own = [(column.name, _member(column, defined)) for column in others if not _is_custom(column)]
        self._custom = [(column.name, _member(column, defined)) for column in others if _is_custom(column)]

    def read(self, values: Mapping[str, Any]) -> Values | None:
        """Return the values of the contact, under AutoSend's names; None for a row that the model has to read."""
        expected, custom = Values(), dict[str, Any]()
        for name, field, is_custom, value_of in self._columns:
            cell = values.get(name)
            if cell is None or cell == "":
                continue
            value = value_of(cell) if type(cell) is str else _NOT_PLAIN
            if value is _NOT_PLAIN:
                return None
            if is_custom and value is not None:
                custom[field] = value
            elif isinstance(value, dict):
                if FIRST_NAME not in expected and LAST_NAME not in expected:
                    expected |= cast("Values", value)
            elif value is not None:
                expected[field] = value
        if custom:
            expected[CUSTOM] = custom
        return expected if EMAIL in expected else None

    def texts(self, rows: Cut) -> Iterator[tuple[str, str] | None]:
        """Yield for each row what `read` returns: the address, and all values as JSON."""
        if not self._address:
            yield from repeat(None, len(rows))
            return
        emails = map(read_plain, rows.column(self._address))
        own, custom = (
            zip(*(map(member.__getitem__, rows.column(name)) for name, member in members), strict=True)
            if members
            else repeat(cast("tuple[str | None, ...]", ()))
            for members in (self._own, self._custom)
        )
        for email, values, further in zip(emails, own, custom, strict=False):
            if email is None or None in values or None in further:
                yield None
                continue
            attributes = "".join(cast("tuple[str, ...]", values))
            properties = "".join(cast("tuple[str, ...]", further))
            if properties:
                properties = f',"{CUSTOM}":{{{properties[1:]}}}'
            yield email, f'{{"{EMAIL}":"{email}"{attributes}{properties}}}'


class _Known(dict[str, ValueT]):
    """What the cells that were read already became."""

    def __init__(self, read: Callable[[str], ValueT]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> ValueT:
        value = self._read(cell)
        if len(self) < _MAX_KNOWN:
            self[cell] = value
        return value


def _is_custom(column: Column) -> bool:
    return column.field.startswith(CUSTOM_PREFIX)


def _are_valid(names: Sequence[str]) -> bool:
    """Return whether custom fields can have these names, and a contact that many."""
    try:
        Person.model_validate({EMAIL: "jane@example.com", CUSTOM: dict.fromkeys(names, "x")}, context=[])
    except ValidationError:
        return False
    return len(names) <= MAX_ENTRIES


def _reader(column: Column, defined: Mapping[str, str]) -> Read:
    """Return the function that reads a cell of the column: its value, None where it says nothing, or `_NOT_PLAIN`."""
    if column.field == EMAIL:
        return lambda cell: read_plain(cell) or _NOT_PLAIN
    return _Known(_reader_of_repeated(column, defined)).__getitem__


def _member(column: Column, defined: Mapping[str, str]) -> "_Known[str | None]":
    """Return what the cells of the column are as a member of JSON, behind a comma; None for one that is not plain."""
    read, field = _reader_of_repeated(column, defined), compact_json(column.field.removeprefix(CUSTOM_PREFIX))

    def member(cell: str) -> str | None:
        value = read(cell) if cell else None
        if value is _NOT_PLAIN:
            return None
        return "" if value is None else f",{field}:{compact_json(value)}"

    return _Known(member)


def _reader_of_repeated(column: Column, defined: Mapping[str, str]) -> Read:
    if _is_custom(column):
        kind = defined[visible(column.field.removeprefix(CUSTOM_PREFIX))]
        if column.kind == "string" and fits("", kind):
            return lambda cell: _text_in(cell, column, strict=False)
        return lambda cell: _typed_in(cell, column, kind)
    if column.field == WHOLE_NAME:
        return lambda cell: _name_in(cell, column)
    if column.field == MOBILE:
        return lambda cell: _number_in(cell, column)
    return lambda cell: _text_in(cell, column, strict=True)


def _text_in(cell: str, column: Column, *, strict: bool) -> object:
    text = cell.strip()
    if column.guarded or len(text) > MAX_TEXT or text.startswith(_ODD_BEGINNINGS) or not is_sendable(text):
        return _NOT_PLAIN
    return None if not text or says_nothing(text, strict=strict) else text


def _typed_in(cell: str, column: Column, kind: str) -> object:
    value, why = read_cell(cell, column)
    if value is None:
        return None
    is_plain = not why and fits(value, kind) and not (isinstance(value, str) and not _fits_text(value))
    return value if is_plain else _NOT_PLAIN


def _fits_text(text: str) -> bool:
    return len(text) <= MAX_TEXT and is_sendable(text)


def _name_in(cell: str, column: Column) -> object:
    text = _text_in(cell, column, strict=True)
    return name_parts(text, column.split) if isinstance(text, str) else text


def _number_in(cell: str, column: Column) -> object:
    text = _text_in(cell, column, strict=True)
    if not isinstance(text, str):
        return text
    read = in_e164(text)
    return text if read == (text, False) else _NOT_PLAIN
