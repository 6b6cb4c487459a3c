"""Custom fields, which newer pages call contact properties: both names read everywhere, nothing lost under either."""

import json
import re
from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.server.app import ALL_TOOLS
from autosend_mcp.settings import TOOLSETS
from autosend_mcp.tools.automations import CHANGES_MAY_HAVE
from manifests.examples import EXAMPLES, arguments_of
from tests.support.answering import Answering
from tests.support.examples import every_third
from tests.support.importing import world
from tests.support.line import LOST, answering, applied_then_reset, rewritten
from tests.support.requests import BULK
from tests.support.seeded import JANE, JOHN, seeded
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

KEYS: Any = pytest.mark.parametrize("key", ["customFields", "contactProperties", "both"])
NEITHER = answering(404, {"success": False, "error": {"message": "Not Found", "code": "NOT_FOUND"}})
GET, OLD_GET = "GET /contact-properties", "GET /custom-fields"


def options(key: Any, **more: Any) -> Options:
    return Options(rate_limit=0, properties_key=key, **more)


def custom_of(line: Any, email: str = JANE) -> dict[str, Any]:
    (row,) = line.sandbox.store.contacts.find(PROJECT, [email])
    return row["customFields"]


def masked(answer: object) -> str:
    """Return the answer without ids and times, which no two runs share."""
    text = json.dumps(answer)
    return re.sub(
        r"[0-9a-f]{24}|\d{4}-\d\d-\d\dT[\d:.]+Z|\"(importId|nextCursor|undo|write)\": \"\w+\"|\"[0-9A-Z]{5,6}\"",
        "#",
        text,
    )


@pytest.mark.parametrize(
    "name", every_third(name for name in EXAMPLES if ALL_TOOLS[name].toolset in {"contacts", "fields", "imports"})
)
async def test_a_tool_answers_the_same_under_each_name(name: str) -> None:
    answers: list[str] = []
    for key in ("customFields", "contactProperties", "both"):
        async with seeded(options=options(key), toolsets=",".join(TOOLSETS)) as (client, line):
            answer = answer_of(await client.call_tool(name, await arguments_of(client, name)))
            contacts = [[row["email"], row["customFields"]] for row in line.sandbox.store.contacts.all(PROJECT)]
            answers.append(masked([answer, contacts]))
    assert answers[0] == answers[1] == answers[2]


@KEYS
async def test_what_a_write_does_not_name_survives_and_its_undo_is_complete(key: str) -> None:
    async with seeded(options=options(key, upsert_rule="replace")) as (client, line):
        before = [custom_of(line, email) for email in (JANE, JOHN)]
        change: dict[str, Any] = {"customFields": {"plan": "free"}}
        one = answer_of(await client.call_tool("upsert_contact", {"email": JANE, **change}))
        many = answer_of(await client.call_tool("upsert_contacts", {"contacts": [{"email": JOHN, **change}]}))
        assert [custom_of(line, email) for email in (JANE, JOHN)] == [{"plan": "free", "logins": 42}] * 2
        for answer in (one, many):
            await undone(client, answer)
        assert [custom_of(line, email) for email in (JANE, JOHN)] == before
    assert one["changes"] == {"customFields.plan": {"was": "pro", "now": "free"}}
    assert one["notes"] == [CHANGES_MAY_HAVE]
    assert many["counts"] == {"updated": 1}


@KEYS
@pytest.mark.parametrize("lost", LOST)
async def test_a_lost_reply_is_settled_under_each_name(lost: str, key: str) -> None:
    custom = {"plan": "free", "logins": 7}
    async with seeded(options=options(key)) as (client, line):
        for request in ("POST /contacts", "POST /contacts/email", BULK):
            line.lose(request, LOST[lost])
        line.faults["POST /contacts/search"] = [lambda forward: forward()]
        line.faults = dict(sorted(line.faults.items(), key=lambda fault: -len(fault[0])))
        made = answer_of(await client.call_tool("create_contact", {"email": "new@x.co", "customFields": custom}))
        one = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "customFields": custom}))
        rows = [{"email": JOHN, "customFields": custom}]
        many = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
    assert (made["outcome"], one["outcome"], many["counts"]) == ("created", "updated", {"updated": 1})


@KEYS
async def test_an_import_sends_a_row_once_under_each_name(key: str) -> None:
    rows = [{"email": f"p{n}@x.co", "plan": "pro"} for n in range(3)]
    with world(options(key, upsert_rule="replace")) as here:
        here.seed({"email": "p0@x.co", "customFields": {"plan": "free", "logins": 9}})
        here.line.lose(BULK, applied_then_reset, lambda forward: forward())
        first = await here.run(rows)
        again = await here.run(rows)
        assert here.values("p0@x.co") == {"customFields": {"plan": "pro", "logins": 9}}
        assert here.line.count(BULK) == 1
    assert (first.counts, again.counts) == ({"created": 2, "updated": 1}, {"unchanged": 3})


