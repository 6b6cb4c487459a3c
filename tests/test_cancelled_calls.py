"""A call that its client cancels is stopped before it is sent, else finished, and noted on the next identical call."""

import anyio
import pytest
from mcp import Client

from autosend_mcp.api.calls import Call
from autosend_mcp.models.base import Answer
from autosend_mcp.server.app import open_server
from autosend_mcp.server.in_flight import FINISHED, IN_DOUBT, JOINED, InFlightWrites
from autosend_mcp.tools.jobs import Jobs
from tests.support.faulty import Exchange, Faulty, create_well, faulty_autosend
from tests.support.in_flight import ASKED, Waiting, cancelled_while_in_flight
from tests.support.worlds import answer_of, autosend_over, connected, error_of, text_of

pytestmark = pytest.mark.anyio


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
