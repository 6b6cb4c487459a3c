"""JSON as JavaScript's JSON.stringify writes it: a receiver that signs `JSON.stringify(req.body)` gets the same bytes.

Source: the samples of the page "Webhooks", which verify a signature over that.
"""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, cast

_SURROGATE = re.compile("[\ud800-\udfff]")
_INDEX = re.compile("0|[1-9][0-9]{0,9}")
_MAX_INDEX = 2**32 - 2  # of the names that an object has first, by number


def stringify(value: Any) -> str:
    """Return a JSON value without spaces, non-ASCII characters as they are, numbers as JavaScript's."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dict):
        members = sorted(cast("dict[str, Any]", value).items(), key=_place)
        return "{" + ",".join(f"{_quoted(name)}:{stringify(member)}" for name, member in members) + "}"
    return "[" + ",".join(map(stringify, cast("Sequence[Any]", value))) + "]"


def _place(member: tuple[str, Any]) -> tuple[bool, int]:
    """Return where a member stands in an object: array indexes by number, then the others as they were added."""
    name = member[0]
    is_index = _INDEX.fullmatch(name) is not None and int(name) <= _MAX_INDEX
    return not is_index, int(name) if is_index else 0


def _quoted(text: str) -> str:
    if _SURROGATE.search(text):  # two halves become one character, one alone is escaped
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", json.dumps(text, ensure_ascii=False))


def _number(value: float) -> str:
    try:
        number = float(value)
    except OverflowError:
        return "null"
    if not isfinite(number):
        return "null"
    return "-" * (number < 0) + _digits(abs(number))


def _digits(number: float) -> str:
    """Return the number as the specification of JavaScript has it: the shortest digits that are read as it."""
    written = Decimal(repr(number)).as_tuple()
    found = "".join(map(str, written.digits))
    digits = found.rstrip("0") or "0"
    point = len(found) + int(written.exponent) if number else 1  # how many digits are before it
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    return f"{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{point - 1:+d}"
