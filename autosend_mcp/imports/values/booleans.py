"""Yes and no, in the languages whose headers are taken, and as programs write them."""

# ruff: noqa: E501, RUF001 - letters of other scripts, and words of many languages in a line

import unicodedata

_YES = """
    true, yes, y, 1, t, on, x, ✓, ✔, ☑, ✅, ja, j, wahr, oui, o, vrai, sí, si, sì, s, verdadero, sim, verdadeiro, vero, waar, tak, prawda,
    sant, sand, kyllä, kylla, tosi, joo, да, д, истина, правда, так, істина, ano, pravda, áno, igen, igaz, da, adevărat, evet, e, doğru,
    ναι, αληθές, jah, jā, taip, はい, 有, ○, 是, 真, 예, 네, 참, نعم, כן, ใช่, có, ya, benar, हाँ, oo, igaz, já, ie, tá
"""
_NO = """
    false, no, n, 0, f, off, ✗, ✘, ☐, ❌, nein, falsch, non, faux, falso, não, nao, nee, onwaar, nie, fałsz, nej, falsk, falskt, nei,
    ei, epätosi, нет, н, ложь, ні, хиба, не, ne, nepravda, nem, hamis, nu, fals, hayır, hayir, h, yanlış, όχι, ψευδές, nē,
    いいえ, 無, ×, 否, 假, 아니요, 아니오, 거짓, لا, לא, ไม่ใช่, không, tidak, salah, नहीं, nao
"""
# Spreadsheets' own words, which stand for nothing else: a new column of them alone is one of booleans.
_CERTAIN = (
    "true, false, wahr, falsch, vrai, faux, verdadero, verdadeiro, vero, waar, onwaar, истина, ложь, prawda, fałsz"
)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _split(words: str) -> list[str]:
    return [_folded(word.strip()) for word in words.split(",")]


_WORDS = {**dict.fromkeys(_split(_YES), True), **dict.fromkeys(_split(_NO), False)}
_CERTAIN_WORDS = frozenset([*_split(_CERTAIN), "falso"])

TAKEN = (
    "true/false, yes/no, 1/0, x, and yes or no in other languages, such as ja/nein, oui/non, sí/no, да/нет, はい/いいえ"
)


def read_boolean(text: str) -> bool | None:
    """Return what the word says; None if it says neither yes nor no."""
    return _WORDS.get(_folded(text))


def is_certain_boolean(text: str) -> bool:
    """Return whether the text is a boolean and nothing else."""
    return _folded(text) in _CERTAIN_WORDS
