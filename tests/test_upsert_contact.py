"""upsert_contact: what it was, what was sent, what it is; and the truth when the reply is lost."""

import json
from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.tools.contacts.upsert import NOTHING_TO_DO
from tests.support.answering import Row
from tests.support.line import LOST, Line, answering, applied_then_reset, over_a_line, reset, rewritten, unreachable
from tests.support.memberships import OLDER
from tests.support.records import members_of, snapshot, starts_of
from tests.support.requests import UPSERT
from tests.support.seeded import JANE, fact, has, seeded
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

ASKED: dict[str, Any] = {
    "email": "jane@example.com",
    "firstName": "Jane",
    "customFields": {"plan": "pro", "logins": 42},
}
# A name with the non-joiner that Persian spells with, and one with an invisible selector after the heart.
JOINED_NAME, HEART = "Ali\u200cReza", "❤\ufe0f fans"
REPLACING = Options(rate_limit=0, upsert_rule="replace")


def held(line: Line, email: str = "jane@example.com") -> dict[str, Any]:
    return line.sandbox.store.contacts.find(PROJECT, [email])[0]


async def test_a_new_contact_is_created_and_an_old_one_updated(era: str) -> None:
    async with over_a_line(era) as (client, line):
        created = answer_of(await client.call_tool("upsert_contact", ASKED))
        updated = answer_of(await client.call_tool("upsert_contact", {**ASKED, "firstName": "Janet"}))
        unchanged = answer_of(await client.call_tool("upsert_contact", {**ASKED, "firstName": "Janet"}))
        shown = held(line)
        back = [await steps_of(client, answer) for answer in (created, updated)]
    assert [one["outcome"] for one in (created, updated, unchanged)] == ["created", "updated", "unchanged"]
    assert back[0] == [{"tool": "delete_contacts", "arguments": {"emails": [ASKED["email"]]}}]
    assert updated["changes"] == {"firstName": {"was": "Jane", "now": "Janet"}}
    assert back[1] == [{"tool": "upsert_contact", "arguments": {"email": ASKED["email"], "firstName": "Jane"}}]
    assert unchanged["notes"] == [NOTHING_TO_DO]
    assert line.count(UPSERT) == 2
    assert shown["firstName"] == "Janet"


async def test_the_undo_of_an_update_takes_it_back() -> None:
    async with over_a_line() as (client, line):
        await client.call_tool("upsert_contact", ASKED)
        asked = {"email": "jane@example.com", "firstName": "J", "customFields": {"plan": "free"}}
        await undone(client, answer_of(await client.call_tool("upsert_contact", asked)))
        shown = held(line)
    assert shown.items() >= ASKED.items()


@pytest.mark.parametrize("rule", ["merge", "replace"])
async def test_custom_fields_that_are_not_named_stay_under_either_upsert_rule(rule: Any) -> None:
    async with over_a_line(options=Options(rate_limit=0, upsert_rule=rule)) as (client, line):
        answer_of(await client.call_tool("create_contact", ASKED))
        answer = answer_of(
            await client.call_tool("upsert_contact", {"email": "jane@example.com", "customFields": {"plan": "free"}})
        )
        shown = held(line)
    assert shown["customFields"] == {"plan": "free", "logins": 42}
    assert answer["changes"] == {"customFields.plan": {"was": "pro", "now": "free"}}
    assert shown["firstName"] == "Jane"


async def test_a_dry_run_shows_the_request_and_the_changes_and_writes_nothing() -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        answer_of(await client.call_tool("create_contact", ASKED))
        before = snapshot(line.sandbox.store)
        asked = {"email": "jane@example.com", "customFields": {"plan": "free"}, "listIds": ["Newsletter"]}
        plan = answer_of(await client.call_tool("upsert_contact", {**asked, "dryRun": True}))["plan"]
        assert snapshot(line.sandbox.store) == before
        answer_of(await client.call_tool("upsert_contact", asked))
    assert plan["would"] == "update"
    assert plan["changes"] == {"customFields.plan": {"was": "pro", "wouldBe": "free"}}
    assert plan["lists"][0]["name"] == "Newsletter"
    assert plan["wouldStart"] == ["Welcome to Newsletter"]
    assert plan["request"] == {"method": "POST", "path": "/contacts/email", "body": line.bodies(UPSERT)[0]}


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("new", [True, False])
async def test_an_applied_upsert_whose_reply_is_lost_is_verified_not_repeated(name: str, new: bool) -> None:
    async with over_a_line() as (client, line):
        if not new:
            answer_of(await client.call_tool("create_contact", {**ASKED, "firstName": "Jan"}))
        line.lose(UPSERT, LOST[name])
        answer = answer_of(await client.call_tool("upsert_contact", ASKED))
    assert answer["outcome"] == ("created" if new else "updated")
    assert "AutoSend's reply was lost; a look-up then found the contact with every value asked for." in answer["notes"]
    assert line.count(UPSERT) == 1


