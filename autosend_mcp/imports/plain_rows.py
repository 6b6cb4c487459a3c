"""Rows of which each cell is plainly a value of its column, read without the model: it would take most of the time.

Whatever is not so plain, and whatever is wrong, is left to the model, which finds the words for it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from autosend_mcp.imports.file.cells import name_parts, read_cell
from autosend_mcp.imports.file.chunks import Cut
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.values.blanks import may_say_nothing, says_nothing
from autosend_mcp.models.addresses import read_all_plain, read_plain
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
        self._own = [_Member(column, defined) for column in others if not _is_custom(column)]
        self._custom = [_Member(column, defined) for column in others if _is_custom(column)]

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

    def texts(self, rows: Cut) -> tuple[Sequence[str], Iterable[str], Collection[int]]:
        """Return what `read` returns of each row: the addresses, and all values as JSON.

        Last are the positions of the rows for which it returns None, which have a blank address or any text here.
        """
        if not self._address:
            return [""] * len(rows), repeat(""), range(len(rows))
        given = rows.column(self._address)
        columns = [read_all_plain(given) or [*map(read_plain, given)]]
        columns += [member.of(rows) for member in (*self._own, *self._custom)]
        odd = {index for column in columns if None in column for index, one in enumerate(column) if one is None}
        emails, *members = ([one or "" for one in column] if odd else cast("list[str]", column) for column in columns)
        own, custom = members[: len(self._own)], members[len(self._own) :]
        ends: Iterable[str] = repeat("}")
        if custom:
            several = zip(*custom, strict=True)
            joined = map(",".join, several if all(map(all, custom)) else map(_filled, several))
            ends = [f',"{CUSTOM}":{{{properties}}}}}' if properties else "}" for properties in joined]
        # By columns, for the rows are many.
        return emails, map("".join, zip(repeat(f'{{"{EMAIL}":"'), emails, repeat('"'), *own, ends)), odd


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


class _Member:
    """What the cells of a column are as a member of JSON: with a comma before one that is no custom field."""

    def __init__(self, column: Column, defined: Mapping[str, str]) -> None:
        self._name = column.name
        self._begin = f"{compact_json(column.field.removeprefix(CUSTOM_PREFIX))}:"
        if not _is_custom(column):
            self._begin = f",{self._begin}"
        self._takes_words = not column.guarded and _is_text(column, defined)
        self._read = _reader_of_repeated(column, defined)
        self._known = _Known(self._member)

    def of(self, rows: Cut) -> list[str | None]:
        """Return the members of these rows: "" for a cell that says nothing, None for one that is not plain."""
        cells = rows.column(self._name)
        if self._takes_words and 2 * len({*cells}) > len(cells):
            kind, words, _ = rows.plain(self._name)
            if kind == "words" and not may_say_nothing(words):
                return [f'{self._begin}"{cell}"' if cell else "" for cell in cells]
        return [*map(self._known.__getitem__, cells)]

    def _member(self, cell: str) -> str | None:
        value = self._read(cell) if cell else None
        if value is _NOT_PLAIN:
            return None
        return "" if value is None else f"{self._begin}{compact_json(value)}"


def _filled(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text]


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


def _reader_of_repeated(column: Column, defined: Mapping[str, str]) -> Read:
    if _is_text(column, defined):
        return lambda cell: _text_in(cell, column, strict=not _is_custom(column))
    if _is_custom(column):
        return lambda cell: _typed_in(cell, column, _kind(column, defined))
    return lambda cell: _name_in(cell, column) if column.field == WHOLE_NAME else _number_in(cell, column)


def _is_text(column: Column, defined: Mapping[str, str]) -> bool:
    """Return whether a value of the column can be any text."""
    if _is_custom(column):
        return column.kind == "string" and fits("", _kind(column, defined))
    return column.field not in {WHOLE_NAME, MOBILE}


def _kind(column: Column, defined: Mapping[str, str]) -> str:
    return defined[visible(column.field.removeprefix(CUSTOM_PREFIX))]


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
