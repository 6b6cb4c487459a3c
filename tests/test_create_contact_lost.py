"""create_contact when the reply is lost, late or unreadable: what is found out, and what is answered."""

import json
import tracemalloc
import zlib
from typing import Any

import httpx2
import pytest

from autosend_mcp.api.calls import Moment
from tests.support.examples import every_third
from tests.support.faults import (
    JANE,
    LOST,
    NOT_THERE,
    OLD,
    OTHER,
    UNKNOWN,
    UNREADABLE,
    VERIFIED,
    applied_then,
    not_applied,
    seconds_ago,
)
from tests.support.faulty import Exchange, Fault, Faulty, faulty_autosend
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", every_third(LOST | UNREADABLE))
async def test_an_applied_create_whose_reply_is_lost_is_verified_not_repeated(name: str, faulty: Faulty) -> None:
    faulty.create = applied_then((LOST | UNREADABLE)[name])
    await check_verified(faulty, faulty.transport())


@pytest.mark.parametrize("name", ["reset", "reset in the body"])
async def test_a_tcp_reset_after_an_applied_create_is_a_lost_reply(name: str) -> None:
    async with faulty_autosend(tcp=True) as faulty:
        faulty.create = applied_then(LOST[name])
        await check_verified(faulty, faulty.url)


async def check_verified(faulty: Faulty, world: httpx2.AsyncBaseTransport | str) -> None:
    async with connected(world) as client:
        answer = answer_of(await client.call_tool("create_contact", JANE))
    assert answer["outcome"] == "created"
    assert answer["email"] == faulty.contacts["jane@example.com"]["email"]
    assert any(VERIFIED in note for note in answer["notes"])
    assert (len(faulty.applied), faulty.creates) == (1, 1)


@pytest.mark.parametrize("name", LOST)
async def test_a_lost_create_that_was_not_applied_is_probably_not_created(name: str, faulty: Faulty) -> None:
    faulty.create = not_applied(LOST[name])
    async with connected(faulty.transport()) as client:
        text = error_of(await client.call_tool("create_contact", JANE))
    assert NOT_THERE in text
    assert "Calling create_contact again is safe" in text
    assert (faulty.applied, faulty.creates, faulty.look_ups) == ([], 1, 3)
    assert "script" not in text


UNHELPFUL: dict[str, Fault] = {
    "reset": not_applied(LOST["reset"]),
    "502 html": not_applied(LOST["502 html"]),
    "html": not_applied(UNREADABLE["html"]),
    "another": not_applied(lambda e: e.succeed({"contacts": [OTHER]})),
    "contacts of another shape": not_applied(lambda e: e.succeed({"contacts": {}})),
}


@pytest.mark.parametrize("name", UNHELPFUL)
async def test_when_the_look_up_fails_too_the_outcome_is_unknown(name: str, faulty: Faulty) -> None:
    faulty.create = applied_then(LOST["reset"])
    faulty.look_up = UNHELPFUL[name]
    async with connected(faulty.transport()) as client:
        text = error_of(await client.call_tool("create_contact", JANE))
    assert UNKNOWN in text
    assert "Do not report it as created" in text
    assert (faulty.creates, faulty.look_ups) == (1, 3)


async def test_a_contact_that_appears_late_is_found_by_a_later_look_up(faulty: Faulty) -> None:
    async def late(exchange: Exchange) -> None:
        exchange.reset()

    async def look_up(exchange: Exchange) -> None:
        if faulty.look_ups == 2:
            next(seen for seen in faulty.seen if seen.path == "/v1/contacts").apply()
        held = [faulty.contacts[email] for email in exchange.body["emails"] if email in faulty.contacts]
        await exchange.succeed({"contacts": held})

    faulty.create, faulty.look_up = late, look_up
    async with connected(faulty.transport()) as client:
        assert answer_of(await client.call_tool("create_contact", JANE))["outcome"] == "created"
    assert (faulty.creates, faulty.look_ups) == (1, 2)


