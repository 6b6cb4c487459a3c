"""What stands in place of a mail address, as people paste it: the address itself, the name beside it, the wrapping."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from autosend_mcp.models.letters import in_plain_letters, invisible, named, without_invisible

_LINK = re.compile(r"\[[^\[\]]*\]\s*\(\s*mailto:([^()]*)\)", re.IGNORECASE)  # of Markdown
_MAILTO = re.compile(r"<?\s*(?:mailto|e-?mail)\s*:\s*(?://)?([^?<>]*)(?:\?[^<>]*)?>?", re.IGNORECASE)
_MAX_LENGTH = 2_000  # characters, with a name and a link around it
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_PAIRS = {"<": ">", "(": ")", "[": "]", "{": "}", '"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u201e": "\u201c",
          "\u2018": "\u2019", "\u00ab": "\u00bb", "\u300c": "\u300d", "*": "*", "_": "_"}  # fmt: skip
_BEHIND = ";,.:\u3001\uff0c\uff1b"
_BEFORE = ";,:\u3001\uff0c\uff1b"
_ADDRESS = r"[^\s@<>()\[\]{},;]+@[^\s@<>()\[\]{},;]+"
_NAME_FIRST = re.compile(rf"([^@<>]*?|{_ADDRESS}|\"[^\"]*\"|'[^']*')\s*[<\uff1c]\s*([^<>]+?)\s*[>\uff1e]")
_NAME_LAST = re.compile(rf"({_ADDRESS}|\"[^\"]*\"@[^\s@<>()]+)\s*[(\[]\s*([^@()\[\]]+?)\s*[)\]]")
_NAME_THEN_BRACKET = re.compile(rf"([^@<>()\[\]]+?)\s*[(\[]\s*({_ADDRESS})\s*[)\]]")
_QUOTED_LOCAL = re.compile(r'"[^"]+"@[^\s@"]+')


class Mailbox(NamedTuple):
    """The text of an address, the name beside it, and what was taken off, each as a phrase.

    Whether it is an address is not known.
    """

    address: str
    name: str = ""
    repairs: tuple[str, ...] = ()


def unwrapped(given: str) -> Mailbox:
    """Return what is left once everything is taken off that plainly does not belong to the address."""
    repairs = list[str]()
    if len(given) > _MAX_LENGTH:  # nobody's address, and the patterns would take long
        return Mailbox(given, "", ())
    if unseen := invisible(given):
        repairs.append(f"{', '.join(map(named, unseen[:3]))} taken out, which cannot be seen")
    seen = without_invisible(given).strip()
    text = in_plain_letters(seen)
    if text != seen:
        repairs.append("full-width letters read as plain ones")
    text, name = _without_name(_without_link(text, repairs))
    text = _without_link(text, repairs) if name else text
    bare = _without_wrapping(text)
    if bare != text and not name:
        repairs.append(f"{_around(text, bare)} around it taken off")
    return Mailbox(bare, name, tuple(repairs))


def _without_link(text: str, repairs: list[str]) -> str:
    """Return the address of a link, decoded; any other text as it is."""
    link = _LINK.fullmatch(text) or _MAILTO.fullmatch(text)
    inner = link[1].strip() if link else text
    if _PERCENT.search(inner) and (link or "@" not in inner):
        decoded = unquote(inner, errors="strict") if _decodes(inner) else inner
        inner = decoded if "@" in decoded else inner
    if inner != text:
        repairs.append("taken out of a mailto: link" if link else "decoded from %40")
    return inner


def _decodes(text: str) -> bool:
    try:
        unquote(text, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def _without_name(text: str) -> tuple[str, str]:
    """Return the address and the name that stands before or behind it; a name that is the address is none."""
    text = text.rstrip(_BEHIND + " ") if text.rstrip(_BEHIND + " ").endswith((">", ")", "]")) else text
    if found := _NAME_FIRST.fullmatch(text):
        name, address = found[1], found[2]
    elif found := _NAME_LAST.fullmatch(text):
        address, name = found[1], found[2]
    elif found := _NAME_THEN_BRACKET.fullmatch(text):
        name, address = found[1], found[2]
    else:
        return text, ""
    name = name.strip(" \t\"'\u201c\u201d\u201e\u2018\u2019,;").replace('\\"', '"').strip()
    if "@" in name and _without_wrapping(name).casefold() != address.casefold():
        return text, ""  # two addresses
    return _without_wrapping(address), "" if "@" in name else name


def _without_wrapping(text: str) -> str:
    """Return the text without brackets, quotes and separators around it."""
    before = None
    while text != before and not _QUOTED_LOCAL.fullmatch(text):
        before = text
        text = text.strip()
        if len(text) > 1 and _PAIRS.get(text[0]) == text[-1]:
            text = text[1:-1]
        text = text.rstrip(_BEHIND).lstrip(_BEFORE)
        if text[:1] in {"'", "\u2018", "\u2019"} and text.count("@") == 1:  # it guards the cell of a spreadsheet
            text = text[1:]
    return text


def _around(text: str, bare: str) -> str:
    before, _, behind = text.partition(bare) if bare else (text, "", "")
    return " and ".join(part for part in (before.strip(), behind.strip()) if part)
