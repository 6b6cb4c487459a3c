"""Characters that nobody can see or tell apart, and how to name them."""

import unicodedata

from autosend_mcp.models.text import visible

APOSTROPHES = frozenset("\u2018\u2019\u201b\u02bc\u02bb\u00b4\u2032\uff07")
HYPHENS = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad\ufe63")


def named(char: str) -> str:
    """Return the code point with its name: `U+0430 (cyrillic small letter a)`."""
    name = unicodedata.name(char, "").lower()
    return f"U+{ord(char):04X}" + (f" ({name})" if name else "")


def invisible(text: str) -> list[str]:
    """Return the characters of the text that cannot be seen, each once; blanks and line breaks do not count."""
    return [char for char in dict.fromkeys(text) if not char.isspace() and not visible(char)]


def without_invisible(text: str) -> str:
    """Return the text without what cannot be seen; every kind of blank becomes a plain one."""
    return "".join(" " if char.isspace() else char for char in text if char.isspace() or visible(char))


def in_plain_letters(text: str) -> str:
    """Return the text with full-width and styled letters as the plain ones that they stand for."""
    if text.isascii():
        return text
    return "".join(_plain(char) for char in text)


def _plain(char: str) -> str:
    if char in "\u3002\uff61":  # the full stops of Japanese and Chinese
        return "."
    read = unicodedata.normalize("NFKC", char)
    return read if read.isascii() and len(read) == 1 and not read.isspace() else char


def scripts_of(text: str) -> list[str]:
    """Return the scripts of the letters of a text, each once, by their names: "latin", "cyrillic"."""
    return [*dict.fromkeys(script(char) for char in text if char.isalpha())]


def script(char: str) -> str:
    """Return the script of a letter by its name."""
    return unicodedata.name(char, "").partition(" ")[0].lower()
