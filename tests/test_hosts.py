"""What hosts add to a call and make of its arguments: noise is dropped, and "nothing" means not given."""

from copy import deepcopy
from itertools import product
from typing import Any

import jsonschema
import pytest

from autosend_mcp.models.arguments import read_arguments
from autosend_mcp.models.text import compact_json
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.server.app import ALL_TOOLS
from manifests.examples import EXAMPLES, arguments_of
from tests.support.examples import every_third
from tests.support.line import over_a_line
from tests.support.seeded import JANE, JOHN, held, seeded
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

NEW = "new@example.com"
NOISE: list[dict[str, Any]] = [
    {"toolCallId": "call_1", "sessionId": "s", "action": "sendMessage", "chatInput": "add ana"},  # n8n
    {"task_progress": "- [x] look up\n- [ ] add", "requires_approval": True},  # Cline
    {
        "explanation": "The user asked for it",
        "toolSummary": "Adding",
        "waitForPreviousTools": False,
    },  # Cursor, Windsurf
    {"security_risk": "LOW", "summary": "x", "thought": "y"},  # OpenHands
    {"_meta": {"progressToken": 1}, "__user__": {"email": JOHN, "name": "John"}, "$json": {}},  # Open WebUI, n8n
    {
        "chatflowid": "c",
        "overrideConfig": {},
        "tool_call_id": "t",
        "runId": "r",
        "thread_id": "t",
    },  # Flowise, LangChain
    {"request_heartbeat": True, "inner_thoughts": "hm", "security_context": {"fingerprint": "f"}},  # Letta, crewAI
    {"reasoning": "because", "conversationId": 7, "traceparent": "00-1-2-3", "state": {"messages": []}},
    {"role": "assistant", "id_of_run": "x", "hostNonce": "n", "zzz": [1], "customer": "call_7"},
]


async def test_what_a_host_adds_is_dropped_with_a_note_and_stored_nowhere() -> None:
    async with seeded() as (client, line):
        for number, noise in enumerate(NOISE):
            new = {"email": f"new{number}@example.com", "firstName": "Nia"}
            listed = answer_of(await client.call_tool("list_contact_lists", noise))
            created = answer_of(await client.call_tool("create_contact", {**noise, **new}))
            assert line.bodies("POST /contacts")[-1] == new
            for answer in (listed, created):
                (said,) = (note for note in answer["notes"] if note.startswith("Ignored, for it is no argument"))
                assert all(name in said for name in noise)
                assert "customFields" not in said


MEANT = [
    ("create_contact", "fristName", "did you mean firstName?"),
    ("upsert_contacts", "runWorkflo", "did you mean runWorkflow?"),
    ("create_contact", "company", "Any other attribute goes into customFields."),
    ("create_contact", "jobTitle", "Any other attribute goes into customFields."),
    ("create_contact", "ciudad", "Any other attribute goes into customFields."),
    ("create_contact", "\u0433\u043e\u0440\u043e\u0434", "Any other attribute goes into customFields."),
    ("create_contact", "city", "AutoSend reserves this name"),
    ("create_contact", "phoneNumber", "A mobile number goes into mobile"),
    ("create_contact", "full_name", "split into firstName and lastName"),
    ("create_contact", "tags", "Lists are joined by listIds"),
    ("create_contact", "unsubscribed", "suppress_emails is the tool for that"),
    ("upsert_contact", "emailOptIn", "suppress_emails is the tool for that"),
    ("upsert_contact", "preview", "did you mean dryRun?"),
    ("upsert_contact", "sendWelcomeEmail", "there are email,"),
    ("delete_contacts", "listName", "there are emails, ids, userId"),
    ("delete_contacts", "onlyInactive", "there are emails, ids, userId"),
    ("add_to_list", "except", "there are "),
    ("add_to_list", "sendAfter", "there are "),
    ("create_contact", "scheduledAt", "there are email,"),
    ("find_contacts", "firstNmae", "there are emails, "),
    ("find_contacts", "search", "there are emails, "),
    ("list_contact_lists", "limt", "did you mean limit?"),
]


