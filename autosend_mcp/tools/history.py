"""The writes of this process, and what would take each back: kept in memory, by a short reference."""

import secrets
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio

from autosend_mcp.models.base import SUMMARY, Answer, Step
from autosend_mcp.models.bounds import shortened, size

MAX_WRITES = 100

_MAX_BYTES = 24_000
_MAX_STEPS_BYTES = 20_000  # more are not shown, so that one row fits in one reading of the resource
_MAX_VALUE_BYTES = 2_000

# No vowels, so that no word comes of it, and nothing that could be read as a digit or as `undo`.
LETTERS = "bcfghjkmpqrstvwxz"


@dataclass(slots=True, eq=False)
class Write:
    """A write that was applied: `steps` are still to be done to take it back, `left` is what was left as it was.

    `reference`: what `undo` takes; empty where there is no undo. `undone_at`: when that was carried out.
    """

    tool: str
    answer: Answer
    reference: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: list[Step] = field(default_factory=list[Step])
    left: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    undone_at: datetime | None = None
    taking_back: anyio.Lock = field(default_factory=anyio.Lock)

    def named(self) -> dict[str, Any]:
        """Return which write it was: its tool, and what it was about."""
        data = self.answer.payload()
        about = {name: shortened(data[name], _MAX_VALUE_BYTES) for name in SUMMARY if name in data}
        return {"tool": self.tool, **about}

    def row(self) -> dict[str, Any]:
        """Return the write as the resource shows it, with the calls that would take it back."""
        row = {"time": _second(self.at), **self.named(), "outcome": self.answer.outcome_word}
        row |= {"undo": self.reference} if self.reference else {}
        if self.undone_at:
            return row | {"undone": _second(self.undone_at)}
        steps = [step.shown() for step in self.steps]
        return row | ({"steps": steps} if steps and size(steps) <= _MAX_STEPS_BYTES else {})


class History:
    """The last hundred writes that were applied.

    A reference is a number and three letters of this process: after a restart, none stands for another write.
    """

    def __init__(self) -> None:
        self._writes: deque[Write] = deque(maxlen=MAX_WRITES)
        self._letters = "".join(secrets.choice(LETTERS) for _ in range(3))
        self._number = 0

    async def add(self, tool: str, answer: Answer) -> Write:
        """Keep a write, by its answer."""
        self._number += 1
        reference = f"{self._number}{self._letters}" if answer.steps else ""
        write = Write(tool, answer, reference, steps=list(answer.steps))
        self._writes.appendleft(write)
        return write

    @asynccontextmanager
    async def taking_back(self, reference: str) -> AsyncGenerator[Write | None]:
        """Lend the write that this is the undo of, to one call at a time; None where it is not known any more."""
        write = next((write for write in self._writes if write.reference == reference), None)
        if write is None:
            yield None
        else:
            async with write.taking_back:
                yield write

    async def rows(self) -> list[dict[str, Any]]:
        """Return the writes, the latest first; as many as fit in one reading, each whole."""
        return rows_of(self._writes)


def rows_of(writes: Iterable[Write]) -> list[dict[str, Any]]:
    """Return as many of these writes as fit in one reading, each whole."""
    rows: list[dict[str, Any]] = []
    room = _MAX_BYTES
    for row in (write.row() for write in writes):
        room -= size(row) + 1
        if room < 0:
            break
        rows.append(row)
    return rows


def _second(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