async def test_a_lost_upsert_that_was_not_applied_is_reported_as_that() -> None:
    async with over_a_line() as (client, line):
        line.lose(UPSERT, reset)
        text = error_of(await client.call_tool("upsert_contact", ASKED))
    assert "the contact did not have the values asked for, so it was probably not applied" in text
    assert "Calling upsert_contact again with the same arguments is safe" in text
    assert line.count(UPSERT) == 1


async def test_when_the_look_up_fails_too_the_outcome_is_unknown() -> None:
    async with over_a_line() as (client, line):
        line.lose(UPSERT, applied_then_reset)
        line.lose("POST /contacts/search", answering(200, {"success": True, "data": {"contacts": []}}), reset)
        text = error_of(await client.call_tool("upsert_contact", ASKED))
    assert "Looking it up failed too: whether it was applied is not known." in text
    assert line.count(UPSERT) == 1


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_upsert_that_only_joins_a_list_is_settled(applied: bool) -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        answer_of(await client.call_tool("create_contact", ASKED))
        line.lose(UPSERT, applied_then_reset if applied else reset)
        result = await client.call_tool("upsert_contact", {**ASKED, "listIds": ["Newsletter"]})
    if applied:
        assert any("found it in the lists" in note for note in answer_of(result)["notes"])
    else:
        assert "it was in none of the new lists, so it was probably not applied" in error_of(result)


async def test_a_lost_upsert_is_unknown_where_the_list_cannot_be_searched() -> None:
    async with over_a_line(options=OLDER) as (client, line):
        answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        answer_of(await client.call_tool("create_contact", ASKED))
        line.lose(UPSERT, applied_then_reset)
        line.lose("POST /contact-lists/contacts/search", reset)
        text = error_of(await client.call_tool("upsert_contact", {**ASKED, "listIds": ["Newsletter"]}))
    assert "Looking it up failed too: whether it was applied is not known." in text
    assert "it would join again" in text


async def test_a_value_that_autosend_does_not_keep_is_reported() -> None:
    def forget(body: Any) -> None:
        body["data"]["firstName"] = "ASKED"

    async with over_a_line() as (client, line):
        line.lose(UPSERT, rewritten(forget))
        answer = answer_of(await client.call_tool("upsert_contact", ASKED))
    assert answer["firstName"] == "ASKED"
    assert "AutoSend's reply does not show the value asked for in: firstName." in answer["notes"]


async def test_joining_a_list_is_undone_by_leaving_it() -> None:
    async with over_a_line() as (client, line):
        made = answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        answer_of(await client.call_tool("create_contact", ASKED))
        answer = answer_of(await client.call_tool("upsert_contact", {**ASKED, "listIds": ["Newsletter"]}))
        assert len(members_of(line.sandbox.store, made["id"])) == 1
        await undone(client, answer)
        assert members_of(line.sandbox.store, made["id"]) == []
    assert answer["outcome"] == "updated"


async def test_a_list_that_the_contact_is_in_is_joined_and_undone_for_nobody() -> None:
    async with over_a_line() as (client, line):
        for name in ("Newsletter", "Offers"):
            line.sandbox.store.contact_lists.seed(PROJECT, name, "list")
        answer_of(await client.call_tool("create_contact", {**ASKED, "listIds": ["Newsletter"]}))
        both = {**ASKED, "listIds": ["Newsletter", "Offers"]}
        answer = answer_of(await client.call_tool("upsert_contact", both))
        again = answer_of(await client.call_tool("upsert_contact", both))
        steps = await steps_of(client, answer)
        starts = starts_of(line.sandbox.store)
    assert [step["tool"] for step in steps] == ["remove_from_list"]
    assert len(line.bodies(UPSERT)[0]["listIds"]) == 1
    assert again["outcome"] == "unchanged"
    assert line.count(UPSERT) == 1
    assert list(starts.values()) == [1, 1]


