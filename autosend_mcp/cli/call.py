"""`autosend-mcp call`: call one tool from the shell, through the same server that an assistant uses."""

import json
import os
import re
import select
import stat
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from shutil import get_terminal_size
from textwrap import fill
from typing import Any, cast

import anyio
from mcp import Client
from mcp_types import CallToolResult, TextContent, Tool

from autosend_mcp.api.client import AutoSend
from autosend_mcp.models.foreign import nearest_of
from autosend_mcp.server.app import ALL_TOOLS, open_server
from autosend_mcp.server.audience import AtShell

_SEVERAL = re.compile(r"[,;\s\[{]")  # a text that may stand for several values, or be JSON that is broken
_PIPE_PATIENCE = 0.1  # what is piped in is there by now: starting takes longer


class UsageError(Exception):
    """The words are not a call of a tool."""


def tool_called(name: str) -> Tool:
    """Return the definition of a tool.

    Raises:
        UsageError: There is none of this name; the nearest, or all.
    """
    if name in ALL_TOOLS:
        return ALL_TOOLS[name].definition
    if near := nearest_of(name.replace("-", "_"), {known: known for known in ALL_TOOLS}, 0.6):
        raise UsageError(f"no tool is called {name!r}; did you mean {near}?")
    raise UsageError(f"no tool is called {name!r}; there are: {', '.join(ALL_TOOLS)}")


def call(autosend: AutoSend, tool: Tool, words: Sequence[str], *, raw: bool) -> int:
    """Call the tool and print its answer; return the exit code: 0, or 1 when the tool answered with an error.

    Raises:
        UsageError: The words are not arguments.
    """
    result = anyio.run(_call, autosend, tool.name, read_words(words, tool))
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if raw:
        print(result.model_dump_json(by_alias=True, exclude_none=True))
    elif result.is_error:
        print(text, file=sys.stderr)
    else:
        print(json.dumps(result.structured_content, indent=2, ensure_ascii=False))
    return 1 if result.is_error else 0


async def _call(autosend: AutoSend, name: str, arguments: dict[str, Any]) -> CallToolResult:
    async with open_server(autosend, audience=AtShell()) as (server, _), Client(server) as client:
        return await client.call_tool(name, arguments)


def read_words(words: Sequence[str], tool: Tool) -> dict[str, Any]:
    """Return the arguments in the words: one JSON object, also from stdin, or `--name value` pairs.

    A value is a string where the tool wants one, and JSON everywhere else. A flag that is true needs none; one for an
    array may be repeated; `--name.member` sets a member of an object.

    Raises:
        UsageError: The words are neither.
    """
    if list(words) == ["-"]:
        return _json_object(sys.stdin.read())
    if not words and (text := _piped()):
        return _json_object(text)
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _json_object(words[0])
    properties: dict[str, Any] = tool.input_schema["properties"]
    names = {_plain(name): name for name in properties}
    arguments: dict[str, Any] = {}
    rest = list(words)
    while rest:
        flag, equals, value = rest.pop(0).partition("=")
        if not flag.startswith("--") or len(flag) == 2:
            raise UsageError(f"expected --name value pairs or one JSON object, not {flag!r}")
        given, dot, member = flag[2:].partition(".")
        name = names.get(_plain(given), given)
        schema = properties.get(name, {})
        if not equals and schema.get("type") == "boolean" and (not rest or rest[0] not in ("true", "false")):
            value = "true"
        elif not equals:
            value = _next(rest, flag, names)
        if dot:
            _set_member(arguments, name, member, value, flag)
        else:
            _set(arguments, name, _value(value, schema), schema, flag)
    return arguments


def _plain(name: str) -> str:
    """Return a name without what differs between `--first-name`, `--first_name` and `--firstName`."""
    return name.replace("-", "").replace("_", "").lower()


def _next(rest: list[str], flag: str, names: Collection[str]) -> str:
    """Take the value of a flag, which is not another of the tool's flags: `--flag=--value` gives any."""
    if not rest or (rest[0].startswith("--") and _plain(rest[0].partition("=")[0].partition(".")[0]) in names):
        raise UsageError(f"{flag} needs a value")
    return rest.pop(0)


def _set(arguments: dict[str, Any], name: str, value: Any, schema: dict[str, Any], flag: str) -> None:
    if name in arguments and schema.get("type") != "array":
        raise UsageError(f"{flag} is given twice")
    if name in arguments:
        arguments[name] = [*_as_list(arguments[name]), *_as_list(value)]
    else:
        arguments[name] = value


def _as_list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _set_member(arguments: dict[str, Any], name: str, member: str, value: str, flag: str) -> None:
    members = arguments.setdefault(name, {})
    if not isinstance(members, dict) or member in members:
        raise UsageError(f"{flag} is given twice")
    members[member] = _value(value, {"type": "object"})


def _piped() -> str:
    """Return what is piped into the command, if anything is: nothing is waited for."""
    if sys.stdin is None or sys.platform == "win32":
        return ""
    with suppress(OSError, ValueError):
        kind = os.fstat(sys.stdin.fileno()).st_mode
        is_waiting = stat.S_ISREG(kind) or (
            stat.S_ISFIFO(kind) and select.select([sys.stdin], [], [], _PIPE_PATIENCE)[0]
        )
        return sys.stdin.read().strip() if is_waiting else ""
    return ""


def _value(text: str, schema: dict[str, Any]) -> Any:
    if schema.get("type", "string") == "string":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        alone = schema.get("type") == "array" and not _SEVERAL.search(text)
        return [text] if alone else text


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("the arguments are not a JSON object")
    return cast("dict[str, Any]", found)


def describe(tool: Tool) -> str:
    """Describe the tool and its arguments, for `call TOOL --help`."""
    required = tool.input_schema.get("required", [])
    lines = [f"{tool.name}: {tool.description}", "", "arguments:"]
    for name, schema in tool.input_schema["properties"].items():
        needed = ", required" if name in required else ""
        lines.append(f"  --{name} ({schema['type']}{needed})  {schema['description']}")
    lines += ["", 'An array is written as ["a","b"] or by repeating its flag; a member of an object as --name.member.']
    width = max(20, get_terminal_size().columns)
    indents = ["    " if line.startswith(" ") else "" for line in lines]
    return "\n".join(fill(line, width, subsequent_indent=more) for line, more in zip(lines, indents, strict=True))
