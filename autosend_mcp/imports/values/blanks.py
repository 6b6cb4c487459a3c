"""Cells that say nothing, and what other programs put around a cell or in place of its value."""

import re
from collections.abc import Iterable

# What programs write for a value that there is not. Case counts: Null and Nan are names of people.
_ANYWHERE = frozenset(
    [
        "\\N", "NULL", "null", "(null)", "(NULL)", "<null>", "<NULL>", "[null]", "[NULL]", "undefined", "nan", "NaN",
        "N/A", "n/a", "#N/A", "#N/D", "#NV", "#N/A!", "#N/DISP", "#NA", "n.a.",
        "N.A.", "n. a.", "k.A.", "k. A.", "s/d", "n/d",
        "N/D",
        "(blank)", "(leer)", "(vide)", "(empty)", "(none)", "(vacío)", "(vuoto)", "(пусто)", "(空白)", "-", "--", "---",
        "\u2013", "\u2014", "\u2212", "<NA>", "<na>", "<empty>", "<none>", "[blank]",
    ]
)  # fmt: skip
_AS_NAMES_AND_TYPED = frozenset(["None", "NONE", "none", "nil", "NIL", "NA", "na", "Null", "empty", "EMPTY", "leer"])
_NAMES_OF_PEOPLE = frozenset(["Null"])

_ERROR = re.compile(r"#[\u00a1\u00bf]?[^\W_a-z]+(/0)?[!?]|#(?:SPILL|GETTING_DATA|FIELD|CALC|BUSY)!?|Err:\d{3}")
_FORMULA = re.compile(r'=\s*"((?:[^"]|"")*)"')
_GUARDED = re.compile(r"['\u2019](?=[=+\-@\uff1d\uff0b]|\d+$)")


def says_nothing(text: str, *, strict: bool) -> bool:
    """Return whether the text stands for no value. `strict`: of a name or a type, where more words do."""
    return text in _ANYWHERE or (strict and text in _AS_NAMES_AND_TYPED and text not in _NAMES_OF_PEOPLE)


def may_say_nothing(texts: Iterable[str]) -> bool:
    """Return whether any of the texts stands for no value in some column."""
    return not (_ANYWHERE.isdisjoint(texts) and _AS_NAMES_AND_TYPED.isdisjoint(texts))


def is_spreadsheet_error(text: str) -> bool:
    """Return whether the text is what a spreadsheet shows where a formula failed: #REF!, #VALUE!, Err:502."""
    return text[:1] in {"#", "E"} and _ERROR.fullmatch(text) is not None


def is_guarded(cell: str) -> bool:
    """Return whether something keeps a spreadsheet from taking the cell for a number or a formula."""
    return cell[:1] in {"'", "\u2019", "\t"} or ("=" in cell and _FORMULA.fullmatch(cell.strip()) is not None)


def unguarded(cell: str, *, throughout: bool) -> str:
    """Return the cell without its guard. `throughout`: every cell of the column has one, so that any apostrophe is."""
    text = cell.strip()
    if text[:1] not in {"'", "\u2019", "="}:
        return text
    if formula := _FORMULA.fullmatch(text):
        return formula[1].replace('""', '"').strip()
    if _GUARDED.match(text) or (throughout and text[:1] in {"'", "\u2019"}):
        return text[1:].strip()
    return text
