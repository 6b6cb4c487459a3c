"""What users say leads to the tool that does it, where a host searches the definitions."""

import json
from pathlib import Path

import pytest

from autosend_mcp.settings import TOOLSETS
from benchmarks.ranks import FIRST, QUERIES, definitions, main, places


@pytest.mark.parametrize("toolsets", [(), (*TOOLSETS,)], ids=["default", "all"])
def test_what_users_say_finds_the_tool(toolsets: tuple[str, ...]) -> None:
    tools = definitions(toolsets)
    offered = {tool["name"] for tool in tools}
    queries = {query: wanted for query, wanted in QUERIES.items() if offered.issuperset(wanted)}
    assert {tool for wanted in queries.values() for tool in wanted} > {"upsert_contact", "find_contacts"}
    found = places(tools, queries)
    assert {query: place for query, place in found.items() if (place or FIRST + 1) > FIRST} == {}


def test_the_tools_of_others_are_ranked_beside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    better = [{"name": f"edit-{n}", "title": "Edit contact", "description": "Edit"} for n in range(FIRST)]
    (tmp_path / "others.json").write_text(json.dumps({"tools": better}))
    assert main([]) == 0
    assert main([str(tmp_path / "others.json")]) == 1
    rows = [line.split()[2:] for line in capsys.readouterr().out.splitlines() if line.startswith("edit contact ")]
    assert rows == [["upsert_contact", "1", "1"], ["upsert_contact", "1", str(FIRST + 1)]]
