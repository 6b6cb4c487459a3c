"""Whatever AutoSend answers, the assistant gets a success that is one, or an error; never a crash, never a leak."""

import json
from typing import Any, cast

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.api.contacts import create
from autosend_mcp.api.envelope import read_reply
from autosend_mcp.api.waits import requested_wait
from autosend_mcp.errors import AutoSendError
from autosend_mcp.models.comparison import differences
from autosend_mcp.models.contacts.create import CreatedContact
from autosend_mcp.models.text import visible
from tests.support.clock import run
from tests.support.examples import TIMES
from tests.support.faulty import Exchange, faulty_autosend
from tests.support.json_values import json_values, leaves
from tests.support.worlds import connected, text_of

statuses = st.sampled_from([200, 201, 202, 204, 301, 400, 401, 402, 403, 404, 409, 418, 422, 429, 500, 502, 503])
members = st.sampled_from(["success", "data", "error", "message", "code", "details", "retryAfter", "contacts", "email"])
envelopes = st.dictionaries(members | st.text(max_size=5), json_values, max_size=6) | json_values


@given(statuses, envelopes, st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "date"]), st.text()))
@settings(max_examples=40 * TIMES)
def test_any_reply_is_read_or_one_error(status: int, body: Any, headers: dict[str, str]) -> None:
    try:
        reply = read_reply(status, headers, json.dumps(body).encode())
    except AutoSendError as error:
        text = str(error)
        assert error.what
        assert error.next_step or error.user_step
        assert text == "\n".join(visible(line) for line in text.split("\n"))
    else:
        assert 200 <= status < 300
        assert reply.body.get("success", True) is True
    assert 0 <= requested_wait(headers, cast("dict[str, Any]", body) if isinstance(body, dict) else None) <= 30


@given(st.binary())
def test_any_bytes_are_read_or_one_error(content: bytes) -> None:
    with pytest.raises(AutoSendError):
        read_reply(200, {}, content)


contacts = st.fixed_dictionaries(
    {"id": st.text(min_size=1), "email": st.just("jane@example.com")},
    optional={
        "firstName": st.none() | st.text(),
        "lastName": st.text(),
        "userId": st.text(),
        "listIds": st.lists(st.text()),
        "customFields": st.none() | st.dictionaries(st.text(), json_values),
        "createdAt": st.text(),
        "projectId": st.text(),
        "other": json_values,
    },
)


@given(contacts)
@settings(max_examples=25 * TIMES)
def test_no_invisible_character_of_a_contact_reaches_an_answer(contact: dict[str, Any]) -> None:
    body = json.dumps({"success": True, "data": contact}).encode()
    asked = {"email": "jane@example.com", "firstName": "Jane"}
    try:
        held = create(asked).parse(read_reply(200, {}, body))
    except AutoSendError:
        assert not visible(contact["id"])
        return
    answer = CreatedContact.showing(held, outcome="created").payload()
    assert "projectId" not in answer
    assert all(text == visible(text) for text in leaves(answer))
    assert ("firstName" in differences(asked, held)) is (answer.get("firstName") != "Jane")


@given(st.lists(st.tuples(statuses, envelopes), min_size=6, max_size=6))
@settings(max_examples=6 * TIMES)
def test_any_reply_to_a_create_is_answered_through_a_client(replies: list[tuple[int, Any]]) -> None:
    """Six calls at once, since most of the time they wait for the next look-up."""

    async def create(status: int, body: Any) -> None:
        async def reply(exchange: Exchange) -> None:
            if status == 204:
                await exchange.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            else:
                await exchange.reply(status, body)

        async with faulty_autosend() as faulty:
            faulty.create = reply
            async with connected(faulty.transport()) as client:
                result = await client.call_tool("create_contact", {"email": "jane@example.com"})
        assert text_of(result)
        assert faulty.creates == 1 or status == 429
        assert result.is_error or result.structured_content["id"]

    async def create_all() -> None:
        async with anyio.create_task_group() as tasks:
            for status, body in replies:
                tasks.start_soon(create, status, body)

    run(create_all)
