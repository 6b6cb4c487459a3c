"""Who in a file said no to mail: found in its status columns before anything is sent, and reported."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.cell_texts import A_DATE, BLANK, Cells, text_of
from autosend_mcp.imports.file.chunks import Cut
from autosend_mcp.imports.file.known_headers import known
from autosend_mcp.imports.file.opt_out_words import Reason, meaning_of, reason_of
from autosend_mcp.imports.file.status_columns import (
    OTHERS,
    StatusColumn,
    Verdict,
    is_about_payments,
    stated_of,
    status_column,
)
from autosend_mcp.imports.file.tables import Table
from autosend_mcp.imports.hints import Hint, UnclearImport
from autosend_mcp.imports.options import OptedOut
from autosend_mcp.models.opt_out_names import MailName, mail_name
from autosend_mcp.models.text import counted, quoted, visible

_MAX_SHOWN = 10  # values of one column
_NEXT_STEP = "Ask the user, who knows what the values mean."


@dataclass(frozen=True, slots=True)
class SaidNo:
    """That the person of a row said no. `why`: the column and its value. `reason`: AutoSend's word for it."""

    why: str
    reason: Reason


@dataclass(slots=True)
class OptOuts:
    """The status columns of a file.

    `fate`: what becomes of the people who said no. `rows`, `opted_out`: how many rows it has, and how many of them are
    of such people. `all_of`: the name of the file, where that says so of all of them.
    """

    fate: OptedOut = "leave-out"

    columns: list[StatusColumn] = field(default_factory=list[StatusColumn])
    rows: int = 0
    opted_out: int = 0
    all_of: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The names of the columns."""
        return frozenset(column.name for column in self.columns)

    @property
    def is_everybody(self) -> bool:
        """Whether the whole file is of people who said no."""
        return bool(self.all_of) or (self.opted_out > 0 and self.opted_out == self.rows)

    def said_no(self, values: Mapping[str, Any]) -> SaidNo | None:
        """Return why the person of a row may get no mail; None where nothing says so. A no wins over any yes."""
        if self.all_of:
            return SaidNo(f"the name of the file or list: {self.all_of}", reason_of(self.all_of))
        for column in self.columns:
            cell = values.get(column.name)
            if column.verdict(cell) == "no":
                text = text_of(cell)
                why = f"{visible(column.name)[:60]}: {visible(text.strip())[:60] or BLANK}"
                return SaidNo(why, reason_of(f"{column.name} {text}"))
        return None

    def saying_no(self, rows: Cut) -> Collection[int]:
        """Return the positions of the rows of people who may get no mail."""
        if self.all_of:
            return range(len(rows))
        cells = (
            (column, index, cell) for column in self.columns for index, cell in enumerate(rows.column(column.name))
        )
        return {index for column, index, cell in cells if column.verdict(cell) == "no"}

    def described(self) -> list[dict[str, Any]]:
        """Return what was read of each column, as data."""
        return [
            {
                "column": visible(column.name),
                "optedOut": dict(column.counts.get("no", Counter()).most_common(_MAX_SHOWN)),
                "mayGetMail": dict(column.counts.get("yes", Counter()).most_common(_MAX_SHOWN)),
            }
            for column in self.columns
        ]


def find_opt_outs(
    table: Table,
    name: str,
    no_mail: Mapping[str, Collection[str]],
    mailable: Mapping[str, Collection[str]],
    *,
    fate: OptedOut = "leave-out",
) -> OptOuts:
    """Return who in the file said no.

    Args:
        table: The file.
        name: Its name, which may say it of everybody in it.
        no_mail: What the caller states: by column, the values of those who may get no mail.
        mailable: The same of those who may.
        fate: What is to become of those who said no.

    Raises:
        UnclearImport: A column may say so, and what it says is not clear.
        NotSent: The caller states something of a column that is not there, or of values that plainly mean no.
    """
    if unknown := [column for column in {**no_mail, **mailable} if column not in table.columns]:
        raise NotSent(f"There is no column {quoted(unknown[0])}.", "Fix its name.")
    found = OptOuts(fate, _columns(table, no_mail, mailable))
    if found.columns:
        _count(table, found)
        _check_unclear(found.columns)
    if not found.opted_out:
        copied = table.wrapping.copied
        names = {"list in it": table.layout.name if table.layout else "", "table in it": copied.name if copied else ""}
        _check_names({"file": PurePath(name).stem, **names}, found)
    return found


def _check_names(names: Mapping[str, str], found: OptOuts) -> None:
    """Take into account what the names of the file and of the list or table in it say of all people."""
    for of, name in names.items():
        says = mail_name(name)
        if says is not None and (says.of_leavers or (says.says == "left" and says.strength == "sure")):
            if found.fate != "suppress":
                what = f"The name of the {of} says that the people in it may get no mail: {quoted(visible(name)[:60])}."
                raise UnclearImport(what, f"If they may all the same, rename the {of}.", hints=[Hint("suppress")])
            found.all_of = visible(name)[:60]


def _columns(
    table: Table, no_mail: Mapping[str, Collection[str]], mailable: Mapping[str, Collection[str]]
) -> list[StatusColumn]:
    stated_names = {*no_mail, *mailable}
    # Addresses and names are most of a file, and say nothing of mail.
    names = [name for name in table.columns if name in stated_names or mail_name(name) or not known(name)]
    seen = {name: Cells(of_mail=mail_name(name) is not None) for name in names}
    for chunk in table.chunks():
        whole = chunk.without_problems()
        for name, cells in seen.items():
            cells.see_all(whole, name)
    near_payments = any(map(is_about_payments, table.columns))
    columns: list[StatusColumn] = []
    for name, cells in seen.items():
        stated = stated_of(no_mail, name, mailable=False) | stated_of(mailable, name, mailable=True)
        _check_stated(name, stated)
        if column := status_column(name, cells, stated, near_payments=near_payments, known=known(name) is not None):
            columns.append(column)
    # When somebody agreed, or why somebody left, says nothing of its own beside a column that says whether.
    whether = [column for column in columns if not column.is_time and not column.is_detail]
    if any(column.says != "left" for column in whether):
        columns = [one for one in columns if not (one.is_time and one.says == "agreed")]
    return columns


def _check_stated(name: str, stated: Mapping[str, bool]) -> None:
    found = mail_name(name)
    for word, may in stated.items():
        plainly = found is not None and (meaning_of(word) == "unsubscribed" or _is_a_no(found, word))
        if may and plainly:
            what = (
                f"In {quoted(visible(name)[:60])}, {quoted(word)} says that somebody opted out: it cannot be mailable."
            )
            raise NotSent(what, "Leave these people out.")


def _is_a_no(found: MailName, word: str) -> bool:
    """Return whether a yes or no to a question that the name of the column asks means that somebody may get no mail."""
    return found.strength != "maybe" and meaning_of(word) == {"left": "yes", "agreed": "no"}.get(found.says)


def _count(table: Table, found: OptOuts) -> None:
    """Count what the cells of each column say, and who said no."""
    columns = found.columns
    decided = any(not column.is_detail and column.says in ("left", "status") for column in columns)
    for chunk in table.chunks():
        whole = chunk.without_problems()
        rows = zip(*(whole.column(column.name) for column in columns), strict=True)
        # Cells of JSON that are equal need not be the same, as 1 and true.
        for cells, times in Counter(rows).items() if isinstance(whole, Cut) else ((cells, 1) for cells in rows):
            _count_rows(found, cells, times, decided=decided)


def _count_rows(found: OptOuts, cells: Sequence[object], times: int, *, decided: bool) -> None:
    """Count so many rows with these cells in the columns. `decided`: another column says who left."""
    found.rows += times
    verdicts: list[Verdict] = [column.verdict(cell) for column, cell in zip(found.columns, cells, strict=True)]
    said_no = "no" in verdicts
    found.opted_out += times * said_no
    agreed = any(
        verdict == "yes" and column.says != "left" for column, verdict in zip(found.columns, verdicts, strict=True)
    )
    for column, verdict, cell in zip(found.columns, verdicts, cells, strict=True):
        counted = verdict
        if verdict in ("blank", "unclear"):
            settled = said_no or (agreed or column.only_tags if verdict == "blank" else column.is_detail and decided)
            counted = "blank" if settled else "unclear"
        column.count(counted, cell, times)


def _check_unclear(columns: Iterable[StatusColumn]) -> None:
    """Raise UnclearImport if any column has values that were not understood."""
    unclear = [(column, counts) for column in columns if (counts := column.counts.get("unclear"))]
    if not unclear:
        return
    parts = [f"{quoted(visible(column.name)[:60])} has {_listed(counts)}" for column, counts in unclear]
    column, counts = unclear[0]
    values = [value for value, _ in counts.most_common(_MAX_SHOWN) if "," not in value]
    shown = (*values,) if len(values) == len(counts) else (OTHERS,)
    raise UnclearImport(
        f"Who may get mail is not clear: {'; '.join(parts)}.",
        _NEXT_STEP,
        hints=[Hint("opt_outs", column.name, values=shown)],
    )


def _listed(counts: Counter[str]) -> str:
    some = ", ".join(
        f"{value if value in (BLANK, A_DATE) else quoted(value)} in {counted(count, 'row')}"
        for value, count in counts.most_common(_MAX_SHOWN)
    )
    return f"{some} and {counted(len(counts) - _MAX_SHOWN, 'other value')}" if len(counts) > _MAX_SHOWN else some
