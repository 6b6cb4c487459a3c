r"""What is written around a table: a fence of Markdown, the lines of a drawn table, or line ends spelled as `\n`."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from autosend_mcp.imports.file.attributes import EMAIL
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.survey import is_address

_FENCE = re.compile(r"\s*(`{3,}|~{3,})[^`@,;|\t]*")
_SPELLED = re.compile(r"(?:\\r)?\\n")
_BAR = re.compile(r"(?<!\\)\|")
_COPY = re.compile(r"(?i:copy) \S+ \([^()]*mail[^()]*\) (?i:from stdin)(?: .*)?;")
_DELIMITERS = ",;\t|"
_SIGNS = re.compile(f"[{_DELIMITERS}]")
_PAIRS = ("''", "\u201c\u201d", "\u201e\u201c", "\u201d\u201d", "\u2018\u2019", "\xab\xbb", "``")
_FIXED = re.compile(r"-+(?: +-+)+")
_BULLET = re.compile(r"(?:[-*\u2022\u2013\u00b7]|\d{1,6}[.)])\s+")
_PART = re.compile(r'(?:"[^"]*"|[^,;"])+')
_MAX_FENCE = 80  # characters
_SAMPLE = 40  # lines in which something around the table begins
_MAX_SAMPLE = 200_000  # characters of each that are looked at


@dataclass(frozen=True, slots=True)
class Wrapping:
    r"""What is around the table. Lines are counted from 1, 0 for none.

    `fence`: the line where the fence begins. `drawn`: the line of the header of a table drawn with bars. `rule`: a line
    of dashes below the header; `starts`: where columns of a fixed width begin in it. `spelled`: the line that holds the
    two characters `\n` instead of line ends. `copied`: that of Postgres' COPY. `whole`: each line is in quotes.
    `quotes`: other signs than `"` around cells, and the delimiter. `listed`: addresses between commas, or with bullets.
    """

    fence: int = 0
    drawn: int = 0
    rule: int = 0
    spelled: int = 0
    starts: tuple[int, ...] = ()
    copied: int = 0
    whole: bool = False
    quotes: str = ""
    listed: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be said of it."""
        said = {
            "Read is what stands between the fences (```); anything outside is left out.": self.fence,
            r"It holds the two characters \ and n instead of line ends: they were read as line ends.": self.spelled,
            "A table drawn with bars: the line of dashes is no row, and what is not in bars is left out.": self.drawn,
            "The line of dashes below the header is no row.": self.rule,
            "Read are the rows below COPY; what is around them is left out.": self.copied,
            "Each line was in quotes as a whole: they were taken off.": self.whole,
            f"Cells in {self.quotes[:2]} were read as quoted.": self.quotes,
            "Each address of a list was read as a row.": self.listed,
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
    if found := _around_lines([(line, text.strip()) for line, text in sample], begin):
        return found
    for place, (line, text) in enumerate(sample[:-1]):
        below, under = sample[place + 1]
        if "@" in text or not _is_rule(under) or _is_rule(text):
            continue
        if "|" in text:
            return Wrapping(begin, drawn=line)
        if place == 0 and "--" in under:
            fixed = _FIXED.fullmatch(under.rstrip()) and not _SIGNS.search(text)
            starts = tuple(group.start() for group in re.finditer("-+", under)) if fixed else ()
            return Wrapping(begin, rule=below, starts=starts)
    return Wrapping(begin)


def _around_lines(sample: Sequence[tuple[int, str]], begin: int) -> Wrapping | None:
    """Return what is around each line or cell, or between addresses; None for nothing of this kind."""
    texts = [text for _, text in sample]
    if copied := next((line for line, text in sample if _COPY.fullmatch(text)), 0):
        return Wrapping(begin, copied=copied)
    if texts and _is_whole(texts[0], header=True) and all(map(_is_whole, texts)):
        return Wrapping(begin, whole=True)
    if texts and (quotes := _quotes_of(texts[0])):
        return Wrapping(begin, quotes=quotes)
    return Wrapping(begin, listed=True) if _are_listed(texts) else None


def _is_whole(text: str, *, header: bool = False) -> bool:
    """Return whether the line is one quoted cell, and a header in it has several names, one of the address."""
    bare = text.rstrip(",; ")
    if not (bare.startswith('"') and bare.endswith('"') and len(bare) > 1) or not header:
        return bare.startswith('"') and bare.endswith('"')
    names = _SIGNS.split(bare[1:-1])
    return len(names) > 1 and '"' not in bare[1:-1] and any(_is_email(name) for name in names)


def _is_email(name: str) -> bool:
    says = known(name.strip())
    return says is not None and says.attribute == EMAIL


def _quotes_of(header: str) -> str:
    """Return the signs around each name of the header, and the delimiter between them; "" for none."""
    for delimiter in _DELIMITERS:
        names = [name.strip() for name in header.split(delimiter)]
        for pair in _PAIRS:
            if len(names) > 1 and all(len(name) > 1 and name[0] == pair[0] and name[-1] == pair[1] for name in names):
                return pair + delimiter
    return ""


def _are_listed(texts: Sequence[str]) -> bool:
    is_json = bool(texts) and texts[0].startswith("[") and not any("{" in text for text in texts)
    if len(texts) == 1 or is_json:
        found = [one for text in texts for one in _listed(text)]
        return (is_json or len(found) > 1) and bool(found) and all(map(is_address, found))
    return bool(texts) and all(_BULLET.match(text) and is_address(_BULLET.sub("", text)) for text in texts)


def _listed(text: str) -> Iterator[str]:
    """Yield the addresses of a line, with the names before them."""
    is_json = text.lstrip()[:1] in {"[", "]", '"'} and "<" not in text
    for part in _PART.findall(_BULLET.sub("", text.strip())):
        if bare := part.strip(' []"' if is_json else " "):
            yield bare


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
        ended = ended or (0 < wrapping.copied < line and text.strip() == "\\.")
        if ended or line <= wrapping.fence or line < wrapping.drawn + wrapping.copied or line == wrapping.rule:
            yield "\n"
        elif line == wrapping.spelled:
            yield from _spelled_lines(text)
        elif wrapping.drawn:
            bare = text.strip()
            if line == wrapping.drawn:
                bars = bare.startswith("|"), bare.endswith("|")
            yield "\n" if "|" not in bare or _is_rule(bare) else _row(bare, *bars)
        else:
            yield from _bared(text, wrapping, is_header=line == wrapping.copied)


def _bared(text: str, wrapping: Wrapping, *, is_header: bool) -> Iterator[str]:
    """Yield the lines that a line is without what is around its cells, or between its addresses."""
    if is_header:
        yield _copied(text)
    elif wrapping.whole:
        yield text.strip().rstrip(",; ")[1:-1].replace('""', '"') + "\n"
    elif wrapping.quotes:
        yield _with_quotes(text, wrapping.quotes)
    elif wrapping.listed:
        yield from [f"{one}\n" for one in _listed(text)] or ["\n"]
    elif wrapping.starts:
        yield _cut(text, wrapping.starts)
    else:
        yield text


def _spelled_lines(text: str) -> Iterator[str]:
    r"""Yield the lines between the spelled ends, with `\"` as a quote, and `\t` as a tab where the header has one."""
    parts = _SPELLED.split(text.rstrip("\r\n"))
    tabs = "\\t" in parts[0]
    for part in parts:
        whole = part.replace("\\t", "\t") if tabs else part
        yield whole.replace('\\"', '"') + "\n"


def _copied(text: str) -> str:
    names = text[text.index("(") + 1 : text.rindex(")")].split(",")
    return "\t".join(name.strip().strip('"') for name in names) + "\n"


def _with_quotes(text: str, quotes: str) -> str:
    """Return the line with `"` around its cells."""
    first, last, delimiter = map(re.escape, quotes)
    doubled = text.replace('"', '""')
    begun = re.sub(rf"(^|{delimiter})\s*{first}", lambda found: f'{found[1]}"', doubled)
    return re.sub(rf"{last}\s*(?=$|{delimiter})", '"', begun.rstrip("\r\n")) + "\n"


def _cut(text: str, starts: Sequence[int]) -> str:
    """Return a line of columns of a fixed width as CSV."""
    bare = text.rstrip("\r\n")
    return _csv(
        [bare[begin:end].strip() for begin, end in pairwise([*starts, len(bare) + 1])] if bare.strip() else [], ","
    )


def _row(text: str, first: bool, last: bool) -> str:
    """Return the cells of a line of bars, as CSV with bars between; `first`, `last`: a bar is at that end."""
    inner = text[1:] if first and text.startswith("|") else text
    inner = inner[:-1] if last and inner.endswith("|") and not inner.endswith("\\|") else inner
    return _csv([cell.strip().replace("\\|", "|") for cell in _BAR.split(inner)], "|")


def _csv(cells: Sequence[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return out.getvalue()
