"""The undo of a write puts back exactly what it changed, or is absent and says so."""

import json
from typing import Any

import httpx2
import pytest

from autosend_mcp.models.comparison import NOT_EXACT
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.tools.contacts.upsert import NOT_SEEN_BEFORE
from tests.support.answering import Answering, Row
from tests.support.line import Forward, answering, applied_then_reset, forwarded, rewritten
from tests.support.requests import BULK, FIND, UPSERT
from tests.support.seeded import JANE, JOHN, has, seeded, stored
from tests.support.sizes import LONG, PEOPLE, person
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, connected

pytestmark = pytest.mark.anyio

OLD = "2024-01-15T10:30:00.000Z"
# A name with the non-joiner that Persian spells with, and one with an invisible selector after the heart.
JOINED_NAME, HEART = "Ali\u200cReza", "❤\ufe0f fans"
NOBODY = answering(200, {"success": True, "data": {"contacts": []}})
TWO: dict[str, Any] = {"contacts": [{"email": JANE, "firstName": "X"}, {"email": JOHN, "firstName": "Y"}]}


def aged(body: Any) -> None:
    rows = body["data"].get("contacts", [body["data"]])
    for row in rows:
        row["createdAt"] = OLD


@pytest.mark.parametrize("lost", [False, True])
async def test_a_contact_hidden_before_is_updated_and_its_undo_deletes_nobody(lost: bool) -> None:
    async with seeded() as (client, line):
        line.lose(FIND, NOBODY, rewritten(aged))
        line.lose(UPSERT, applied_then_reset if lost else rewritten(aged))
        one = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "firstName": "X"}))
        line.lose(FIND, NOBODY, rewritten(aged))
        line.lose(BULK, applied_then_reset if lost else forwarded)
        many = answer_of(await client.call_tool("upsert_contacts", TWO))
    assert (one["outcome"], NOT_SEEN_BEFORE in one["notes"]) == ("updated", True)
    assert many["counts"] == {"updated": 2}
    assert all("not created by this call" in row["why"] for row in many["contacts"]["updated"])
    assert "undo" not in one
    assert "undo" not in many


async def test_who_is_created_in_the_call_is_created_and_the_undo_deletes_them(era: str) -> None:
    async with seeded(era) as (client, line):
        one = answer_of(await client.call_tool("upsert_contact", {"email": "new@example.com"}))
        line.lose(BULK, applied_then_reset)
        many = answer_of(await client.call_tool("upsert_contacts", {"contacts": [{"email": "more@example.com"}]}))
        for answer in (one, many):
            await undone(client, answer)
        assert line.sandbox.store.contacts.find(PROJECT, ["new@example.com", "more@example.com"]) == []
    assert (one["outcome"], many["counts"]) == ("created", {"created": 1})


async def test_all_mail_stopped_has_no_undo_which_would_end_earlier_opt_outs_too() -> None:
    async with seeded(toolsets="contacts, suppressions") as (client, _):
        for tool in ("suppress_emails", "unsuppress_emails"):
            asked = {"emails": [JANE], "everywhere": True}
            assert "undo" not in answer_of(await client.call_tool(tool, asked))


@pytest.mark.parametrize(
    "before",
    [
        {"firstName": "x" * 1001},
        {"firstName": JOINED_NAME},
        {"userId": HEART},
        {"customFields": {"plan": "y" * 1500}},
        {"customFields": {"plan": JOINED_NAME}},
    ],
)
async def test_an_earlier_value_that_cannot_be_sent_leaves_a_note_and_no_undo(before: Row) -> None:
    asked = {"email": JANE, **{name: {"plan": "new"} if name == "customFields" else "new" for name in before}}
    async with seeded() as (client, line):
        has(line, **before)
        one = answer_of(await client.call_tool("upsert_contact", asked))
        has(line, **before)
        many = answer_of(await client.call_tool("upsert_contacts", {"contacts": [asked]}))
    for answer in (one, many):
        assert NOT_EXACT in answer["notes"]
        assert "undo" not in answer


