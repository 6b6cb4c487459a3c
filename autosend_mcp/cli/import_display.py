"""How an import is shown: a bar on a terminal, a line every few seconds elsewhere, events as JSON for scripts."""

import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from autosend_mcp.errors import AutoSendError
from autosend_mcp.imports.file.header import DELIMITERS
from autosend_mcp.imports.progress import Progress
from autosend_mcp.imports.run import Import
from autosend_mcp.imports.summary import OUTCOMES, fields_of, joining_of, not_blank, progress_of, reading_of
from autosend_mcp.models.text import compact_json, counted, quoted, visible

_EXPLAINED = {
    "merged": "the same address as another line; sent as one",
    "opted out": "may get no mail; not sent",
    "invalid": "not sent",
    "failed": "AutoSend did not accept it",
    "unknown": "it may or may not have been applied",
}
_MAX_NAME = 60
_FEW = 3  # rows that were not applied, shown with the reason; the reports have all
_WORTH_SAYING = 10.0  # seconds


class Display(ABC):
    """How one import is shown. `every`: seconds between two calls of `show_progress`."""

    every: float
    _began = 0.0

    def begin(self) -> None:
        """Remember when the import began."""
        self._began = time.monotonic()

    @abstractmethod
    def show_progress(self, progress: Progress) -> None:
        """Show how far it is."""

    def show_reading(self, imported: Import) -> None:
        """Show what the file was read as."""
        self.say("\n".join(described(imported)))

    def show_outcome(self, imported: Import) -> None:
        """Show the outcomes of the rows."""
        self.say("\n".join(concluded(imported, time.monotonic() - self._began)))

    def say(self, text: str) -> None:
        """Print text for people on stdout."""
        print(text, flush=True)

    def show_failure(self, error: AutoSendError) -> None:  # noqa: B027 - it is on stderr in any case
        """Show why it could not begin."""

    def show_stopping(self) -> None:
        """Show that it is going to stop."""
        text = "stopping: waiting for the answers to what was sent. Press Ctrl-C again to stop at once."
        print(text, file=sys.stderr, flush=True)


class Lines(Display):
    """A line every few seconds on stderr."""

    every = 5.0

    def show_progress(self, progress: Progress) -> None:
        """Print one line."""
        left = progress.seconds_left
        time_left = f", {timedelta(seconds=round(left))} left" if left else ""
        print(f"{_line(progress)}{time_left}", file=sys.stderr, flush=True)


