"""`serve --workers`: its workers share all, are replaced, restart without a lost call, and end with the command."""

import asyncio
import json
import os
import signal
from itertools import count
from pathlib import Path

import httpx2
import pytest

from autosend_mcp.server.http.tokens import TokenFile
from tests.support.processes import line_of
from tests.support.redis import RedisServer
from tests.support.workers import ERAS, children_of, command_of_two, create, restarting

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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_that_ends_does_not_wait_for_a_restart(redis: RedisServer, number: int) -> None:
    async with command_of_two(redis) as (process, url):
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            assert await create(http, "jane.doe@example.com", "legacy") == "created"
        await restarting(process)
        process.send_signal(number)
        _, err = await process.communicate()
    assert process.returncode == 0
    assert events_of(err) == ["call", "ended"]


async def test_a_restart_kills_a_worker_that_does_not_end(redis: RedisServer) -> None:
    async with command_of_two(redis) as (process, url):
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            assert await create(http, "jane.doe@example.com", "legacy") == "created"
        before = await restarting(process)
        os.kill(before[0], signal.SIGSTOP)  # its process hangs
        while {*before} & {*children_of(process.pid)}:  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.1)
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            assert await create(http, "john.doe@example.com", "legacy") == "created"
        process.terminate()
        _, err = await process.communicate()
    assert process.returncode == 0
    assert sorted(events_of(err)) == ["call", "call", "ended", "restarted", "worker_hangs"]


async def test_a_restart_with_settings_that_are_wrong_now_keeps_the_workers(redis: RedisServer, tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    shown = {"Authorization": f"Bearer {tokens.create('ana')}"}
    good = (tmp_path / "tokens.json").read_text()
    async with command_of_two(redis, "--tokens", str(tmp_path / "tokens.json")) as (process, url):
        async with httpx2.AsyncClient(base_url=url, timeout=60, headers=shown) as http:
            assert await create(http, "jane.doe@example.com", "legacy") == "created"
        assert process.stderr
        (tmp_path / "tokens.json").write_text("{")
        before = await restarting(process)
        said = [json.loads(await line_of(process.stderr))]
        while said[-1]["event"] != "restart_given_up":
            said.append(json.loads(await line_of(process.stderr)))
        (tmp_path / "tokens.json").write_text(good)
        assert children_of(process.pid) == before
        async with httpx2.AsyncClient(base_url=url, timeout=60, headers=shown) as http:
            assert await create(http, "john.doe@example.com", "legacy") == "created"
        process.terminate()
        _, err = await process.communicate()
    assert process.returncode == 0
    reasons = [line["why"] for line in said if line["event"] == "worker_not_started"]
    assert reasons == [f"The tokens cannot be read from {tmp_path}/tokens.json: it is no file of autosend-mcp token."]
    assert events_of(err) == ["call", "ended"]


def events_of(err: bytes) -> list[str]:
    """Return what was logged, but for when Redis was first there."""
    events = [json.loads(line)["event"] for line in err.splitlines()]
    return [event for event in events if event != "redis_there"]
