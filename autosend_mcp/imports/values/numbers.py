"""Numbers as people and programs of other countries write them: 1,234.56 and 1.234,56 and 1 234,56."""

import re
from functools import lru_cache
from typing import Literal

from autosend_mcp.models.values import MAX_SAFE_INTEGER

Decimal = Literal["", "point", "comma"]

_PLAIN = re.compile(r"[+-]?(\d+)(\.\d+)?([eE][+-]?\d{1,3})?")
_GROUP = "[ \u00a0\u2009\u202f'\u2019]"
_AMBIGUOUS = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
_POINT = re.compile(rf"-?(?:\d+|\d{{1,3}}(?:,\d{{2,3}})*,\d{{3}}|\d{{1,3}}(?:{_GROUP}\d{{3}})+)(?:\.\d+)?")
_COMMA = re.compile(rf"-?(?:\d+|\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:{_GROUP}\d{{3}})+)(?:,\d+)?")
_CURRENCY = re.compile(
    r"[$\u00a2-\u00a5\u20a0-\u20c0]|(?<![A-Za-z])(?:EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|kr|zl)(?![A-Za-z])"
)
_CODE = re.compile(r"\+\d[\d ()/.-]*|-?0\d+(?:[.,]\d+)?")
_MAX_DIGITS = 15


def _normal(text: str) -> str:
    return text.replace("\u2212", "-").strip()


def _loses_a_sign(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Return whether digits would be lost if the text became a number: a leading zero, a plus, too many digits."""
    return _loses_a_sign(text) or (text.isdecimal() and len(text) > _MAX_DIGITS)


def has_no_groups(text: str) -> bool:
    """Return whether the text is a whole number of more than three digits that are not divided into groups."""
    return text.lstrip("-").isdecimal() and len(text.lstrip("-")) > 3


@lru_cache(maxsize=10_000)
def decimal_of(text: str) -> Decimal | None:
    """Return which sign divides the decimals of this number: "" if both readings fit; None if it is no number."""
    text = _normal(text)
    if is_code(text):
        return None
    if _AMBIGUOUS.fullmatch(text):
        return ""
    point, comma = _POINT.fullmatch(text), _COMMA.fullmatch(text)
    if point and comma:
        return ""
    return "point" if point else "comma" if comma else None


def is_unclear(text: str) -> bool:
    """Return whether the number is another with a decimal comma than with a decimal point."""
    return _AMBIGUOUS.fullmatch(_normal(text)) is not None


def read_number(text: str, decimal: Decimal) -> int | float | None:
    """Return the number; None if it is none. `decimal`: of the column, for what could be read in two ways."""
    text = _normal(text)
    if _loses_a_sign(text):
        return None
    plain = _PLAIN.fullmatch(text)
    if plain is None or (decimal == "comma" and is_unclear(text)):
        own = decimal_of(text)
        if own is None or (own and decimal and own != decimal):
            return None
        text = re.sub(_GROUP, "", text)
        text = text.replace(".", "").replace(",", ".") if (own or decimal) == "comma" else text.replace(",", "")
        plain = _PLAIN.fullmatch(text)
        if plain is None:
            return None
    return _parsed(text, plain)


def _parsed(text: str, parts: "re.Match[str]") -> int | float | None:
    if parts[2] is None and parts[3] is None:
        whole = int(text)
        return whole if abs(whole) <= MAX_SAFE_INTEGER else None
    return float(text) if len(parts[1]) < 20 else None


def why_no_number(text: str) -> str:
    """Return why the text is no number, as a rule: "must be a number; ..."."""
    text = _normal(text)
    if _CURRENCY.search(text) and any(char.isdigit() for char in text):
        return "must be a number without a currency; it is in the value, not in the column's name"
    if text.endswith("%") or text.startswith("%"):
        return "must be a number without a percent sign"
    if text.startswith("+") and _loses_a_sign(text):
        return "must be a number; a plus sign would be lost, so this is a text"
    if _loses_a_sign(text):
        return "must be a number; a leading zero would be lost, so this is a text"
    if text.isdecimal():
        return f"must be a number of at most {_MAX_DIGITS} digits; more would be lost, so this is a text"
    return "must be a number"
