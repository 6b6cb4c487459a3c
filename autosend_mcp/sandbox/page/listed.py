"""A section of the page whose rows are few, and made anew for each look: newest first."""

from abc import ABC, abstractmethod

from autosend_mcp.sandbox.page.section import ROWS, Seen, Shown


class Listed(ABC):
    """Rows by the number of each."""

    @abstractmethod
    def all_rows(self, seen: Seen) -> list[Shown]:
        """Return every row, the oldest first."""

    def rows(self, seen: Seen, text: str, before: int | None) -> list[Shown]:
        """Return the newest rows, as every section does."""
        return [row for row in self._found(seen, text) if before is None or row.key < before][: ROWS + 1]

    def row(self, seen: Seen, key: int) -> Shown | None:
        """Return one row, as every section does."""
        return next((row for row in self._found(seen, "") if row.key == key), None)

    def count(self, seen: Seen, text: str = "") -> int:
        """Return how many rows there are, as every section does."""
        return len(self._found(seen, text))

    def _found(self, seen: Seen, text: str) -> list[Shown]:
        return [row for row in self.all_rows(seen)[::-1] if text.lower() in " ".join(row.cells).lower()]
