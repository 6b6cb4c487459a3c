"""What a write is told to have changed, and an undo that puts back exactly that, or is absent and says so."""

import json
from typing import Any

import httpx2
import pytest
from mcp import Client

from autosend_mcp.models.comparison import NOT_EXACT
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.tools.contacts.delete import SEVERAL
from autosend_mcp.tools.contacts.upsert import NOT_SEEN_BEFORE, NOTHING_TO_DO
from tests.support.answering import Answering, Row
from tests.support.line import Forward, Line, answering, applied_then_reset, forwarded, rewritten, saying
from tests.support.seeded import ANN, JANE, JOHN, fact, seeded
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

OLD = "2024-01-15T10:30:00.000Z"
SEARCH = "POST /contacts/search/emails"
UPSERT, BULK = "POST /contacts/email", "POST /contacts/bulk-update"
# A name with the non-joiner that Persian spells with, and one with an invisible selector after the heart.
JOINED_NAME, HEART = "Ali\u200cReza", "❤\ufe0f fans"
NOBODY = answering(200, {"success": True, "data": {"contacts": []}})
TWO: dict[str, Any] = {"contacts": [{"email": JANE, "firstName": "X"}, {"email": JOHN, "firstName": "Y"}]}
NEWSLETTER = {"id": "n1", "name": "N", "type": "list"}
REPLACING = Options(rate_limit=0, upsert_rule="replace")


def stored(line: Line, email: str = JANE) -> dict[str, Any]:
    (row,) = line.sandbox.store.contacts.find(PROJECT, [email])
    return row


def has(line: Line, **values: Any) -> None:
    """Jane has these values, by whatever way."""
    writes.upsert(line.sandbox.store, PROJECT, {"email": JANE, **values})


async def undone(client: Client, answer: dict[str, Any]) -> None:
    assert answer["undo"]
    for step in answer["undo"]:
        answer_of(await client.call_tool(step["tool"], step["arguments"]))


def aged(body: Any) -> None:
    rows = body["data"].get("contacts", [body["data"]])
    for row in rows:
        row["createdAt"] = OLD


@pytest.mark.parametrize("lost", [False, True])
async def test_a_contact_hidden_before_is_updated_and_its_undo_deletes_nobody(lost: bool) -> None:
    async with seeded() as (client, line):
        line.lose(SEARCH, NOBODY, rewritten(aged))
        line.lose(UPSERT, applied_then_reset if lost else rewritten(aged))
        one = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "firstName": "X"}))
        line.lose(SEARCH, NOBODY, rewritten(aged))
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


class Counting(Answering):
    """An AutoSend that says this of who joined or left a list."""

    said: Row

    def _data(self, asked: str, path: str, body: Row) -> Row | None:
        counts = asked.endswith(("bulk-add", "remove"))
        return self.said if counts else super()._data(asked, path, body)


async def counted(said: Row, tool: str = "add_to_list") -> Any:
    autosend = Counting(lists=[NEWSLETTER])
    autosend.said = said
    async with connected(autosend) as client:
        return await client.call_tool(tool, {"list": "N", "emails": [JANE, JOHN, ANN]})


@pytest.mark.parametrize(
    ("said", "outcome", "undo"),
    [
        ({"added": 3, "created": 0, "alreadyInList": 0, "errors": None}, "done", True),
        ({"added": 3, "validation": {"total": 3, "valid": 3, "suppressed": 0}}, "done", True),
        ({"added": 2, "created": 1, "alreadyInList": 0}, "done", True),
        ({"added": 2, "alreadyInList": 1}, "done", False),
        ({"added": 1}, "partly_done", False),
        ({"added": 5}, "partly_done", False),
        ({"added": 3, "validation": {"suppressed": [JANE]}}, "partly_done", False),
    ],
)
async def test_joining_a_list_is_taken_back_only_if_everybody_is_counted_as_new(
    said: Row, outcome: str, undo: bool
) -> None:
    answer = answer_of(await counted(said))
    assert (answer["outcome"], "undo" in answer) == (outcome, undo)


@pytest.mark.parametrize("said", [{}, {"added": 0}, {"added": 0, "created": 0, "alreadyInList": 0, "errors": []}])
async def test_who_is_not_counted_at_all_was_not_added_for_all_that_is_known(said: Row) -> None:
    text = error_of(await counted(said))
    assert "counted nobody. Whether it was applied is not known." in text


@pytest.mark.parametrize(
    ("said", "outcome", "undo"),
    [
        ({"removed": 3, "notInList": 0, "errors": None}, "done", True),
        ({"removed": 1, "notInList": 2}, "done", False),
        ({"removed": 1}, "partly_done", False),
        ({"removed": 9}, "partly_done", False),
        ({"removed": 3, "errors": ["no"]}, "partly_done", False),
    ],
)
async def test_leaving_a_list_is_taken_back_only_if_everybody_is_counted_as_gone(
    said: Row, outcome: str, undo: bool
) -> None:
    answer = answer_of(await counted(said, "remove_from_list"))
    assert (answer["outcome"], "undo" in answer) == (outcome, undo)


