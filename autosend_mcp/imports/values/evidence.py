"""What the cells of a column can be: counted over all of them, so that nothing is guessed from some."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from autosend_mcp.imports.file.chunks import LineOf
from autosend_mcp.imports.values.blanks import is_guarded, is_spreadsheet_error, says_nothing, unguarded
from autosend_mcp.imports.values.booleans import is_certain_boolean
from autosend_mcp.imports.values.damage import damage_of
from autosend_mcp.imports.values.dates import ORDERS, is_empty_date, orders_of
from autosend_mcp.imports.values.numbers import Decimal, decimal_of, has_no_groups, is_code, is_unclear

_MAY_GUARD = frozenset("'\u2019=")
KINDS = ("boolean", "number", "date")
_DIGIT = re.compile(r"\d")
_MAX_DAMAGED = 1_000
_MIN_CODE = 4  # digits: shorter numbers of one length are as often counts


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, with the line of its row."""

    line: int
    text: str


@dataclass(slots=True)
class Evidence:
    """What was seen of a column. `strict`: its values are names, or of a type, so that more words say nothing.

    `is_open`: its type, or how values of its type are written, hangs on its cells.

    `damaged`: cells that were damaged before, each with what is wrong with it. `fits`: cells by the type that they can
    be. `odd`: the first that is not of that type. `decimals`: the first cell that is written with a decimal point, or
    comma; `unclear`: the first number that could be either. `orders`: those in which every date can be read;
    `ordered`: the first date whose order matters. `lengths`: of whole numbers.
    """

    strict: bool = False
    is_open: bool = True
    cells: int = 0
    filled: int = 0
    guarded: int = 0
    nothing: Counter[str] = field(default_factory=Counter[str])
    damaged: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    fits: Counter[str] = field(default_factory=Counter[str])
    odd: dict[str, Cell] = field(default_factory=dict[str, Cell])
    codes: int = 0
    lengths: set[int] = field(default_factory=set[int])
    decimals: dict[str, Cell] = field(default_factory=dict[str, Cell])
    unclear: Cell | None = None
    no_groups: bool = False
    orders: set[str] = field(default_factory=lambda: {*ORDERS})
    ordered: Cell | None = None
    texts: int = 0

    def see(self, value: object, times: int, line_of: LineOf) -> None:
        """Take this many more cells that are equal into account. `line_of`: finds the line of the first."""
        if not isinstance(value, str):
            kind = "boolean" if isinstance(value, bool) else "number"
            self._count(kind, times, lambda: Cell(line_of(value), str(value)))
            return
        text = value.strip()
        if not text:
            return
        self.cells += times
        if text[0] in _MAY_GUARD or value[0] == "\t":
            self.guarded += times * is_guarded(value)
            text = unguarded(value, throughout=self.guarded == self.cells)
        if (damage := damage_of(text)) and len(self.damaged) < _MAX_DAMAGED:
            self.damaged[damage, text] += times
        if says_nothing(text, strict=self.strict) or is_empty_date(text):
            self.nothing[text] += times
        elif self.is_open and not is_spreadsheet_error(text):
            self.texts += times
            self._see_text(text, times, lambda: Cell(line_of(value), text))

    def _see_text(self, text: str, times: int, cell: Callable[[], Cell]) -> None:
        kind = ""
        if is_certain_boolean(text):
            kind = "boolean"
        elif _DIGIT.search(text) is None:
            pass
        elif is_code(text):
            self.codes += 1
        elif (decimal := decimal_of(text)) is not None:
            kind = "number"
            self._see_number(text, decimal, cell)
        elif orders := orders_of(text):
            kind = "date"
            self.orders &= {*orders}
            if len(orders) < len(ORDERS):
                self.ordered = self.ordered or cell()
        self._count(kind, times, cell)

    def _see_number(self, text: str, decimal: Decimal, cell: Callable[[], Cell]) -> None:
        self.lengths.add(len(text) if text.isdecimal() else 0)
        self.no_groups = self.no_groups or has_no_groups(text)
        if decimal and decimal not in self.decimals:
            self.decimals[decimal] = cell()
        elif not decimal and is_unclear(text):
            self.unclear = self.unclear or cell()

    def _count(self, kind: str, times: int, cell: Callable[[], Cell]) -> None:
        self.filled += times
        self.fits[kind] += times
        for other in KINDS:
            if other != kind and other not in self.odd:
                self.odd[other] = cell()

    @property
    def is_guarded(self) -> bool:
        """Return whether a guard stands before each cell, which makes them texts."""
        return 0 < self.cells == self.guarded

    @property
    def looks_like_codes(self) -> bool:
        """Return whether all cells are as many digits: codes, as often as numbers."""
        return self.texts > 1 and len(self.lengths) == 1 and min(self.lengths) >= _MIN_CODE