@pytest.mark.parametrize(
    ("held", "said", "changed"),
    [
        ({"createdAt": OLD, "updatedAt": OLD}, "existed before this call", "Nothing changed"),
        ({"createdAt": OLD, "updatedAt": OLD, "firstName": "Janet"}, "existed before this call", "Nothing changed"),
        ({"createdAt": OLD}, "existed before; it is not known whether this call changed it", ""),
        ({"createdAt": "a minute ago"}, "it is not known whether this call created it", ""),
        ({"firstName": "Janet"}, "created during this call, with other values", ""),
        ({"createdAt": None}, "it is not known whether this call created it", ""),
        ({"createdAt": "yesterday"}, "it is not known whether this call created it", ""),
    ],
)
async def test_a_lost_create_succeeds_only_for_a_contact_new_with_these_values(
    held: dict[str, Any], said: str, changed: str, faulty: Faulty
) -> None:
    if held.get("createdAt") == "a minute ago":
        held = {"createdAt": seconds_ago(60)}

    async def lose(exchange: Exchange) -> None:
        exchange.apply(**held)
        exchange.reset()

    faulty.create = lose
    async with connected(faulty.transport()) as client:
        text = error_of(await client.call_tool("create_contact", JANE))
    assert said in text
    assert changed in text
    assert ('"asked":"Jane","now":"Janet"' in text) is ("firstName" in held)
    assert "contact now: {" in text
    assert faulty.creates == 1


async def test_without_a_date_header_a_lost_create_is_not_claimed(faulty: Faulty) -> None:
    faulty.create = applied_then(LOST["reset"])

    async def look_up(exchange: Exchange) -> None:
        content = json.dumps({"success": True, "data": {"contacts": list(faulty.contacts.values())}})
        await exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n{content}".encode())

    faulty.look_up = look_up
    async with connected(faulty.transport()) as client:
        assert "it is not known whether" in error_of(await client.call_tool("create_contact", JANE))


async def test_a_gzip_bomb_costs_less_than_20_mb(faulty: Faulty) -> None:
    faulty.create = applied_then(UNREADABLE["gzip bomb"])
    async with connected(faulty.transport()) as client:
        await client.list_tools()
        tracemalloc.start()
        answer_of(await client.call_tool("create_contact", JANE))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20_000_000


async def test_an_answer_in_gzip_is_read(faulty: Faulty) -> None:
    async def zipped(exchange: Exchange) -> None:
        content = json.dumps({"success": True, "data": exchange.apply()}).encode()
        packed = zlib.compressobj(wbits=31)
        await exchange.reply(201, packed.compress(content) + packed.flush(), Content_Encoding="gzip")

    faulty.create = zipped
    async with connected(faulty.transport()) as client:
        assert "notes" not in answer_of(await client.call_tool("create_contact", JANE))
    assert faulty.look_ups == 0


class Broken(httpx2.AsyncBaseTransport):
    """A transport that fails as none should, in a text that must not be shown."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise LookupError(f"sEcReT {request.headers}")


async def test_an_unforeseen_error_is_a_lost_reply_and_its_text_stays_hidden(
    caplog: pytest.LogCaptureFixture, era: str
) -> None:
    async with connected(Broken(), era) as client:
        text = error_of(await client.call_tool("create_contact", JANE))
    assert UNKNOWN in text
    assert "sEcReT" not in text + caplog.text
    assert caplog.records[-1].__dict__["fields"]["cause"] == "LookupError"


async def test_after_a_lost_reply_nothing_is_claimed_of_lists(faulty: Faulty) -> None:
    faulty.create = applied_then(LOST["reset"])
    async with connected(faulty.transport()) as client:
        answer = answer_of(await client.call_tool("create_contact", {**JANE, "listIds": ["l1"]}))
    assert answer["notes"][1:] == [
        "Looking up whether it joined the lists failed; if it did, their live automations start now."
    ]


async def test_a_machine_that_slept_leaves_the_time_of_creation_unknown() -> None:
    shown = [1_000.0]
    sent = Moment(lambda: shown[0])
    assert sent.elapsed() is not None
    shown[0] += 3600
    assert sent.elapsed() is None
