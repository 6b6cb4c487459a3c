"""The parts of docs/tools.md: a table of the tools, and the parameters of each with a call and its answer.

Each call is played on a sandbox of its own. What differs from run to run is replaced.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import anyio
from httpx2 import ASGITransport, Request, Response
from mcp import Client
from mcp_types import CallToolResult, TextContent

from autosend_mcp.api.client import AutoSend
from autosend_mcp.models.schema import published_schema
from autosend_mcp.sandbox.app import KEY, Sandbox
from autosend_mcp.server.app import ALL_TOOLS, open_server
from autosend_mcp.settings import TOOLSETS, load_settings
from autosend_mcp.tools.registry import Tool
from manifests.examples import EXAMPLES, arguments_of, example_sandbox
from manifests.tables import table

Json = dict[str, Any]

_ID = re.compile(r"\b[0-9a-f]{24}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z")
_PART_OF_PATH = re.compile(r"\b[0-9a-f]{24}\b|\b[A-Z0-9]{5}\b")
_OPAQUE = re.compile(r'"(nextCursor|groupId|importId|undo|write|group(?=": "[A-Z0-9]{5}"))": "[^"]+"')

# What is asked for at most once a minute, each with a tool that asks.
_REMEMBERED = {"GET /contact-lists": "list_contact_lists", "GET /contact-properties": "list_custom_fields"}


@cache
def tools_reference() -> str:
    """Return a section for each tool."""
    return reference_of(EXAMPLES)


def reference_of(examples: Mapping[str, Json]) -> str:
    """Return the sections with these calls, in the order of `tools/list`.

    Raises:
        SystemExit: A tool has no call, or a call fails.
    """
    if missing := ", ".join(ALL_TOOLS.keys() - examples.keys()):
        sys.exit(f"manifests/examples.json: no example of {missing}")
    if gone := ", ".join(examples.keys() - ALL_TOOLS.keys()):
        sys.exit(f"manifests/examples.json: an example of {gone}, which is no tool")
    return normalized(
        "\n\n".join(
            _section(tool, examples[tool.name], *anyio.run(_played, tool.name, examples)) for tool in ALL_TOOLS.values()
        )
    )


def tools_table() -> str:
    """Return the tools as a table, with the first sentence of each."""
    rows = [
        [
            f"[`{tool.name}`](#{tool.title.lower().replace(' ', '-')})",
            re.split(r"(?<=\.)\s", tool.description)[0],
            f"`{tool.toolset}`" if tool.toolset else "all",
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


async def _played(name: str, examples: Mapping[str, Json]) -> tuple[CallToolResult, str]:
    """Call the tool with its example, and return the result, and what it sent to AutoSend as a sentence.

    That is what it always sends, and what only where the lists and custom fields were not read in the last minute.
    """
    result, sent = await _play(name, examples)
    if ALL_TOOLS[name].toolset == "imports":
        return result, "Requests: those of [an import](imports.md), which go on after the answer."
    always = sent
    if {*_REMEMBERED} & {*sent}:
        _, always = await _play(name, examples, first=_REMEMBERED.values())
    text = f"Requests: {len(always)}, {_listed(always)}."
    if before := [request for request in _REMEMBERED if sent.count(request) > always.count(request)]:
        text += f" Where they were not sent in the last minute, {_listed(before)} before."
    return result, text


def _listed(requests: Sequence[str]) -> str:
    return ", ".join(f"`{request}`" for request in requests)


class _Recorder(ASGITransport):
    """The sandbox, and what was sent to it, without queries and ids."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox.app)
        self.sent: list[str] = []

    async def handle_async_request(self, request: Request) -> Response:
        path = _PART_OF_PATH.sub("{...}", request.url.path.removeprefix("/v1"))
        self.sent.append(f"{request.method} {path}")
        return await super().handle_async_request(request)


async def _play(
    name: str, examples: Mapping[str, Json], *, first: Iterable[str] = ()
) -> tuple[CallToolResult, list[str]]:
    """Call the tool with its example, over a sandbox of its own without a limit; return the result and the requests.

    `first`: tools to be called before.
    """
    sandbox = example_sandbox()
    settings = load_settings(
        api_key=KEY,
        base_url="http://127.0.0.1/v1",
        rate_limit=100_000,
        read_only=False,
        toolsets=",".join(TOOLSETS),
        ask="never",
    )
    transport = _Recorder(sandbox)
    try:
        async with open_server(AutoSend(settings, transport)) as (server, _), Client(server) as client:
            for tool in first:
                await client.call_tool(tool, {})
            arguments = await arguments_of(client, name, examples)
            transport.sent.clear()
            return await client.call_tool(name, arguments), list(transport.sent)
    finally:
        sandbox.close()


def _section(tool: Tool, arguments: Json, result: CallToolResult, requests: str) -> str:
    if result.is_error:
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        sys.exit(f"manifests/examples.json: the example of {tool.name} fails: {text}")
    return "\n\n".join(
        [
            f"### {tool.title}",
            f"`{tool.name}`, of {_toolset(tool)}, {_effect(tool)}.",
            tool.description,
            _parameters(published_schema(tool.body)),
            f"Call:\n\n{_json_block(arguments)}",
            f"Answer:\n\n{_json_block(result.structured_content)}",
            requests,
        ]
    )


def _toolset(tool: Tool) -> str:
    return f"the toolset `{tool.toolset}`" if tool.toolset else "every toolset"


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
    """Return what it does to AutoSend."""
    if tool.reads:
        return "reads"
    return "deletes" if tool.name.startswith("delete_") else "writes"


def _json_block(value: object) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
