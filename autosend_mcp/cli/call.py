"""`autosend-mcp call`: call one tool from the shell, through the same server that an assistant uses."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import anyio
from mcp import Client
from mcp_types import CallToolResult, TextContent, Tool

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.app import ALL_TOOLS, open_server


class UsageError(Exception):
    """The words are not a call of a tool."""


def call(autosend: AutoSend, name: str, words: Sequence[str], *, raw: bool) -> int:
    """Call the tool and print its answer; return the exit code: 0, or 1 when the tool answered with an error.

    Raises:
        UsageError: There is no such tool, or the words are not arguments.
    """
    if name not in ALL_TOOLS:
        raise UsageError(f"no tool is called {name!r}; there are: {', '.join(ALL_TOOLS)}")
    result = anyio.run(_call, autosend, name, read_words(words, ALL_TOOLS[name].definition))
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if raw:
        print(result.model_dump_json(by_alias=True, exclude_none=True))
    elif result.is_error:
        print(text, file=sys.stderr)
    else:
        print(json.dumps(result.structured_content, indent=2, ensure_ascii=False))
    return 1 if result.is_error else 0


async def _call(autosend: AutoSend, name: str, arguments: dict[str, Any]) -> CallToolResult:
    async with open_server(autosend, at_shell=True) as (server, _), Client(server) as client:
        return await client.call_tool(name, arguments)


def read_words(words: Sequence[str], tool: Tool) -> dict[str, Any]:
    """Return the arguments in the words: one JSON object, or `--name value` pairs.

    A value is a string where the tool wants one, and JSON everywhere else.

    Raises:
        UsageError: The words are neither.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _json_object(words[0])
    arguments: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=")
        if not flag.startswith("--") or len(flag) == 2:
            raise UsageError(f"expected --name value pairs or one JSON object, not {word!r}")
        try:
            value = value if equals else next(rest)
        except StopIteration:
            raise UsageError(f"{flag} needs a value") from None
        if flag[2:] in arguments:
            raise UsageError(f"{flag} is given twice")
        arguments[flag[2:]] = _value(value, tool.input_schema["properties"].get(flag[2:], {}))
    return arguments


def _value(text: str, schema: dict[str, Any]) -> Any:
    if schema.get("type", "string") == "string":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _json_object(text: str) -> dict[str, Any]:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("the arguments are not a JSON object") from None


def describe(tool: Tool) -> str:
    """Describe the tool and its arguments, for `call TOOL --help`."""
    required = tool.input_schema.get("required", [])
    lines = [f"{tool.name}: {tool.description}", "", "arguments:"]
    for name, schema in tool.input_schema["properties"].items():
        needed = ", required" if name in required else ""
        lines.append(f"  --{name} ({schema['type']}{needed})  {schema['description']}")
    return "\n".join(lines)
