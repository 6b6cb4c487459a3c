"""Identical calls in flight are one request: the second joins the first, and notes it."""

from typing import Any

import anyio
import pytest
from mcp import Client

from autosend_mcp.server.in_flight import JOINED
from autosend_mcp.server.results import UNSEEN
from tests.support.faulty import Faulty
from tests.support.in_flight import ASKED, Held, Waiting
from tests.support.requests import FIND
from tests.support.seeded import seeded
from tests.support.worlds import answer_of, connected

pytestmark = pytest.mark.anyio


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


async def test_a_dry_run_says_that_it_leaves_out_what_cannot_be_seen() -> None:
    search, said = Held(), list[list[str]]()
    asked = {"email": "new@example.com", "firstName": "Ali\u200cReza", "dryRun": True}
    async with seeded() as (client, line):
        line.lose(FIND, search)

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
