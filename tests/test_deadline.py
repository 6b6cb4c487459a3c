"""A call ends within its 45 s, whatever hangs; what it wrote is looked up within them too."""

from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from autosend_mcp.sandbox.app import PROJECT
from tests.support.answering import Answering, Row
from tests.support.examples import every_third
from tests.support.faults import (
    JANE,
    NOT_THERE,
    SLOW,
    UNKNOWN,
    VERIFIED,
    applied_then,
    error,
    first,
    hang,
    not_applied,
    refuse,
)
from tests.support.faulty import Faulty
from tests.support.line import after, answering, applied_then_reset, applied_then_silence, forwarded, over_a_line
from tests.support.requests import FIND, LISTS
from tests.support.seeded import seeded
from tests.support.users import DELETE_JANE
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

FAILED = (500, {"success": False, "error": "failed"})


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("name", every_third(SLOW))
async def test_a_reply_that_does_not_end_is_looked_up_within_the_45_s_of_a_call(
    name: str, applied: bool, faulty: Faulty
) -> None:
    faulty.create = applied_then(SLOW[name]) if applied else not_applied(SLOW[name])
    async with connected(faulty.transport()) as client:
        with anyio.fail_after(45):
            result = await client.call_tool("create_contact", JANE)
    if applied:
        assert any(VERIFIED in note for note in answer_of(result)["notes"])
    else:
        assert NOT_THERE in error_of(result)
    assert faulty.creates == 1


@pytest.mark.parametrize("limited_first", [False, True])
async def test_a_call_whose_look_ups_hang_too_ends_in_its_time(limited_first: bool, faulty: Faulty) -> None:
    faulty.create = (
        first(refuse(429, error("Slow down", retryAfter=13.5)), hang) if limited_first else applied_then(hang)
    )
    faulty.look_up = hang
    async with connected(faulty.transport()) as client:
        with anyio.fail_after(45):
            assert UNKNOWN in error_of(await client.call_tool("create_contact", JANE))
    assert faulty.creates == 1 + limited_first


async def test_a_call_ends_in_its_45_s_and_still_looks_its_write_up() -> None:
    async def late(_context: ClientRequestContext, _params: ElicitRequestParams) -> ElicitResult:
        await anyio.sleep(19.5)
        return ElicitResult(action="accept", content={})

    async def ask() -> None:
        async with seeded("legacy", asked=late) as (client, line):
            line.lose(FIND, applied_then_silence, applied_then_silence, after(7.5), applied_then_silence)
            line.lose("DELETE /contacts/", applied_then_silence)
            with anyio.fail_after(45):
                assert "changed" in error_of(await client.call_tool("delete_contacts", DELETE_JANE))

    async def make() -> None:
        async with seeded() as (client, line):
            line.faults = {
                "GET /contact-lists": [applied_then_silence, applied_then_silence, forwarded],
                "POST /": [after(10.5, applied_then_reset)],
            }
            answer = answer_of(await client.call_tool("create_contact_list", {"name": "Fresh"}))
            assert answer["notes"] == ["AutoSend's reply was lost; a look-up then found it there."]

    async def read(client: Client, delay: float) -> None:
        await anyio.sleep(delay)
        with anyio.fail_after(45):
            assert "Looking up changes nothing." in error_of(await client.call_tool("list_contact_lists", {}))

    async with seeded() as (client, line), anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(make)
        line.lose("GET /", applied_then_silence)
        for delay in (0.0, 1.5, 3.0):
            tasks.start_soon(read, client, delay)


async def test_when_reading_first_has_used_the_time_up_nothing_is_sent_any_more() -> None:
    async def slowly(forward: Any) -> Any:
        await anyio.sleep(7)
        return await forward()

    async with over_a_line() as (client, line):
        line.faults = {f"{LISTS}/": [slowly]}
        ids = [f"{number:024x}" for number in range(10)]
        hidden = [line.sandbox.store.contact_lists.seed(PROJECT, f"List {one}", "list") for one in ids]
        line.lose(LISTS, answering(200, {"success": True, "data": {"lists": []}}))
        text = error_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": hidden}))
    assert "The time for this call was used up before it could be sent. Nothing was sent" in text
    assert line.count("POST /contacts") == 0


async def test_more_look_ups_than_there_is_time_for_are_not_begun() -> None:
    asked: list[str] = []

    def refuses(request: str) -> tuple[int, Any] | None:
        asked.append(request)
        return FAILED if request.endswith("bulk-add") else None

    members: list[Row] = [{"id": str(number), "email": f"m{number}@example.com"} for number in range(20_000)]
    world = Answering(lists=[{"id": "l1", "name": "Letters"}], members=members, refuses=refuses)
    emails = [f"n{number}@example.com" for number in range(100)]
    async with connected(world, rate_limit=2) as client:
        text = error_of(await client.call_tool("add_to_list", {"list": "Letters", "emails": emails}))
    assert "Looking it up failed too: whether it was applied is not known." in text
    assert asked.count("POST /contact-lists/contacts/search") == 3
