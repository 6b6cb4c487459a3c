"""What this process has written, and what would take each back: kept in memory, told in `autosend://writes`."""

from collections import deque
from datetime import UTC, datetime
from typing import Any

from autosend_mcp.models.base import SUMMARY, Answer
from autosend_mcp.models.bounds import shortened, size

# An undo of more is not kept, so that one row fits in one reading of the resource.
MAX_UNDO_BYTES = 20_000

_KEPT = 100
_MOST_BYTES = 24_000


class History:
    """The last hundred writes that were applied."""

    def __init__(self) -> None:
        """None yet."""
        self._writes: deque[tuple[datetime, str, Answer]] = deque(maxlen=_KEPT)

    def add(self, tool: str, answer: Answer) -> None:
        """Remember a write by its answer."""
        self._writes.appendleft((datetime.now(UTC), tool, answer))

    @staticmethod
    def _row(at: datetime, tool: str, given: Answer) -> dict[str, Any]:
        answer = given.payload()
        told = {"time": at.isoformat(timespec="seconds"), "tool": tool, "outcome": answer.get("outcome")}
        shown = {name: shortened(answer[name], 2_000) for name in SUMMARY if name in answer}
        if size(undo := answer.get("undo", [])) <= MAX_UNDO_BYTES and undo:
            shown["undo"] = undo
        return told | shown

    def rows(self) -> list[dict[str, Any]]:
        """The writes, the latest first; as many as fit in one reading, each whole."""
        rows: list[dict[str, Any]] = []
        room = _MOST_BYTES
        for row in (self._row(*write) for write in self._writes):
            room -= size(row) + 1
            if room < 0:
                break
            rows.append(row)
        return rows
