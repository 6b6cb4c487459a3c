"""Which attribute of a contact a column's name says it is, in the words of many languages and programs."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from autosend_mcp.imports.file.header_words import (
    ALSO_WHOLE,
    ALSO_WHOLE_LAST,
    CONTAINERS,
    NEUTRAL,
    NO_PERSON,
    PRIMARY,
    SECONDARY,
    WORDS,
)
from autosend_mcp.models.contacts.contact import MOBILE, USER_ID

_IN_BRACKETS = re.compile(r"\((?!\d+\))[^()]*\)|\[[^\[\]]*\]")  # not the number of a name that stands twice
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NO_WORD = re.compile(r"[\W_]+")


class Known(NamedTuple):
    """What a name says. `rank`: 0 says just that; 1 the first of several, 2 one of several, 3 a further one."""

    attribute: str
    rank: int


def plain(name: str) -> str:
    """Return the name without case, accents, spaces and punctuation."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in letters if char.isalnum())


def _split(words: str) -> list[str]:
    return [plain(word) for word in words.split(",") if word.strip()]


_ATTRIBUTES = {word: attribute for attribute, words in WORDS.items() for word in _split(words)}
_RANKS = {
    **dict.fromkeys(_split(NEUTRAL), 2),
    **dict.fromkeys(_split(SECONDARY), 3),
    **dict.fromkeys(_split(PRIMARY), 1),
}
_NO_PERSON = frozenset(_split(NO_PERSON))
_CONTAINERS = frozenset(_split(CONTAINERS))
_FURTHER = 3
_WITH_WORDS_AROUND = frozenset(attribute for attribute in WORDS if attribute not in {MOBILE, USER_ID})
ALSO_WHOLE_NAMES = frozenset(_split(ALSO_WHOLE))
ALSO_WHOLE_LAST_NAMES = frozenset(_split(ALSO_WHOLE_LAST))


_MAX_NAME = 200  # characters; the time to look for the attribute grows with the cube of the words


@lru_cache(maxsize=4096)
def known(name: str) -> Known | None:
    """Return the attribute that the name says, also with words around it such as `Primary` or `What's your ...?`."""
    if len(name) > _MAX_NAME:
        return None
    if attribute := _ATTRIBUTES.get(plain(name)):
        return Known(attribute, 0)
    outer, dot, inner = name.partition(".")
    if dot and plain(outer) in _CONTAINERS:
        return known(inner)
    for text in dict.fromkeys((name, _IN_BRACKETS.sub(" ", name))):
        words = [plain(word) for word in _NO_WORD.split(_CAMEL.sub(" ", text))]
        if found := _among([word for word in words if word]):
            return found
    return None


def _among(words: list[str]) -> Known | None:
    """Return the attribute of which the words are, where all others say only which of several columns it is."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            attribute = _ATTRIBUTES.get("".join(words[start : start + length]))
            around = words[:start] + words[start + length :]
            if attribute and all(word in _RANKS for word in around):
                return _ranked(attribute, around)
    return None


def _ranked(attribute: str, around: list[str]) -> Known | None:
    ranks = {_RANKS[word] for word in around}
    rank = 0 if not ranks else _FURTHER if _FURTHER in ranks else min(ranks)
    if rank and attribute != "email" and (rank == _FURTHER or not _NO_PERSON.isdisjoint(around)):
        return None
    return Known(attribute, rank) if not rank or attribute in _WITH_WORDS_AROUND else None
