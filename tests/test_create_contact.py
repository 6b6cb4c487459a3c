"""create_contact when all goes well: what is sent, what is answered, and what was repaired on the way."""

from typing import Any

import pytest

from autosend_mcp.errors import NotSent
from autosend_mcp.models.arguments import read_arguments
from autosend_mcp.models.contacts.create import CreateContact
from autosend_mcp.sandbox.app import PROJECT, Options
from tests.support.faulty import Exchange, Faulty
from tests.support.line import over_a_line, reset
from tests.support.records import members_of, snapshot, starts_of
from tests.support.undo import steps_of
from tests.support.worlds import KEY, answer_of, connected, error_of

pytestmark = pytest.mark.anyio

JOHN: dict[str, Any] = {
    "email": "john@example.com",
    "firstName": "John",
    "lastName": "Doe",
    "userId": "user_12345",
    "customFields": {"company": "Acme Corp", "role": "Developer", "plan": "premium"},
}


async def test_the_documented_example_is_created_and_answered_in_both_halves(era: str) -> None:
    async with over_a_line(era) as (client, line):
        for name in ("company", "role"):
            line.sandbox.store.contact_properties.define(PROJECT, name, "string")
        answer = answer_of(await client.call_tool("create_contact", JOHN))
        steps = await steps_of(client, answer)
    assert list(answer) == [
        "outcome", "email", "firstName", "lastName", "userId", "customFields", "undo"
    ]  # fmt: skip
    assert steps == [{"tool": "delete_contacts", "arguments": {"emails": ["john@example.com"]}}]
    assert answer | {"outcome": "created", **JOHN} == answer


async def test_what_was_not_given_is_neither_sent_nor_answered(faulty: Faulty) -> None:
    async with connected(faulty.transport()) as client:
        answer = answer_of(await client.call_tool("create_contact", {"email": "a@example.com", "lastName": None}))
    assert faulty.applied == [{"email": "a@example.com"}]
    assert list(answer) == ["outcome", "email", "undo"]


@pytest.mark.parametrize(
    ("given", "sent", "notes"),
    [
        ({"email": " Jane@Example.COM "}, {}, []),
        ({"email": "Jane Doe <JANE@example.com>"}, {}, ["email was read as jane@example.com."]),
        ({"first_name": "Jane", "user_id": "7"}, {"firstName": "Jane", "userId": "7"}, []),
        ({"firstName": "", "lastName": "  ", "userId": None}, {}, ["Empty, so not sent: firstName, lastName."]),
        (
            {"customFields": '{"plan": "pro", "logins": 42}'},
            {"customFields": {"plan": "pro", "logins": 42}},
            ["customFields came as a JSON string and was read as an object."],
        ),
        (
            {"list_ids": '["l1", "l2"]'},
            {"listIds": ["l1", "l2"]},
            [
                "listIds came as a JSON string and was read as an array.",
                (
                    "Any live automation of these lists starts now. "
                    "AutoSend does not show the contact's lists, so joining them was not checked."
                ),
            ],
        ),
        (
            {"customFields": {"a": None, "b": "", "plan": "x"}},
            {"customFields": {"plan": "x"}},
            ['Empty, so not sent: customFields."a", customFields."b".'],
        ),
        ({"customFields": {"n": 42, "f": 1.5, "t": True, "d": "2024-03-01"}}, {}, []),
        ({"listIds": []}, {"email": "jane@example.com"}, ["Empty, so not sent: listIds."]),
        (
            {"email": "jane@gmial.com"},
            {"email": "jane@gmial.com"},
            ["Check the address: its domain resembles gmail.com. It was used as given."],
        ),
        ({"first_name": None, "firstName": "A"}, {"firstName": "A"}, []),
        ({"firstName": "A", "first_name": None}, {"firstName": "A"}, []),
        ({"firstName": "", "first_name": "A"}, {"firstName": "A"}, []),
        (
            {"email": "jane@b\u00fccher.example.com"},
            {"email": "jane@xn--bcher-kva.example.com"},
            ["email was read as jane@xn--bcher-kva.example.com."],
        ),
        ({"email": "jane@ymail.com"}, {"email": "jane@ymail.com"}, []),
    ],
)
async def test_plain_arguments_are_repaired_and_every_repair_is_reported(
    given: dict[str, Any], sent: dict[str, Any], notes: list[str], faulty: Faulty, era: str
) -> None:
    async with connected(faulty.transport(), era) as client:
        answer = answer_of(await client.call_tool("create_contact", {"email": "jane@example.com"} | given))
    assert answer.get("notes", []) == notes
    sent = sent or {name: value for name, value in given.items() if name == "customFields"}
    assert faulty.applied == [{"email": "jane@example.com"} | sent]


