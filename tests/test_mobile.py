"""The mobile number of a contact: read as people write it, kept in E.164, reported where AutoSend does not keep it."""

from typing import Any

import pytest

from autosend_mcp.imports.sending.updates import NO_MOBILE as NOT_IMPORTED
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.tools.automations import CHANGES_MAY_HAVE
from autosend_mcp.tools.contacts.create import NO_MOBILE
from autosend_mcp.tools.contacts.rows import FOR_ONE
from autosend_mcp.tools.contacts.upsert import MOBILE_UNSEEN
from tests.support.importing import world
from tests.support.line import applied_then_reset, forwarded
from tests.support.requests import BULK, FIND, UPSERT
from tests.support.seeded import JANE, has, seeded, stored
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

NUMBER, OTHER = "+14155552671", "+4915123456789"
NEW = "new@example.com"
IGNORING = Options(rate_limit=0, mobile_elsewhere="ignore")
HIDING = Options(rate_limit=0, mobile_in_replies="upsert")

WRITTEN = {
    NUMBER: NUMBER,
    " +1 (415) 555-2671 ": NUMBER,
    "'+1 415.555.2671": NUMBER,
    "001 415 555\u00a02671": NUMBER,
    "+49\u2011151\u201323456789": OTHER,
    "\uff0b49 151 2345 6789": OTHER,
}
UNCLEAR = ["415 555 2671", "0151 2345678", "+49 (0)151 2345678", "+49 151/23456789", "1.41556E+10",
           "+1 415 555 2671 x9", "+0151234567", "++14155552671", "+123456", "+1234567890123456", "unknown"]  # fmt: skip


@pytest.mark.parametrize("number", WRITTEN)
async def test_a_number_is_kept_in_one_form_and_the_same_in_any_form(number: str) -> None:
    async with seeded() as (client, line):
        created = answer_of(await client.call_tool("create_contact", {"email": NEW, "mobile": number}))
        same = answer_of(await client.call_tool("upsert_contact", {"email": NEW, "mobile": number}))
        shown = answer_of(await client.call_tool("find_contacts", {"list": "Newsletter", "fields": ["mobile"]}))
        assert stored(line, NEW)["mobile"] == created["mobile"] == WRITTEN[number]
    assert same["outcome"] == "unchanged"
    assert all("mobile" not in row for row in shown["contacts"])


@pytest.mark.parametrize("tool", ["create_contact", "upsert_contact", "upsert_contacts"])
async def test_a_number_that_may_be_read_in_two_ways_is_refused(tool: str) -> None:
    async with seeded() as (client, line):
        for number in [*UNCLEAR, 4155552672]:
            person = {"email": NEW, "mobile": number}
            asked = {"contacts": [person]} if tool == "upsert_contacts" else person
            text = error_of(await client.call_tool(tool, asked))
            assert "mobile: must be" in text
            assert str(number) not in text
        assert line.count("POST /contacts") == 0


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("tool", ["upsert_contact", "upsert_contacts"])
async def test_the_undo_puts_an_earlier_number_back_or_none(tool: str, lost: bool) -> None:
    async with seeded() as (client, line):
        for before in (NUMBER, ""):
            has(line, mobile=before)
            was = stored(line)
            if lost:
                line.lose(BULK if tool == "upsert_contacts" else UPSERT, applied_then_reset)
            person = {"email": JANE, "mobile": OTHER}
            asked = {"contacts": [person]} if tool == "upsert_contacts" else person
            answer = answer_of(await client.call_tool(tool, asked))
            line.faults.clear()
            assert stored(line)["mobile"] == OTHER
            await undone(client, answer)
            assert stored(line) == was | {"updatedAt": stored(line)["updatedAt"]}


