"""What the sandbox answers with many contacts and segments: ratios of many to few contacts, and of 20 segments to none.

python benchmarks/sandbox.py [CONTACTS]
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
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


def filled(contacts: int, segments: int) -> Sandbox:
    """Return a sandbox with so many contacts and segments, of which each has half of the contacts."""
    sandbox = Sandbox(Options(rate_limit=0))
    for number in range(segments):
        plan = {"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}
        below = {"field": "n", "fieldType": "number", "operator": "greater_than", "value": contacts + number}
        criteria = {"logicalOperator": "OR", "groups": [plan, below]}
        sandbox.store.contact_lists.seed(PROJECT, f"S{number}", "segment", criteria)
    for start in range(0, contacts, 1_000):
        bulk_update(sandbox.store, PROJECT, [_row(number) for number in range(start, min(start + 1_000, contacts))])
    return sandbox


def _row(number: int) -> dict[str, Any]:
    return {"email": f"p{number}@x.co", "customFields": {"plan": "pro" if number % 2 else "free", "n": number}}


async def _measured(sandbox: Sandbox, contacts: int) -> dict[str, float]:
    """Return the median milliseconds of each kind of request."""
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(sandbox.app),
        base_url="http://127.0.0.1/v1",
        headers={"Authorization": f"Bearer {KEY}"},
    ) as http:
        new = iter(range(contacts, contacts + _TIMES))
        kinds: Mapping[str, Callable[[], Awaitable[httpx2.Response]]] = {
            "GET /contact-lists": lambda: http.get("/contact-lists"),
            "POST /contacts": lambda: http.post("/contacts", json=_row(next(new))),
        }
        return {kind: median([await _milliseconds(request) for _ in range(_TIMES)]) for kind, request in kinds.items()}


async def _milliseconds(request: Callable[[], Awaitable[httpx2.Response]]) -> float:
    started = time.perf_counter()
    response = await request()
    response.raise_for_status()
    return (time.perf_counter() - started) * 1_000


def main() -> None:
    """Print the figures, and one JSON line with the ratios."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    found: dict[tuple[int, int], dict[str, float]] = {}
    for contacts, segments in ((_FEW, 0), (_FEW, _SEGMENTS), (many, 0), (many, _SEGMENTS)):
        sandbox = filled(contacts, segments)
        found[contacts, segments] = figures = asyncio.run(_measured(sandbox, contacts))
        sandbox.close()
        shown = ", ".join(f"{kind} {value:.1f} ms" for kind, value in figures.items())
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
