"""JSON that is no object a line: an array of objects, one inside an object, or objects over several lines.

The objects are cut out one at a time by their brackets, so that no more than one of them is in memory.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autosend_mcp.imports.file.attributes import EMAIL
from autosend_mcp.imports.file.encodings import MAX_LINE, FileError
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.survey import is_address
from autosend_mcp.models.text import quoted, visible

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[{}\[\]]')  # no string goes on in the next line
_MAX_DEPTH = 500
_MAX_SHOWN = 5  # names, of 40 characters each
NO_ROWS = 'The file holds no JSON object with members. Give an array of objects, as in [{"email": "a@b.co"}].'


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the objects stand that are rows.

    `array`: in the array at the top, 0; in which of those inside the object, from 1; in none, -1. `counted`: several
    stand in one line, so that rows are numbered instead. `note`: what should be said of it. `name`: that of the array,
    behind those of the objects around it.
    """

    array: int
    counted: bool
    note: str = ""
    name: str = ""


def goes_on(line: str) -> bool:
    """Return whether a bracket that this line opens is closed in another."""
    signs = [token[0] for token in _TOKEN.finditer(line)]
    return sum((sign in ("{", "[")) - (sign in ("}", "]")) for sign in signs) > 0


def find_layout(lines: Iterable[str]) -> Layout:
    """Return where the rows stand.

    Raises:
        FileError: Nowhere, or in several arrays, or the end is missing.
    """
    seen = _Seen()
    for text in lines:
        seen.starts = 0
        for token in _TOKEN.finditer(text):
            seen.add(token[0])
        seen.counted |= seen.starts > 1
    if seen.opened:
        raise FileError("The JSON of the file is never closed: its end is missing. Save or download it again.")
    if seen.is_record or (not seen.found and seen.objects):
        return Layout(-1, counted=False)
    if not seen.found:
        raise FileError(NO_ROWS)
    if len(addressed := {array: names for array, names in seen.found.items() if array in seen.addressed}) == 1:
        seen.found = addressed
    if len(seen.found) > 1:
        lists = _listed([name for name, _, _ in seen.found.values()])
        raise FileError(f"The file holds several lists of objects: {lists}. Keep the contacts alone.")
    ((array, (name, holder, path)),) = seen.found.items()
    notes = ["Several objects stand in one line: line 2 is the second object."] if seen.counted else []
    if array:
        beside = _listed([each for each in seen.members if each != holder])
        left = f"; left out is what stands beside it: {beside}." if beside else "."
        notes.insert(0, f"The rows are the list {_listed([name])} of the JSON object{left}")
    return Layout(array, seen.counted, " ".join(notes), path if array else "")


def _listed(names: Iterable[str]) -> str:
    shown = [quoted(visible(name)[:40]) for name in names]
    return ", ".join(shown[:_MAX_SHOWN]) + (" and others" if len(shown) > _MAX_SHOWN else "")


class _Seen:
    """What the brackets and strings so far tell.

    `found`: by their number, the names of arrays of objects, of the members at the top that hold them, and of all
    members on the way. `addressed`: those in which an address stands.
    """

    def __init__(self) -> None:
        self.opened = ""
        self.found: dict[int, tuple[str, str, str]] = {}
        self.addressed: set[int] = set()
        self.members: dict[str, None] = {}
        self.is_record = self.counted = False
        self.starts = self.objects = 0
        self._arrays = 0
        self._last = self._holder = ""
        self._path: list[str] = []

    def _see_string(self, text: str) -> None:
        if "@" in text and is_address(text):
            self.addressed.add(0 if self.opened[0] == "[" else self._arrays)

    def add(self, sign: str) -> None:
        opened = self.opened
        if sign.startswith('"'):
            if "[" not in opened:
                key, self._last = self._last, sign[1:-1]
                says = known(key) if is_address(self._last) else None
                self.is_record |= says is not None and says.attribute == EMAIL
            else:
                self._see_string(sign[1:-1])
            return
        if sign in "}]":
            self.opened = opened[:-1]
            del self._path[-1:]
            return
        if not opened:
            self.objects += sign == "{"
        elif opened == "{":
            self._holder = self._last
            if len(self.members) <= _MAX_SHOWN + 1:
                self.members[self._last] = None
        if sign == "[" and "[" not in opened and opened:
            self._arrays += 1
        if sign == "{" and opened.endswith("[") and opened.count("[") == 1:
            self.starts += 1
            names = self._last, self._holder, ".".join(filter(None, self._path))
            self.found.setdefault(0 if opened == "[" else self._arrays, names)
        self.opened = opened + sign
        self._path.append(self._last if opened.endswith("{") else "")
        if len(self.opened) > _MAX_DEPTH:
            raise FileError("The JSON of the file is nested too deeply.")


def cut_out(lines: Iterable[str], layout: Layout) -> Iterator[tuple[int, str]]:
    """Yield the rows, each in one line, with the line where it begins, or its number.

    What is no object there is a row too. Raises FileError where one is too long.
    """
    number = 0
    for line, text in _pieces(lines, layout.array):
        if text.strip(" \t\r\n,\ufeff"):
            number += 1
            yield number if layout.counted else line, _in_one_line(text)


def _in_one_line(text: str) -> str:
    return " ".join(part.strip() for part in re.split(r"[\r\n]+", text)).strip(" \t,")


def _pieces(lines: Iterable[str], array: int) -> Iterator[tuple[int, str]]:
    """Yield the elements of the array, and what stands between them."""
    opened, arrays, depth, begin, size = "", 0, 0, 0, 0
    parts: list[str] = []
    for line, text in enumerate(lines, start=1):
        at = 0
        for token in _TOKEN.finditer(text):
            sign = token[0]
            if sign.startswith('"'):
                continue
            opens = sign in "{["
            if begin:
                depth += 1 if opens else -1
                if not depth:
                    yield begin, "".join([*parts, text[at : token.end()]])
                    parts, begin, size, at = [], 0, 0, token.end()
                continue
            here = _is_row(opened, arrays, array)
            if here:
                yield line, text[at : token.start()]
            at = token.end()
            if here and opens:
                depth, begin, at = 1, line, token.start()
            else:
                arrays += sign == "[" and bool(opened) and "[" not in opened
                opened = opened + sign if opens else opened[:-1]
        if begin:
            parts.append(text[at:])
            size += len(parts[-1])
            _check_size(size, begin)
        elif _is_row(opened, arrays, array):
            yield line, text[at:]


def _check_size(size: int, begin: int) -> None:
    if size > MAX_LINE:
        limit = f"{MAX_LINE // 1_000_000} million characters"
        raise FileError(f"The object that begins in line {begin} is longer than {limit}.")


def _is_row(opened: str, arrays: int, array: int) -> bool:
    """Return whether a bracket that is opened within these begins a row."""
    if array < 0:
        return not opened
    return opened == "[" if array == 0 else arrays == array and opened.endswith("[") and opened.count("[") == 1