@pytest.mark.parametrize("lost", [False, True])
async def test_a_number_that_a_create_or_a_batch_ignores_is_reported(lost: bool) -> None:
    async with seeded(options=IGNORING) as (client, line):
        if lost:
            line.lose("POST /contacts", applied_then_reset, forwarded)
        created = answer_of(await client.call_tool("create_contact", {"email": NEW, "mobile": NUMBER}))
        line.faults.clear()
        batch = {"contacts": [{"email": JANE, "mobile": NUMBER}]}
        text = error_of(await client.call_tool("upsert_contacts", batch))
        answer_of(await client.call_tool("upsert_contact", batch["contacts"][0]))
        assert stored(line)["mobile"] == NUMBER
    assert created["outcome"] == "created"
    assert NO_MOBILE in created["notes"]
    assert FOR_ONE in text


async def test_where_look_ups_show_no_numbers_none_is_said_to_have_been_absent() -> None:
    async with seeded(options=HIDING) as (client, line):
        has(line, mobile=NUMBER)
        changed = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "mobile": OTHER}))
        cleared = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "clear": ["mobile"]}))
        assert "mobile" not in stored(line)
    assert changed["changes"] == {"mobile": {"now": OTHER}}
    assert changed["mobile"] == OTHER
    assert MOBILE_UNSEEN in changed["notes"]
    assert MOBILE_UNSEEN in cleared["notes"]
    assert "undo" not in changed | cleared


async def test_the_first_number_that_look_ups_show_has_an_exact_undo() -> None:
    async with seeded() as (client, line):
        answer = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "mobile": NUMBER}))
        assert line.count("POST /contacts/search/emails") == 2
        (step,) = await steps_of(client, answer)
    assert answer["changes"] == {"mobile": {"was": None, "now": NUMBER}}
    assert step["arguments"] == {"email": JANE, "clear": ["mobile"]}
    assert answer["notes"] == [CHANGES_MAY_HAVE]


async def test_a_reserved_name_is_said_to_be_that_before_it_is_tried() -> None:
    async with seeded() as (client, _):
        text = error_of(await client.call_tool("upsert_contact", {"email": JANE, "city": "Rome"}))
    assert "AutoSend reserves this name: choose another, and put it into customFields." in text


@pytest.mark.parametrize("reading", ["store", "ignore"])
async def test_an_import_takes_numbers_and_says_where_autosend_shows_none(reading: Any) -> None:
    numbers = ["+1 415 555 2671", "0049 151 23456789", "0151 234567", "", "'+14155552672"]
    rows = [f"p{number}@example.com,{mobile}" for number, mobile in enumerate(numbers)]
    with world(Options(rate_limit=0, mobile_elsewhere=reading)) as here:
        done = await here.run("\n".join(["email,Telefon", *rows]).encode())
        kept = [(here.held(f"p{number}@example.com") or {}).get("mobile") for number in range(len(numbers))]
    assert done.counts == {"created": 4, "invalid": 1}
    assert "mobile: must be" in done.reasons("invalid")[0]
    reasons = [NOT_IMPORTED in reason for reason in done.reasons("created")]
    if reading == "store":
        assert kept == [NUMBER, OTHER, None, None, "+14155552672"]
        assert reasons == [False] * 4
    else:
        assert kept == [None] * 5
        assert reasons == [True, True, False, True]


async def test_whether_an_import_keeps_numbers_is_looked_at_once() -> None:
    rows = [f"p{number}@example.com,{NUMBER}" for number in range(1_500)]
    with world(Options(rate_limit=0, mobile_elsewhere="ignore")) as here:
        done = await here.run("\n".join(["email,mobile", *rows]).encode())
        assert here.line.count(BULK) == 15
        assert here.line.count(FIND) <= 10  # the look before, and those after the requests under way at first
    assert all(NOT_IMPORTED in reason for reason in done.reasons("created"))


async def test_a_column_named_as_a_field_of_the_project_is_that_field() -> None:
    with world() as here:
        here.line.sandbox.store.contact_properties.define(PROJECT, "phone", "string")
        done = await here.run(b"email,Phone\na@example.com,0151 2\n")
        assert here.values("a@example.com")["customFields"] == {"phone": "0151 2"}
    assert done.counts == {"created": 1}
