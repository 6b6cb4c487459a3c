"""The one connection of a worker to Redis: what is under way when it is lost, or when the worker ends."""

import asyncio
from contextlib import suppress

import anyio
import pytest

from autosend_mcp.server.http.shared.store import Shared, Unreachable, open_shared
from tests.support.redis import RedisLine, RedisServer, connection, redis_server, through

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


REFUSING = {  # what makes a Redis refuse, and answer again
    "OOM": ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
    "READONLY": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "MASTERDOWN": ("CONFIG SET replica-serve-stale-data no|REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "NOPERM": ("ACL SETUSER default -eval -evalsha", "ACL SETUSER default +eval +evalsha"),
}


@pytest.mark.parametrize("refusal", REFUSING)
async def test_a_redis_that_refuses_is_taken_to_be_gone_until_it_answers(redis: RedisServer, refusal: str) -> None:
    async with connection(redis) as client, open_shared(redis.url) as shared:
        for commands, is_alive in zip(REFUSING[refusal], (False, True), strict=True):
            for command in commands.split("|"):
                await client.execute_command(*command.split())
            assert (await shared.alive(), shared.is_up) == (is_alive, is_alive)
            if not is_alive:
                with pytest.raises(Unreachable):
                    await shared.run("return 1")
        assert await shared.run("return 1") == 1


async def test_what_one_command_may_not_do_takes_redis_from_no_other(redis: RedisServer) -> None:
    async with connection(redis) as client, open_shared(redis.url) as shared:
        await client.lpush("name", "of another kind")
        with pytest.raises(Unreachable):
            await shared.run("return redis.call('GET', KEYS[1])", ["name"])
        assert shared.is_settled
        assert await shared.run("return 1") == 1


async def test_another_redis_is_found_that_has_taken_the_place_of_one_that_refuses(redis: RedisServer) -> None:
    with redis_server() as replica:
        async with through(RedisLine(redis)) as line, open_shared(line.url) as shared, connection(redis) as client:
            line.redis = replica
            await client.execute_command("REPLICAOF", "127.0.0.1", "1")  # its connections stay open
            assert not await shared.alive()
            assert await shared.alive()
