"""Segments: made with their conditions, which are checked before anything is sent."""

import json
import re
from typing import Any

import pytest

from autosend_mcp.models.contact_lists.list_tools import OPERATORS
from autosend_mcp.models.text import compact_json
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.tools.property_checks import NOBODY_CAN_HAVE
from autosend_mcp.tools.registry import TOOLS
from tests.support.answering import Answering, Row
from tests.support.line import over_a_line, reset
from tests.support.records import names
from tests.support.seeded import JANE, seeded
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio


CRITERIA = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}


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
        assert "All" not in names(line.sandbox.store)
    assert plan["request"]["method"] == "POST"


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
