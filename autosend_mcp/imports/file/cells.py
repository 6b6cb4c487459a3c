"""The cells of a file as values of a type: that of a field, or that which all values of a new field have."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autosend_mcp.imports.file.columns import Column
from autosend_mcp.imports.file.field_names import CUSTOM_PREFIX
from autosend_mcp.imports.file.header_words import WHOLE_NAME
from autosend_mcp.imports.file.names import divided
from autosend_mcp.models.comparison import moment
from autosend_mcp.models.contacts.contact import CUSTOM, FIRST_NAME, LAST_NAME
from autosend_mcp.models.mailboxes import unwrapped
from autosend_mcp.models.values import MAX_SAFE_INTEGER

_NUMBER = re.compile(r"[+-]?(\d+)(\.\d+)?([eE][+-]?\d{1,3})?")
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?")  # not 007, not +49..., no more digits than are kept
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.]+(Z|[+-]\d\d:?\d\d)?)?")
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "no", "n", "0"), False),
}


@dataclass(slots=True)
class Inference:
    """The type of a new custom field, by all of its values: what every one of them can be, else a string."""

    left: list[str] = field(default_factory=lambda: ["boolean", "number", "date"])
    seen: bool = False

    def see(self, cell: object) -> None:
        """Take one more value into account; a blank one says nothing."""
        if self.left and cell is not None and cell != "" and (not isinstance(cell, str) or cell.strip()):
            self.seen = True
            self.left = [kind for kind in self.left if _may_be(cell, kind)]

    @property
    def kind(self) -> str:
        """The type."""
        return self.left[0] if self.left and self.seen else "string"


def _may_be(cell: object, kind: str) -> bool:
    if not isinstance(cell, str):
        return kind == ("boolean" if isinstance(cell, bool) else "number" if isinstance(cell, int | float) else "")
    text = cell.strip()
    if kind == "boolean":
        return text.lower() in {"true", "false"}
    if kind == "number":
        return _PLAIN_NUMBER.fullmatch(text) is not None
    return _DATE.fullmatch(text) is not None and moment(text) is not None


def arguments_of(values: Mapping[str, Any], columns: Iterable[Column]) -> dict[str, Any]:
    """Return a row as the arguments of a tool, without blank cells and the blanks around others.

    A value that is not of its column's type stays as it is.
    """
    arguments: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for column in columns:
        value = values.get(column.name)
        if value is None or value == "" or not column.field:
            continue
        if isinstance(value, str):
            value = value.strip()
            if not value:
                continue
            value = _typed(value, column.kind)
        if column.field.startswith(CUSTOM_PREFIX):
            custom[column.field.removeprefix(CUSTOM_PREFIX)] = value
        elif column.field == WHOLE_NAME and isinstance(value, str):
            arguments |= _parts(value, column.split)
        elif column.split and isinstance(value, str) and (mailbox := unwrapped(value)).name:
            arguments |= _parts(mailbox.name, column.split) | {column.field: mailbox.address}
        else:
            arguments[column.field] = value
    return arguments | {CUSTOM: custom} if custom else arguments


def _parts(name: str, split: str) -> dict[str, str]:
    parts = zip((FIRST_NAME, LAST_NAME), divided(name, split), strict=True)
    return {part: value for part, value in parts if value}


def _typed(text: str, kind: str) -> object:
    if kind == "number" and (number := _NUMBER.fullmatch(text)):
        return _number(text, number)
    return _BOOLEANS.get(text.lower(), text) if kind == "boolean" else text


def _number(text: str, parts: "re.Match[str]") -> object:
    if parts[2] is None and parts[3] is None and len(text) < 20:
        whole = int(text)
        return whole if abs(whole) <= MAX_SAFE_INTEGER else text
    return float(text) if len(parts[1]) < 20 else text
