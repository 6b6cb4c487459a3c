r"""The cells of one line that is no CSV: of a fixed width, between other signs than `"`, in quotes as a whole, a list.

What is not certain is None: the line then becomes a row of one cell, which is rejected with its line.
"""

import csv
import io
import json
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Literal
from unicodedata import combining, east_asian_width

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.survey import is_address

Listed = Literal["", "commas", "bullets", "JSON"]

_BULLET = re.compile(r"(?:[-*\u2022\u2013\u00b7]|\d{1,6}[.)])\s+")
_PART = re.compile(r'(?:"[^"]*"|[^,;"])+')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')
_STRINGS = re.compile(r'(?:[\[\],\s]|"(?:[^"\\]|\\.)*+")*+')
_CUT_OFF = ("...", "\u2026")


def csv_line(cells: Sequence[str], delimiter: str) -> str:
    """Return the cells as a line of CSV."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(cells)  # so that both signs are quoted
    return out.getvalue()


def one_cell(text: str) -> str:
    """Return the text as a line of CSV that has one cell, whatever stands between cells."""
    return '"' + text.replace('"', '""') + '"\r\n'


def inner_of(text: str) -> str | None:
    """Return what is in the quotes around a whole line; None for a line that is no quoted cell."""
    bare = text.strip().rstrip(",; ")
    if len(bare) < 2 or bare[0] != '"' or bare[-1] != '"' or '"' in bare[1:-1].replace('""', ""):
        return None
    return bare[1:-1].replace('""', '"')


def cells_in_signs(text: str, quotes: str) -> list[str] | None:
    """Return the cells of a line with these signs around them, and this delimiter between.

    Return None where one of them begins or ends with a sign alone: it goes on in another line, or is none of these.
    """
    first, last, delimiter = quotes
    line, at, cells = text.rstrip("\r\n") + delimiter, 0, list[str]()
    quoted = _in_signs(quotes)
    while at < len(line):
        if found := quoted.match(line, at):
            inner = found[1].replace(first * 2, first) if first == last else found[1]
            cells.append(inner.replace(f"\\{last}", last))
            at = found.end()
            continue
        end = line.index(delimiter, at)
        bare = line[at:end].strip()
        if bare.startswith(first) or bare.endswith(last):
            return None
        cells.append(bare)
        at = end + 1
    return cells


@lru_cache(maxsize=8)
def _in_signs(quotes: str) -> re.Pattern[str]:
    first, last, delimiter = map(re.escape, quotes)
    doubled = f"|{first}{last}" if first == last else ""
    return re.compile(rf" *{first}((?:[^{last}]++{doubled}|{last}(?! *{delimiter}))*+){last} *{delimiter}")


def fixed_cells(text: str, starts: Sequence[int]) -> list[str] | None:
    """Return the cells of a line whose columns begin at these places.

    The places may be counted in characters, in their widths or in bytes. Return None where these readings differ, where
    one begins within a word, or where a cell has a gap or was cut off when the file was written.
    """
    bare = text.rstrip()
    found = _cut_at(bare, starts, _one)
    if found is None or "\t" in bare or any("  " in cell or cell.endswith(_CUT_OFF) for cell in found):
        return None
    if bare.isascii():
        return found
    return found if _cut_at(bare, starts, _width) == found and _cut_at(bare, starts, _bytes) in (None, found) else None


def _cut_at(bare: str, starts: Sequence[int], size: Callable[[str], int]) -> list[str] | None:
    begins = [0, *accumulate(map(size, bare))]
    places = [0, *(bisect_left(begins, start) for start in starts[1:])]
    if any(bare[place - 1 : place].strip() for place in places[1:]):
        return None
    return [bare[begin:end].strip() for begin, end in pairwise([*places, len(bare)])]


def _one(_sign: str) -> int:
    return 1


def _width(sign: str) -> int:
    return 0 if combining(sign) else 1 + (east_asian_width(sign) in "WF")


def _bytes(sign: str) -> int:
    return len(sign.encode())


def find_list(texts: Sequence[str]) -> Listed:
    """Return what kind of a list of addresses these lines are; "" for none."""
    if not texts:
        return ""
    if all(map(_BULLET.match, texts)):
        bare = [_BULLET.sub("", text, count=1) for text in texts]
        if 2 * sum(map(is_address, bare)) > len(bare):
            return "bullets"
    if texts[0].startswith("[") and all(map(_STRINGS.fullmatch, texts)):
        found = [one for text in texts for one in _STRING.findall(text)]
        return "JSON" if 2 * sum(is_address(one[1:-1]) for one in found) > len(found) else ""
    parts = addresses_of(texts[0], "commas") if len(texts) == 1 else []
    return "commas" if len(parts) > 1 and all(map(is_address, parts)) else ""


def addresses_of(text: str, listed: Listed) -> list[str]:
    """Return the addresses of a line of a list, with the names before them.

    Raises:
        FileError: What should be strings of JSON is none.
    """
    bare = text.strip()
    if listed == "bullets":
        return [_BULLET.sub("", bare, count=1)] if bare else []
    if listed == "commas":
        return [one for part in _PART.findall(_BULLET.sub("", bare, count=1)) if (one := part.strip())]
    try:
        found = [str(json.loads(one)) for one in _STRING.findall(bare)]
        "".join(found).encode()  # no half of a character
    except ValueError:
        found = []
    if not _STRINGS.fullmatch(bare) or (not found and '"' in bare):
        raise FileError("The file begins as a list of strings in JSON and does not go on so. Give one address a line.")
    return found
