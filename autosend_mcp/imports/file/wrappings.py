r"""What is written around a table: a fence of Markdown, the lines of a drawn table, or line ends spelled as `\n`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from autosend_mcp.imports.file.attributes import EMAIL
from autosend_mcp.imports.file.cut_lines import (
    Listed,
    addresses_of,
    cells_in_signs,
    csv_line,
    find_list,
    fixed_cells,
    inner_of,
    one_cell,
)
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.postgres_dumps import END, Copy, copied_cells, find_copy, may_be_dump
from autosend_mcp.imports.file.survey import is_address

_FENCE = re.compile(r"\s*(`{3,}|~{3,})[^`@,;|\t]*")
_SPELLED = re.compile(r"(?:\\r)?\\n")
_BAR = re.compile(r"(?<!\\)\|")
_DELIMITERS = ",;\t|"
_SIGNS = re.compile(f"[{_DELIMITERS}]")
_PAIRS = ("''", "\u201c\u201d", "\u201e\u201c", "\u201d\u201d", "\u2018\u2019", "\xab\xbb", "``")
_FIXED = re.compile(r"-+(?: +-+)+")
_MAX_FENCE = 80  # characters
_SAMPLE = 40  # lines in which something around the table begins
_MAX_SAMPLE = 200_000  # characters of each that are looked at


@dataclass(frozen=True, slots=True)
class Wrapping:
    r"""What is around the table. Lines are counted from 1, 0 for none.

    `fence`: the line where the fence begins. `drawn`: the line of the header of a table drawn with bars. `rule`: a line
    of dashes below the header; `starts`: where columns of a fixed width begin in it. `spelled`: the line that holds the
    two characters `\n` for line ends. `copied`: the table in a dump of Postgres. `whole`: each line is in quotes.
    `quotes`: other signs than `"` around cells, and the delimiter. `listed`: what kind of a list of addresses it is.
    """

    fence: int = 0
    drawn: int = 0
    rule: int = 0
    spelled: int = 0
    starts: tuple[int, ...] = ()
    copied: Copy | None = None
    whole: bool = False
    quotes: str = ""
    listed: Listed = ""

    @property
    def delimiter(self) -> str | None:
        """What stands between the cells once it is taken off; None where that is to be found."""
        fixed = "," if self.starts else None
        return "|" if self.drawn else "\t" if self.copied else self.quotes[2:] or fixed

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
            "Each address of a list was read as a row.": self.listed == "bullets",
            "Each address of a list was read as a row: line 2 is the second one.": self.listed in ("commas", "JSON"),
        }
        return tuple(note for note, applies in said.items() if applies)


def find_wrapping(lines: Iterable[str]) -> Wrapping:
    """Return what is around the table, by the first lines.

    Raises:
        FileError: Columns of a fixed width are not where their dashes are, or a dump of Postgres has not one table with
            addresses.
    """
    numbered = enumerate(lines, start=1)
    first = [(line, text[:_MAX_SAMPLE]) for line, text in islice(numbered, _SAMPLE)]
    sample = [(line, text) for line, text in first if text.strip()]
    fence = next((place for place, (_, text) in enumerate(sample) if _is_fence(text)), None)
    begin = 0
    if fence is not None and not any("@" in text for _, text in sample[:fence]):
        begin = sample[fence][0]
        sample = sample[fence + 1 :]
        end = next((place for place, (_, text) in enumerate(sample) if _is_fence(text)), len(sample))
        sample = sample[:end]
    if len(sample) == 1 and _is_spelled(sample[0][1]):
        return Wrapping(begin, spelled=sample[0][0])
    if may_be_dump([text.strip() for _, text in sample]) and (copy := find_copy(chain(first, numbered))):
        return Wrapping(begin, copied=copy)
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
            _check_fixed([sample[0], *sample[2:]], starts)
            return Wrapping(begin, rule=below, starts=starts)
    return Wrapping(begin)


def _around_lines(sample: Sequence[tuple[int, str]], begin: int) -> Wrapping | None:
    """Return what is around each line or cell, or between addresses; None for nothing of this kind."""
    texts = [text for _, text in sample]
    if texts and _are_whole(texts):
        return Wrapping(begin, whole=True)
    if texts and (quotes := _quotes_of(texts)):
        return Wrapping(begin, quotes=quotes)
    listed = find_list(texts)
    return Wrapping(begin, listed=listed) if listed else None


def _check_fixed(sample: Sequence[tuple[int, str]], starts: Sequence[int]) -> None:
    """Raise FileError if the header or a line with an address cannot be cut at these places."""
    for place, (line, text) in enumerate(sample if starts else ()):
        if (not place or "@" in text) and fixed_cells(text, starts) is None:
            raise FileError(
                f"The columns of line {line} do not begin where those of the dashes below the header do, so that it is "
                "not certain where its cells end. Save the table as CSV and import that."
            )


def _are_whole(texts: Sequence[str]) -> bool:
    """Return whether each line is one quoted cell, with several cells in it, and the header names the address."""
    inner = [inner_of(text) for text in texts]
    header = inner[0] or ""
    signs = {*_SIGNS.findall(header)}
    if '"' in header or not any(map(_is_email, _SIGNS.split(header))):
        return False
    if len(inner) > 1 and all(one is not None and is_address(one) for one in inner[1:]):
        return False  # one column, whose names have a comma
    return bool(signs) and all(one is not None and not signs.isdisjoint(one) for one in inner)


def _is_email(name: str) -> bool:
    says = known(name.strip())
    return says is not None and says.attribute == EMAIL


def _quotes_of(texts: Sequence[str]) -> str:
    """Return the signs around each name of the header and cells of most rows, and the delimiter; "" for none."""
    for delimiter in _DELIMITERS:
        names = [name.strip() for name in texts[0].split(delimiter)]
        for pair in _PAIRS:
            if len(names) > 1 and all(len(name) > 1 and name[0] == pair[0] and name[-1] == pair[1] for name in names):
                return pair + delimiter if _are_in_signs(texts[1:], pair + delimiter) else ""
    return ""


def _are_in_signs(texts: Sequence[str], quotes: str) -> bool:
    """Return whether most lines have a cell in these signs."""
    cells = [cells_in_signs(text, quotes) for text in texts]
    bare = [[one.strip() for one in text.split(quotes[2])] for text in texts]
    return 2 * sum(one is not None and one != other for one, other in zip(cells, bare, strict=True)) >= len(texts)


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
    copied = wrapping.copied.line if wrapping.copied else 0
    for line, text in enumerate(lines, start=1):
        ended = ended or (0 < wrapping.fence < line and _is_fence(text))
        ended = ended or (0 < copied < line and text.strip() == END)
        if ended or line <= wrapping.fence or line < wrapping.drawn + copied or line == wrapping.rule:
            yield "\n"
        elif line == wrapping.spelled:
            yield from _spelled_lines(text)
        elif wrapping.drawn:
            bare = text.strip()
            if line == wrapping.drawn:
                bars = bare.startswith("|"), bare.endswith("|")
            yield "\n" if "|" not in bare or _is_rule(bare) else _row(bare, *bars)
        elif wrapping.copied:
            cells = wrapping.copied.columns if line == copied else copied_cells(text)
            yield one_cell(text.strip()) if cells is None else csv_line(cells, "\t")
        else:
            yield from _bared(text, wrapping)


def _bared(text: str, wrapping: Wrapping) -> Iterator[str]:
    """Yield the lines that a line is without what is around its cells, or between its addresses."""
    if wrapping.whole:
        inner = inner_of(text)
        yield text if inner is None else inner + "\n"
    elif wrapping.listed:
        yield from map(one_cell, addresses_of(text, wrapping.listed) or [""] * (wrapping.listed == "bullets"))
    elif not text.strip():
        yield text
    elif wrapping.quotes:
        cells = cells_in_signs(text, wrapping.quotes)
        yield one_cell(text.strip()) if cells is None else csv_line(cells, wrapping.quotes[2])
    elif wrapping.starts:
        cells = fixed_cells(text, wrapping.starts)
        yield one_cell(text.strip()) if cells is None else csv_line(cells, ",")
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
    return csv_line([cell.strip().replace("\\|", "|") for cell in _BAR.split(inner)], "|")
