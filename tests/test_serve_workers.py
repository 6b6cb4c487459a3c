"""`serve --workers`: its workers share all, are replaced, restart without a lost call, and end with the command."""

import asyncio
import json
import os
import signal
from itertools import count

import httpx2
import pytest

from tests.support.redis import RedisServer
from tests.support.workers import ERAS, children_of, command_of_two, create

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_two_workers_of_one_command_share_all_and_end(redis: RedisServer) -> None:
    async with command_of_two(redis) as (process, url):
        for number in range(8):  # each by a connection of its own, so that both workers come to serve some
            async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
                assert await create(http, f"p{number}@example.com", ERAS[number % 2]) == "created"
        before = children_of(process.pid)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            assert await create(http, "jane.doe@example.com", "legacy") == "created"
        while len(children_of(process.pid)) < 2 or before[0] in children_of(process.pid):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does, while the new worker starts
        _, err = await process.communicate()
    assert process.returncode == 0
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert {*events} == {"call", "redis_there", "worker_replaced", "ended"}


async def test_workers_end_with_a_command_that_is_killed(redis: RedisServer) -> None:
    async with command_of_two(redis) as (process, url):
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            assert await create(http, "jane.doe@example.com", "legacy") == "created"
        process.kill()
        async with asyncio.timeout(60):
            _, err = await process.communicate()  # which ends when no worker is left that could write
    assert b"Traceback" not in err


async def test_a_hangup_restarts_both_workers_and_loses_no_call(redis: RedisServer) -> None:
    outcomes, numbers, enough = list[str | None](), count(), asyncio.Event()

    async def load(url: str, era: str) -> None:
        while not enough.is_set():  # each by a connection of its own, so that any worker may serve it
            async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
                outcomes.append(await create(http, f"p{next(numbers)}@example.com", era))

    async with command_of_two(redis) as (process, url):
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            assert await create(http, "jane.doe@example.com", "legacy") == "created"
        before = {*children_of(process.pid)}
        async with asyncio.TaskGroup() as tasks:
            for era in ERAS:
                tasks.create_task(load(url, era))
            process.send_signal(signal.SIGHUP)
            while before & {*children_of(process.pid)}:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.1)
            enough.set()
        process.terminate()
        _, err = await process.communicate()
    assert process.returncode == 0
    assert {*outcomes} == {"created"}
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert events.count("restarted") == 1
    assert events.count("call") == len(outcomes) + 1
