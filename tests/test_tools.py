"""Rules that every tool keeps, checked over tools/list as a host sees it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import bpe_openai  # pyright: ignore[reportMissingTypeStubs]
import pytest
from mcp_types import Tool

from tests.support.worlds import over_sandbox

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[1]
TOKENS_A_TOOL = {"create_contact": 450}
FORBIDDEN = {"$ref", "$defs", "oneOf", "allOf", "const", "not", "title", "default", "patternProperties"}


EVERY = "contacts,lists,fields,suppressions,imports"


async def listed(era: str = "2026-07-28", toolsets: str = EVERY) -> list[Tool]:
    async with over_sandbox(era, toolsets=toolsets) as client:
        return (await client.list_tools()).tools


def schemas(value: object) -> Iterator[dict[str, Any]]:
    """Every object in a schema, property names left out."""
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
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", tool.name)
        assert len(tool.name) <= 32
        assert tool.annotations
        assert tool.title
        assert tool.title == tool.annotations.title
        assert tool.title.lower().replace(" ", "_") == tool.name


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


async def test_schemas_are_flat_typed_and_described() -> None:
    for tool in await listed():
        assert tool.output_schema
        assert tool.input_schema["additionalProperties"] is False
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
    sizes, imports = tokens(await listed(toolsets="")), tokens(await listed(toolsets="imports"))
    assert len(sizes) <= 15
    assert sum(sizes.values()) <= 4500
    for name, limit in TOKENS_A_TOOL.items():
        assert sizes[name] <= limit
    told = f"{sum(sizes.values()):,} tokens (o200k), `create_contact` {sizes['create_contact']} of them"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert told in readme
    assert f"These tools cost {sum(imports.values()):,} tokens." in readme


def tokens(tools: list[Tool]) -> dict[str, int]:
    encoding = bpe_openai.get_encoding("o200k_base")
    return {t.name: len(encoding.encode(t.model_dump_json(by_alias=True, exclude_none=True))) for t in tools}
