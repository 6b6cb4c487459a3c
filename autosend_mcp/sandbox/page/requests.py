"""The section of requests: the last ones, each with its answer."""

import json
from typing import Any

from autosend_mcp.sandbox.control.exchanges import Exchange, redacted
from autosend_mcp.sandbox.mails.records import timestamp
from autosend_mcp.sandbox.page.section import ROWS, Seen, Shown, shown_time


class Requests:
    """The last requests, each with its answer."""

    name = "requests"
    title = "Requests"
    columns = ("Request", "Status", "Took", "At")
    nothing = "No request yet."

    def rows(self, seen: Seen, text: str, before: int | None) -> list[Shown]:
        """Return the newest rows, as every section does."""
        found = self._found(seen, text)
        return [_request(each) for each in found if before is None or each.number < before][: ROWS + 1]

    def row(self, seen: Seen, key: int) -> Shown | None:
        """Return one row, as every section does."""
        return next((_request(each, whole=True) for each in seen.exchanges.kept if each.number == key), None)

    def count(self, seen: Seen, text: str = "") -> int:
        """Return how many rows there are, as every section does."""
        return len(self._found(seen, text)) if text else len(seen.exchanges.kept)

    def _found(self, seen: Seen, text: str) -> list[Exchange]:
        newest = [*seen.exchanges.kept][::-1]
        return [each for each in newest if text.lower() in f"{each.method} {each.path} {each.status}".lower()]


def _request(exchange: Exchange, *, whole: bool = False) -> Shown:
    """Return the row of an exchange; its bodies are read only where all of it is wanted."""
    query = f"?{exchange.query}" if exchange.query else ""
    asked = redacted(f"{exchange.method} {exchange.path}{query}")
    took = f"{round(exchange.seconds * 1_000)} ms"
    cells = (asked, str(exchange.status or "none"), took, shown_time(timestamp(exchange.at)))
    if not whole:
        return Shown(exchange.number, cells)
    shown = exchange.shown()
    return Shown(exchange.number, cells, shown | {name: _parsed(shown[name]) for name in ("body", "reply")})


def _parsed(text: str) -> Any:
    """Return a body as JSON, if it is; long ones are cut, and are not."""
    try:
        return json.loads(text)
    except ValueError:
        return text
