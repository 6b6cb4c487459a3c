r"""Cells as MySQL and its like write them: a backslash before a quote, a delimiter or itself, `\n` and `\N`."""

import re
from collections.abc import Iterable

ESCAPES = 'Backslashes are read as MySQL writes them, as in line {}: \\" is a quote, \\n a line break, \\N nothing.'

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANING = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a", "N": "\\\\N"}


def first_escape(lines: Iterable[str], delimiter: str) -> int:
    """Return the first line, from 1, in which only a backslash keeps a cell whole; 0 if there is none.

    That is a quote inside a quoted cell that is not doubled, or a delimiter too many in a line without quotes.
    """
    begins_quoted = re.compile(rf'(?:^|{re.escape(delimiter)})\s?"')
    width, some_quoted = 0, False
    for number, line in enumerate(lines, start=1):
        width = width or line.count(delimiter)
        some_quoted = some_quoted or ('"' in line and begins_quoted.search(line) is not None)
        if "\\" not in line:
            continue
        if some_quoted and any(
            found[1] == '"' and line[found.end() : found.end() + 1] not in {"", '"', "\r", "\n", delimiter}
            for found in _ESCAPE.finditer(line)
        ):
            return number
        if f"\\{delimiter}" in line and '"' not in line and _ESCAPE.sub("", line).count(delimiter) == width:
            return number
    return 0


def with_escapes(text: str) -> str:
    """Return the text with what stands for another character as that character, still behind its backslash."""
    return _ESCAPE.sub(lambda found: "\\" + _MEANING.get(found[1], found[1]), text)
