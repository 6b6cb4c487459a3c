"""The section of requests: the last ones, each with its answer."""

import json
from typing import Any

from autosend_mcp.sandbox.control.exchanges import Exchange
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
        return next((_request(each) for each in seen.exchanges.kept if each.number == key), None)

    def count(self, seen: Seen, text: str = "") -> int:
        """Return how many rows there are, as every section does."""
        return len(self._found(seen, text)) if text else len(seen.exchanges.kept)

    def _found(self, seen: Seen, text: str) -> list[Exchange]:
        newest = [*seen.exchanges.kept][::-1]
        return [each for each in newest if text.lower() in f"{each.method} {each.path} {each.status}".lower()]


def _request(exchange: Exchange) -> Shown:
    shown = exchange.shown()
    asked = f"{shown['method']} {shown['path']}" + (f"?{shown['query']}" if shown["query"] else "")
    parsed = {name: _parsed(shown[name]) for name in ("body", "reply")}
    cells = (asked, str(shown["status"] or "none"), f"{shown['milliseconds']} ms", shown_time(shown["at"]))
    return Shown(exchange.number, cells, shown | parsed)


def _parsed(text: str) -> Any:
    """Return a body as JSON, if it is; long ones are cut, and are not."""
    try:
        return json.loads(text)
    except ValueError:
        return text
