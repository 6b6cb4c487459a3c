"""A thousand lost replies at once, and what stays when the calls are over."""

import asyncio
import gc
import json
import random
import tracemalloc
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client

from tests.support.faults import LOST, NOT_THERE, VERIFIED
from tests.support.faulty import Exchange, Faulty
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

JANE: dict[str, Any] = {"email": "jane@example.com", "firstName": "Jane"}


@pytest.mark.parametrize("contacts", [60, pytest.param(1_000, marks=pytest.mark.evidence)])
async def test_create_contact_is_never_sent_twice_when_the_reply_is_lost(contacts: int, faulty: Faulty) -> None:
    """Every reply is lost in one of ten ways, half of them after the contact was created."""
    chance = random.Random(7)
    faults = list(LOST.values())

    async def lose(exchange: Exchange) -> None:
        if chance.random() < 0.5:
            exchange.apply()
        if (waiting := chance.choice(faults)(exchange)) is not None:
            await waiting

    faulty.create = lose
    reported: Counter[str] = Counter()

    async def create(client: Client, numbers: range) -> None:
        for number in numbers:
            email = f"p{number}@example.com"
            result = await client.call_tool("create_contact", {"email": email})
            applied = email in faulty.contacts
            if not result.is_error:
                assert applied
                assert VERIFIED in " ".join(answer_of(result)["notes"])
                reported["created"] += 1
            else:  # never unknown: the look-ups work
                assert NOT_THERE in error_of(result)
                assert not applied
                reported["not there"] += 1

    async with connected(faulty.transport()) as client, anyio.create_task_group() as tasks:
        for start in range(0, contacts, 20):
            tasks.start_soon(create, client, range(start, start + 20))
    posts = Counter(exchange.body["email"] for exchange in faulty.seen if exchange.path == "/v1/contacts")
    assert set(posts.values()) == {1}
    assert len(posts) == reported.total() == contacts
    assert reported["created"] > contacts / 5
    assert reported["not there"] > contacts / 5


def open_files() -> int:
    """Return how many file descriptors this process has open, where the system shows it."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


class Echo(httpx2.AsyncBaseTransport):
    """An AutoSend that creates every contact and remembers none."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        contact = {"id": "1" * 24, **json.loads(request.content)}
        return httpx2.Response(200, stream=httpx2.ByteStream(json.dumps({"success": True, "data": contact}).encode()))


@pytest.mark.evidence
async def test_memory_tasks_and_files_do_not_grow_with_the_calls(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="autosend_mcp")  # it keeps every record
    # at this limit, what the pace keeps of the last minute is full when the caches are
    async with connected(Echo(), "legacy", rate_limit=2) as client:

        async def create(calls: int) -> int:
            """Make so many calls; return the bytes that are allocated afterwards."""
            for number in range(calls):
                answer_of(await client.call_tool("create_contact", {"email": f"p{number}@example.com"}))
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        await create(240)  # until caches are full
        sizes = [await create(40)]
        tasks, files = len(asyncio.all_tasks()), open_files()
        sizes += [await create(40) for _ in range(8)]
        tracemalloc.stop()
        assert len(asyncio.all_tasks()) == tasks
        assert open_files() == files
    # 100 bytes a call would be 10 MB in 100,000 calls; caches that fill up show in some rounds, a leak in each
    grown = [after - before for before, after in pairwise(sizes)]
    print(f"bytes more after each further 40 calls: {grown}")
    assert min(grown) < 40 * 100
