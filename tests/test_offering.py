"""What is offered is what the settings ask for: tools, instructions, resources, prompts, completion."""

import json
from itertools import combinations
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference, ResourceTemplateReference, TextContent, TextResourceContents

from autosend_mcp.cli.connect import connect
from autosend_mcp.cli.main import main
from autosend_mcp.server.app import instructions, offered_tools, open_server
from autosend_mcp.settings import DEFAULT_TOOLSETS, SettingsError, load_settings
from autosend_mcp.tools.registry import TOOLS
from manifests.blocks import tokens
from tests.support.answering import Answering
from tests.support.examples import every_third
from tests.support.seeded import CALLS, JANE, held, seeded, wrote
from tests.support.undo import undone
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

# As the tools are defined; what a client is offered of them is what the tests find out.
TOOLSETS = {name: {tool.name for tool in TOOLS.values() if tool.toolset == name} for name in DEFAULT_TOOLSETS}
READERS = {name for name in CALLS if TOOLS[name].reads}
TEMPLATE = "autosend://contact-lists/{list}"


COMBINATIONS: list[dict[str, Any]] = [
    {"toolsets": ", ".join(names), "read_only": read_only}
    for size in range(4)
    for names in combinations(TOOLSETS, size)
    for read_only in (False, True)
]
LISTS = [{"id": "n1", "name": "Newsletter", "type": "list"}]


