"""The section of warnings: what clients sent that AutoSend does not document, the newest kind first."""

from typing import Any

from autosend_mcp.sandbox.page.listed import Listed
from autosend_mcp.sandbox.page.section import Seen, Shown, shown_time


class Warned(Listed):
    """The warnings, each once, with how often there was cause for it."""

    name = "warnings"
    title = "Warnings"
    columns = ("Warning", "Request", "What", "Instead", "Times", "Last")
    nothing = "Nothing was sent that AutoSend does not document."

    def all_rows(self, seen: Seen) -> list[Shown]:
        """Return every row, the oldest first."""
        return [_warning(key, one) for key, one in enumerate(seen.exchanges.warnings.all(), 1)]


def _warning(key: int, found: dict[str, Any]) -> Shown:
    asked, what, instead = f"{found['method']} {found['path']}", found.get("name", ""), found.get("instead", "")
    return Shown(key, (found["warning"], asked, what, instead, str(found["count"]), shown_time(found["last"])), found)
