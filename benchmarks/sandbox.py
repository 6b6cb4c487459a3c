"""What the sandbox answers with many contacts and segments: ratios of many to few contacts, and of 20 segments to none.

A contact that is created is in half of the cases in all of the segments, and starts an automation of each.

python benchmarks/sandbox.py [--quick | CONTACTS]
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

sys.path.insert(0, str(Path(__file__).parents[1]))

from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contacts.writes import bulk_update

_SEGMENTS = 20
_FEW = 1_000
_TIMES = 30
_NONE = 1_000_000_000  # greater than any number of a contact
_ROWS = 100  # of a bulk update


def filled(contacts: int, segments: int) -> Sandbox:
    """Return a sandbox with so many contacts and segments, of which each has half of the contacts."""
    sandbox = Sandbox(Options(rate_limit=0))
    for number in range(segments):
        plan = {"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}
        below = {"field": "n", "fieldType": "number", "operator": "greater_than", "value": _NONE + number}
        criteria = {"logicalOperator": "OR", "groups": [plan, below]}
        sandbox.store.contact_lists.seed(PROJECT, f"S{number}", "segment", criteria)
    for start in range(0, contacts, 1_000):
        bulk_update(sandbox.store, PROJECT, [_row(number) for number in range(start, min(start + 1_000, contacts))])
    return sandbox


def _row(number: int) -> dict[str, Any]:
    return {"email": f"p{number}@x.co", "customFields": {"plan": "pro" if number % 2 else "free", "n": number}}


async def _measured(sandbox: Sandbox, contacts: int) -> dict[str, float]:
    """Return the median milliseconds of processor time that each kind of request takes, with those of the client."""
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(sandbox.app),
        base_url="http://127.0.0.1/v1",
        headers={"Authorization": f"Bearer {KEY}"},
    ) as http:
        new = count(contacts)
        kinds: Mapping[str, Callable[[], Awaitable[httpx2.Response]]] = {
            "GET /contact-lists": lambda: http.get("/contact-lists"),
            "POST /contacts": lambda: http.post("/contacts", json=_row(2 * next(new))),
            "POST /contacts, in all segments": lambda: http.post("/contacts", json=_row(2 * next(new) + 1)),
            "POST /contacts/bulk-update, a row": lambda: _bulk(http, new),
        }
        rows = {kind: _ROWS if kind.endswith("a row") else 1 for kind in kinds}
        return {
            kind: median([await _milliseconds(request) for _ in range(_TIMES)]) / rows[kind]
            for kind, request in kinds.items()
        }


async def _bulk(http: httpx2.AsyncClient, new: Iterator[int]) -> httpx2.Response:
    return await http.post("/contacts/bulk-update", json={"contacts": [_row(2 * next(new)) for _ in range(_ROWS)]})


async def _milliseconds(request: Callable[[], Awaitable[httpx2.Response]]) -> float:
    started = time.process_time()
    response = await request()
    response.raise_for_status()
    return (time.process_time() - started) * 1_000


def main() -> None:
    """Print the figures, and one JSON line with the ratios."""
    many = 2_000 if "--quick" in sys.argv else int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    found: dict[tuple[int, int], dict[str, float]] = {}
    for contacts, segments in ((_FEW, 0), (_FEW, _SEGMENTS), (many, 0), (many, _SEGMENTS)):
        sandbox = filled(contacts, segments)
        found[contacts, segments] = figures = asyncio.run(_measured(sandbox, contacts))
        sandbox.close()
        shown = ", ".join(f"{kind} {value:.2f} ms" for kind, value in figures.items())
        print(f"{contacts:>9,} contacts, {segments:>2} segments: {shown}")
    kinds = found[many, _SEGMENTS]
    print(
        json.dumps(
            {
                kind: {
                    "many/few contacts": round(figure / found[_FEW, _SEGMENTS][kind], 2),
                    "with/without segments": round(figure / found[many, 0][kind], 2),
                }
                for kind, figure in kinds.items()
            }
        )
    )


if __name__ == "__main__":
    main()