async def test_what_the_caller_meant_is_refused_with_where_it_belongs() -> None:
    async with seeded() as (client, line):
        for tool, meant, said in MEANT:
            text = error_of(await client.call_tool(tool, EXAMPLES[tool] | {meant: "x", "toolCallId": "call_1"}))
            assert f"{meant}: no such argument" in text.replace('"', "")
            assert said in text
            assert "toolCallId" not in text
    assert line.seen == []


LISTS: list[tuple[str, dict[str, Any], list[str], str]] = [
    ("add_to_list", {"emails": f"{JANE}, {NEW}"}, [JANE, NEW], "emails: one text was read as an array of 2."),
    ("add_to_list", {"emails": f"{JANE}; {NEW};"}, [JANE, NEW], "emails: one text was read as an array of 2."),
    ("add_to_list", {"emails": JANE}, [JANE], "emails: one text was read as an array of 1."),
    ("add_to_list", {"emails": f"['{JANE}']"}, [JANE], "emails came as a JSON string and was read as an array."),
    ("add_to_list", {"emails": f'"{JANE}"'}, [JANE], "emails: one text was read as an array of 1."),
    ("add_to_list", {"emails": [JANE, "", None, "null"]}, [JANE], "emails: 3 empty of 4 left out."),
    ("add_to_list", {"emails": JANE, "contactIds": {}}, [JANE], "Empty, so not sent: contactIds."),
    ("upsert_contacts", {"contacts": {"email": NEW}}, [NEW], "contacts: one object was read as an array of it."),
    ("upsert_contacts", {"contacts": [f'{{"email": "{NEW}"}}']}, [NEW], ""),
    (
        "upsert_contacts",
        {"contacts": f'{{"email": "{NEW}"}}'},
        [NEW],
        "contacts: one object was read as an array of",
    ),
]


async def test_one_value_or_a_text_of_many_is_read_as_a_list() -> None:
    async with seeded() as (client, _):
        for tool, given, read, noted in LISTS:
            more = {"list": "Offers"} if tool == "add_to_list" else {}
            answer = answer_of(await client.call_tool(tool, {**more, **given, "dryRun": True}))
            assert all(email in compact_json(answer["plan"]) for email in read)
            assert any(note.startswith(noted) for note in answer.get("notes", [""]))


async def test_nothing_for_an_optional_argument_is_not_given() -> None:
    nothings: list[object] = ["", None, [], {}, "null", "undefined", "None", "<nil>", " NULL "]
    async with over_a_line() as (client, line):
        for name, nothing in product(("firstName", "customFields", "listIds", "clear", "dryRun"), nothings):
            given = {"email": NEW, "userId": f"{name}{nothing}", name: nothing}
            answer = answer_of(await client.call_tool("upsert_contact", given))
            assert line.bodies("POST /contacts/email")[-1] == {"email": NEW, "userId": given["userId"]}
            assert nothing is None or any(name in note for note in answer["notes"])


async def test_nothing_within_a_list_or_a_field_is_not_given() -> None:
    given: dict[str, Any] = {
        "listIds": ["null", ""],
        "customFields": {"plan": "undefined", "logins": "", "diet": "None", "a": [], "b": {}},
    }
    async with seeded() as (client, line):
        line.sandbox.store.contact_properties.define(PROJECT, "diet", "string")
        answer = answer_of(await client.call_tool("create_contact", {"email": NEW, **given}))
        assert line.bodies("POST /contacts") == [{"email": NEW, "customFields": {"diet": "None"}}]
    for noted in ("listIds", "customFields.plan", 'customFields."logins"'):
        assert any(noted in note for note in answer["notes"])