async def test_a_field_whose_type_is_not_known_is_not_defined_anew_by_an_undo() -> None:
    async with connected(Answering(fields=[{"fieldName": "plan"}])) as client:
        answer = answer_of(await client.call_tool("delete_custom_field", {"fieldName": "plan", "confirm": "plan"}))
    note = "There is no undo: the field cannot be defined again as it was."
    assert answer == {"outcome": "deleted", "fieldName": "plan", "notes": [note]}


@pytest.mark.parametrize("tool", ["upsert_contact", "upsert_contacts"])
async def test_what_somebody_else_changed_meanwhile_stays_after_the_undo(tool: str) -> None:
    async with seeded() as (client, line):

        async def meanwhile(forward: Forward) -> httpx2.Response:
            has(line, lastName="Smith", customFields={"nick": "Jo"})
            return await forward()

        line.faults = {UPSERT: [meanwhile, forwarded], BULK: [meanwhile, forwarded]}
        answer = answer_of(await client.call_tool(tool, TWO if tool == "upsert_contacts" else TWO["contacts"][0]))
        await undone(client, answer)
        now = stored(line)
    assert (now["firstName"], now["lastName"], now["customFields"]["nick"]) == ("Jane", "Smith", "Jo")
    if tool == "upsert_contact":
        assert any(note.startswith("These changed as well, which was not asked for") for note in answer["notes"])


@pytest.mark.parametrize(("length", "shown"), [(150, True), (900, False)])
async def test_what_is_long_is_undone_by_a_short_reference(length: int, shown: bool) -> None:
    async with seeded() as (client, line):
        await client.call_tool("create_custom_field", {"fieldName": "bio", "fieldType": "string"})
        answer: dict[str, Any] = {}
        for bio in ("b" * length, "new"):
            rows = [{"email": one, "customFields": {"bio": bio}} for one in PEOPLE[:60]]
            answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
        (content,) = (await client.read_resource("autosend://writes")).contents
        latest = json.loads(content.model_dump()["text"])[0]
        assert ("steps" in latest) is shown
        await undone(client, answer)
        held = line.sandbox.store.contacts.find(PROJECT, PEOPLE[:60])
    assert len(answer["undo"]) < 8
    assert {one["customFields"]["bio"] for one in held} == {"b" * length}


async def test_an_undo_in_a_shortened_answer_is_whole() -> None:
    before = person(JANE)
    after = before | {"customFields": before["customFields"] | {"field_0": "new"}}
    fields = [{"fieldName": f"field_{n}", "fieldType": "string"} for n in range(100)]
    async with connected(Answering(contact=lambda _: before, written=lambda _: after, fields=fields)) as client:
        asked = {"email": JANE, "customFields": {"field_0": "new"}}
        answer = answer_of(await client.call_tool("upsert_contact", asked))
        steps = await steps_of(client, answer)
    assert steps == [{"tool": "upsert_contact", "arguments": {"email": JANE, "customFields": {"field_0": LONG}}}]


@pytest.mark.parametrize(
    "field",
    [
        {"fieldName": "plan", "fieldType": "text"},
        {"fieldName": "plan", "fieldType": "string", "description": "d" * 1200},
        {"fieldName": "pl\u200can", "fieldType": "string"},
    ],
)
async def test_a_field_that_cannot_be_defined_as_it_was_has_no_undo(field: Row) -> None:
    async with connected(Answering(fields=[field])) as client:
        answer = answer_of(await client.call_tool("delete_custom_field", {"fieldName": "plan", "confirm": "plan"}))
    assert "undo" not in answer


async def test_a_custom_field_that_was_only_sent_along_is_not_undone() -> None:
    def other(body: Any) -> None:
        body["data"]["customFields"]["logins"] = 99

    async with seeded() as (client, line):
        line.lose("POST /contacts/email", rewritten(other))
        answer = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"plan": "free"}}))
        (step,) = await steps_of(client, answer)
    assert step["arguments"]["customFields"] == {"plan": "pro"}
