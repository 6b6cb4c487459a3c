"""What this process has written, and what would take each back: kept in memory, told in `autosend://writes`."""

from collections import deque
from datetime import UTC, datetime
from typing import Any

_KEPT = 100
_SHOWN = ("email", "id", "name", "fieldName", "list", "counts", "deleted", "undo")


class History:
    """The last hundred writes that were applied."""

    def __init__(self) -> None:
        """None yet."""
        self._writes: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def add(self, tool: str, answer: dict[str, Any]) -> None:
        """Remember a write by its answer."""
        told = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "tool": tool, "outcome": answer.get("outcome")}
        shown = {name: answer[name] for name in _SHOWN if name in answer}
        self._writes.appendleft(told | shown)

    def rows(self) -> list[dict[str, Any]]:
        """The writes, the latest first."""
        return list(self._writes)
