"""Calls that wait in flight until a test lets them go on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
from mcp import Client

from autosend_mcp.server.app import open_server
from autosend_mcp.server.in_flight import InFlightWrites
from tests.support.faulty import Exchange, create_well
from tests.support.line import Forward, Line
from tests.support.seeded import JANE, seeded_sandbox
from tests.support.worlds import autosend_over

ASKED: dict[str, Any] = {"email": JANE, "firstName": "Jane"}
BATCH: dict[str, Any] = {"contacts": [{"email": JANE, "firstName": "X"}], "listIds": ["Offers", "Newsletter"]}


class Waiting:
    """A create that waits until it may go on."""

    def __init__(self) -> None:
        self.arrived, self.go_on = anyio.Event(), anyio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        self.arrived.set()
        await self.go_on.wait()
        await create_well(exchange)


async def cancelled_while_in_flight(client: Client, arrived: anyio.Event, arguments: dict[str, Any]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "create_contact", arguments)
        await arrived.wait()
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def process() -> AsyncGenerator[tuple[Client, Line, InFlightWrites]]:
    """Yield a client, the line, and the writes of the server, which a test may close."""
    line = Line(seeded_sandbox())
    async with open_server(autosend_over(line)) as (server, writes), Client(server, cache=None) as client:
        yield client, line, writes
    line.sandbox.close()


class Held:
    """Forwards a request once it may go on."""

    def __init__(self) -> None:
        self.arrived, self.go_on = anyio.Event(), anyio.Event()

    async def __call__(self, forward: Forward) -> httpx2.Response:
        self.arrived.set()
        await self.go_on.wait()
        return await forward()
