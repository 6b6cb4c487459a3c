"""The generated tables of the pages: a row for each setting, toolset and tool."""

import re
from typing import Any

import pytest

from autosend_mcp.server.app import ALL_TOOLS, chosen
from autosend_mcp.settings import TOOLSETS
from autosend_mcp.tools.registry import TOOLS
from manifests.blocks import settings_table, tokens, tokens_sentence, toolsets_table
from manifests.examples import EXAMPLES
from manifests.tool_pages import reference_of, tools_reference, tools_table
from tests.support.line import over_a_line
from tests.support.manifests import VARIABLES

pytestmark = pytest.mark.anyio


def test_the_table_of_settings_has_a_row_for_each() -> None:
    assert {row.split("`")[1] for row in settings_table().splitlines()[2:]} == VARIABLES


def test_the_table_of_toolsets_has_each_tool_in_the_row_of_its_toolset() -> None:
    rows = {row.split("`")[1]: re.findall(r"`(\w+)`", row.split(" | ")[1]) for row in toolsets_table().splitlines()[2:]}
    assert rows.pop("undo") == ["undo"]
    assert rows == {name: list(chosen([name], read_only=False))[:-1] for name in TOOLSETS}


async def test_the_tokens_of_the_default_tools_are_those_that_a_client_is_sent() -> None:
    async with over_a_line() as (client, _):
        definitions = (await client.list_tools()).tools
        shown = {"name", "description", "input_schema"}
        sent = sum(tokens(tool.model_dump_json(by_alias=True, include=shown)) for tool in definitions)
    assert f"cost an assistant {sent:,} tokens (o200k)" in tokens_sentence()


def test_the_table_of_tools_has_a_row_for_each() -> None:
    rows = tools_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(ALL_TOOLS)
    assert [row.rpartition("| ")[2] == "reads |" for row in rows] == [tool.reads for tool in ALL_TOOLS.values()]
    deleting = [row.split("`")[1] for row in rows if row.endswith("| deletes |")]
    assert deleting == [name for name in ALL_TOOLS if name.startswith("delete_")]
    headings = {line.removeprefix("### ").lower().replace(" ", "-") for line in tools_reference().splitlines()}
    assert set(re.findall(r"\]\(#(.+?)\)", tools_table())) <= headings


def test_the_page_of_tools_has_a_section_for_each() -> None:
    """That it is the same in every run is held by its file, which is in step."""
    assert re.findall(r"^### (.+)$", tools_reference(), re.MULTILINE) == [tool.title for tool in ALL_TOOLS.values()]
    assert all(tool.description in tools_reference() for tool in TOOLS.values())


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ({name: call for name, call in EXAMPLES.items() if name != "get_contact"}, "no example of get_contact$"),
        ({**EXAMPLES, "no_such_tool": {}}, "no_such_tool, which is no tool"),
        ({**EXAMPLES, "get_contact": {"email": "nobody@example.com"}}, "the example of get_contact fails"),
    ],
)
def test_a_tool_without_an_example_and_an_example_that_fails_stop_the_run(examples: Any, said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        reference_of(examples)
