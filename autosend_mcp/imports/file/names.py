"""Whole names divided into the first and the last name."""

import re

from autosend_mcp.models.import_choices import SPLITS

# Characters of scripts in which the family name stands first: Chinese, Japanese, Korean.
_FAMILY_FIRST = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def divided(whole: str, how: str) -> tuple[str, str]:
    """Return the first and the last name; "" for one that there is not.

    `how`: `last-blank` takes the last word for the last name, `first-blank` all words but the first, `family-first`
    the first word; `whole` takes all for the first name. Any other is the usual way of the script that the name is
    written in. "Ruiz, Ana" is read as the comma says.
    """
    name = " ".join(whole.split())
    if how == "whole":
        return name, ""
    family, comma, given = name.partition(", ")
    if comma and family and given and "," not in given:
        return given, family
    if how not in SPLITS:
        how = "family-first" if _FAMILY_FIRST.search(name) else "last-blank"
    if how == "family-first":
        family, _, given = name.partition(" ")
        return (given, family) if given else (family, "")
    first, _, last = name.rpartition(" ") if how == "last-blank" else name.partition(" ")
    return (first, last) if first else (last, "")
