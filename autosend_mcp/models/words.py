"""The words of names and cells, so that they can be compared."""

import re
import unicodedata

_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_STROKES = str.maketrans("\u0142\u00f8\u0111", "lod")  # these have no accent to take off
_VOICED = "\u3099\u309a"  # these make another letter of a Japanese one


def words_of(name: str) -> str:
    """Return the words of a name with a blank before, between and after them: ` email opt out ` for `EmailOptOut`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return f" {plain(apart)} "


def plain(text: str) -> str:
    """Return the words of a text, without case, accents and punctuation, with one blank between them."""
    if text.isascii():
        return " ".join(_ASCII_WORDS.findall(text.lower()))
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    letters = "".join(
        char for char in folded if not unicodedata.combining(char) or char in _VOICED or "\u0900" <= char <= "\u0eff"
    )
    return " ".join(re.findall(r"(?:[^\W_]|[\u0900-\u0eff])+", unicodedata.normalize("NFC", letters)))