async def test_where_a_reply_has_both_names_the_newer_wins_and_none_is_lost() -> None:
    both = {"customFields": {"plan": "old", "vip": True}, "contactProperties": {"plan": "new"}}
    for more in (both, {"contactProperties": {"plan": "new", "vip": True}, "customFields": None}):
        autosend = Answering(contact=lambda email, more=more: {"id": "1", "email": email} | more)
        async with connected(autosend) as client:
            answer = answer_of(await client.call_tool("get_contact", {"email": JANE}))
        assert answer["customFields"] == {"plan": "new", "vip": True}


@pytest.mark.parametrize("spelling", ["contactProperties", "contact_properties", "custom_fields"])
async def test_either_name_is_taken_as_an_argument_and_the_older_is_sent(spelling: str) -> None:
    async with seeded() as (client, line):
        asked = {"email": "new@x.co", spelling: {"plan": "free"}}
        answer_of(await client.call_tool("create_contact", asked))
        answer_of(await client.call_tool("upsert_contact", {"email": JANE, spelling: {"plan": "free"}}))
        rows = [{"email": JOHN, spelling: json.dumps({"plan": "free"})}]
        answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
        assert [custom_of(line, email)["plan"] for email in ("new@x.co", JANE, JOHN)] == ["free"] * 3
        asked = {"emails": [JANE], "fields": ["contactProperties"]}
        found = answer_of(await client.call_tool("find_contacts", asked))
        assert found["contacts"][0]["customFields"]["plan"] == "free"
        both = {"email": JANE, "customFields": {"plan": "a"}, spelling: {"plan": "b"}}
        text = error_of(await client.call_tool("upsert_contact", both))
    assert "- customFields: given twice, as customFields and " + spelling in text
    assert "contactProperties" not in json.dumps([body for _, body in line.seen])


async def test_a_field_is_made_and_deleted_by_either_spelling() -> None:
    async with seeded() as (client, line):
        answer_of(await client.call_tool("create_custom_field", {"name": "vip", "type": "boolean"}))
        assert line.bodies("POST /contact-properties") == [{"name": "vip", "type": "boolean"}]
        answer_of(await client.call_tool("delete_custom_field", {"name": "vip", "confirm": "vip"}))
        assert set(line.sandbox.store.contact_properties.types(PROJECT)) == {"plan", "logins"}


async def test_a_file_may_use_either_name() -> None:
    lines = [
        {"email": "a@x.co", "contactProperties": {"plan": "a"}},
        {"email": "b@x.co", "customFields": {"plan": "b"}},
        {"email": "c@x.co", "customFields": {"plan": "c"}, "contactProperties": {"plan": "c", "logins": 3}},
        {"email": "d@x.co", "customFields": {"plan": "d"}, "contactProperties": {"plan": "other"}},
    ]
    with world() as here:
        done = await here.run("\n".join(map(json.dumps, lines)).encode(), "people.jsonl")
        plans = [here.values(f"{name}@x.co").get("customFields") for name in "abc"]
        assert plans == [{"plan": "a"}, {"plan": "b"}, {"plan": "c", "logins": 3}]
        assert done.counts == {"created": 3, "invalid": 1}
        await here.run(b"email,contactProperties.plan,n\ne@x.co,e,5\n", columns={"n": "contactProperties.logins"})
        assert here.values("e@x.co")["customFields"] == {"plan": "e", "logins": 5}


# The resource


@pytest.mark.parametrize("rows", ["newest", "first"])
async def test_the_older_path_is_used_after_one_404_of_the_newer(rows: Any) -> None:
    async with seeded(options=Options(rate_limit=0, property_rows=rows)) as (client, line):
        line.lose("GET /contact-properties", NEITHER)
        fields = answer_of(await client.call_tool("list_custom_fields", {}))
        assert {one["fieldName"] for one in fields["fields"]} == {"plan", "logins"}
        line.lose("POST /custom-fields", applied_then_reset)
        asked = {"fieldName": "vip", "fieldType": "boolean", "description": "D"}
        made = answer_of(await client.call_tool("create_custom_field", asked))
        assert made["outcome"] == "created"
        gone = answer_of(await client.call_tool("delete_custom_field", {"fieldName": "vip", "confirm": "vip"}))
        assert (await steps_of(client, gone))[0]["arguments"].get("description") == ("D" if rows == "first" else None)
        assert answer_of(await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"plan": "x"}}))
    assert line.count("GET /contact-properties") == 1
    assert line.count("DELETE /custom-fields/fieldName/vip") == 1
    assert line.bodies("POST /custom-fields") == [asked]


async def test_where_neither_path_is_known_the_fields_cannot_be_read() -> None:
    async with seeded() as (client, line):
        for request in (GET, OLD_GET):
            line.lose(request, NEITHER)
        error_of(await client.call_tool("list_custom_fields", {}))
        answer = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"plan": "x"}}))
        assert custom_of(line) == {"plan": "x", "logins": 42}
    assert any("could not be read" in note for note in answer["notes"])


