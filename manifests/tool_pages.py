"""The parts of docs/tools.md: a table of the tools, and the parameters of each with a call and its answer.

The calls are played over a sandbox in memory, each time anew. What differs from run to run is replaced.
"""

import json
import re
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import anyio
from httpx2 import ASGITransport
from mcp import Client
from mcp_types import CallToolResult, TextContent

from autosend_mcp.api.client import AutoSend
from autosend_mcp.models.schema import published_schema
from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
from autosend_mcp.sandbox.store import Store
from autosend_mcp.server.app import ALL_TOOLS, open_server
from autosend_mcp.settings import TOOLSETS, load_settings
from autosend_mcp.tools.registry import TOOLS, Tool
from manifests.tables import table

Json = dict[str, Any]

PAGE = "docs/tools.md"

_IMPORT = "..."  # stands for the id that start_import gave

# The call of each tool on the page, in the order in which they are played, and shown: each works on what the calls
# before it left.
EXAMPLES: dict[str, Json] = {
    "create_custom_field": {"fieldName": "plan", "fieldType": "string"},
    "list_custom_fields": {},
    "create_contact_list": {"name": "Newsletter", "description": "Once a month"},
    "create_contact": {
        "email": "jane@example.com",
        "firstName": "Jane",
        "listIds": ["Newsletter"],
        "customFields": {"plan": "free"},
    },
    "get_contact": {"email": "jane@example.com"},
    "upsert_contact": {"email": "jane@example.com", "customFields": {"plan": "pro"}},
    "upsert_contacts": {
        "contacts": [
            {"email": "jane@example.com", "customFields": {"plan": "pro"}},
            {"email": "john@example.com", "firstName": "John"},
            {"email": "mary"},
        ]
    },
    "add_to_list": {"list": "Newsletter", "emails": ["jane@example.com", "john@example.com"]},
    "list_contact_lists": {"nameContains": "news"},
    "find_contacts": {"list": "Newsletter", "emailContains": "@example.com", "fields": ["firstName"], "limit": 1},
    "remove_from_list": {"list": "Newsletter", "emails": ["john@example.com"]},
    "start_import": {"text": "E-Mail,First name,plan\nmary@example.com,Mary,pro\nmary,,free\n", "dryRun": True},
    "get_import": {"importId": _IMPORT},
    "stop_import": {"importId": _IMPORT},
    "list_suppression_groups": {},
    "suppress_emails": {"emails": ["john@example.com"], "group": "Our blog", "reason": "asked by phone"},
    "unsuppress_emails": {"emails": ["john@example.com"], "group": "Our blog"},
    "delete_contacts": {"emails": ["jane@example.com", "john@example.com"], "confirm": "2"},
    "delete_contact_list": {"list": "Newsletter", "confirm": "Newsletter"},
    "delete_custom_field": {"fieldName": "plan", "confirm": "plan"},
}

_ID = re.compile(r"\b[0-9a-f]{24}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_OPAQUE = re.compile(r'"(nextCursor|groupId|importId)": "[^"]+"')


@cache
def tools_reference() -> str:
    """Return a section for each tool."""
    return reference_of(EXAMPLES)


def reference_of(examples: Mapping[str, Json]) -> str:
    """Return the sections with these calls, played in their order.

    Raises:
        SystemExit: A tool has no call, or a call fails.
    """
    if missing := ", ".join(TOOLS.keys() - examples.keys()):
        sys.exit(f"{PAGE}: no example in manifests/tool_pages.py of {missing}")
    if gone := ", ".join(examples.keys() - TOOLS.keys()):
        sys.exit(f"{PAGE}: an example in manifests/tool_pages.py of {gone}, which is no tool")
    results = anyio.run(_play, examples)
    sections = [_section(TOOLS[name], arguments, results[name]) for name, arguments in examples.items()]
    return normalized("\n\n".join(sections))


def tools_table() -> str:
    """Return the tools as a table, with the first sentence of each."""
    rows = [
        [
            f"[`{tool.name}`](#{tool.title.lower().replace(' ', '-')})",
            re.split(r"(?<=\.)\s", tool.description)[0],
            f"`{tool.toolset}`",
            _effect(tool),
        ]
        for tool in ALL_TOOLS.values()
    ]
    return table(["Tool", "What it does", "Toolset", "Effect"], rows)


def normalized(text: str) -> str:
    """Return the text with ids numbered as they appear, one time for all times, and nothing else that changes."""
    ids = {found: f"{number:024x}" for number, found in enumerate(dict.fromkeys(_ID.findall(text)), start=1)}
    text = _ID.sub(lambda match: ids[match[0]], text)
    text = _TIME.sub("2026-01-01T00:00:00.000Z", text)
    return _OPAQUE.sub(r'"\1": "..."', text)


async def _play(examples: Mapping[str, Json]) -> dict[str, CallToolResult]:
    """Play the calls over one sandbox without a limit, and return the result of each."""
    sandbox = Sandbox(Store(), Options(rate_limit=0))
    sandbox.store.suppressions.seed_group(PROJECT, "Our blog")  # no tool makes one
    settings = load_settings(
        api_key=KEY,
        base_url="http://127.0.0.1/v1",
        rate_limit=100_000,
        read_only=False,
        toolsets=",".join(TOOLSETS),
        ask="never",
    )
    autosend = AutoSend(settings, ASGITransport(sandbox.app))
    try:
        async with open_server(autosend) as (server, _), Client(server) as client:
            results: dict[str, CallToolResult] = {}
            for name, arguments in examples.items():
                started = results["start_import"].structured_content if arguments.get("importId") == _IMPORT else None
                own = {"importId": started["importId"]} if started else {}
                results[name] = await client.call_tool(name, arguments | own)
            return results
    finally:
        sandbox.store.close()


def _section(tool: Tool, arguments: Json, result: CallToolResult) -> str:
    if result.is_error:
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        sys.exit(f"{PAGE}: the example of {tool.name} fails: {text}")
    return "\n\n".join(
        [
            f"### {tool.title}",
            f"`{tool.name}`, of the toolset `{tool.toolset}`, {_effect(tool)}.",
            tool.description,
            _parameters(published_schema(tool.body)),
            f"Call:\n\n{_json_block(arguments)}",
            f"Answer:\n\n{_json_block(result.structured_content)}",
        ]
    )


def _parameters(schema: Json) -> str:
    required: list[str] = schema.get("required", [])
    if not schema["properties"]:
        return "It has no parameters."
    needed = {name: "yes" if name in required else "no" for name in schema["properties"]}
    rows = [
        [f"`{name}`", _type(parameter), needed[name], parameter["description"]]
        for name, parameter in schema["properties"].items()
    ]
    return table(["Parameter", "Type", "Required", "Description"], rows)


def _type(schema: Json) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return f"array of {_type(schema['items'])}" if schema["type"] == "array" else schema["type"]


def _effect(tool: Tool) -> str:
    """Return what it does to AutoSend. Each tool that deletes takes `confirm`, and no other does."""
    if tool.reads:
        return "reads"
    return "deletes" if "confirm" in tool.body.model_fields else "writes"


def _json_block(value: object) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
