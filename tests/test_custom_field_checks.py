"""Custom fields of a write, checked with at most one extra request a minute: a misspelt or undefined one is refused."""

from typing import Any

import anyio
import pytest

from autosend_mcp.models.text import compact_json
from autosend_mcp.sandbox.app import PROJECT
from tests.support.line import answering, over_a_line
from tests.support.requests import FIELDS
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("custom", "line"),
    [
        ({"plan": 5}, 'customFields."plan": must be a string.'),
        ({"logins": "5"}, 'customFields."logins": must be a number.'),
        ({"logins": True}, 'customFields."logins": must be a number.'),
        ({"vip": "yes"}, 'customFields."vip": must be a boolean.'),
        ({"vip": 1}, 'customFields."vip": must be a boolean.'),
        ({"since": "next week"}, 'customFields."since": must be a date, such as "2024-03-01".'),
        ({"since": 5}, 'customFields."since": must be a date'),
        ({"Plan": "pro"}, 'customFields."Plan": not defined; did you mean "plan"?'),
        ({"plann": "pro"}, 'customFields."plann": not defined; did you mean "plan"?'),
    ],
)
@pytest.mark.parametrize("tool", ["create_contact", "upsert_contact"])
async def test_a_value_of_the_wrong_type_or_a_misspelt_field_is_refused(
    custom: dict[str, Any], line: str, tool: str
) -> None:
    async with over_a_line() as (client, sent):
        sent.sandbox.store.contact_properties.define(PROJECT, "vip", "boolean")
        sent.sandbox.store.contact_properties.define(PROJECT, "since", "date")
        text = error_of(await client.call_tool(tool, {"email": "a@b.co", "customFields": custom}))
    assert text.startswith("Custom fields are not as defined in AutoSend. Nothing changed.")
    assert line in text
    assert sent.count("POST") == 0


async def test_right_values_go_through_also_of_a_field_defined_a_moment_ago() -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_contact", {"email": "b@b.co", "customFields": {"plan": "pro"}}))
        for name, kind in (("since", "date"), ("shoe size", "number")):
            line.sandbox.store.contact_properties.define(PROJECT, name, kind)
        custom = {"plan": "pro", "logins": 1.5, "since": "2024-03-01T10:00:00Z", "shoe size": 43}
        answer = answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "customFields": custom}))
        assert line.sandbox.store.contacts.find(PROJECT, ["a@b.co"])[0]["customFields"] == custom
    assert "notes" not in answer
    assert line.count(FIELDS) == 2


# A name that nobody defined and its value; what is perhaps meant, and the type that it would be defined with.
UNDEFINED: list[tuple[str, Any, str, str]] = [
    ("phoneNumber", "555 0199", "phone", "string"),
    ("my_plan", "pro", "plan", "string"),
    ("Größe", 43, "", "number"),
    ("住所", "東京", "", "string"),
    ("vip", False, "", "boolean"),
    ("trialEnds", "2027-03-01", "", "date"),
    ("x" * 100, "y", "", "string"),
    ("a.b", "y", "", "string"),
]


@pytest.mark.parametrize(("name", "value", "meant", "kind"), UNDEFINED)
async def test_no_field_comes_into_being_unasked(name: str, value: Any, meant: str, kind: str) -> None:
    person: dict[str, Any] = {"email": "a@b.co", "customFields": {name: value}}
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_properties.define(PROJECT, "phone", "string")
        fields = line.sandbox.store.contact_properties.types(PROJECT)
        good = {"email": "b@b.co", "customFields": {"plan": "pro"}}
        texts = [
            error_of(await client.call_tool(tool, person | more))
            for tool in ("create_contact", "upsert_contact")
            for more in ({}, {"dryRun": True})
        ]
        texts.append(error_of(await client.call_tool("upsert_contacts", {"contacts": [person]})))
        both = answer_of(await client.call_tool("upsert_contacts", {"contacts": [person, good]}))
        assert line.sandbox.store.contact_properties.types(PROJECT) == fields
        assert [row["email"] for row in line.sandbox.store.contacts.all(PROJECT)] == ["b@b.co"]
        define = compact_json({"fieldName": name, "fieldType": kind})
        for text in [*texts, both["notes"][-1]]:
            assert f"call create_custom_field first, as in {define}" in text
        answer_of(await client.call_tool("create_custom_field", {"fieldName": name, "fieldType": kind}))
        assert answer_of(await client.call_tool("upsert_contact", person))["outcome"] == "created"
    said = f": not defined; did you mean {compact_json(meant)}?" if meant else ": not defined."
    assert all(said in text.replace('\\"', '"') for text in texts)
    assert '"plan"' in both["notes"][0]
    assert both["counts"] == {"invalid": 1, "created": 1}


@pytest.mark.parametrize("working", [True, False])
async def test_the_check_costs_one_request_a_minute_even_when_it_fails(working: bool) -> None:
    async with over_a_line() as (client, line):
        if not working:
            line.lose(FIELDS, answering(500, {"success": False}))
        answers: list[dict[str, Any]] = []

        async def create(number: int) -> None:
            asked = {"email": f"p{number}@example.com", "customFields": {"plan": 5 if not working else "pro"}}
            answers.append(answer_of(await client.call_tool("upsert_contact", asked)))

        if not working:
            line.sandbox.store.contact_properties.delete(PROJECT, "plan")
        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(create, number)
        await create(5)
    assert line.count(FIELDS) == 1
    said = "AutoSend's custom fields could not be read, so names and types were not checked."
    assert all((said in one.get("notes", [])) is not working for one in answers)
    assert len(answers) == 6


@pytest.mark.parametrize("rows", [["plan"], [{"fieldType": "string"}], [None]])
async def test_custom_fields_in_another_shape_are_fields_that_cannot_be_read(rows: Any) -> None:
    async with over_a_line() as (client, line):
        line.lose(FIELDS, answering(200, {"success": True, "data": {"customFields": rows}}))
        assert "could not be read" in error_of(await client.call_tool("list_custom_fields", {}))
        asked = {"email": "a@b.co", "customFields": {"plan": "pro"}}
        assert "could not be read" in str(answer_of(await client.call_tool("create_contact", asked))["notes"])


async def test_a_field_made_here_is_known_at_once() -> None:
    async with over_a_line() as (client, _line):
        first = {"email": "a@b.co", "customFields": {"plan": "pro"}}
        answer_of(await client.call_tool("create_contact", first))
        answer_of(await client.call_tool("create_custom_field", {"fieldName": "vip", "fieldType": "boolean"}))
        asked = {"email": "b@b.co", "customFields": {"vip": True}}
        assert "notes" not in answer_of(await client.call_tool("create_contact", asked))