class Bar(Display):
    """A bar with the rate and the time left, on stderr."""

    every = 0.1

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ""

    def show_progress(self, progress: Progress) -> None:
        """Draw the bar; a new one for each stage."""
        from tqdm import tqdm

        if progress.stage != self._stage:
            self._clear()
            self._stage = progress.stage
            total = progress.total if progress.stage == "sending" else None
            start = progress.settled if progress.stage == "sending" else 0
            shown: dict[str, Any] = {"unit": " rows", "leave": False, "dynamic_ncols": True}
            shown |= {"mininterval": 0, "smoothing": 0}  # the rate since the stage began: batches come in jumps
            self._bar = tqdm(total=total, initial=start, desc=progress.stage, **shown)
        self._bar.update((progress.settled if progress.stage == "sending" else progress.read) - self._bar.n)
        self._bar.refresh()

    def say(self, text: str) -> None:
        """Print text where the bar was."""
        self._clear()
        super().say(text)

    def show_stopping(self) -> None:
        """Print that it is going to stop where the bar was."""
        self._clear()
        super().show_stopping()

    def _clear(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar, self._stage = None, ""


class Events(Display):
    """A JSON object a line on stdout: `read`, `progress` once a second, then `done` or `stopped`; or only `failed`."""

    every = 1.0

    def show_progress(self, progress: Progress) -> None:
        """Print an event `progress`."""
        self._emit("progress", stage=progress.stage, read=progress.read, **progress_of(progress))

    def show_reading(self, imported: Import) -> None:
        """Print an event `read`: the file, its columns and the rows by outcome so far."""
        needed = {"secondsNeeded": seconds} if (seconds := round(imported.seconds_needed)) else {}
        self._emit("read", **reading_of(imported), **progress_of(imported.progress), **needed, notes=imported.notes)

    def show_failure(self, error: AutoSendError) -> None:
        """Print an event `failed`."""
        self._emit("failed", error=error.sentence)

    def show_outcome(self, imported: Import) -> None:
        """Print an event `done` or `stopped`."""
        files = [name_of(file, whole=True) for file in imported.files]
        error = {"error": imported.error.sentence} if imported.error else {}
        lists = {"lists": joined} if (joined := joining_of(imported.progress)) else {}
        self._emit(imported.progress.stage, **progress_of(imported.progress), **lists, files=files, **error)

    def _emit(self, event: str, **members: object) -> None:
        print(compact_json({"event": event, **members}), flush=True)


def described(imported: Import) -> list[str]:
    """Return lines that say what the file was read as."""
    table = imported.table
    between = DELIMITERS.get(table.delimiter) or quoted(table.delimiter)
    lines = [f"{table.format}{f', {between} between cells' if table.delimiter else ''}, {table.encoding}"]
    columns = [column for column in imported.columns if not_blank(column)]
    names = [_shown(column.name) for column in columns]
    width = max(map(len, names))
    says_who = {read["column"] for read in imported.opt_outs_read}
    for name, column in zip(names, columns, strict=True):
        kind = f" ({column.kind}{', new' if column.new else ''})" if "." in column.field else ""
        left_out = "who may get mail" if column.name in says_who else "left out"
        lines.append(f"  {name:<{width}}  ->  {_shown(', '.join(fields_of(column))) or left_out}{kind}")
    lines += [_opt_outs(read) for read in imported.opt_outs_read]
    lines += [f"list: {_shown(joined.name)}" for joined in imported.lists]
    if imported.resumed:
        lines.append("Going on with the import that was interrupted.")
    progress, needed = imported.progress, timedelta(seconds=round(imported.seconds_needed))
    at_least = f", at least {needed}" if needed.total_seconds() >= _WORTH_SAYING else ""
    lines.append(f"{counted(progress.total, 'row')}, {progress.total - progress.settled:,} to go{at_least}")
    return [*lines, *imported.notes]


def concluded(imported: Import, seconds: float = 0.0) -> list[str]:
    """Return lines that say what became of the rows, and within how many seconds."""
    progress = imported.progress
    counts = [(name, progress.outcomes[name]) for name in OUTCOMES if progress.outcomes[name]]
    lines = ["", *(f"  {name:<12} {count:>11,}  {_EXPLAINED.get(name, '')}".rstrip() for name, count in counts)]
    lines += [f"list {_shown(name)}: {_joined(counts)}" for name, counts in progress.joining.items() if counts]
    if progress.stage == "stopped":
        lines.append(f"  {'not settled':<12} {progress.total - progress.settled:>11,}")
    if seconds >= 1:
        lines.append(f"  in {timedelta(seconds=round(seconds))}")
    lines += [
        f"line {row.line:,}: {': '.join(filter(None, (_shown(row.email), visible(row.reason))))}"
        for row in imported.problems(0, _FEW)
    ]
    lines += [*(f"-> {name_of(file)}" for file in imported.files), *imported.notes[imported.notes_read :]]
    return [*lines, "A dry run: nothing was sent."] if imported.options.dry_run else lines


def _joined(counts: Mapping[str, int]) -> str:
    """Return what became of the people who were to join a list, in words."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _opt_outs(read: Mapping[str, Any]) -> str:
    """Return a line that says what was read of a column that says who may get mail."""
    parts = [
        f"{what}: {', '.join(f'{_shown(value)} ({count:,})' for value, count in read[key].items())}"
        for key, what in (("optedOut", "opted out"), ("mayGetMail", "may get mail"))
        if read[key]
    ]
    return f"{_shown(read['column'])}: {'; '.join(parts) or 'nobody opted out'}"


def name_of(file: Path, *, whole: bool = False) -> str:
    """Return the file's name, or its `whole` path, as text that can be printed; also where it is none."""
    return visible(os.fsencode(file if whole else file.name).decode(errors="replace"))


def _shown(name: str) -> str:
    """Return a name from the file, cut and made visible."""
    shown = visible(name)
    return f"{shown[:_MAX_NAME]}..." if len(shown) > _MAX_NAME else shown


def _line(progress: Progress) -> str:
    if progress.stage == "defining fields":
        return f"defining fields: {len(progress.fields)} of {progress.fields_needed}"
    if progress.stage == "reading":
        return f"reading: {counted(progress.read, 'row')}"
    return f"{progress.settled:,} of {counted(progress.total, 'row')}, {progress.rate:,.0f} a second"
