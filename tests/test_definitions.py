"""Contact lists, segments and custom fields: made once, deleted with a confirm, settled when the reply is lost."""

import json
import re
from typing import Any

import pytest

from autosend_mcp.models.contact_lists.list_tools import OPERATORS
from autosend_mcp.models.text import compact_json
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.tools.contact_properties import VALUES_GONE
from autosend_mcp.tools.property_checks import NOBODY_CAN_HAVE
from autosend_mcp.tools.registry import TOOLS
from tests.support.answering import Answering, Row
from tests.support.line import LOST, Line, applied_then_reset, forwarded, over_a_line, reset
from tests.support.records import snapshot
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


def names(line: Line) -> set[str]:
    """Return the lists and fields there are."""
    rows = snapshot(line.sandbox.store)
    return {row["name"] for table in ("lists", "fields") for row in rows[table]}


def look(tool: str) -> str:
    return LOOK["list" if "list" in tool else "field"]


@pytest.mark.parametrize("tool", MAKES)
async def test_what_is_made_can_be_taken_back(tool: str, era: str) -> None:
    asked, request = MAKES[tool]
    async with over_a_line(era) as (client, line):
        before = names(line)
        answer = answer_of(await client.call_tool(tool, asked))
        assert names(line) - before == {asked.get("name") or asked["fieldName"]}
        await undone(client, answer)
        assert names(line) == before
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
        assert wanted not in names(line)
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
        assert wanted in names(line)
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


async def test_a_segment_is_made_with_its_conditions_and_filled_by_them() -> None:
    async with over_a_line() as (client, line):
        asked = {"name": "Pro", "type": "segment", "filterCriteria": CRITERIA}
        answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "customFields": {"plan": "pro"}}))
        answer_of(await client.call_tool("create_contact", {"email": "b@b.co", "customFields": {"plan": "free"}}))
        made = answer_of(await client.call_tool("create_contact_list", asked))
        inside = answer_of(await client.call_tool("find_contacts", {"list": "Pro"}))
        (shown,) = answer_of(await client.call_tool("list_contact_lists", {"type": "segment"}))["lists"]
        text = error_of(await client.call_tool("add_to_list", {"list": "Pro", "emails": ["b@b.co"]}))
        line.lose("POST /contact-lists/contacts/search", reset)
        uncounted = answer_of(await client.call_tool("create_contact_list", asked | {"name": "Also pro"}))
    assert (made["type"], made["contactCount"]) == ("segment", 1)
    assert [one["email"] for one in inside["contacts"]] == ["a@b.co"]
    assert shown["filterCriteria"] == CRITERIA
    assert compact_json(CRITERIA) in text
    assert "contactCount" not in uncounted


def test_the_operators_of_segments_are_in_the_description() -> None:
    description = TOOLS["create_contact_list"].definition.input_schema["properties"]["filterCriteria"]["description"]
    for operator in set[str]().union(*OPERATORS.values()):
        assert re.search(rf"\b{operator}\b", description)


CONDITION = CRITERIA["groups"][0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"type": "segment"}, "filterCriteria is required for a segment"),
        ({"filterCriteria": CRITERIA}, "and only for a segment"),
        ({"type": "group"}, "- type: must be 'list' or 'segment'."),
        ({"type": "segment", "filterCriteria": "plan = pro"}, "- filterCriteria: must be an object."),
        ({"type": "segment", "filterCriteria": {"groups": []}}, "needs logicalOperator, AND or OR"),
        ({"type": "segment", "filterCriteria": {"logicalOperator": "AND"}}, "needs groups"),
        ({"type": "segment", "filterCriteria": {"logicalOperator": "AND", "groups": [1]}}, "groups.0 must be an obj"),
        ({"condition": {"field": " "}}, "groups.0 needs field"),
        ({"condition": {"fieldType": "text"}}, "groups.0.fieldType must be one of string, number, boolean, date"),
        ({"condition": {"operator": "between"}}, "groups.0.operator must be one of contains, ends_with, equals"),
        ({"condition": {"value": None}}, "groups.0 needs value"),
        ({"name": "x" * 201}, "- name: must be at most 200 characters."),
        ({"description": "x" * 501}, "- description: must be at most 500 characters."),
    ],
)
async def test_a_list_that_cannot_be_is_refused_with_the_rule(more: dict[str, Any], said: str) -> None:
    if "condition" in more:
        groups = [CONDITION | more["condition"]]
        more = {"type": "segment", "filterCriteria": {"logicalOperator": "OR", "groups": groups}}
    async with over_a_line() as (client, line):
        assert said in error_of(await client.call_tool("create_contact_list", {"name": "Pro", **more}))
    assert line.seen == []


