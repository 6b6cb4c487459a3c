"""An import over HTTP whose workers end one after the other: nothing is lost, nothing is done twice."""

import random
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.automations.definitions import changes_from_to
from tests.support.killed_imports import SEED, Losses, check, check_report, seed, write_people
from tests.support.line import Forward
from tests.support.port import on_a_port
from tests.support.processes import Child, line_of, started
from tests.support.redis import redis_server
from tests.support.requests import ADD, BULK, FIND
from tests.support.worlds import answer_of

pytestmark = [pytest.mark.anyio, pytest.mark.evidence]

ROWS = 1_000


class Held(Losses):
    """Holds requests of some kinds, until others are held."""

    kinds: frozenset[str] = frozenset()
    passing = 0
    held = 0

    def hold(self, *kinds: str, passing: int = 0) -> None:
        """Hold these from now on, after so many of them; let others through."""
        self.kinds, self.passing, self.held = frozenset(kinds), passing, 0
        self.wake()

    async def until_held(self) -> None:
        """Wait until a request of the kinds of now is held."""
        await self.until(lambda: self.held > 0)

    async def _forward_or_lose(self, asked: str, body: Any, forward: Forward) -> httpx2.Response:
        if asked in self.kinds:
            if self.passing:
                self.passing -= 1
            else:
                kinds, self.held = self.kinds, self.held + 1
                self.wake()
                await self.until(lambda: self.kinds is not kinds)
        return await super()._forward_or_lose(asked, body, forward)


@asynccontextmanager
async def worker(env: dict[str, str]) -> AsyncGenerator[tuple[Child, str]]:
    """Serve from a process of its own; yield it with its URL."""
    async with started("serve", "--http", "127.0.0.1:0", env=env) as child:
        yield child, (await line_of(child.out)).split()[3].rstrip(",")


@asynccontextmanager
async def client_of(url: str) -> AsyncGenerator[Client]:
    async with httpx2.AsyncClient(timeout=60) as http, Client(streamable_http_client(url, http_client=http)) as client:
        yield client


async def begin(url: str, given: dict[str, Any], answers: list[dict[str, Any]]) -> None:
    """Start an import at a worker that may be killed before it answers."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "start_import", "arguments": given}}
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
    try:
        async with httpx2.AsyncClient(timeout=60) as http:
            answers.append({"text": (await http.post(url, json=call, headers=headers)).text})
    except httpx2.TransportError:
        return


async def ended_by(server: Held, child: Child, number: int) -> float:
    """End the worker that sends, with its writes held; return the seconds until another one looks something up."""
    began = anyio.current_time()
    child.signal(number)
    if number == signal.SIGKILL:
        await child.exit_code()
        server.hold()
        await anyio.wait_all_tasks_blocked()  # all that it had sent has arrived
        await server.until(lambda: not server.busy)
    server.hold(FIND)  # one that was asked to end may look something up yet
    await server.until_held()
    return anyio.current_time() - began


async def state_at(url: str, import_id: str) -> dict[str, Any]:
    """Return what the import has become, once it has ended."""
    async with client_of(url) as client:
        with anyio.fail_after(90):
            while True:
                state = answer_of(await client.call_tool("get_import", {"importId": import_id}))
                if state["outcome"] not in {"reading", "defining_fields", "sending"}:
                    return state


CASES = {"text_killed": signal.SIGKILL, "file_killed": signal.SIGKILL, "text_ended": signal.SIGTERM}


@pytest.mark.parametrize("case", CASES)
async def test_an_import_goes_on_when_its_workers_end(tmp_path: Path, case: str) -> None:
    """Each is ended at a random write; another one goes on within 30 s."""
    dice, number = random.Random(SEED), CASES[case]
    wanted = write_people(tmp_path / "people.csv", ROWS)
    options = Options(rate_limit=0, automations=(changes_from_to("plan"),), allow_reentry=True)
    server, answers, waited = Held(Sandbox(options), SEED), list[dict[str, Any]](), list[float]()
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server())
        url = await stack.enter_async_context(on_a_port(server.line))
        newsletter = seed(server, wanted)
        before = {one["email"]: one for one in server.store.contacts.find(PROJECT, wanted)}
        env = {
            "AUTOSEND_BASE_URL": url,
            "AUTOSEND_API_KEY": "AS_sandbox",
            "AUTOSEND_RATE_LIMIT": "100000",
            "AUTOSEND_IMPORT_DIR": str(tmp_path),
            "AUTOSEND_REDIS_URL": redis.url,
        }
        given = {"file": "people.csv"} if case.startswith("file") else {"text": (tmp_path / "people.csv").read_text()}
        given |= {"listIds": ["Newsletter"], "runWorkflow": True}
        server.hold(FIND)
        ending = list[Child]()
        child, at = await stack.enter_async_context(worker(env))
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(begin, at, given, answers)
        for _ in range(2):
            await server.until_held()  # a look-up, which may be repeated, while the next worker starts
            after, at = await stack.enter_async_context(worker(env))
            server.hold(BULK, ADD, passing=dice.randint(0, 3))
            await server.until_held()
            waited.append(await ended_by(server, child, number))
            ending.append(child)
            child = after
        async with client_of(at) as client:  # before the import can end, after which this would be another one
            found = answer_of(await client.call_tool("start_import", given))
        server.hold()
        assert [await child.exit_code() for child in ending] == ([-9] * 2 if number == signal.SIGKILL else [0] * 2)
        state = await state_at(at, found["importId"])
        check(server, wanted, before, newsletter)
    server.line.sandbox.close()
    print(case, "went on after", [round(seconds, 1) for seconds in waited], state["counts"], dict(server.lost))
    assert (state["outcome"], sum(state["counts"].values())) == ("partly_done", ROWS)
    assert max(waited) < 30
    if case.startswith("file"):
        check_report(tmp_path / "people.csv", wanted, ROWS)
    if number == signal.SIGTERM:
        assert found["importId"] in answers[0]["text"]  # whoever started it was answered
