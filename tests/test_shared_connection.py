"""The one connection of a worker to Redis: what is under way when it is lost, or when the worker ends."""

import asyncio
from contextlib import suppress

import anyio
import pytest

from autosend_mcp.server.http.shared.store import Shared, Unreachable, open_shared
from tests.support.redis import RedisServer, connection

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

_KEEP = "redis.call('SET', KEYS[1], ARGV[1])"


async def asked(shared: Shared) -> None:
    with suppress(Unreachable):
        await shared.run("return 1")


@pytest.mark.parametrize("first", ["asked", "posted"])
async def test_a_worker_that_ends_sends_what_was_posted(redis: RedisServer, first: str) -> None:
    async with anyio.create_task_group() as tasks, open_shared(redis.url) as shared:
        redis.pause()
        if first == "posted":
            shared.post(_KEEP, ["one"], "kept")
        tasks.start_soon(asked, shared)
        await anyio.wait_all_tasks_blocked()  # until they are under way
        shared.post(_KEEP, ["other"], "kept")
        asyncio.get_running_loop().call_later(0.1, redis.resume)
    async with connection(redis) as client:
        assert await client.get("other") == b"kept"
        assert first == "asked" or await client.get("one") == b"kept"


async def test_an_answer_that_cannot_be_read_ends_no_worker(redis: RedisServer) -> None:
    async with connection(redis) as client, open_shared(redis.url) as shared:
        await client.set("name", b"\xff")  # no UTF-8
        with pytest.raises(Unreachable):
            await shared.run("return redis.call('GET', KEYS[1])", ["name"])
        assert await shared.alive()
        assert await shared.run("return 1") == 1


async def test_a_redis_that_refuses_writes_is_taken_to_be_gone(redis: RedisServer) -> None:
    async with connection(redis) as client, open_shared(redis.url) as shared:
        for memory, is_alive in (("1", False), ("0", True)):
            await client.config_set("maxmemory", memory)
            assert (await shared.alive(), shared.is_up) == (is_alive, is_alive)
