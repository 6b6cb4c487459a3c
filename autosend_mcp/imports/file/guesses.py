"""Which encodings a file that is not UTF-8 may be in, by how its words read in each."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.letters import language_share, plausible
from autosend_mcp.models.text import quoted, visible

# Of two that read the file alike, the first is named.
_CANDIDATES = (
    "cp1252", "iso8859_15", "mac_roman", "cp1250", "iso8859_2", "cp1254", "cp1257", "iso8859_4", "cp850", "cp437",
    "cp852", "cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic", "mac_latin2", "mac_turkish", "cp1253",
    "iso8859_7", "mac_greek", "cp1255", "cp1256", "cp1258", "cp874", "shift_jis", "cp932", "euc_jp", "gbk", "gb18030",
    "big5", "cp950", "euc_kr", "cp949",
)  # fmt: skip
_DOS = {"cp850", "cp437", "cp852"}
_RARELY_LATIN = {"cp1253", "cp1255", "cp1256", "cp1258", "cp874", "shift_jis", "cp932"}
_FIRST_GREEK = 0x370
_ON_A_MAC = 0.4
_LESS_LIKELY = 0.006  # for each place further down
_SHOWN = 3
_USUAL = "cp1252"
_MAX_WORDS = 400
_MAX_WORD = 60  # bytes
_MAX_SHOWN = 20
_BETWEEN_WORDS = re.compile(rb"[\x00-\x20\",:;<=>()/]+")
_NAMES = 40  # words that may be names of columns


class Reading(NamedTuple):
    """An encoding, and words of the file as they would be read in it."""

    encoding: str
    words: list[str]


class Sample:
    """The words of a file that are not ASCII. `old_mac`: its lines end in carriage returns alone."""

    def __init__(self) -> None:
        self.words: dict[bytes, None] = {}
        self._ends = self._feeds = 0
        self._rest = b""

    @property
    def old_mac(self) -> bool:
        """Return whether lines end as they did on a Mac before 2001, and as its Excel still writes them."""
        return self._ends > 0 and not self._feeds

    def add(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        self._ends += chunk.count(b"\r")
        self._feeds += chunk.count(b"\n")
        lines = (self._rest + chunk).splitlines()
        self._rest = lines.pop() if lines and chunk[-1:] not in b"\r\n" else b""
        self._take(lines)
        if len(self._rest) > len(chunk):  # a line without an end
            self.close()

    def close(self) -> None:
        """Look at the last line."""
        self._take([self._rest])
        self._rest = b""

    def _take(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if len(self.words) >= _MAX_WORDS:
                return
            if not line.isascii():
                for word in _BETWEEN_WORDS.split(line):
                    if not word.isascii():
                        self.words.setdefault(_cut(word))


def _cut(word: bytes) -> bytes:
    """Return the part around its first byte that is not ASCII."""
    if len(word) <= _MAX_WORD:
        return word
    first = next(place for place, byte in enumerate(word) if byte > 0x7F)
    return word[max(0, first - _MAX_WORD // 3) :][:_MAX_WORD]


def readings(sample: Sample) -> list[Reading]:
    """Return the likely encodings, the most likely first, each with words in which they differ; [] if none is likely.

    The usual one is among them, so that one can see that it is wrong.
    """
    words = [*sample.words]
    if not words or 2 * sum(_decoded([word], "utf-8") is not None for word in words) >= len(words):
        return []
    scores: dict[tuple[str, ...], tuple[float, str]] = {}
    for place, name in enumerate(_CANDIDATES):
        texts = _decoded(words, name)
        if texts is not None and tuple(texts) not in scores:
            scores[tuple(texts)] = _score(texts, name, old_mac=sample.old_mac) - place * _LESS_LIKELY, name
    ranked = sorted(scores.items(), key=lambda item: -item[1][0])
    if not ranked or ranked[0][1][0] < 0:
        return []
    likely = ranked[:_SHOWN] + [one for one in ranked[_SHOWN:] if one[1][1] == _USUAL]
    differing = sorted(range(len(words)), key=lambda place: -len({texts[place] for texts, _ in likely}))
    places = sorted(differing[:_SHOWN])
    return [Reading(name, [texts[place] for place in places]) for texts, (_, name) in likely]


def shown(found: Iterable[Reading]) -> str:
    """Return how some words read in each."""
    return "; ".join(
        f"{one.encoding}: {quoted(', '.join(visible(word)[:_MAX_SHOWN] for word in one.words))}" for one in found
    )


def _decoded(words: Iterable[bytes], encoding: str) -> list[str] | None:
    try:
        return [word.decode(encoding) for word in words]
    except UnicodeDecodeError:
        return None


def _score(texts: list[str], name: str, *, old_mac: bool) -> float:
    score = sum(map(plausible, texts)) / len(texts) + 0.5 * language_share(texts)
    score += 0.5 * sum(known(text) is not None for text in texts[:_NAMES]) / min(len(texts), _NAMES)
    if name.startswith("mac_"):
        return score + (_ON_A_MAC if old_mac else -0.1) - 0.2 * (name != "mac_roman")
    if name in _RARELY_LATIN and all(_is_latin(text) for text in texts):
        score -= 0.4
    return score - 0.35 * (name in _DOS)


def _is_latin(text: str) -> bool:
    return all(ord(char) < _FIRST_GREEK or not char.isalpha() for char in text)
