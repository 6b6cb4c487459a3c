"""The writes of this process, and what would take each back: kept in memory, shown in `autosend://writes`."""

from collections import deque
from datetime import UTC, datetime
from typing import Any

from autosend_mcp.models.base import SUMMARY, Answer
from autosend_mcp.models.bounds import shortened, size

# An undo of more is not kept, so that one row fits in one reading of the resource.
MAX_UNDO_BYTES = 20_000

_MAX_WRITES = 100
_MAX_BYTES = 24_000
_MAX_VALUE_BYTES = 2_000


class History:
    """The last hundred writes that were applied."""

    def __init__(self) -> None:
        self._writes: deque[tuple[datetime, str, Answer]] = deque(maxlen=_MAX_WRITES)

    def add(self, tool: str, answer: Answer) -> None:
        """Keep a write, by its answer."""
        self._writes.appendleft((datetime.now(UTC), tool, answer))

    def rows(self) -> list[dict[str, Any]]:
        """Return the writes, the latest first; as many as fit in one reading, each whole."""
        rows: list[dict[str, Any]] = []
        room = _MAX_BYTES
        for row in (_row(*write) for write in self._writes):
            room -= size(row) + 1
            if room < 0:
                break
            rows.append(row)
        return rows


def _row(at: datetime, tool: str, answer: Answer) -> dict[str, Any]:
    data = answer.payload()
    row = {"time": at.isoformat(timespec="seconds"), "tool": tool, "outcome": answer.outcome_word}
    row |= {name: shortened(data[name], _MAX_VALUE_BYTES) for name in SUMMARY if name in data}
    undo = data.get("undo")
    return row | ({"undo": undo} if undo and size(undo) <= MAX_UNDO_BYTES else {})