@pytest.mark.parametrize(
    "before",
    [
        {"firstName": ""},
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


async def test_the_upsert_offered_for_an_existing_contact_changes_the_difference() -> None:
    asked = {"email": JANE, "firstName": "Jane", "customFields": {"plan": "free", "logins": 42}}
    async with seeded() as (client, line):
        offered = fact(await client.call_tool("create_contact", asked), "upsert arguments")
        has(line, customFields={"logins": 99})  # somebody else, before the user has agreed
        answer_of(await client.call_tool("upsert_contact", offered))
        assert stored(line)["customFields"] == {"plan": "free", "logins": 99}
    assert offered == {"email": JANE, "customFields": {"plan": "free"}}


@pytest.mark.parametrize("tool", ["upsert_contact", "upsert_contacts"])
async def test_custom_fields_that_cannot_be_shown_are_sent_along_unchanged(tool: str) -> None:
    def nested(body: Any) -> None:
        for row in body["data"]["contacts"]:
            row["customFields"]["tags"] = ["a", {"b": JOINED_NAME}]

    asked: dict[str, Any] = {"email": JANE, "customFields": {"plan": "free"}}
    async with seeded(options=REPLACING) as (client, line):
        has(line, customFields={"plan": "pro", "logins": 42, "nick": JOINED_NAME, HEART: "x"})
        await client.call_tool(tool, asked if tool == "upsert_contact" else {"contacts": [asked]})
        now = stored(line)["customFields"]
        line.lose("POST /contacts/search", rewritten(nested))
        await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"plan": "pro"}})
    assert now == {"plan": "free", "logins": 42, "nick": JOINED_NAME, HEART: "x"}
    sent = line.bodies(UPSERT)[-1]["customFields"]
    assert sent == now | {"plan": "pro", "tags": ["a", {"b": JOINED_NAME}]}


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ({"userId": "20240301"}, {"userId": "2024-03-01"}),
        ({"customFields": {"plan": "20240301"}}, {"customFields": {"plan": "2024-03-01"}}),
        ({"firstName": "Ja\u200bne"}, {"firstName": "Jane"}),
        ({"customFields": {"plan": "Ja\u200bne"}}, {"customFields": {"plan": "Jane"}}),
    ],
)
async def test_values_that_only_look_alike_are_not_the_same_and_are_sent(held: Row, asked: Row) -> None:
    async with seeded() as (client, line):
        for tool, arguments in (
            ("upsert_contact", {"email": JANE, **asked}),
            ("upsert_contacts", {"contacts": [{"email": JANE, **asked}]}),
        ):
            has(line, **held)
            answer = answer_of(await client.call_tool(tool, arguments))
            assert NOTHING_TO_DO not in answer.get("notes", [])
            assert answer.get("counts", {"updated": 1}) == {"updated": 1}
            assert json.dumps(asked).strip("{}") in json.dumps(stored(line))


async def test_three_contradicting_rows_of_one_address_are_all_invalid() -> None:
    rows = [{"email": JANE, "firstName": name} for name in ("A", "B", "A")]
    async with seeded() as (client, line):
        answer = answer_of(
            await client.call_tool("upsert_contacts", {"contacts": [*rows, {"email": JOHN, "firstName": "Q"}]})
        )
        assert stored(line)["firstName"] == "Jane"
    assert answer["counts"] == {"invalid": 3, "updated": 1}
    assert [row["row"] for row in answer["contacts"]["invalid"]] == [1, 2, 3]
    (body,) = line.bodies(BULK)
    assert [row["email"] for row in body["contacts"]] == [JOHN]


async def test_a_namesake_in_other_letters_is_not_the_contact_that_went() -> None:
    here = {"A": "Jane@example.com", "B": JANE}

    class Twins(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.method == "DELETE":
                del here[request.url.path.rpartition("/")[2]]
            return saying(
                200, {"success": True, "data": {"contacts": [{"id": i, "email": e} for i, e in here.items()]}}
            )

    async with connected(Twins()) as client:
        answer = answer_of(await client.call_tool("delete_contacts", {"emails": [JANE], "confirm": "Jane@example.com"}))
    assert (answer["outcome"], here) == ("deleted", {"B": JANE})


async def test_a_list_whose_name_holds_what_cannot_be_seen_is_found_by_that_name() -> None:
    async with seeded() as (client, line):
        line.lose("POST /contact-lists", applied_then_reset)
        made = answer_of(await client.call_tool("create_contact_list", {"name": HEART}))
        line.faults = {}
        joined = answer_of(await client.call_tool("add_to_list", {"list": HEART, "emails": [JANE]}))
        again = error_of(await client.call_tool("create_contact_list", {"name": HEART}))
        answer = answer_of(
            await client.call_tool("create_contact", {"email": "n@example.com", "customFields": {HEART: "x"}})
        )
    assert (made["outcome"], joined["list"]["id"]) == ("created", made["id"])
    assert "exists already" in again
    assert not any("does not show these as asked" in note for note in answer["notes"])


async def test_a_confirm_with_a_space_at_its_end_is_the_same() -> None:
    fields: list[Row] = [{"fieldName": "plan ", "fieldType": "string"}]
    async with connected(Answering(fields=fields, lists=[NEWSLETTER | {"filterCriteria": {}}])) as client:
        field = {"fieldName": "plan ", "confirm": "plan "}
        assert answer_of(await client.call_tool("delete_custom_field", field))["outcome"] == "deleted"
        gone = answer_of(await client.call_tool("delete_contacts", {"userId": "42 ", "confirm": "42 "}))
        assert (gone["outcome"], gone["notes"]) == ("deleted", [SEVERAL])
        # The type tells a list from a segment, not the conditions that come with it.
        assert answer_of(await client.call_tool("add_to_list", {"list": "N", "emails": [JANE]}))["outcome"] == "done"
