r"""The rows of one table in a dump of Postgres: what stands between `COPY name (columns) FROM stdin;` and `\.`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autosend_mcp.imports.file.attributes import EMAIL
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.models.text import counted, quoted, visible

_COPY = re.compile(
    r'copy\s+((?:"[^"]*"|[^\s"()])+)\s*(?:\(((?:"[^"]*"|[^"()])*)\)\s*)?from\s+stdin\b(.*);', re.IGNORECASE
)
_NAME = re.compile(r'"((?:[^"]|"")*)"|([^\s,."]+)')
_BEGINS = re.compile(r"--|/\*|\\\w|(?:set|copy|begin|start|create|alter|select)\b", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(.?)")
_MEANING = {"\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NOTHING = "\\N"
_MAX_SHOWN = 5  # names, of 40 characters each
END = "\\."
_EXPORT = "Export the table of the contacts as CSV."


@dataclass(frozen=True, slots=True)
class Copy:
    """One table of the dump: the line of COPY, its name without that of the schema, and its columns."""

    line: int
    name: str
    columns: tuple[str, ...]
    options: str

    @property
    def has_addresses(self) -> bool:
        """Whether a column is known to be of addresses."""
        return any((says := known(name)) is not None and says.attribute == EMAIL for name in self.columns)


def may_be_dump(texts: Sequence[str]) -> bool:
    """Return whether these first lines may be those of a dump of Postgres."""
    return any(map(_BEGINS.match, texts[:1])) or any(map(_COPY.fullmatch, texts))


def find_copy(lines: Iterable[tuple[int, str]]) -> Copy | None:
    """Return the table that has addresses; None if there are no rows of any table.

    Raises:
        FileError: None has, or several, or its rows are written in another way.
    """
    found, ended = list[Copy](), True
    for line, text in lines:
        bare = text.strip()
        if not ended:
            ended = bare == END
        elif (copy := _COPY.fullmatch(bare)) is not None:
            ended = False
            columns = tuple(_names(copy[2] or ""))
            found.append(Copy(line, _names(copy[1])[-1], columns, copy[3].strip()))
    if not found:
        return None
    having = [copy for copy in found if copy.has_addresses]
    if len(having) != 1:
        shown = [quoted(visible(copy.name)[:40]) for copy in having]
        names = ", ".join(shown[:_MAX_SHOWN]) + (" and others" if len(shown) > _MAX_SHOWN else "")
        has = f"{counted(len(having), 'table')} with mail addresses: {names}" if having else "no column called email"
        raise FileError(f"The dump of Postgres has {has}. {_EXPORT}")
    if having[0].options:
        raise FileError(f"The rows below line {having[0].line} are not written as pg_dump writes them. {_EXPORT}")
    return having[0]


def _names(text: str) -> list[str]:
    return [(found[1] or found[2] or "").replace('""', '"') for found in _NAME.finditer(text)] or [""]


def copied_cells(text: str) -> list[str] | None:
    r"""Return the cells of a row below COPY; one without a value stays `\N`. None where pg_dump wrote no such row."""
    cells = text.rstrip("\r\n").split("\t")
    escapes = {sign for cell in cells if cell != _NOTHING for sign in _ESCAPE.findall(cell)}
    if not escapes <= _MEANING.keys():
        return None
    return [cell if cell == _NOTHING else _ESCAPE.sub(lambda found: _MEANING[found[1]], cell) for cell in cells]
