r"""What is written around a table: a fence of Markdown, the lines of a drawn table, or line ends spelled as `\n`."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

_FENCE = re.compile(r"\s*(`{3,}|~{3,})[^`@,;|\t]*")
_SPELLED = re.compile(r"(?:\\r)?\\n")
_BAR = re.compile(r"(?<!\\)\|")
_MAX_FENCE = 80  # characters
_SAMPLE = 40  # lines in which something around the table begins
_MAX_SAMPLE = 200_000  # characters of each that are looked at


@dataclass(frozen=True, slots=True)
class Wrapping:
    r"""What is around the table. Lines are counted from 1, 0 for none.

    `fence`: the line where the fence begins. `drawn`: the line of the header of a table drawn with bars. `rule`: a line
    of dashes below the header. `spelled`: the line that holds the two characters `\n` instead of line ends.
    """

    fence: int = 0
    drawn: int = 0
    rule: int = 0
    spelled: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be said of it."""
        said = {
            "Read is what stands between the fences (```); anything outside is left out.": self.fence,
            r"It holds the two characters \ and n instead of line ends: they were read as line ends.": self.spelled,
            "A table drawn with bars: the line of dashes is no row, and what is not in bars is left out.": self.drawn,
            "The line of dashes below the header is no row.": self.rule,
        }
        return tuple(note for note, applies in said.items() if applies)


def find_wrapping(lines: Iterable[str]) -> Wrapping:
    """Return what is around the table, by the first lines."""
    sample = [(line, text[:_MAX_SAMPLE]) for line, text in enumerate(islice(lines, _SAMPLE), start=1) if text.strip()]
    fence = next((place for place, (_, text) in enumerate(sample) if _is_fence(text)), None)
    begin = 0
    if fence is not None and not any("@" in text for _, text in sample[:fence]):
        begin = sample[fence][0]
        sample = sample[fence + 1 :]
        end = next((place for place, (_, text) in enumerate(sample) if _is_fence(text)), len(sample))
        sample = sample[:end]
    if len(sample) == 1 and _is_spelled(sample[0][1]):
        return Wrapping(begin, spelled=sample[0][0])
    for place, (line, text) in enumerate(sample[:-1]):
        below, under = sample[place + 1]
        if "@" in text or not _is_rule(under) or _is_rule(text):
            continue
        if "|" in text:
            return Wrapping(begin, drawn=line)
        if place == 0 and "--" in under:
            return Wrapping(begin, rule=below)
    return Wrapping(begin)


def _is_fence(text: str) -> bool:
    return len(text) <= _MAX_FENCE and _FENCE.fullmatch(text) is not None


def _is_rule(text: str) -> bool:
    """Return whether the line is dashes, and what may stand between them."""
    return "-" in text and not text.strip("-|+:=,; \t\r\n")


def _is_spelled(text: str) -> bool:
    first = _SPELLED.search(text)
    return first is not None and text.lstrip()[0] not in "{[" and "@" in text[first.end() :]


def unwrapped(lines: Iterable[str], wrapping: Wrapping) -> Iterator[str]:
    """Yield the lines of the table; those that are none of it as blank ones, so that the others keep their number."""
    ended, bars = False, (False, False)
    for line, text in enumerate(lines, start=1):
        ended = ended or (0 < wrapping.fence < line and _is_fence(text))
        if ended or line <= wrapping.fence or line < wrapping.drawn or line == wrapping.rule:
            yield "\n"
        elif line == wrapping.spelled:
            yield from _spelled_lines(text)
        elif wrapping.drawn:
            bare = text.strip()
            if line == wrapping.drawn:
                bars = bare.startswith("|"), bare.endswith("|")
            yield "\n" if "|" not in bare or _is_rule(bare) else _row(bare, *bars)
        else:
            yield text


def _spelled_lines(text: str) -> Iterator[str]:
    r"""Yield the lines between the spelled ends, with `\"` as a quote, and `\t` as a tab where the header has one."""
    parts = _SPELLED.split(text.rstrip("\r\n"))
    tabs = "\\t" in parts[0]
    for part in parts:
        whole = part.replace("\\t", "\t") if tabs else part
        yield whole.replace('\\"', '"') + "\n"


def _row(text: str, first: bool, last: bool) -> str:
    """Return the cells of a line of bars, as CSV with bars between; `first`, `last`: a bar is at that end."""
    inner = text[1:] if first and text.startswith("|") else text
    inner = inner[:-1] if last and inner.endswith("|") and not inner.endswith("\\|") else inner
    cells = [cell.strip().replace("\\|", "|") for cell in _BAR.split(inner)]
    out = io.StringIO()
    csv.writer(out, delimiter="|", lineterminator="\n").writerow(cells)
    return out.getvalue()
