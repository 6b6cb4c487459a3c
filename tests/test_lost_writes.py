"""Every write tool over a line that loses, delays, cuts and falsely fails its writes, and records what was applied.

No write is sent twice, every answer agrees with what AutoSend has, and "not known" is said only where no look-up helps.
`python -m tests.test_lost_writes` runs a thousand faults for each tool and prints the figures; CI runs 300.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from autosend_mcp.sandbox.app import Options
from tests.support import clock
from tests.support.line import Line, forwarded, over_a_line
from tests.support.lost_writes import KINDS, World
from tests.support.worlds import text_of
from tests.support.write_tries import MAKERS

pytestmark = pytest.mark.anyio

CALLS_A_WORLD = 25


@dataclass
class Figures:
    """What came of the calls; `unknown`: answers that say "not known"."""

    calls: int = 0
    applied: int = 0
    succeeded: int = 0
    refuted: int = 0
    unknown: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])


WRITING = ("DELETE ", "POST /", "PUT /")
READING = ("/search", "/entries")


def writes(line: Line) -> list[str]:
    """Return the requests that change something, with their bodies."""
    return [
        f"{asked} {body}"
        for asked, body in line.seen
        if asked.startswith(WRITING) and not any(part in asked for part in READING)
    ]


@asynccontextmanager
async def a_world(seed: int) -> AsyncGenerator[World]:
    """Yield a world in which AutoSend shows the lists of each contact, and one in which it does not, in turn."""
    settings: dict[str, Any] = {"toolsets": "contacts,lists,fields,suppressions,groups", "rate_limit": 2}
    options = Options(rate_limit=0, list_ids_in_replies=seed % 2 == 0)
    async with over_a_line(options=options, **settings) as (client, line):
        yield World(client, line, random.Random(seed))


async def call(world: World, name: str, figures: Figures) -> None:
    """Call the tool once with a fault, and hold its answer against what AutoSend has."""
    made = await MAKERS[name](world)
    if await made.share() == 1.0:
        return  # so already: nothing would be sent
    kind = KINDS[3 * figures.calls % len(KINDS)]  # six calls are a mixture, ten are each once
    before = [forwarded] * world.rng.randrange(made.requests)
    after = [forwarded] * (made.requests - len(before) - 1)
    world.line.seen.clear()
    world.line.faults = {
        "POST /contacts/search": [forwarded],
        made.request.strip(): [*before, world.faults(kind), *after, world.faults("unexpected second write")],
    }
    result = await world.client.call_tool(made.tool, made.arguments)
    text, share = text_of(result), await made.share()
    world.line.faults = {}
    about = f"{name} {kind} {share} {json.dumps(made.arguments)[:200]}\n{text[:600]}"
    sent = writes(world.line)
    assert len(before) < len(sent) == len(set(sent)) <= made.requests, about
    figures.calls += 1
    figures.faults[kind] += 1
    figures.applied += share == 1.0
    if "not known" in text:
        figures.unknown += 1
    elif not result.is_error and '"partly_done"' not in text:
        figures.succeeded += 1
        assert share == 1.0, about
    else:
        figures.refuted += 1
        assert share < 1.0, about
        assert "probably not applied" in text, about
    await world.settle()


async def run(name: str, number: int, seed: int = 0) -> Figures:
    """Call the tool so many times."""
    figures = Figures()
    while figures.calls < number:
        seed += 1
        async with a_world(seed) as world:
            for _ in range(min(CALLS_A_WORLD, (number + 1) // 2, number - figures.calls)):
                await call(world, name, figures)
    return figures


@pytest.mark.parametrize("name", MAKERS)
async def test_a_lost_write_is_sent_once_and_reported_truly(name: str) -> None:
    figures = await run(name, 6)
    assert figures.unknown == 0
    assert figures.succeeded
    assert figures.refuted


def line_of(name: str, figures: Figures) -> str:
    share = figures.unknown / figures.calls
    return (
        f"{name:<24} {figures.calls:>5} faults, {figures.applied:>4} applied, {figures.succeeded:>4} found applied, "
        f"{figures.refuted:>4} found not applied, {share:.1%} unknown, 0 second writes, 0 wrong answers"
    )


def main(number: int, names: Sequence[str]) -> int:
    """Print the figures of each tool; return how many answers said "not known"."""
    unknown = 0

    async def report(name: str) -> None:
        nonlocal unknown
        figures = await run(name, number)
        unknown += figures.unknown
        print(line_of(name, figures), flush=True)

    for name in names:
        clock.run(partial(report, name))
    return unknown


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(1 if main(int(given[0]) if given else 1000, given[1:] or list(MAKERS)) else 0)