# Built-in and system properties

BUILT_IN: list[dict[str, Any]] = [
    {"id": "RESERVED_EMAIL", "fieldName": "mailAddress", "fieldType": "string"},
    {"id": "1", "name": "source", "type": "string", "isReserved": True},
    {"id": "2", "name": "createdAt", "type": "date"},
]


async def test_built_in_fields_are_not_shown_and_not_offered_for_deletion() -> None:
    autosend = Answering(fields=[*BUILT_IN, {"id": "3", "name": "plan", "type": "string"}])
    async with connected(autosend) as client:
        assert answer_of(await client.call_tool("list_custom_fields", {}))["fields"] == [
            {"fieldName": "plan", "fieldType": "string"}
        ]
        for name in ("createdAt", "source", "mailAddress"):
            text = error_of(await client.call_tool("delete_custom_field", {"fieldName": name, "confirm": name}))
            assert 'there are: ["plan"]' in text


async def test_a_column_that_autosend_sets_is_left_out_with_a_note() -> None:
    with world() as here:
        here.line.lose(GET, rewritten(lambda body: body["data"]["contactProperties"].extend(BUILT_IN)))
        rows: list[dict[str, Any]] = [{"email": "a@x.co", "createdAt": "soon", "updatedAt": "?", "plan": "pro"}]
        done = await here.run(rows)
        assert here.values("a@x.co") == {"customFields": {"plan": "pro"}}
        assert (done.counts, done.imported.notes) == (
            {"created": 1},
            ['Left out, because AutoSend sets such values itself: "createdAt", "updatedAt".'],
        )
        asked = await here.run(rows, columns={"createdAt": "", "updatedAt": ""})
    assert (asked.counts, asked.imported.notes) == ({"unchanged": 1}, [])


@pytest.mark.parametrize("rule", ["merge", "replace"])
@KEYS
async def test_system_properties_are_neither_sent_back_nor_changes(key: str, rule: Any) -> None:
    async with seeded(options=options(key, system_properties=True, upsert_rule=rule)) as (client, line):
        one = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"plan": "x"}}))
        rows = [{"email": JOHN, "firstName": "Jo"}]
        many = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
        line.lose("POST /contacts/email", applied_then_reset)
        new = answer_of(await client.call_tool("upsert_contact", {"email": "new@x.co", "firstName": "Nia"}))
        assert custom_of(line) == {"plan": "x", "logins": 42}
        assert custom_of(line, JOHN) == {"plan": "pro", "logins": 42}
    assert one["changes"] == {"customFields.plan": {"was": "pro", "now": "x"}}
    assert one["notes"] == [CHANGES_MAY_HAVE]
    assert (many["counts"], new["outcome"]) == ({"updated": 1}, "created")
    assert not any(name in json.dumps([body for _, body in line.seen]) for name in ("source", "emailLastOpenedAt"))


async def test_an_import_is_not_misled_by_a_mail_that_is_opened_meanwhile() -> None:
    rows = [{"email": "p0@x.co", "plan": "pro"}, {"email": "p1@x.co", "plan": "pro"}]
    with world(options("both", system_properties=True, upsert_rule="replace")) as here:
        for row in rows:
            here.seed({"email": row["email"], "customFields": {"logins": 9}})
        here.line.lose(BULK, LOST["reset"], lambda forward: forward())
        done = await here.run(rows)
        again = await here.run(rows)
        assert here.values("p1@x.co")["customFields"] == {"plan": "pro", "logins": 9}
        assert "emailLastOpenedAt" not in json.dumps(here.line.bodies(BULK))
    assert (done.counts, again.counts) == ({"updated": 2}, {"unchanged": 2})


async def test_a_row_whose_request_never_arrived_is_sent_again_though_mail_was_opened() -> None:
    rows = [{"email": "p0@x.co", "plan": "pro"}]
    with world(options("customFields", system_properties=True)) as here:
        here.seed({"email": "p0@x.co", "customFields": {"plan": "free"}})
        here.line.lose(BULK, answering(500, {"success": False}), lambda forward: forward())
        done = await here.run(rows)
        assert here.line.count(BULK) == 2
    assert done.counts == {"updated": 1}


@pytest.mark.parametrize("tool", ["upsert_contact", "upsert_contacts"])
async def test_a_field_defined_elsewhere_a_moment_ago_is_kept(tool: str) -> None:
    async with seeded(options=Options(rate_limit=0, upsert_rule="replace")) as (client, line):
        answer_of(await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"plan": "x"}}))
        writes.upsert(line.sandbox.store, PROJECT, {"email": JANE, "customFields": {"plan": "x", "new": "y"}})
        change = {"email": JANE, "firstName": "Janet"}
        answer_of(await client.call_tool(tool, change if tool == "upsert_contact" else {"contacts": [change]}))
        assert custom_of(line)["new"] == "y"