async def test_an_integer_stays_an_integer_on_the_wire(faulty: Faulty) -> None:
    async with connected(faulty.transport()) as client:
        answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "customFields": {"n": 42, "yes": True}}))
    custom = faulty.applied[0]["customFields"]
    assert (type(custom["n"]), custom["yes"]) == (int, True)


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({}, ['- email: is required. Example: "jane@example.com"']),
        ({"email": ""}, ["- email: is required."]),
        ({"email": "SECRET"}, ["- email: must be one mail address; this one has no @."]),
        ({"email": "SECRET@localhost"}, ["- email: must be one mail address; this one has no dot behind the @"]),
        ({"email": "a@b.co, SECRET <c@d.co>"}, ["- email: must be one mail address"]),
        ({"email": "SECRET\ufffd@b.co"}, ["- email: must be one mail address; this one was damaged on the way."]),
        ({"email": "a@b.co, SECRET@d.co"}, ["- email: must be one mail address; this one holds two addresses."]),
        ({"email": f"SECRET@{'x' * 250}.com"}, ["- email: must be at most 254 characters."]),
        ({"email": ["SECRET"]}, ["- email: must be a string."]),
        ({"emial": "SECRET"}, ["- emial: no such argument; did you mean email?", "- email: is required."]),
        ({"email": "a@b.co", "fristname": "SECRET"}, ["- fristname: no such argument; did you mean firstName?"]),
        ({"email": "a@b.co", "zip": "SECRET"}, ["- zip: no such argument; there are email, firstName, lastName,"]),
        ({"email": "a@b.co", "tags\u202e<b>": 1}, ['- "tags<b>": no such argument;']),
        ({"email": "a@b.co", "firstName": "x", "first_name": "SECRET"}, ["- firstName: given twice"]),
        ({"email": "a@b.co", "firstName": "x" * 1001}, ["- firstName: must be at most 1000 characters."]),
        ({"email": "a@b.co", "lastName": 5}, ["- lastName: must be a string."]),
        ({"email": "a@b.co", "lastName": "a\0b"}, ["- lastName: must be text without NUL"]),
        ({"email": "a@b.co", "listIds": 5}, ["- listIds: must be an array."]),
        ({"email": "a@b.co", "listIds": '{"a": 1}'}, ["- listIds: must be an array."]),
        ({"email": "a@b.co", "phone": "SECRET"}, ["any other attribute into customFields."]),
        ({"email": "a@b.co", "listIds": [7]}, ["- listIds.0: must be a string."]),
        ({"email": "a@b.co", "listIds": ["l"] * 101}, ["- listIds: must have at most 100 entries."]),
        ({"email": "a@b.co", "customFields": [1]}, ["- customFields: must be an object."]),
        ({"email": "a@b.co", "customFields": {"a": {"b": "SECRET"}}}, ["- customFields.a: must not be nested"]),
        ({"email": "a@b.co", "customFields": {"a": ["SECRET"]}}, ["- customFields.a: must not be nested"]),
        ({"email": "a@b.co", "customFields": {"big": 2**53}}, ["- customFields.big: has more digits"]),
        ({"email": "a@b.co", "customFields": {" ": 1}}, ["has an empty name"]),
        ({"email": "a@b.co", "customFields": {"k" * 101: 1}}, ["must be at most 100 characters"]),
        ({"email": "a@b.co", "customFields": {"v": "x" * 1001}}, ["- customFields.v: must be at most 1000"]),
        ({"email": "a@b.co", "customFields": {str(n): n for n in range(101)}}, ["must have at most 100 entries"]),
        ({"email": "a@b.co", "customFields": {"firstName": "SECRET"}}, ["use the parameter firstName"]),
        ({"email": "a@b.co", "customFields": {"email": "SECRET"}}, ["use the parameter email"]),
        ({"email": "a@b.co", "customFields": {"externalId": "SECRET"}}, ["use the parameter userId"]),
        ({"email": "a@b.co", "customFields": {"contactLists": "SECRET"}}, ["use the parameter listIds"]),
        (
            {"email": "a@b.co", "customFields": {"city": "SECRET"}},
            ["name, such as homeCity. Reserved are ", "zip, country."],
        ),
        ({f"city{n}": 1 for n in range(30)}, ["- and 11 more."]),
    ],
)
async def test_what_cannot_be_repaired_is_refused_with_a_line_a_field(
    given: dict[str, Any], lines: list[str], faulty: Faulty, era: str
) -> None:
    async with connected(faulty.transport(), era) as client:
        text = error_of(await client.call_tool("create_contact", given))
    assert "Nothing was sent and nothing changed." in text
    assert "call create_contact again" in text
    for line in lines:
        assert line in text
    assert "SECRET" not in text
    assert faulty.seen == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "half of \ud83d"])