CALLED = {"name": "create_contact", "arguments": {"email": NEW}}
WRAPPED: list[dict[str, Any]] = [
    *({name: {"email": NEW}} for name in ("input", "arguments", "args", "params", "kwargs")),
    *({name: {"email": NEW}} for name in ("data", "body", "payload", "request", "tool_input")),
    {"create_contact": {"email": NEW}},
    {"Parameters": f'{{"email": "{NEW}"}}', "toolCallId": "call_1"},
    {"input": f"```json\n{{'email': '{NEW}', 'firstName': None}}\n```", "sessionId": "s"},
    {"args": [], "kwargs": {"email": NEW}, "firstName": ""},
    {"arguments": [{"email": NEW}]},
    {"input": {"params": {"email": NEW}}},
    {"email": NEW, "input": {"email": NEW}},
    CALLED,
    {"type": "tool_use", "name": "mcp__autosend__create_contact", "input": {"email": NEW}},
    {"type": "function", "function": CALLED | {"arguments": compact_json({"email": NEW})}},
    {"request": {"method": "tools/call", "params": CALLED}},
]


@pytest.mark.parametrize("given", WRAPPED)
async def test_arguments_in_a_wrapper_are_read_with_a_note(given: dict[str, Any]) -> None:
    async with over_a_line() as (client, line):
        answer = answer_of(await client.call_tool("create_contact", given))
    assert line.bodies("POST /contacts") == [{"email": NEW}]
    assert any(note.startswith("The arguments were read out of ") for note in answer["notes"])


async def test_a_wrapper_is_read_where_the_tool_needs_no_argument() -> None:
    async with seeded() as (client, _):
        found = answer_of(await client.call_tool("find_contacts", {"input": {"list": "Offers"}}))
        assert found["total"] == 0


# What is in each, by the part of the refusal; nothing where it is a host's, and dropped.
NOT_PLAIN: list[tuple[str, dict[str, Any], str]] = [
    ("create_contact", {"email": NEW, "options": {"dryRun": True}}, "options: no such argument, yet arguments are"),
    ("create_contact", {"email": NEW, "input": {"email": JOHN}}, "input: no such argument, yet arguments are in it."),
    ("create_contact", {"input": {"email": NEW}, "params": {"email": JOHN}}, "input and params: no such argument"),
    ("find_contacts", {"input": {"search": "jane"}}, "search: no such argument"),
    ("create_contact", {"input": {"email": NEW, "unsubscribed": True}}, "suppress_emails is the tool for that"),
    ("create_contact", {"input": {"emial": NEW}}, "did you mean email?"),
    ("create_contact", {"input": {"email": "nobody"}}, "- email: must be one mail address"),
    ("get_contact", {"__user__": {"email": JANE}, "context": {"email": JANE}}, "give either email or id"),
    ("list_contact_lists", {"request": {"id": "r", "type": "x"}, "input": {"chatInput": "hm"}}, ""),
    ("create_contact_list", {"name": "Friends", "tool": {"name": "x", "description": "y"}, "data": {"id": 1}}, ""),
    ("list_contact_lists", {"input": "which lists are there", "params": {}, "kwargs": []}, ""),
]


@pytest.mark.parametrize(("tool", "given", "said"), NOT_PLAIN)
async def test_a_wrapper_is_not_read_where_it_is_not_plain(tool: str, given: dict[str, Any], said: str) -> None:
    async with seeded() as (client, line):
        result = await client.call_tool(tool, given)
        if said:
            assert said in error_of(result)
            assert line.seen == []
        else:
            assert not any("read out" in note for note in answer_of(result).get("notes", []))


TEXTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *(("upsert_contact", {"dryRun": yes}, {"dryRun": True}) for yes in ("true", "True", "1", 1, "yes", "on")),
    ("upsert_contact", {"listIds": '["Offers"]', "clear": "['userId']"}, {"listIds": ["Offers"], "clear": ["userId"]}),
    ("upsert_contact", {"customFields": '{"logins": 5}'}, {"customFields": {"logins": 5}}),
    ("find_contacts", {"limit": "5"}, {"limit": 5}),
    ("find_contacts", {"limit": "5.0"}, {"limit": 5}),
    ("find_contacts", {"limit": 5.0, "fields": '["id", "firstName"]'}, {"limit": 5, "fields": ["id", "firstName"]}),
    ("find_contacts", {"fields": "id, firstName"}, {"fields": ["id", "firstName"]}),
    ("find_contacts", {"fields": "id"}, {"fields": ["id"]}),
]


