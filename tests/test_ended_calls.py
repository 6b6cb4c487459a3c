"""A call that is under way when the server ends: what is not sent stays unsent, and the answer says what is known."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.server.lowlevel import Server

from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import create
from autosend_mcp.errors import NotSent
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.server.app import open_server
from autosend_mcp.server.in_flight import FINISHED, IN_DOUBT, InFlightWrites
from tests.support.faulty import Exchange, Faulty
from tests.support.in_flight import ASKED, BATCH, Held, Waiting, process
from tests.support.line import Forward, applied_then_reset, forwarded, saying
from tests.support.requests import ADD, BULK
from tests.support.seeded import JANE, wrote
from tests.support.worlds import answer_of, autosend_over, error_of, text_of

pytestmark = pytest.mark.anyio


async def error_when_closed(
    server: Server[Any], writes: InFlightWrites, asked: dict[str, Any], until: Callable[[], Awaitable[object]]
) -> str:
    """Return the error of a create when the writes are closed once `until` returns."""
    texts: list[str] = []
    async with Client(server) as client:

        async def create() -> None:
            texts.append(error_of(await client.call_tool("create_contact", asked)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(create)
            await until()
            await writes.close()
    return texts[0]


async def test_a_call_that_does_not_end_in_time_is_cut_off_as_unknown(
    faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    faulty.create = waiting = Waiting()
    async with open_server(autosend_over(faulty.transport())) as (server, writes):
        text = await error_when_closed(server, writes, ASKED, waiting.arrived.wait)
    assert "stopped while the request was under way. Whether it was applied is not known. Call again" in text
    assert [record.__dict__["fields"]["outcome"] for record in caplog.records if record.msg == "call"] == ["cut_off"]


async def test_a_call_that_is_ended_after_a_refusal_is_not_called_unsent(faulty: Faulty) -> None:
    """The refusal is still being looked up when the server ends."""
    looking, never = anyio.Event(), anyio.Event()

    async def hang(_exchange: Exchange) -> None:
        looking.set()
        await never.wait()

    async def conflict(exchange: Exchange) -> None:
        await exchange.reply(409, b"")

    faulty.create, faulty.look_up = conflict, hang
    async with open_server(autosend_over(faulty.transport())) as (server, writes):
        text = await error_when_closed(server, writes, ASKED, looking.wait)
    assert text.startswith("The call was ended before AutoSend had accepted it. Nothing changed.")


async def test_a_call_that_waits_when_the_server_ends_is_reported_as_not_sent(faulty: Faulty) -> None:
    autosend = autosend_over(faulty.transport(), rate_limit=1)
    async with open_server(autosend) as (server, writes):
        async with Client(server) as client:
            answer_of(await client.call_tool("create_contact", ASKED))
        text = await error_when_closed(server, writes, {"email": "late@example.com"}, anyio.wait_all_tasks_blocked)
    assert "ended before its request left. Nothing was sent and nothing changed. Call again" in text
    assert len(faulty.applied) == 1


async def test_a_call_that_is_stopped_in_the_last_instant_is_not_sent(faulty: Faulty) -> None:
    """Between the grant of its turn and the request, a cancellation may not arrive in time; the word to stop does."""
    autosend = autosend_over(faulty.transport())
    call = Call(autosend)
    assert isinstance(call.forbid_writes(), NotSent)
    with pytest.raises(NotSent, match="cancelled before its request left"):
        await call.write(create(ASKED))
    assert faulty.seen == []
    await autosend.aclose()


@pytest.mark.parametrize("end", ["close", "cancel"])
async def test_a_lost_update_stays_unknown_when_joining_is_refused_at_the_end(end: str) -> None:
    said, arrived = list[str](), anyio.Event()

    async def limited(_forward: Forward) -> httpx2.Response:
        arrived.set()
        return saying(429, {"success": False, "error": {"message": "slow down", "retryAfter": 0.1}})

    async with process() as (client, line, writes):
        line.lose(BULK, applied_then_reset)
        line.lose(ADD, limited)

        async def call() -> None:
            said.append(text_of(await client.call_tool("upsert_contacts", BATCH)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await arrived.wait()
            await anyio.wait_all_tasks_blocked()
            if end == "close":
                await writes.close()
            else:
                tasks.cancel_scope.cancel()
        await writes.all_done()
        assert line.count(ADD) == 1
        (jane,) = line.sandbox.store.contacts.find(PROJECT, [JANE])
        if end == "cancel":
            line.lose(ADD, forwarded)
            await call()
            assert FINISHED in said[0] or IN_DOUBT in said[0]
    assert jane["firstName"] == "X"
    assert "Nothing changed" not in said[0]
    assert "Nothing was sent" not in said[0]


@pytest.mark.parametrize("end", ["close", "cancel"])
async def test_a_call_ended_while_its_update_is_in_flight_joins_nobody(end: str) -> None:
    update = Held()
    async with process() as (client, line, writes):
        line.lose(BULK, update)
        async with anyio.create_task_group() as call, anyio.create_task_group() as ending:
            call.start_soon(client.call_tool, "upsert_contacts", BATCH)
            await update.arrived.wait()
            if end == "close":
                ending.start_soon(writes.close)
            else:
                call.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.wait_all_tasks_blocked()
                update.go_on.set()
        await writes.all_done()
        assert wrote(line) == [BULK]