async def test_what_json_cannot_hold_is_refused(value: object) -> None:
    """A client here writes such values as null; another one may not (1e999 is infinite)."""
    with pytest.raises(NotSent, match=r"customFields.v: must be (a finite number|text without NUL)"):
        read_arguments(CreateContact, {"email": "a@b.co", "customFields": {"v": value}}, "create_contact")


async def test_an_unknown_tool_is_answered_with_the_nearest_name(era: str) -> None:
    async with over_a_line(era) as (client, _):
        text = error_of(await client.call_tool("creat_contact", {}))
    assert "There is no such tool; did you mean create_contact? Nothing was sent" in text


async def test_a_value_that_autosend_shows_otherwise_is_reported(faulty: Faulty) -> None:
    async def ignores_custom_fields(exchange: Exchange) -> None:
        await exchange.succeed(exchange.apply(customFields={"plan": "PRO"}, firstName="Jan"))

    faulty.create = ignores_custom_fields
    async with connected(faulty.transport()) as client:
        answer = answer_of(await client.call_tool("create_contact", JOHN))
    assert answer["notes"] == [
        "AutoSend's reply does not show the value asked for in: "
        'firstName, customFields."company", customFields."role", customFields."plan".'
    ]


async def test_a_date_that_autosend_writes_another_way_is_the_same_date(faulty: Faulty) -> None:
    async def as_datetime(exchange: Exchange) -> None:
        await exchange.succeed(exchange.apply(customFields={"d": "2024-03-01T00:00:00.000Z"}))

    faulty.create = as_datetime
    async with connected(faulty.transport()) as client:
        asked = {"email": "a@b.co", "customFields": {"d": "2024-03-01"}}
        assert "notes" not in answer_of(await client.call_tool("create_contact", asked))


async def test_lists_that_autosend_shows_are_answered_and_compared(faulty: Faulty) -> None:
    async def with_lists(exchange: Exchange) -> None:
        await exchange.succeed(exchange.apply(listIds=["l1"]))

    faulty.create = with_lists
    async with connected(faulty.transport()) as client:
        answer = answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": ["l1", "l2"]}))
    assert "listIds" not in answer
    assert answer["notes"] == [
        "Any live automation of these lists starts now.",
        "AutoSend's reply does not show the value asked for in: listIds.",
    ]


async def test_text_from_autosend_reaches_the_assistant_without_the_invisible(faulty: Faulty) -> None:
    async def hostile(exchange: Exchange) -> None:
        held = {"a\u200b\u202eb": "x\ufeff\U000e0041y\nz", "nested": {"no": 1}, "none": None, "n": 1}
        await exchange.succeed(exchange.apply(firstName="J\u2066an\x07e\u3164\ufe0f", customFields=held))

    faulty.create = hostile
    async with connected(faulty.transport()) as client:
        answer = answer_of(await client.call_tool("create_contact", {"email": "a@b.co"}))
    assert answer["firstName"] == "Jane"
    assert answer["customFields"] == {"ab": "xy z", "n": 1}


