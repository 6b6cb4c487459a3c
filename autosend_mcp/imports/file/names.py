"""Whole names divided into the first and the last name."""

import re
from typing import Literal, get_args

Split = Literal["last-blank", "first-blank", "family-first", "whole"]
SPLITS: tuple[str, ...] = get_args(Split)

# Characters of scripts in which the family name stands first: Chinese, Japanese, Korean.
_FAMILY_FIRST = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def divided(whole: str, how: str) -> tuple[str, str]:
    """Return the first and the last name; "" for one that there is not.

    `how`: `last-blank` takes the last word for the last name, `first-blank` all words but the first, `family-first`
    the first word; `whole` takes all for the first name. "Ruiz, Ana" is read as the comma says.
    """
    name = " ".join(whole.split())
    if how == "whole":
        return name, ""
    family, comma, given = name.partition(", ")
    if comma and family and given and "," not in given:
        return given, family
    if how == "family-first":
        family, _, given = name.partition(" ")
        return (given, family) if given else (family, "")
    first, _, last = name.rpartition(" ") if how == "last-blank" else name.partition(" ")
    return (first, last) if first else (last, "")


def is_family_first(name: str) -> bool:
    """Return whether the name is written in a script of a language that puts the family name first."""
    return _FAMILY_FIRST.search(name) is not None
