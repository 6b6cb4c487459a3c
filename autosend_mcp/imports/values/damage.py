"""Cells that were damaged before the file was written, and what they were."""

import html
import re

_MAY_BE = re.compile("[\\ufffd\xc2\xc3\xc4\xc5\xd0\xd1\xe2]|&#?\\w+;|=[0-9A-F]{2}|=\\?[Uu]|\\dE\\+?\\d")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_QUOTED_PRINTABLE = re.compile(r"(?:=[C-F][0-9A-F](?:=[89AB][0-9A-F])+)|=\?[Uu][Tt][Ff]-8\?[QqBb]\?")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[Ee]\+\d{1,3}")


def damage_of(text: str) -> str:
    """Return what is wrong with a cell, as its readers see it; nothing for a sound one."""
    if not _MAY_BE.search(text):
        return ""
    if "\ufffd" in text:
        return "letters were lost (U+FFFD)"
    if _SCIENTIFIC.fullmatch(text):
        return "digits were lost by a spreadsheet"
    if _ENTITY.search(text) and html.unescape(text) != text:
        return "HTML"
    if _QUOTED_PRINTABLE.search(text):
        return "encoded as in a mail"
    return "UTF-8 read as another encoding" if _is_read_twice(text) else ""


def may_be_damaged(texts: str) -> bool:
    """Return whether any of these words may be damaged."""
    return "\xc3" in texts or "\xc2" in texts or "\xc5" in texts or "\xc4" in texts


def _is_read_twice(text: str) -> bool:
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8") != text
        except UnicodeError:
            continue
    return False
