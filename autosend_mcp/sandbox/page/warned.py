"""The section of warnings: what clients sent that AutoSend does not document, the newest kind first."""

from typing import Any

from autosend_mcp.sandbox.page.section import ROWS, Seen, Shown, shown_time


class Warned:
    """The warnings, each once, with how often there was cause for it."""

    name = "warnings"
    title = "Warnings"
    columns = ("Warning", "Request", "What", "Instead", "Times", "Last")
    nothing = "Nothing was sent that AutoSend does not document."

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
        rows = [_warning(key, one) for key, one in enumerate(seen.exchanges.warnings.all(), 1)]
        return [row for row in rows[::-1] if text.lower() in " ".join(row.cells).lower()]


def _warning(key: int, found: dict[str, Any]) -> Shown:
    asked, what, instead = f"{found['method']} {found['path']}", found.get("name", ""), found.get("instead", "")
    return Shown(key, (found["warning"], asked, what, instead, str(found["count"]), shown_time(found["last"])), found)