@pytest.mark.parametrize(("tool", "given", "meant"), TEXTS)
def test_values_written_as_texts_are_read(tool: str, given: dict[str, Any], meant: dict[str, Any]) -> None:
    assert read_as(tool, given) == read_as(tool, meant)


def read_as(tool: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return what the arguments, with those of the tool's example that they need, are read as."""
    needed = {"write": "7kfm"} if tool == "undo" else EXAMPLES[tool]
    return read_arguments(ALL_TOOLS[tool].body, needed | given, tool)[0].model_dump()


@pytest.mark.parametrize("tool", ALL_TOOLS)
def test_a_boolean_that_is_not_given_is_never_taken_for_one(tool: str) -> None:
    """False means nothing where a host must give each boolean; a switch is published as a text, which can be empty."""
    properties = ALL_TOOLS[tool].definition.input_schema["properties"]
    for name, field in ALL_TOOLS[tool].body.model_fields.items():
        if field.annotation is not bool and "Annotated[bool" not in str(field.annotation):
            continue
        proper = field.alias or name
        nothings: list[object] = [None, "", "null", *[False] * (properties[proper]["type"] == "boolean")]
        assert [read_as(tool, {proper: nothing})[name] for nothing in nothings] == [field.default] * len(nothings)
        given = [(True, True), ("true", True), (False, False), ("false", False)]
        more = {"group": None} if name == "everywhere" else {}
        for value, meant in given[: 2 if more else 4]:
            assert read_as(tool, more | {proper: value})[name] is meant


async def test_a_deletion_of_nobody_asks_for_one() -> None:
    async with seeded() as (client, line):
        before = held(line)
        text = error_of(
            await client.call_tool("delete_contacts", {"emails": [], "ids": [], "userId": "", "confirm": ""})
        )
        assert held(line) == before
    assert "give one of emails, ids and userId" in text


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema as OpenAI's strict mode wants it: closed, and everything required.

    Raises:
        ValueError: It cannot be: an object is open (agents/strict_schema.py of openai-agents).
    """
    if schema.get("type") == "object":
        if schema.setdefault("additionalProperties", False):
            raise ValueError
        schema["required"] = list(schema.setdefault("properties", {}))
    for inner in schema.get("properties", {}).values():
        strict(inner)
    if "items" in schema:
        strict(schema["items"])
    return schema


NOTHING: dict[str, Any] = {"string": "", "array": [], "object": {}, "boolean": False, "integer": 0}


@pytest.mark.parametrize("tool", every_third(ALL_TOOLS))
async def test_each_tool_can_be_called_under_a_strict_schema(tool: str) -> None:
    """Its example, with nothing for whatever the example leaves out. A tool with open objects stays as it is."""
    schema = deepcopy(ALL_TOOLS[tool].definition.input_schema)
    assert "additionalProperties" not in schema
    nothings = {
        name: next(iter(member["enum"])) if "enum" in member else NOTHING[member["type"]]
        for name, member in schema["properties"].items()
        if name != "headerLine"  # 0 says something, and the tool cannot be made strict
    }
    arguments = nothings | EXAMPLES[tool]
    try:
        jsonschema.validate(arguments, strict(schema))
    except (ValueError, jsonschema.ValidationError):
        assert tool in {"create_contact", "upsert_contact", "upsert_contacts", "create_contact_list", "start_import"}
    async with seeded(toolsets="contacts,lists,fields,suppressions,groups,imports") as (client, line):
        answer_of(await client.call_tool(tool, arguments | await arguments_of(client, tool)))
        assert line.sandbox.store.contact_properties.types(PROJECT)