async def names_of(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def resource(client: Client, uri: str) -> Any:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    return json.loads(content.text)


async def test_read_only_offers_no_writer_and_says_why_when_one_is_called(era: str) -> None:
    async with seeded(era, read_only=True) as (client, line):
        assert await names_of(client) == READERS
        for name in set(CALLS) - READERS:
            text = error_of(await client.call_tool(name, CALLS[name]))
            assert f"{name} changes something, and this server is read-only." in text
            assert "AUTOSEND_READ_ONLY" in text
        assert line.seen == []
        for name in READERS:
            answer_of(await client.call_tool(name, CALLS[name]))


@pytest.mark.parametrize("toolset", TOOLSETS)
async def test_a_toolset_offers_its_tools_and_the_others_say_where_they_are(toolset: str, era: str) -> None:
    async with seeded(era, toolsets=toolset) as (client, line):
        assert await names_of(client) == TOOLSETS[toolset] | {"undo"}
        for other, names in TOOLSETS.items():
            if other != toolset:
                for name in names:
                    text = error_of(await client.call_tool(name, CALLS[name]))
                    assert f"{name} is in the toolset {other}, which is not offered here." in text
                    assert "AUTOSEND_TOOLSETS" in text
        assert line.seen == []


async def test_an_unknown_tool_is_answered_with_those_that_are_offered() -> None:
    async with seeded(toolsets="fields", read_only=True) as (client, _):
        text = error_of(await client.call_tool("ask_oracle", {}))
    offered = ", ".join(sorted(TOOLSETS["fields"] & READERS))
    assert f"There is no such tool; there are {offered}." in text


@pytest.mark.parametrize("toolsets", ["s3cret-value", "contacts,s3cret-value", "contacts;lists", "Contacts"])
def test_an_unknown_toolset_is_wrong_usage_and_never_echoed(
    toolsets: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as error:
        offered_tools(load_settings(toolsets=toolsets))
    message = str(error.value)
    assert "AUTOSEND_TOOLSETS must be of " in message
    assert all(name in message for name in TOOLSETS)
    assert toolsets not in message
    monkeypatch.setenv("AUTOSEND_TOOLSETS", toolsets)
    for words in (["--toolsets", toolsets], ["--sandbox", "--toolsets", toolsets], []):
        with pytest.raises(SystemExit) as ended:
            main([*words, "call", "list_custom_fields"])
        assert ended.value.code == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err == f"autosend-mcp: {message}\n"


def test_the_flags_of_the_command_are_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["call", "create_custom_field", "--sandbox", "--fieldName", "plan", "--fieldType", "string"]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["--read-only", *words]) == 1
    assert "this server is read-only" in "".join(capsys.readouterr())
    assert main(["--toolsets", "contacts,lists", *words]) == 1
    assert "in the toolset fields, which is not offered" in "".join(capsys.readouterr())
    assert main(["--toolsets", "contacts, fields", *words]) == 0


@pytest.mark.parametrize("settings", COMBINATIONS, ids=str)
def test_the_instructions_are_short_and_name_only_what_is_offered(settings: dict[str, Any]) -> None:
    tools = offered_tools(load_settings(**settings))
    text = instructions(tools)
    assert tokens(text) <= 150
    assert not [name for name in set(CALLS) - set(tools) if name in text]
    writers = any(not tool.reads for tool in tools.values())
    assert ("dryRun" in text) is writers
    assert ("Nothing here changes anything." in text) is not writers
    assert "never instructions" in text
    assert "unless the user sets AUTOSEND_TOOLSETS: " in text


async def test_a_sandbox_says_that_it_is_one_and_nothing_else_does() -> None:
    async with open_server(connect("")) as (server, _), Client(server, mode="legacy", cache=None) as client:
        assert (client.instructions or "").startswith("This is a sandbox, not AutoSend")
        assert "(sandbox)" in str(client.server_info)
    async with seeded("legacy") as (client, _):
        assert "sandbox" not in f"{client.instructions} {client.server_info}"


async def test_the_client_is_given_the_instructions() -> None:
    async with seeded("legacy", read_only=True) as (client, _):
        assert client.instructions == instructions(offered_tools(load_settings(read_only=True)))


@pytest.mark.parametrize("settings", every_third(COMBINATIONS), ids=str)
async def test_prompts_and_resources_match_the_tools(settings: dict[str, Any]) -> None:
    async with seeded(**settings) as (client, _):
        tools = await names_of(client)
        prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
        uris = {resource.uri for resource in (await client.list_resources()).resources}
        templates = [template.uri_template for template in (await client.list_resource_templates()).resource_templates]
        for uri in uris:
            await resource(client, uri)
    assert ("add_people_to_list" in prompts) is ("add_to_list" in tools)
    assert ("find_and_fix_contact" in prompts) is ("upsert_contact" in tools)
    assert ("autosend://contact-lists" in uris) is ("list_contact_lists" in tools)
    assert ("autosend://custom-fields" in uris) is ("list_custom_fields" in tools)
    assert "autosend://writes" in uris
    assert templates == ([TEMPLATE] if "list_contact_lists" in tools else [])


async def test_a_prompt_is_filled_and_names_only_tools_there_are(era: str) -> None:
    async with seeded(era) as (client, _):
        for prompt in (await client.list_prompts()).prompts:
            given = {argument.name: f"<{argument.name}>" for argument in prompt.arguments or []}
            (message,) = (await client.get_prompt(prompt.name, given)).messages
            assert isinstance(message.content, TextContent)
            assert all(value in message.content.text for value in given.values())
            assert "dryRun" in message.content.text
            assert [name for name in CALLS if name in message.content.text]
            for name in given:
                with pytest.raises(MCPError, match=f"The argument '{name}' is required"):
                    await client.get_prompt(prompt.name, {k: v for k, v in given.items() if k != name})


async def test_an_unknown_prompt_or_resource_is_answered_with_those_there_are(era: str) -> None:
    async with seeded(era) as (client, _):
        with pytest.raises(MCPError, match="there are add_people_to_list, find_and_fix_contact"):
            await client.get_prompt("ask_oracle", {})
        for uri in ("autosend://everything", "https://example.com/", "autosend://writes/1", "writes"):
            with pytest.raises(MCPError, match="there are autosend://contact-lists, autosend://custom") as unknown:
                await client.read_resource(uri)
            assert unknown.value.data == {"uri": uri}
        with pytest.raises(MCPError, match=r'nearest: \[\{"id":"[0-9a-f]+","name":"Newsletter"'):
            await client.read_resource("autosend://contact-lists/Newsleter")


@pytest.mark.parametrize(
    "ref",
    [
        PromptReference(type="ref/prompt", name="add_people_to_list"),
        ResourceTemplateReference(type="ref/resource", uri=TEMPLATE),
    ],
)
async def test_the_names_of_lists_are_completed(ref: PromptReference | ResourceTemplateReference, era: str) -> None:
    async with seeded(era) as (client, _):
        for typed, names in (("new", ["Newsletter"]), ("OFF", ["Offers"]), ("nothing", [])):
            completion = (await client.complete(ref, {"name": "list", "value": typed})).completion
            assert (completion.values, completion.total, completion.has_more) == (names, len(names), False)
        everything = (await client.complete(ref, {"name": "list", "value": ""})).completion
        assert {"Newsletter", "Offers"} <= set(everything.values)
        assert (await client.complete(ref, {"name": "people", "value": "new"})).completion.values == []


async def test_the_resources_hold_what_the_tools_say(era: str) -> None:
    async with seeded(era) as (client, _):
        lists = answer_of(await client.call_tool("list_contact_lists", {}))["lists"]
        fields = answer_of(await client.call_tool("list_custom_fields", {}))["fields"]
        only_one = {"description", "filterCriteria"}
        shown = [{name: value for name, value in row.items() if name not in only_one} for row in lists]
        assert await resource(client, "autosend://contact-lists") == {"total": len(shown), "lists": shown}
        assert await resource(client, "autosend://custom-fields") == {"total": len(fields), "fields": fields}
        for row in lists:
            assert await resource(client, f"autosend://contact-lists/{row['name'].replace(' ', '%20')}") == row
            assert await resource(client, f"autosend://contact-lists/{row['id']}") == row


async def test_the_writes_are_listed_with_undos_that_take_them_back(era: str) -> None:
    names = ["create_contact", "upsert_contact", "remove_from_list", "create_contact_list", "create_custom_field"]
    async with seeded(era) as (client, line):
        before = held(line)
        for name in names:
            answer_of(await client.call_tool(name, {**CALLS[name], "dryRun": True}))
            answer_of(await client.call_tool(name, CALLS[name]))
        await client.call_tool("create_contact", {"email": JANE})  # refused, so there is nothing to report
        unchanged = {"email": JANE, "firstName": "Janet"}
        assert answer_of(await client.call_tool("upsert_contact", unchanged))["outcome"] == "unchanged"
        writes = await resource(client, "autosend://writes")
        assert [write["tool"] for write in writes] == names[::-1]
        for write in writes:
            assert write["steps"]
            assert (await undone(client, write))["outcome"] == "undone"
        after = held(line)
        assert len(wrote(line)) > len(names)
    for table in ("contacts", "lists", "members", "fields"):
        assert [{**row, "updated_at": ""} for row in after[table]] == [
            {**row, "updated_at": ""} for row in before[table]
        ]


async def test_what_is_not_offered_cannot_be_read_and_its_error_is_short() -> None:
    async with connected(Answering(lists=LISTS), toolsets="fields") as client:
        with pytest.raises(MCPError):
            await client.read_resource("autosend://contact-lists")
        with pytest.raises(MCPError, match="There is no such prompt; there are none"):
            await client.get_prompt("add_people_to_list", {})
