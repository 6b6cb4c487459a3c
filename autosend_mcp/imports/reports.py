"""What became of every row, in files beside the one that was imported.

`people.report.csv` has a line for each row. `people.rejected.csv` has the rows that are not as asked, as they stood,
with what is to be mended before they are fed in again.
"""

import csv
import json
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from autosend_mcp.imports.file.columns import PROBLEM
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.tables import Table
from autosend_mcp.imports.journal import Journal, Result

REPORT = ("line", "email", "outcome", "reason")

_FOR_SPREADSHEETS = "utf-8-sig"  # they read it as UTF-8
_LINE_END = "\r\n"  # with another one, a carriage return in a cell would not be quoted
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # also in full width


def write_reports(table: Table, journal: Journal, file: Path, *, encoding: str | None = None) -> list[Path]:
    """The report, and the rejected rows where there are any. A file that is there already is left as it is.

    `encoding`: the one that was named for the file; the rejected rows can be fed in by the same command.

    Raises:
        OSError: One cannot be written.
        FileError: The file changed meanwhile.
    """
    table.check_unchanged()
    report, rejected = _names(table, journal, file)
    _write_report(journal, report, mode := _mode(table))
    if not journal.rejected(0, 1):
        return [report]
    with _whole(rejected, encoding or ("utf-8" if table.format == "JSONL" else _FOR_SPREADSHEETS), mode) as out:
        _write_rejected(table, journal, out)
    return [report, rejected]


def write_dry_run(table: Table, journal: Journal, file: Path) -> list[Path]:
    """The report of a dry run, over the one of the dry run before.

    Raises:
        OSError: It cannot be written.
    """
    report = file.with_suffix(".dry-run.csv")
    _write_report(journal, report, _mode(table))
    return [report]


def _write_report(journal: Journal, report: Path, mode: int) -> None:
    with _whole(report, _FOR_SPREADSHEETS, mode) as out:
        lines = csv.writer(out, lineterminator=_LINE_END)
        lines.writerow(REPORT)
        for _, line, email, outcome, reason in _results(journal):
            lines.writerow((line, _as_text(email), outcome, _as_text(reason)))


def _mode(table: Table) -> int:
    """Who may read and write the file itself may do so with what is made of it."""
    return os.fstat(table.file.fileno()).st_mode & 0o666


def _names(table: Table, journal: Journal, file: Path) -> tuple[Path, Path]:
    """The files to write: names that are free, and the same ones where writing them was interrupted."""
    kept = journal.fact("reports")
    if kept is None:
        ending = ".jsonl" if table.format == "JSONL" else file.suffix or ".csv"
        kept = [_free(file.with_suffix(end)).name for end in (".report.csv", f".rejected{ending}")]
        journal.keep("reports", kept)
    report, rejected = map(file.with_name, kept)
    return report, rejected


@contextmanager
def _whole(file: Path, encoding: str, mode: int) -> Generator[TextIO]:
    """The file, to be written: there under its name only once it is whole; never through a link."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    number = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(number, "w", encoding=encoding, errors="backslashreplace", newline="") as out:
            yield out
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _results(journal: Journal) -> Iterator[Result]:
    after = 0
    while some := journal.results(after):
        yield from some
        after = some[-1][0]


def _as_text(cell: str) -> str:
    """The cell so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell


def _write_rejected(table: Table, journal: Journal, out: TextIO) -> None:
    reasons = _rejected(journal)
    number, reason = next(reasons)
    known = table.columns.index(PROBLEM) if PROBLEM in table.columns else None
    lines = csv.writer(out, delimiter=table.delimiter or ",", lineterminator=_LINE_END)
    if table.format != "JSONL":
        lines.writerow([PROBLEM, *(name for name in table.columns if name != PROBLEM)])
    for row in table.rows():
        if row.number < number:
            continue
        if isinstance(row.raw, str):
            out.write(f"{_with_problem(row, reason)}\n")
        else:
            lines.writerow([reason, *_without(row.raw, known)])
        number, reason = next(reasons, (0, ""))
        if not number:
            return
    raise FileError("The file changed while it was imported.")


def _rejected(journal: Journal) -> Iterator[tuple[int, str]]:
    after = 0
    while some := journal.rejected(after, 1_000):
        yield from ((number, f"{outcome}: {reason}") for number, _, _, outcome, reason in some)
        after = some[-1][0]


def _with_problem(row: FileRow, reason: str) -> str:
    """A line of JSON with what is to be mended in it, where it is an object; the rest as it stands."""
    raw = str(row.raw).strip()
    if row.problem:
        return raw
    if PROBLEM in row.values:
        rest = {name: value for name, value in json.loads(raw).items() if name != PROBLEM}
        return json.dumps({PROBLEM: reason} | rest, ensure_ascii=False)
    members = raw.removeprefix("{").lstrip()
    return f'{{"{PROBLEM}":{json.dumps(reason, ensure_ascii=False)}{"" if members == "}" else ","}{members}'


def _without(cells: Sequence[str], place: int | None) -> list[str]:
    return [cell for number, cell in enumerate(cells) if number != place]


def _free(file: Path) -> Path:
    """This name, or the next that is free: people.rejected-2.csv."""
    name, number = file, 1
    while name.exists():
        number += 1
        name = file.with_name(f"{file.stem}-{number}{file.suffix}")
    return name
