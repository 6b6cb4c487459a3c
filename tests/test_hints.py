"""The hints that a host trusts, each proven on what the sandbox holds before and after; and dry runs, and confirms."""

from typing import Any

import pytest
from mcp_types import Tool

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.tools.contacts.delete import SEVERAL
from manifests.examples import EXAMPLES, arguments_of
from tests.support.answering import Answering, Row
from tests.support.records import lasting
from tests.support.seeded import ANN, EVERY, JANE, JOHN, PEOPLE, fact, held, seeded, wrote
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio


# Every deletion, by each way to say what is to go, and the confirm that it takes.
DELETIONS: dict[str, tuple[str, dict[str, Any], str]] = {
    "one address": ("delete_contacts", {"emails": [JANE]}, JANE),
    "several addresses": ("delete_contacts", {"emails": [*PEOPLE, "nobody@example.com"]}, "3"),
    "the application's id": ("delete_contacts", {"userId": "user_ann"}, "user_ann"),
    "a list": ("delete_contact_list", {"list": "Newsletter"}, "Newsletter"),
    "a segment": ("delete_contact_list", {"list": "Pro"}, "Pro"),
    "a group": ("delete_suppression_group", {"group": "Blog"}, "Blog"),
    "a field": ("delete_custom_field", {"fieldName": "logins"}, "logins"),
}
OURS = {"stop_import"}  # it changes something here, and nothing in AutoSend
NEWSLETTER = {"id": "n1", "name": "N", "type": "list"}


_LISTED: dict[str, Tool] = {}


async def listed() -> dict[str, Tool]:
    """Return the tools as a client is sent them; they are asked for once."""
    if not _LISTED:
        async with seeded(toolsets=EVERY) as (client, _):
            _LISTED.update({tool.name: tool for tool in (await client.list_tools()).tools})
    return _LISTED


async def test_every_tool_is_in_the_tables() -> None:
    tools = await listed()
    assert set(EXAMPLES) == set(tools)
    assert {name for name, tool in tools.items() if "confirm" in tool.input_schema["properties"]} == {
        "undo",
        *(name for name, _, _ in DELETIONS.values()),
    }


@pytest.mark.parametrize("name", EXAMPLES)
async def test_a_call_does_what_its_hints_say_and_so_does_its_repetition(name: str) -> None:
    hints = (await listed())[name].annotations
    assert hints
    async with seeded(toolsets=EVERY) as (client, line):
        arguments = await arguments_of(client, name)
        states, writes = [held(line)], len(wrote(line))
        answer_of(await client.call_tool(name, arguments))
        states.append(held(line))
        await client.call_tool(name, arguments)  # an error, where nothing is left to do
        states.append(held(line))
        writes = len(wrote(line)) - writes
    before, once, twice = (lasting(state) for state in states)
    assert (hints.read_only_hint or name in OURS) is (before == once == twice)
    if hints.read_only_hint or name in OURS:
        assert states[0] == states[2]
        assert writes == 0
    if hints.idempotent_hint:
        assert once == twice
    if not hints.destructive_hint:
        assert all(rows <= twice[table] for table, rows in before.items())


@pytest.mark.parametrize("name", EXAMPLES)
async def test_a_dry_run_changes_nothing_and_sends_nothing_that_writes(name: str) -> None:
    tool = (await listed())[name]
    assert tool.annotations
    assert ("dryRun" in tool.input_schema["properties"]) is not (tool.annotations.read_only_hint or name in OURS)
    if tool.annotations.read_only_hint or name in OURS:
        return
    async with seeded(toolsets=EVERY) as (client, line):
        arguments = await arguments_of(client, name)
        line.seen.clear()
        before = held(line)
        answer = answer_of(await client.call_tool(name, {**arguments, "dryRun": True}))
        assert held(line) == before
        assert wrote(line) == []
        answer_of(await client.call_tool(name, arguments))
        assert wrote(line)
        if name not in {"start_import", "undo"}:  # theirs say what would be done, and with which tools
            request = answer["plan"]["request"]
            assert wrote(line)[0] == f"{request['method']} {request['path']}"
            assert next(body for asked, body in line.seen if asked == wrote(line)[0]) == request.get("body")
    assert answer["outcome"] == "dry_run"
    assert "undo" not in answer


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name.startswith("delete_")])
async def test_a_dry_run_of_a_deletion_needs_no_confirm(name: str) -> None:
    asked = {key: value for key, value in EXAMPLES[name].items() if key != "confirm"}
    async with seeded(toolsets=EVERY) as (client, line):
        answer = answer_of(await client.call_tool(name, {**asked, "dryRun": True}))
        assert wrote(line) == []
    assert answer["plan"]["wouldDelete"]


@pytest.mark.parametrize("case", DELETIONS)
async def test_only_the_confirm_that_was_shown_deletes(case: str) -> None:
    name, asked, expected = DELETIONS[case]
    async with seeded(toolsets=EVERY) as (client, line):
        before = held(line)
        for wrong in ({}, {"confirm": "yes"}, {"confirm": "true"}, {"confirm": "1"}, {"confirm": ANN[::-1]}):
            result = await client.call_tool(name, {**asked, **wrong})
            assert "Nothing changed." in error_of(result)
            assert fact(result, "confirm") == expected
        assert held(line) == before
        assert wrote(line) == []
        answer = answer_of(await client.call_tool(name, {**asked, "confirm": expected}))
        assert answer["outcome"] == "deleted"
        assert len(wrote(line)) == 1
        assert held(line) != before


async def test_an_id_is_confirmed_by_the_address_behind_it_and_nobody_else_goes() -> None:
    async with seeded() as (client, line):
        ids = {one["email"]: one["id"] for one in line.sandbox.store.contacts.find(PROJECT, PEOPLE)}
        assert fact(await client.call_tool("delete_contacts", {"ids": [ids[JOHN]]}), "confirm") == JOHN
        await client.call_tool("delete_contacts", {"ids": [ids[JOHN]], "confirm": JANE})
        assert len(line.sandbox.store.contacts.find(PROJECT, PEOPLE)) == 3
        answer_of(await client.call_tool("delete_contacts", {"ids": [ids[JOHN]], "confirm": JOHN}))
        assert [one["email"] for one in line.sandbox.store.contacts.find(PROJECT, PEOPLE)] == [JANE, ANN]


async def test_a_confirm_with_a_space_at_its_end_is_the_same() -> None:
    fields: list[Row] = [{"fieldName": "plan ", "fieldType": "string"}]
    async with connected(Answering(fields=fields, lists=[NEWSLETTER | {"filterCriteria": {}}])) as client:
        field = {"fieldName": "plan ", "confirm": "plan "}
        assert answer_of(await client.call_tool("delete_custom_field", field))["outcome"] == "deleted"
        gone = answer_of(await client.call_tool("delete_contacts", {"userId": "42 ", "confirm": "42 "}))
        assert (gone["outcome"], gone["notes"]) == ("deleted", [SEVERAL])
        # The type distinguishes a list from a segment, not the conditions that come with it.
        assert answer_of(await client.call_tool("add_to_list", {"list": "N", "emails": [JANE]}))["outcome"] == "done"
