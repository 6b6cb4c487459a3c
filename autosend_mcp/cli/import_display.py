"""How an import is shown: a bar on a terminal, a line every few seconds elsewhere, events as JSON for scripts."""

import os
import sys
from abc import ABC, abstractmethod
from datetime import timedelta
from pathlib import Path
from typing import Any

from autosend_mcp.errors import AutoSendError
from autosend_mcp.imports.file.delimited import DELIMITERS
from autosend_mcp.imports.progress import Tally
from autosend_mcp.imports.run import Import
from autosend_mcp.imports.summary import OUTCOMES, progress_of, reading_of
from autosend_mcp.models.text import compact_json, quoted, visible

_SAID = {
    "merged": "the same address as another line; sent as one",
    "invalid": "not sent",
    "failed": "AutoSend did not take it",
    "unknown": "it may or may not have been applied",
}


_WIDEST = 60


class Display(ABC):
    """Shows one import. `every`: seconds between two looks at how far it is."""

    every: float

    @abstractmethod
    def progress(self, tally: Tally) -> None:
        """How far it is now."""

    def read(self, imported: Import) -> None:
        """What the file is, and what was made of it."""
        self.say("\n".join(described(imported)))

    def end(self, imported: Import) -> None:
        """What became of it."""
        self.say("\n".join(concluded(imported)))

    def say(self, text: str) -> None:
        """Text for a person, on stdout."""
        print(text, flush=True)

    def failed(self, error: AutoSendError) -> None:  # noqa: B027 - told on stderr in any case
        """It could not be begun."""

    def stopping(self) -> None:
        """It was asked to stop, and will."""
        print("stopping: what has left is being settled. Ask again to stop at once.", file=sys.stderr, flush=True)


class Lines(Display):
    """A line every few seconds."""

    every = 5.0

    def progress(self, tally: Tally) -> None:
        """One line."""
        left = tally.seconds_left
        print(_line(tally) + (f", {timedelta(seconds=round(left))} left" if left else ""), file=sys.stderr, flush=True)


class Bar(Display):
    """A bar with the rate and the time left."""

    every = 0.1

    def __init__(self) -> None:
        """Not drawn yet."""
        self._bar: Any = None
        self._stage = ""

    def progress(self, tally: Tally) -> None:
        """Draw it; a new one for each stage."""
        from tqdm import tqdm

        if tally.stage != self._stage:
            self._clear()
            self._stage = tally.stage
            total = tally.total if tally.stage == "sending" else None
            start = tally.settled if tally.stage == "sending" else 0
            shown: dict[str, Any] = {"unit": " rows", "leave": False, "dynamic_ncols": True}
            shown |= {"mininterval": 0, "smoothing": 0}  # the rate since the stage began: batches come in jumps
            self._bar = tqdm(total=total, initial=start, desc=tally.stage, **shown)
        self._bar.update((tally.settled if tally.stage == "sending" else tally.read) - self._bar.n)
        self._bar.refresh()

    def say(self, text: str) -> None:
        """Text where the bar was."""
        self._clear()
        super().say(text)

    def stopping(self) -> None:
        """The same where the bar was."""
        self._clear()
        super().stopping()

    def _clear(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar, self._stage = None, ""


class Events(Display):
    """A JSON object a line on stdout: `read`, `progress` once a second, then `done` or `stopped`; or only `failed`."""

    every = 1.0

    def progress(self, tally: Tally) -> None:
        """How far it is."""
        self._emit("progress", stage=tally.stage, read=tally.read, **progress_of(tally))

    def read(self, imported: Import) -> None:
        """The file, its columns and the validation report."""
        self._emit("read", **reading_of(imported), **progress_of(imported.tally), notes=imported.notes)

    def failed(self, error: AutoSendError) -> None:
        """Why it could not be begun."""
        self._emit("failed", error=error.sentence)

    def end(self, imported: Import) -> None:
        """The outcome."""
        files = [name_of(file, whole=True) for file in imported.files]
        error = {"error": imported.error.sentence} if imported.error else {}
        self._emit(imported.tally.stage, **progress_of(imported.tally), files=files, **error)

    def _emit(self, event: str, **members: object) -> None:
        print(compact_json({"event": event, **members}), flush=True)


def described(imported: Import) -> list[str]:
    """What the file was read as, for a person."""
    table = imported.table
    assert table is not None  # noqa: S101 - it was read
    between = DELIMITERS.get(table.delimiter) or quoted(table.delimiter)
    lines = [f"{table.format}{f', {between} between cells' if table.delimiter else ''}, {table.encoding}"]
    if table.encoding_note:
        lines.append(f"the encoding is a guess; check that this reads right: {table.encoding_note}")
    names = [_shown(column.name) for column in imported.columns]
    width = max(map(len, names))
    for name, column in zip(names, imported.columns, strict=True):
        kind = f" ({column.kind}{', new' if column.new else ''})" if "." in column.field else ""
        lines.append(f"  {name:<{width}}  ->  {_shown(column.field) or 'left out'}{kind}")
    lines += [f"list: {_shown(one.name)}" for one in imported.lists]
    if imported.resumed:
        lines.append("Going on with the import that was interrupted.")
    tally = imported.tally
    return [*lines, f"{tally.total:,} rows, {tally.total - tally.settled:,} to go"]


def concluded(imported: Import) -> list[str]:
    """What became of it, for a person."""
    tally = imported.tally
    counts = [(name, tally.outcomes[name]) for name in OUTCOMES if tally.outcomes[name]]
    lines = ["", *(f"  {name:<12} {count:>11,}  {_SAID.get(name, '')}".rstrip() for name, count in counts)]
    if tally.stage == "stopped":
        lines.append(f"  {'not settled':<12} {tally.total - tally.settled:>11,}")
    lines += [*(f"-> {name_of(file)}" for file in imported.files), *imported.notes]
    return [*lines, "A dry run: nothing was sent."] if imported.order.dry_run else lines


def name_of(file: Path, *, whole: bool = False) -> str:
    """The file's name, or its whole path, for a person or a script to read; also where it is no text."""
    return visible(os.fsencode(file if whole else file.name).decode(errors="replace"))


def _shown(name: str) -> str:
    """A name that stands in the file, so that it stays on its line."""
    shown = visible(name)
    return f"{shown[:_WIDEST]}..." if len(shown) > _WIDEST else shown


def _line(tally: Tally) -> str:
    if tally.stage == "reading":
        return f"reading: {tally.read:,} rows"
    return f"{tally.settled:,} of {tally.total:,} rows, {tally.rate:,.0f} a second"