async def test_a_key_that_autosend_echoes_does_not_reach_the_assistant(faulty: Faulty) -> None:
    async def echo(exchange: Exchange) -> None:
        await exchange.succeed(exchange.apply(firstName=exchange.headers["authorization"]))

    faulty.create = echo
    async with connected(faulty.transport()) as client:
        assert answer_of(await client.call_tool("create_contact", {"email": "a@b.co"}))["firstName"] == "Bearer [key]"


async def test_a_key_among_the_arguments_is_not_shown_again() -> None:
    async with over_a_line() as (client, _):
        asked = {"email": "a@b.co", "firstName": KEY, "dryRun": True}
        plan = answer_of(await client.call_tool("create_contact", asked))["plan"]
    assert plan["request"]["body"]["firstName"] == "[key]"


async def test_a_domain_in_unicode_is_the_same_as_in_ascii(faulty: Faulty) -> None:
    async def in_unicode(exchange: Exchange) -> None:
        await exchange.succeed(exchange.apply(email="JANE@b\u00fccher.example.com"))

    faulty.create = in_unicode
    async with connected(faulty.transport()) as client:
        answer = answer_of(await client.call_tool("create_contact", {"email": "jane@b\u00fccher.example.com"}))
    assert answer["email"] == "JANE@b\u00fccher.example.com"
    assert faulty.look_ups == 0


async def test_a_list_is_joined_and_its_automation_starts() -> None:
    async with over_a_line() as (client, line):
        store = line.sandbox.store
        list_id = store.contact_lists.seed(PROJECT, "Newsletter", "list")
        answer = answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": ["Newsletter"]}))
        (contact,) = store.contacts.find(PROJECT, [answer["email"]])
        assert members_of(store, list_id) == [contact["id"]]
        assert starts_of(store) == {(contact["id"], list_id): 1}


async def test_a_list_that_autosend_refuses_is_reported_by_its_parameter() -> None:
    async with over_a_line(options=Options(rate_limit=0, known_lists_only=True)) as (client, line):
        segment_id = line.sandbox.store.contact_lists.seed(PROJECT, "Active", "segment")
        line.lose("GET /contact-lists", reset)
        text = error_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": [segment_id]}))
    assert "- listIds: AutoSend refused it. Contact lists (not segments) to join, by name or id." in text
    assert "Segment ids are not allowed" in text


async def test_a_dry_run_writes_nothing_and_shows_the_request(era: str) -> None:
    async with over_a_line(era) as (client, line):
        store = line.sandbox.store
        store.contact_lists.seed(PROJECT, "Newsletter", "list")
        asked = {"email": "a@b.co", "firstName": "A", "listIds": ["Newsletter"]}
        before = snapshot(store)
        plan = answer_of(await client.call_tool("create_contact", {**asked, "dryRun": True}))["plan"]
        assert snapshot(store) == before
        answer_of(await client.call_tool("create_contact", asked))
        asked |= {"lastName": "B"}
        again = answer_of(await client.call_tool("create_contact", {**asked, "dryRun": True}))["plan"]
    assert plan["request"]["body"]["listIds"] == [plan["lists"][0]["id"]]
    assert plan["wouldStart"] == ["Welcome", "Welcome to Newsletter"]
    assert plan["would"] == "create"
    assert "wouldStart" not in again
    assert "refusedBecauseItExists" not in plan
    assert again["refusedBecauseItExists"]["email"] == "a@b.co"
    assert again["differences"] == {"lastName": {"asked": "B", "now": None}}
    assert again["upsertArguments"] == {"email": "a@b.co", "lastName": "B"}


async def test_the_request_is_the_documented_one(faulty: Faulty) -> None:
    async with connected(faulty.transport(), api_key="ASA_account", project_id="p1") as client:
        answer_of(await client.call_tool("create_contact", JOHN))
    seen = faulty.seen[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/contacts", JOHN)
    assert seen.headers["authorization"] == "Bearer ASA_account"
    assert seen.headers["x-project-id"] == "p1"
    assert seen.headers["content-type"] == "application/json"
