"""Identical calls in flight, calls that are cancelled, and the notes of the next identical call."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.server.lowlevel import Server

from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import create
from autosend_mcp.errors import NotSent
from autosend_mcp.models.base import Answer
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.server.app import open_server
from autosend_mcp.server.in_flight import FINISHED, IN_DOUBT, JOINED, InFlightWrites
from autosend_mcp.server.results import UNSEEN
from autosend_mcp.tools.jobs import Jobs
from tests.support.faulty import Exchange, Faulty, create_well, faulty_autosend
from tests.support.line import Forward, Line, applied_then_reset, forwarded, saying
from tests.support.seeded import JANE, seeded, seeded_sandbox, wrote
from tests.support.worlds import answer_of, autosend_over, connected, error_of, text_of

pytestmark = pytest.mark.anyio

ASKED: dict[str, Any] = {"email": JANE, "firstName": "Jane"}
BULK = "POST /contacts/bulk-update"
ADD = "POST /contact-lists/contacts/bulk-add"
BATCH: dict[str, Any] = {"contacts": [{"email": JANE, "firstName": "X"}], "listIds": ["Offers", "Newsletter"]}
SEARCH = "POST /contacts/search/emails"


class Waiting:
    """A create that waits until it may go on."""

    def __init__(self) -> None:
        self.arrived, self.go_on = anyio.Event(), anyio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        self.arrived.set()
        await self.go_on.wait()
        await create_well(exchange)


async def test_identical_calls_in_flight_are_one_request_and_the_second_notes_it(faulty: Faulty, era: str) -> None:
    faulty.create = waiting = Waiting()
    answers: list[dict[str, Any]] = []

    async def create(client: Client, arguments: dict[str, Any]) -> None:
        answers.append(answer_of(await client.call_tool("create_contact", arguments)))

    async with connected(faulty.transport(), era) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(create, client, ASKED)
        await waiting.arrived.wait()
        tasks.start_soon(create, client, {"first_name": "Jane", "email": "jane@example.com"})
        await anyio.wait_all_tasks_blocked()
        waiting.go_on.set()
    assert len(faulty.applied) == 1
    assert sorted("notes" in answer for answer in answers) == [False, True]
    assert [answer["notes"] for answer in answers if "notes" in answer] == [[JOINED]]
    assert len({answer["email"] for answer in answers}) == 1


async def cancelled_while_in_flight(client: Client, arrived: anyio.Event, arguments: dict[str, Any]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "create_contact", arguments)
        await arrived.wait()
        tasks.cancel_scope.cancel()


async def test_a_cancelled_create_is_finished_and_the_next_call_notes_it(faulty: Faulty, era: str) -> None:
    faulty.create = waiting = Waiting()
    autosend = autosend_over(faulty.transport())
    async with open_server(autosend) as (server, writes), Client(server, mode=era) as client:
        await cancelled_while_in_flight(client, waiting.arrived, ASKED)
        waiting.go_on.set()
        await writes.all_done()
        first = error_of(await client.call_tool("create_contact", ASKED))
        again = error_of(await client.call_tool("create_contact", ASKED))
    assert "already exists. Nothing changed. It already holds every value asked for" in first
    assert first.endswith(f"Note: {FINISHED}")
    assert "already exists" in again
    assert FINISHED not in again
    assert len(faulty.applied) == 1


async def test_the_outcome_of_a_cancelled_create_is_never_taken_from_memory(faulty: Faulty) -> None:
    """The contact was deleted in the meantime: the next call creates it, and says so."""
    faulty.create = waiting = Waiting()
    autosend = autosend_over(faulty.transport())
    async with open_server(autosend) as (server, writes), Client(server) as client:
        await cancelled_while_in_flight(client, waiting.arrived, ASKED)
        waiting.go_on.set()
        await writes.all_done()
        faulty.contacts.clear()
        answer = answer_of(await client.call_tool("create_contact", ASKED))
    assert answer["notes"] == [FINISHED]
    assert "jane@example.com" in faulty.contacts


async def test_a_call_cancelled_while_it_waits_in_line_is_never_sent() -> None:
    async def check(era: str) -> None:
        async with faulty_autosend() as faulty:
            autosend = autosend_over(faulty.transport(), rate_limit=1)
            async with open_server(autosend) as (server, writes), Client(server, mode=era) as client:
                answer_of(await client.call_tool("create_contact", ASKED))
                async with anyio.create_task_group() as tasks:
                    for number in range(3):
                        tasks.start_soon(client.call_tool, "create_contact", {"email": f"p{number}@example.com"})
                    await anyio.wait_all_tasks_blocked()
                    tasks.cancel_scope.cancel()
                await writes.all_done()
                late = answer_of(await client.call_tool("create_contact", {"email": "p1@example.com"}))
        assert "notes" not in late, era
        assert [body["email"] for body in faulty.applied] == ["jane@example.com", "p1@example.com"], era

    async with anyio.create_task_group() as eras:  # both at once: each waits for the next second
        eras.start_soon(check, "2026-07-28")
        eras.start_soon(check, "legacy")


async def test_a_cancelled_call_is_not_repeated_after_a_rate_limit(faulty: Faulty) -> None:
    arrived, gone = anyio.Event(), anyio.Event()

    async def limited(exchange: Exchange) -> None:
        arrived.set()
        await gone.wait()
        await exchange.reply(429, b"", Retry_After="0")

    faulty.create = limited
    autosend = autosend_over(faulty.transport())
    async with open_server(autosend) as (server, writes), Client(server) as client:
        await cancelled_while_in_flight(client, arrived, ASKED)
        gone.set()
        await writes.all_done()
    assert (faulty.creates, faulty.applied) == (1, [])


async def test_a_cancelled_call_that_another_joined_is_repeated(
    faulty: Faulty,
) -> None:
    arrived, gone = anyio.Event(), anyio.Event()

    async def limited_once(exchange: Exchange) -> None:
        arrived.set()
        await gone.wait()
        await (exchange.reply(429, b"", Retry_After="0") if faulty.creates == 1 else create_well(exchange))

    faulty.create = limited_once
    autosend = autosend_over(faulty.transport())
    async with open_server(autosend) as (server, _), Client(server) as client:
        await cancelled_while_in_flight(client, arrived, ASKED)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "create_contact", ASKED)
            await anyio.wait_all_tasks_blocked()
            gone.set()
    assert (faulty.creates, len(faulty.applied)) == (2, 1)


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


async def test_a_cancelled_create_of_unknown_outcome_is_noted_on_the_next_call(faulty: Faulty) -> None:
    arrived, gone = anyio.Event(), anyio.Event()

    async def lost(exchange: Exchange) -> None:
        if faulty.creates > 1:
            await create_well(exchange)
            return
        arrived.set()
        await gone.wait()
        exchange.reset()

    faulty.create = lost
    autosend = autosend_over(faulty.transport())
    async with open_server(autosend) as (server, writes), Client(server) as client:
        await cancelled_while_in_flight(client, arrived, ASKED)
        gone.set()
        await writes.all_done()
        answer = answer_of(await client.call_tool("create_contact", ASKED))
    assert answer["notes"] == [IN_DOUBT]


async def test_a_cancelled_create_that_was_refused_leaves_no_trace(faulty: Faulty) -> None:
    arrived, gone = anyio.Event(), anyio.Event()

    async def refused(exchange: Exchange) -> None:
        if faulty.creates > 1:
            await create_well(exchange)
            return
        arrived.set()
        await gone.wait()
        await exchange.reply(403, b"")

    faulty.create = refused
    async with connected(faulty.transport()) as client:
        await cancelled_while_in_flight(client, arrived, ASKED)
        gone.set()
        await anyio.wait_all_tasks_blocked()
        result = await client.call_tool("create_contact", ASKED)
        while result.is_error:  # the refusal was joined, not missed
            assert JOINED in text_of(result)
            result = await client.call_tool("create_contact", ASKED)
    assert "notes" not in answer_of(result)


class Done(Answer):
    """The answer of a call."""

    number: str


class TooLate(Call):
    """A call whose request has left, so that it cannot be stopped."""

    def forbid_writes(self) -> None:
        return None


async def test_an_answer_in_the_instant_of_the_cancellation_is_kept() -> None:
    caller = anyio.CancelScope()

    async def perform() -> Done:
        caller.cancel()
        return Done(number="done")

    async with anyio.create_task_group() as tasks:
        writes, call = InFlightWrites(tasks, Jobs(tasks)), TooLate(autosend_over("http://127.0.0.1/v1"))
        with caller:
            await writes.run("key", perform, call)
        assert (await writes.run("key", perform, call))[1] == [FINISHED]


async def test_an_answer_that_a_caller_just_misses_is_kept() -> None:
    """The write has ended, and the caller is cancelled before it gets to hear of it."""
    second = anyio.CancelScope()

    async def perform() -> Done:
        await anyio.wait_all_tasks_blocked()
        return Done(number="done")

    async with anyio.create_task_group() as tasks:
        writes, call = InFlightWrites(tasks, Jobs(tasks)), TooLate(autosend_over("http://127.0.0.1/v1"))

        async def hear_and_cancel() -> None:
            await writes.run("key", perform, call)
            second.cancel()

        async with anyio.create_task_group() as callers:
            callers.start_soon(hear_and_cancel)
            await anyio.lowlevel.checkpoint()
            with second:
                await writes.run("key", perform, call)
        assert (await writes.run("key", perform, call))[1] == [FINISHED]


async def test_only_the_latest_thousand_unheard_answers_are_kept() -> None:
    async with anyio.create_task_group() as tasks:
        writes, call = InFlightWrites(tasks, Jobs(tasks)), TooLate(autosend_over("http://127.0.0.1/v1"))
        for number in range(1001):
            with anyio.CancelScope() as caller:

                async def perform(caller: anyio.CancelScope = caller, number: int = number) -> Done:
                    caller.cancel()
                    return Done(number=str(number))

                await writes.run(str(number), perform, call)

        async def again() -> Done:
            return Done(number="again")

        assert [(await writes.run(key, again, call))[1] for key in ("0", "1", "1000")] == [
            [],
            [FINISHED],
            [FINISHED],
        ]


@asynccontextmanager
async def process() -> AsyncGenerator[tuple[Client, Line, InFlightWrites]]:
    """Yield a client, the line, and the writes of the server, which a test may close."""
    line = Line(seeded_sandbox())
    async with open_server(autosend_over(line)) as (server, writes), Client(server, cache=None) as client:
        yield client, line, writes
    line.sandbox.close()


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


class Held:
    """Forwards a request once it may go on."""

    def __init__(self) -> None:
        self.arrived, self.go_on = anyio.Event(), anyio.Event()

    async def __call__(self, forward: Forward) -> httpx2.Response:
        self.arrived.set()
        await self.go_on.wait()
        return await forward()


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


async def test_a_dry_run_says_that_it_leaves_out_what_cannot_be_seen() -> None:
    search, said = Held(), list[list[str]]()
    asked = {"email": "new@example.com", "firstName": "Ali\u200cReza", "dryRun": True}
    async with seeded() as (client, line):
        line.lose(SEARCH, search)

        async def call() -> None:
            said.append(answer_of(await client.call_tool("create_contact", asked))["notes"])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await search.arrived.wait()
            tasks.start_soon(call)
            await anyio.wait_all_tasks_blocked()
            search.go_on.set()
    assert [UNSEEN in notes for notes in said] == [True, True]
    assert all("request" not in note for notes in said for note in notes)
