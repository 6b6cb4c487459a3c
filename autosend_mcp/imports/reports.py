"""The outcome of every row, in files beside the one that was imported.

`people.report.csv` has a line for each row. `people.rejected.csv` has the rows that did not succeed, as they stood,
with what has to be fixed before they are imported again.
"""

import csv
import json
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from autosend_mcp.imports.file.column import PROBLEM
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.tables import Table
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_rows import JournalRow

REPORT = ("line", "email", "outcome", "reason")

_FOR_SPREADSHEETS = "utf-8-sig"  # they read it as UTF-8
_LINE_END = "\r\n"  # with another one, a carriage return in a cell would not be quoted
_ENDS = "\r\n"
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # also in full width


def write_reports(table: Table, journal: Journal, file: Path, *, encoding: str | None = None) -> list[Path]:
    """Write the report, and the rejected rows where there are any; return their paths.

    A file that is there already is left as it is. `encoding`: the one that was named for the file, so that the rejected
    rows can be imported by the same command.

    Raises:
        OSError: One cannot be written.
        FileError: The file changed meanwhile.
    """
    table.check_unchanged()
    report, rejected = _paths(table, journal, file)
    _write_report(journal, report, mode := _mode(table))
    if not journal.rejected(0, 1):
        return [report]
    with _written(rejected, encoding or (_FOR_SPREADSHEETS if table.delimiter else "utf-8"), mode) as out:
        _write_rejected(table, journal, out)
    return [report, rejected]


def write_dry_run(table: Table, journal: Journal, file: Path) -> list[Path]:
    """Write the report of a dry run, over the one of the dry run before; return its path.

    Raises:
        OSError: It cannot be written.
    """
    report = file.with_suffix(".dry-run.csv")
    _write_report(journal, report, _mode(table))
    return [report]


def _write_report(journal: Journal, report: Path, mode: int) -> None:
    with _written(report, _FOR_SPREADSHEETS, mode) as out:
        lines = csv.writer(out, lineterminator=_LINE_END)
        lines.writerow(REPORT)
        after = 0
        while rows := journal.outcomes(after):
            lines.writerows(
                (line, email if email[:1].isalnum() else _as_text(email), outcome, reason and _as_text(reason))
                for _, line, email, outcome, reason in rows
            )
            after = rows[-1][0]


def _mode(table: Table) -> int:
    """Return the permissions of the file itself: they are those of what is made of it."""
    return os.fstat(table.file.fileno()).st_mode & 0o666


def _paths(table: Table, journal: Journal, file: Path) -> tuple[Path, Path]:
    """Return the files to write: names that are free, and the same ones where writing them was interrupted."""
    names = journal.get_fact("reports")
    if names is None:
        ending = (file.suffix or ".csv") if table.delimiter else ".jsonl"
        names = [_free(file.with_suffix(end)).name for end in (".report.csv", f".rejected{ending}")]
        journal.set_fact("reports", names)
    report, rejected = map(file.with_name, names)
    return report, rejected


@contextmanager
def _written(file: Path, encoding: str, mode: int) -> Generator[TextIO]:
    """Open the file to be written: it is there under its name only once it is whole. No link is followed."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    number = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        # The codec that writes the mark is written in Python, and is called for each row.
        plain = encoding.removesuffix("-sig")
        with os.fdopen(number, "w", encoding=plain, errors="backslashreplace", newline="") as out:
            out.write("\ufeff" if plain != encoding else "")
            yield out
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _pages(read: Callable[[int], list[JournalRow]]) -> Iterator[JournalRow]:
    """Yield the rows that `read` returns, page by page: it is given the number of the row before."""
    after = 0
    while rows := read(after):
        yield from rows
        after = rows[-1].number


def _as_text(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell


def _write_rejected(table: Table, journal: Journal, out: TextIO) -> None:
    rejected = _pages(journal.rejected)
    kept = next(rejected, None)
    known = table.header.index(PROBLEM) if PROBLEM in table.header else None
    lines = csv.writer(out, delimiter=table.delimiter or ",", lineterminator=_LINE_END)
    if table.delimiter:
        lines.writerow([PROBLEM, *(name for name in table.header if name != PROBLEM)])
    for row in table.rows():
        if kept is None:
            return
        if row.number < kept.number:
            continue
        problem = f"{kept.outcome}: {kept.reason}"
        if isinstance(row.raw, str):
            out.write(f"{_with_problem(row, row.raw.strip(), problem)}\n")
        elif row.problem and row.text and known is None:
            quoted_problem = '"' + problem.replace('"', '""') + '"'
            out.write(f"{quoted_problem}{table.delimiter}{row.text.rstrip(_ENDS)}{_LINE_END}")
        else:
            cells = [cell for position, cell in enumerate(row.raw) if position != known]
            lines.writerow([problem, *cells])
        kept = next(rejected, None)
    if kept is not None:
        raise FileError("The file changed while it was imported.")


def _with_problem(row: FileRow, line: str, problem: str) -> str:
    """Return a line of JSON with what has to be fixed in it, where it is an object; the rest as it stands."""
    if row.problem:
        return line
    if PROBLEM in row.values:
        rest = {name: value for name, value in json.loads(line).items() if name != PROBLEM}
        return json.dumps({PROBLEM: problem} | rest, ensure_ascii=False)
    members = line.removeprefix("{").lstrip()
    return f'{{"{PROBLEM}":{json.dumps(problem, ensure_ascii=False)}{"" if members == "}" else ","}{members}'


def _free(file: Path) -> Path:
    """Return this path, or the next that is free: people.rejected-2.csv."""
    path, number = file, 1
    while path.exists():
        number += 1
        path = file.with_name(f"{file.stem}-{number}{file.suffix}")
    return path