@pytest.mark.parametrize("name", ["logicalOperator", "field", "fieldType", "operator"])
async def test_a_list_in_place_of_a_text_in_a_condition_is_refused_with_a_line(name: str) -> None:
    group: Row = {"field": "plan", "fieldType": "string", "operator": "equals", "value": "x"} | {name: ["x"]}
    criteria: Row = {"logicalOperator": ["AND"] if name == "logicalOperator" else "AND", "groups": [group]}
    async with seeded() as (client, line):
        asked = {"name": "S", "type": "segment", "filterCriteria": criteria}
        assert "\n- filterCriteria: " in error_of(await client.call_tool("create_contact_list", asked))
    assert line.seen == []


async def test_every_documented_operator_is_accepted() -> None:
    values = {"string": "a", "number": 1, "boolean": True, "date": "2024-03-01"}
    groups = [
        {"field": "f", "fieldType": kind, "operator": operator}
        | ({} if operator.endswith("_empty") else {"value": [1, 2] if operator == "between" else values[kind]})
        for kind, operators in OPERATORS.items()
        for operator in sorted(operators)
    ]
    async with over_a_line() as (client, line):
        criteria = {"logicalOperator": "OR", "groups": groups}
        asked = {"name": "All", "type": "segment", "filterCriteria": criteria, "dryRun": True}
        plan = answer_of(await client.call_tool("create_contact_list", asked))["plan"]
        assert "All" not in names(line)
    assert plan["request"]["method"] == "POST"


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


@pytest.mark.parametrize(
    ("field", "noted"),
    [
        ("plan", None),
        ("customFields.plan", None),
        ("contactProperties.logins", None),
        ("email", None),
        ("createdAt", None),
        ("plann", 'No custom field or field of contacts is called "plann"; did you mean "plan"?'),
        ("customFields.Plan", 'No custom field or field of contacts is called "Plan"; did you mean "plan"?'),
        ("shoeSize", 'No custom field or field of contacts is called "shoeSize".'),
        ("country", NOBODY_CAN_HAVE.format('"country"')),
    ],
)
async def test_a_condition_on_a_field_that_nobody_has_is_noted(field: str, noted: str | None) -> None:
    criteria = {"field": field, "fieldType": "string", "operator": "equals", "value": "pro"}
    asked = {"name": "S", "type": "segment", "filterCriteria": {"logicalOperator": "AND", "groups": [criteria]}}
    async with seeded() as (client, _):
        for more in ({"dryRun": True}, {}):
            answer = answer_of(await client.call_tool("create_contact_list", asked | more))
            assert answer.get("notes") == ([noted] if noted else None)


async def test_a_value_is_checked_against_the_field_named_and_shown_from_it() -> None:
    """Not against the twin, or from the one, that only looks like it, whichever comes first."""
    rows: list[Row] = [{"fieldName": "plan", "fieldType": "string"}, {"fieldName": "plan\u200b", "fieldType": "number"}]
    for fields in (rows, rows[::-1]):
        held = {"plan": "pro", "plan\u200b": 1} if fields is rows else {"plan\u200b": 1, "plan": "pro"}
        answering = Answering(contact=lambda e, held=held: {"id": "1", "email": e, "customFields": held}, fields=fields)
        async with connected(answering) as client:
            plan = {"email": JANE, "customFields": {"plan": "pro"}}
            assert answer_of(await client.call_tool("upsert_contact", plan))["outcome"] == "unchanged"
            shown = answer_of(await client.call_tool("get_contact", {"email": JANE}))
        assert shown["customFields"] == {"plan": "pro"}


@pytest.mark.parametrize(("stored", "other"), [("tier\u200b", "tier"), ("a\u2060", "a"), ("tier", "ti\u00ader")])
async def test_a_field_that_only_looks_like_the_one_named_is_not_it(stored: str, other: str) -> None:
    """Sent, the other name would define a field of its own, for good. The error says how to write the one there is."""
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_properties.define(PROJECT, stored, "string")
        one: Row = {"email": "n@example.com", "customFields": {other: "x"}}
        of_many = error_of(await client.call_tool("upsert_contacts", {"contacts": [one]}))
        assert json.dumps(json.dumps(stored))[1:-1] in of_many
        for tool in ("create_contact", "upsert_contact"):
            refused = error_of(await client.call_tool(tool, one))
            assert "create_custom_field" not in refused + of_many
        assert {*line.sandbox.store.contact_properties.types(PROJECT)} == {"plan", "logins", stored}
        assert not line.sandbox.store.contacts.find(PROJECT, ["n@example.com"])
        said = re.search(r'customFields.("[^ ]+"): not defined; did you mean ("[^ ]+")\?', refused)
        assert said
        assert json.loads(said[1]) == other
        one["customFields"] = {json.loads(said[2]): "x"}
        answer_of(await client.call_tool("upsert_contact", one))
        assert line.sandbox.store.contacts.find(PROJECT, ["n@example.com"])[0]["customFields"] == {stored: "x"}


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