async def test_earlier_membership_that_cannot_be_looked_up_is_said_to_be_unknown() -> None:
    async with over_a_line(options=OLDER) as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
        answer_of(await client.call_tool("create_contact", ASKED))
        line.lose("POST /contact-lists/contacts/search", reset)
        answer = answer_of(await client.call_tool("upsert_contact", {**ASKED, "listIds": ["Newsletter"]}))
    assert "Whether the contact was in the lists before was not looked up, or could not be." in answer["notes"]
    assert "undo" not in answer


async def test_many_lists_are_joined_without_looking_into_each_first() -> None:
    async with over_a_line(options=OLDER) as (client, line):
        names = [f"List {number}" for number in range(4)]
        for name in names:
            line.sandbox.store.contact_lists.seed(PROJECT, name, "list")
        answer_of(await client.call_tool("create_contact", ASKED))
        answer = answer_of(await client.call_tool("upsert_contact", {**ASKED, "listIds": names}))
    assert line.count("POST /contact-lists/contacts/search") == 0
    assert "undo" not in answer


async def test_an_upsert_that_cannot_leave_is_retried_and_reported_as_not_sent() -> None:
    async with over_a_line() as (client, line):
        line.lose(UPSERT, unreachable)
        text = error_of(await client.call_tool("upsert_contact", ASKED))
    assert "AutoSend could not be reached. Nothing was sent and nothing changed." in text
    assert line.count(UPSERT) == 3


async def test_the_upsert_offered_for_an_existing_contact_changes_the_difference() -> None:
    asked = {"email": JANE, "firstName": "Jane", "customFields": {"plan": "free", "logins": 42}}
    async with seeded() as (client, line):
        offered = fact(await client.call_tool("create_contact", asked), "upsert arguments")
        has(line, customFields={"logins": 99})  # somebody else, before the user has agreed
        answer_of(await client.call_tool("upsert_contact", offered))
        assert held(line)["customFields"] == {"plan": "free", "logins": 99}
    assert offered == {"email": JANE, "customFields": {"plan": "free"}}


@pytest.mark.parametrize("tool", ["upsert_contact", "upsert_contacts"])
async def test_custom_fields_that_cannot_be_shown_are_sent_along_unchanged(tool: str) -> None:
    def nested(body: Any) -> None:
        for row in body["data"]["contacts"]:
            for name in {"customFields", "contactProperties"} & row.keys():
                row[name]["tags"] = ["a", {"b": JOINED_NAME}]

    asked: dict[str, Any] = {"email": JANE, "customFields": {"plan": "free"}}
    async with seeded(options=REPLACING) as (client, line):
        for name in ("nick", HEART, "tags"):
            line.sandbox.store.contact_properties.define(PROJECT, name, "string")
        has(line, customFields={"plan": "pro", "logins": 42, "nick": JOINED_NAME, HEART: "x"})
        await client.call_tool(tool, asked if tool == "upsert_contact" else {"contacts": [asked]})
        now = held(line)["customFields"]
        line.lose("POST /contacts/search", rewritten(nested))
        await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"plan": "pro"}})
    assert now == {"plan": "free", "logins": 42, "nick": JOINED_NAME, HEART: "x"}
    sent = line.bodies(UPSERT)[-1]["customFields"]
    assert sent == now | {"plan": "pro", "tags": ["a", {"b": JOINED_NAME}]}


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        ({"userId": "20240301"}, {"userId": "2024-03-01"}),
        ({"customFields": {"plan": "20240301"}}, {"customFields": {"plan": "2024-03-01"}}),
        ({"firstName": "Ja\u200bne"}, {"firstName": "Jane"}),
        ({"customFields": {"plan": "Ja\u200bne"}}, {"customFields": {"plan": "Jane"}}),
    ],
)
async def test_values_that_only_look_alike_are_not_the_same_and_are_sent(before: Row, asked: Row) -> None:
    async with seeded() as (client, line):
        for tool, arguments in (
            ("upsert_contact", {"email": JANE, **asked}),
            ("upsert_contacts", {"contacts": [{"email": JANE, **asked}]}),
        ):
            has(line, **before)
            answer = answer_of(await client.call_tool(tool, arguments))
            assert NOTHING_TO_DO not in answer.get("notes", [])
            assert answer.get("counts", {"updated": 1}) == {"updated": 1}
            assert json.dumps(asked).strip("{}") in json.dumps(held(line))


async def test_a_value_that_only_looked_like_the_one_sent_counts_as_changed() -> None:
    async with seeded() as (client, line):
        writes.upsert(line.sandbox.store, PROJECT, {"email": JANE, "firstName": "Ja\u200bne"})
        answer = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "firstName": "Jane"}))
        assert line.count("POST /contacts/email") == 1
    assert answer["outcome"] == "updated"
