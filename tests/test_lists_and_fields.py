"""Contact lists and custom fields: made once, deleted with a confirm, settled when the reply is lost."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.tools.contact_properties import VALUES_GONE
from tests.support.answering import Answering, Row
from tests.support.line import LOST, applied_then_reset, forwarded, over_a_line, reset
from tests.support.records import names
from tests.support.seeded import JANE, seeded
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

CRITERIA = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}
MAKES = {
    "create_contact_list": ({"name": "Newsletter"}, "POST /contact-lists"),
    "create_custom_field": ({"fieldName": "city1", "fieldType": "string"}, "POST /contact-properties"),
}
DELETES: dict[str, tuple[dict[str, Any], str]] = {
    "delete_contact_list": ({"list": "Letters"}, "DELETE /contact-lists/"),
    "delete_custom_field": ({"fieldName": "plan"}, "DELETE /contact-properties/name/"),
}
LOOK = {"list": "GET /contact-lists", "field": "GET /contact-properties"}
# Its name has an invisible selector after the heart.
HEART = "❤\ufe0f fans"


def look(tool: str) -> str:
    return LOOK["list" if "list" in tool else "field"]


@pytest.mark.parametrize("tool", MAKES)
async def test_what_is_made_can_be_taken_back(tool: str, era: str) -> None:
    asked, request = MAKES[tool]
    async with over_a_line(era) as (client, line):
        before = names(line.sandbox.store)
        answer = answer_of(await client.call_tool(tool, asked))
        assert names(line.sandbox.store) - before == {asked.get("name") or asked["fieldName"]}
        await undone(client, answer)
        assert names(line.sandbox.store) == before
    assert answer["outcome"] == "created"
    assert [asked for asked, _ in line.seen].count(request) == 1


@pytest.mark.parametrize("tool", MAKES)
async def test_what_exists_is_shown_and_not_made_again(tool: str) -> None:
    asked, request = MAKES[tool]
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool(tool, asked))
        text = error_of(await client.call_tool(tool, asked))
    assert "already. Nothing changed." in text
    assert "there is: " in text
    assert line.count(request) == 1


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("tool", MAKES)
async def test_a_lost_reply_to_what_was_made_is_verified_and_never_sent_again(tool: str, name: str) -> None:
    asked, request = MAKES[tool]
    async with over_a_line() as (client, line):
        line.lose(request, LOST[name])
        answer = answer_of(await client.call_tool(tool, asked))
    assert answer["notes"] == ["AutoSend's reply was lost; a look-up then found it there."]
    assert line.count(request) == 1


@pytest.mark.parametrize("tool", [*MAKES, *DELETES])
async def test_a_lost_write_that_was_not_applied_is_reported_as_that(tool: str) -> None:
    asked, request = (MAKES | DELETES)[tool]
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Letters", "list")
        line.lose(request, reset)
        confirm = {"confirm": asked.get("list") or asked.get("fieldName")} if tool in DELETES else {}
        text = error_of(await client.call_tool(tool, {**asked, **confirm}))
    was = "it was still there" if tool in DELETES else "it was as before"
    assert f"{was}, so it was probably not applied" in text
    assert line.count(request) == 1


@pytest.mark.parametrize("tool", [*MAKES, *DELETES])
async def test_when_the_look_up_fails_too_it_is_unknown(tool: str) -> None:
    asked, request = (MAKES | DELETES)[tool]
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Letters", "list")
        line.lose(request, applied_then_reset)
        line.lose(look(tool), forwarded, reset)
        confirm = {"confirm": asked.get("list") or asked.get("fieldName")} if tool in DELETES else {}
        text = error_of(await client.call_tool(tool, {**asked, **confirm}))
    assert "Looking it up failed too: whether it was applied is not known." in text
    assert line.count(request) == 1


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("tool", DELETES)
async def test_a_lost_reply_to_a_deletion_is_verified_and_never_sent_again(tool: str, name: str) -> None:
    asked, request = DELETES[tool]
    wanted = asked.get("list") or asked["fieldName"]
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Letters", "list")
        line.lose(request, LOST[name])
        answer = answer_of(await client.call_tool(tool, {**asked, "confirm": wanted}))
        assert wanted not in names(line.sandbox.store)
    assert answer["notes"][0] == "AutoSend's reply was lost; a look-up then found it gone."
    assert line.count(request) == 1


@pytest.mark.parametrize("tool", DELETES)
async def test_nothing_is_deleted_without_its_name(tool: str) -> None:
    asked, request = DELETES[tool]
    wanted = asked.get("list") or asked["fieldName"]
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Letters", "list")
        for confirm in ({}, {"confirm": "yes"}, {"confirm": wanted.upper()}):
            text = error_of(await client.call_tool(tool, asked | confirm))
            assert "Nothing changed." in text
            assert f'confirm: "{wanted}"' in text
            assert "would delete: {" in text
        plan = answer_of(await client.call_tool(tool, asked | {"dryRun": True}))["plan"]
        assert wanted in names(line.sandbox.store)
    assert plan["request"]["method"] == "DELETE"
    assert line.count(request) == 0


async def test_a_field_that_is_not_there_is_answered_with_those_there_are() -> None:
    async with over_a_line() as (client, line):
        text = error_of(await client.call_tool("delete_custom_field", {"fieldName": "paln", "confirm": "paln"}))
    assert 'No custom field has this name. Nothing changed. Call again with an exact name.\nthere are: ["plan"' in text
    assert line.count("DELETE") == 0


async def test_the_undo_of_a_deleted_field_defines_it_without_its_values() -> None:
    asked = {"fieldName": "city1", "fieldType": "string", "description": "Where", "defaultValue": "Berlin"}
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_custom_field", asked))
        deleted = answer_of(await client.call_tool("delete_custom_field", {"fieldName": "city1", "confirm": "city1"}))
        (back,) = await steps_of(client, deleted)
        await undone(client, deleted)
        (field,) = [one for one in line.sandbox.store.contact_properties.all(PROJECT) if one["fieldName"] == "city1"]
    assert deleted["notes"] == [VALUES_GONE]
    assert back["arguments"]["fieldType"] == field["fieldType"]


async def test_a_name_that_differs_in_case_only_is_made_and_reported() -> None:
    async with over_a_line() as (client, _line):
        answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        answer = answer_of(await client.call_tool("create_contact_list", {"name": "newsletter"}))
    assert answer["notes"] == ['There was a list or segment of almost this name already: "Newsletter".']


async def test_the_count_of_what_would_be_deleted_is_the_one_of_now() -> None:
    async with over_a_line() as (client, _line):
        answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        answer_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["a@b.co", "b@b.co"]}))
        text = error_of(await client.call_tool("delete_contact_list", {"list": "Newsletter"}))
        plan = answer_of(
            await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["c@b.co"], "dryRun": True})
        )["plan"]
    assert '"contactCount":2' in text
    assert plan["list"]["contactCount"] == 2


async def test_all_contacts_is_no_list_to_delete() -> None:
    async with over_a_line() as (client, line):
        asked = {"list": "All Contacts", "confirm": "All Contacts"}
        assert "All Contacts cannot be deleted." in error_of(await client.call_tool("delete_contact_list", asked))
    assert line.count("DELETE") == 0


async def test_a_deleted_list_leaves_its_contacts_and_is_no_longer_found_by_name() -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": ["Newsletter"]}))
        answer_of(await client.call_tool("delete_contact_list", {"list": "Newsletter", "confirm": "Newsletter"}))
        assert len(line.sandbox.store.contacts.find(PROJECT, ["a@b.co"])) == 1
        text = error_of(await client.call_tool("create_contact", {"email": "b@b.co", "listIds": ["Newsletter"]}))
    assert "No list or segment has this name or id." in text


async def test_a_reserved_field_name_is_refused_before_anything_is_sent() -> None:
    async with over_a_line() as (client, line):
        asked = {"fieldName": "city", "fieldType": "string"}
        text = error_of(await client.call_tool("create_custom_field", asked))
    assert "- fieldName: is a name AutoSend reserves" in text
    assert line.seen == []


async def test_a_field_whose_name_holds_an_emoji_can_be_given_and_deleted() -> None:
    name = "❤\ufe0f level"
    async with seeded() as (client, line):
        line.sandbox.store.contact_properties.define(PROJECT, name, "number")
        asked = {"email": "n@example.com", "customFields": {name: 3}}
        answer_of(await client.call_tool("create_contact", asked))
        assert line.sandbox.store.contacts.find(PROJECT, ["n@example.com"])[0]["customFields"] == {name: 3}
        answer_of(await client.call_tool("delete_custom_field", {"fieldName": name, "confirm": name}))
        assert name not in line.sandbox.store.contact_properties.types(PROJECT)


async def test_a_field_is_deleted_by_its_exact_name_and_none_that_looks_like_it() -> None:
    asked: list[str] = []
    fields: list[Row] = [{"fieldName": "plan", "fieldType": "string"}, {"fieldName": "plan\u200b"}]
    world = Answering(fields=fields, refuses=asked.append)
    async with connected(world) as client:
        answer_of(await client.call_tool("delete_custom_field", {"fieldName": "plan", "confirm": "plan"}))
        assert [request for request in asked if request.startswith("DELETE")] == [
            "DELETE /contact-properties/name/plan"
        ]
        fields[0] = {"fieldName": "pl\u200ban"}
        text = error_of(await client.call_tool("delete_custom_field", {"fieldName": "plan", "confirm": "plan"}))
    assert "2 custom fields look like this name" in text


async def test_a_list_whose_name_holds_what_cannot_be_seen_is_found_by_that_name() -> None:
    async with seeded() as (client, line):
        line.lose("POST /contact-lists", applied_then_reset)
        made = answer_of(await client.call_tool("create_contact_list", {"name": HEART}))
        line.faults = {}
        joined = answer_of(await client.call_tool("add_to_list", {"list": HEART, "emails": [JANE]}))
        again = error_of(await client.call_tool("create_contact_list", {"name": HEART}))
        line.sandbox.store.contact_properties.define(PROJECT, HEART, "string")
        answer = answer_of(
            await client.call_tool("create_contact", {"email": "n@example.com", "customFields": {HEART: "x"}})
        )
    assert (made["outcome"], joined["list"]["id"]) == ("created", made["id"])
    assert "exists already" in again
    assert "notes" not in answer
