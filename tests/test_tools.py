"""Rules that every tool keeps, checked over tools/list as a host sees it."""

import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from mcp_types import Tool

from autosend_mcp.server.app import chosen
from manifests.blocks import tokens_of
from tests.support.line import over_a_line

pytestmark = pytest.mark.anyio

TOKENS_A_TOOL = {"create_contact": 350}
FORBIDDEN = {"$ref", "$defs", "oneOf", "allOf", "const", "not", "title", "default", "patternProperties"}


EVERY = "contacts,lists,fields,suppressions,groups,imports"


async def listed(era: str = "2026-07-28", toolsets: str = EVERY) -> list[Tool]:
    async with over_a_line(era, toolsets=toolsets) as (client, _):
        return (await client.list_tools()).tools


def schemas(value: object) -> Iterator[dict[str, Any]]:
    """Yield every object in a schema, property names left out."""
    if not isinstance(value, dict):
        return
    schema = cast("dict[str, Any]", value)
    yield schema
    for key, inner in schema.items():
        inner_schemas: list[object] = list(inner.values()) if key == "properties" else [inner]
        inner_schemas = cast("list[object]", inner) if key == "anyOf" else inner_schemas
        for one in inner_schemas:
            yield from schemas(one)


async def test_both_eras_list_the_same_tools() -> None:
    assert await listed("legacy") == await listed()


async def test_names_and_titles() -> None:
    for tool in await listed():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", tool.name)
        assert len(tool.name) <= 32
        assert tool.annotations
        assert tool.title
        assert tool.title == tool.annotations.title
        assert re.fullmatch(r"[A-Z][a-z]+( [a-z]+)*", tool.title)
        assert len(tool.title) <= 40
        assert not {"upsert", "suppress", "unsuppress", "suppression"} & set(tool.title.lower().split())
    assert len({tool.title for tool in await listed()}) == len(await listed())


async def test_all_four_hints_are_set() -> None:
    for tool in await listed():
        assert tool.annotations
        hints = tool.annotations.model_dump(exclude={"title"})
        assert set(hints) == {"read_only_hint", "destructive_hint", "idempotent_hint", "open_world_hint"}
        assert all(isinstance(hint, bool) for hint in hints.values())
        assert not (hints["read_only_hint"] and hints["destructive_hint"])


async def test_a_description_says_more_than_the_title() -> None:
    for tool in await listed():
        assert tool.description
        assert len(tool.description) > 3 * len(tool.name)
        assert tool.description.endswith(".")
        assert "AutoSend" in tool.description.partition(". ")[0]


async def test_schemas_are_flat_typed_and_described() -> None:
    for tool in await listed():
        assert tool.output_schema
        assert "additionalProperties" not in tool.input_schema  # google-genai's converter breaks over it
        for root in (tool.input_schema, tool.output_schema):
            assert root["type"] == "object"
            assert "anyOf" not in root
            for schema in schemas(root):
                assert not FORBIDDEN & set(schema)
                assert isinstance(schema.get("type"), str) or "anyOf" in schema
                assert schema.get("additionalProperties", False) is not True
                assert ("items" in schema) is (schema.get("type") == "array")
                assert {"type": "null"} not in schema.get("anyOf", [])
                assert schema.get("enum", ["some"])
        assert set(tool.input_schema.get("required", [])) <= set(tool.input_schema["properties"])
        for name, schema in tool.input_schema["properties"].items():
            assert schema["description"], name


async def test_the_tools_cost_few_tokens() -> None:
    tools = chosen(("contacts", "lists", "fields", "suppressions"), read_only=False)
    assert tokens_of(tools.values()) <= 4500
    for name, limit in TOKENS_A_TOOL.items():
        assert tokens_of([tools[name]]) <= limit
