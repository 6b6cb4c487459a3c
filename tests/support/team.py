"""Workers in this process that do imports together: one sandbox, one true redis-server, each worker in a task."""

import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx2
import pytest

from tests.support.importing import people
from tests.support.line import Forward, Line
from tests.support.redis import RedisServer, connection, redis_server, until
from tests.support.requests import BULK
from tests.support.serving import Served, served
from tests.support.worlds import answer_of

ROWS = "email,firstName\njane@example.com,Jane\nwrong,Wrong\n"
PEOPLE = people(350)
BATCHES = 4  # of which two are sent at a time
UNDER_WAY = {"reading", "defining_fields", "sending"}
TEXT = "\n".join(["email,firstName", *(f"{row['email']},{row['firstName']}" for row in PEOPLE)])
GIVEN = {"text": {"text": TEXT}, "file": {"file": "people.csv"}}


class Gate:
    """Holds requests until it is opened."""

    def __init__(self) -> None:
        self.opened = anyio.Event()

    async def __call__(self, forward: Forward) -> httpx2.Response:
        await self.opened.wait()
        return await forward()


@dataclass
class Team:
    """Workers over one AutoSend and one Redis, each in a task of its own: it may end before those that came later.

    `answers`: what calls that were begun have returned.
    """

    line: Line
    redis: RedisServer
    folder: Path
    tasks: anyio.abc.TaskGroup
    caplog: pytest.LogCaptureFixture
    answers: list[Any] = field(default_factory=list[Any])

    async def worker(self, **settings: Any) -> tuple[Served, anyio.Event]:
        """Return a worker, and the event that asks it to end."""
        end = anyio.Event()
        return await self.tasks.start(self._serve, end, settings), end

    async def _serve(self, end: anyio.Event, settings: Any, *, task_status: anyio.abc.TaskStatus[Served]) -> None:
        given: dict[str, Any] = {"import_dir": self.folder, "http": {"redis_url": self.redis.url}, **settings}
        async with served(self.line, self.folder, **given) as app:
            task_status.started(app)
            await end.wait()

    def call(self, app: Served, token: str, tool: str, **arguments: Any) -> anyio.CancelScope:
        """Call a tool in the background; return what cancels that."""
        scope = anyio.CancelScope()

        async def called() -> None:
            with scope:
                async with app.client(token) as client:
                    self.answers.append(await client.call_tool(tool, arguments))

        self.tasks.start_soon(called)
        return scope

    async def held(self, app: Served, token: str, **arguments: Any) -> tuple[Gate, str]:
        """Start an import; return what holds its writes, once two are held, and its id."""
        gate = Gate()
        self.line.lose(BULK, gate)
        self.call(app, token, "start_import", **arguments)
        await until(lambda: self.line.count(BULK) == 2)
        return gate, await self.under_way()

    async def under_way(self) -> str:
        """Return the id of the import that is under way."""
        (import_id,) = await self.run("SMEMBERS", "autosend-mcp:imports")
        return import_id.decode()

    async def run(self, *command: str) -> Any:
        async with connection(self.redis) as client:
            return await client.execute_command(*command)

    async def until_marked(self, import_id: str, mark: str) -> None:
        """Wait until all workers know this of it."""
        async with connection(self.redis) as client:
            while not await client.hexists(f"autosend-mcp:import:{import_id}", mark):  # noqa: ASYNC110 - see until
                await anyio.sleep(0.01)

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [record.__dict__.get("fields", {}) for record in self.caplog.records if record.msg == event]

    def check_sent_once(self) -> None:
        rows = [row["email"] for body in self.line.bodies(BULK) for row in body["contacts"]]
        assert Counter(rows) == dict.fromkeys([row["email"] for row in PEOPLE], 1)


@asynccontextmanager
async def team_over(line: Line, folder: Path, caplog: pytest.LogCaptureFixture) -> AsyncGenerator[Team]:
    """Yield a team without a worker yet; its Redis keeps what it has when it is stopped. `folder` has people.csv."""
    caplog.set_level(logging.INFO, "autosend_mcp")
    (folder / "people.csv").write_text(TEXT)
    with redis_server(durable=True) as redis:
        async with anyio.create_task_group() as tasks:
            yield Team(line, redis, folder, tasks, caplog)
            tasks.cancel_scope.cancel()


async def ended(app: Served, token: str, import_id: str) -> dict[str, Any]:
    """Return what the import has become, once it has ended."""
    async with app.client(token) as client:
        with anyio.fail_after(60):
            while True:
                result = await client.call_tool("get_import", {"importId": import_id})
                if not result.is_error and answer_of(result)["outcome"] not in UNDER_WAY:
                    return answer_of(result)
                await anyio.sleep(0.1)  # Redis is asked in true time
