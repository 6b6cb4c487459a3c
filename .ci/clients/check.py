"""One MCP client against the server over the sandbox, in its venv: `python check.py CLIENT COMMAND ARGUMENT...`.

Prints a line of JSON: what it found of `list`, `create`, `refused` (the same address again), `array` and `strict` (a
schema in which every argument is required, called with nothing for each that is not meant).
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

JANE = {"email": "jane@example.com", "firstName": "Jane"}
NOTHING = {"string": "", "array": [], "object": {}, "boolean": False, "integer": 0}

Call = Callable[[str, dict[str, Any]], Awaitable[tuple[bool, str]]]
Schemas = dict[str, dict[str, Any]]


async def mcp(stack: AsyncExitStack, command: list[str]) -> tuple[Schemas, Call]:
    schemas, call, _ = await _session(stack, command)
    return schemas, call


async def google_genai(stack: AsyncExitStack, command: list[str]) -> tuple[Schemas, Call]:
    from google.genai._mcp_utils import mcp_to_gemini_tools

    schemas, call, tools = await _session(stack, command)
    converted = mcp_to_gemini_tools(tools)
    assert sum(len(tool.function_declarations or []) for tool in converted) == len(schemas)
    return schemas, call


async def _session(stack: AsyncExitStack, command: list[str]) -> tuple[Schemas, Call, list[Any]]:
    """Connect by the Python SDK: the names of members differ between its first and second version."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    streams = await stack.enter_async_context(stdio_client(StdioServerParameters(command=command[0], args=command[1:])))
    session: Any = await stack.enter_async_context(ClientSession(*streams))
    await session.initialize()
    tools = (await session.list_tools()).tools

    async def call(name: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        return _read(await session.call_tool(name, arguments))

    return _schemas(tools), call, tools


def _read(result: Any) -> tuple[bool, str]:
    is_error = result.is_error if hasattr(result, "is_error") else result.isError
    return bool(is_error), result.content[0].text


def _schemas(tools: Any) -> Schemas:
    return {tool.name: tool.input_schema if hasattr(tool, "input_schema") else tool.inputSchema for tool in tools}


async def fastmcp(stack: AsyncExitStack, command: list[str]) -> tuple[Schemas, Call]:
    from fastmcp import Client

    config = {"mcpServers": {"autosend": {"command": command[0], "args": command[1:]}}}
    client: Any = await stack.enter_async_context(Client(config))

    async def call(name: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        return _read(await client.call_tool(name, arguments, raise_on_error=False))

    return _schemas(await client.list_tools()), call


async def openai_agents(stack: AsyncExitStack, command: list[str]) -> tuple[Schemas, Call]:
    from agents.mcp import MCPServerStdio, MCPUtil

    server = await stack.enter_async_context(
        MCPServerStdio({"command": command[0], "args": command[1:]}, client_session_timeout_seconds=60)
    )
    listed = await server.list_tools()
    tools = [MCPUtil.to_function_tool(tool, server, convert_schemas_to_strict=True) for tool in listed]

    async def call(name: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        return _read(await server.call_tool(name, arguments))

    return {tool.name: tool.params_json_schema for tool in tools}, call


async def pydantic_ai(stack: AsyncExitStack, command: list[str]) -> tuple[Schemas, Call]:
    from pydantic_ai.mcp import MCPToolset

    config: Any = {"mcpServers": {"autosend": {"command": command[0], "args": command[1:]}}}
    toolset = await stack.enter_async_context(MCPToolset(config))

    async def call(name: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        try:
            return False, json.dumps(await toolset.direct_call_tool(name, arguments))
        except Exception as error:  # noqa: BLE001 - which one is the client's affair
            return True, str(error)

    return _schemas(await toolset.list_tools()), call


async def langchain(_stack: AsyncExitStack, command: list[str]) -> tuple[Schemas, Call]:
    from langchain_core.utils.function_calling import convert_to_openai_tool
    from langchain_mcp_adapters.client import MultiServerMCPClient

    server: Any = {"command": command[0], "args": command[1:], "transport": "stdio"}
    tools = {tool.name: tool for tool in await MultiServerMCPClient({"autosend": server}).get_tools()}

    async def call(name: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        message = await tools[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
        return message.status == "error", json.dumps(message.content)

    strict = {name: convert_to_openai_tool(tool, strict=True)["function"]["parameters"] for name, tool in tools.items()}
    return strict, call


async def check(client: str, command: list[str]) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        schemas, call = await globals()[client](stack, command)
        found: dict[str, Any] = {"list": len(schemas)}
        is_error, text = await call("create_contact", JANE)
        found["create"] = not is_error and '"created"' in text.replace("\\", "")
        is_error, text = await call("create_contact", JANE)
        found["refused"] = "already exists" in text and ("as an error" if is_error else "as text")
        is_error, text = await call("find_contacts", {"emails": [JANE["email"], "nobody@example.com"]})
        found["array"] = not is_error and "notFound" in text
        people = {"emails": [JANE["email"]]}
        named: Schemas = {"find_contacts": people, "add_to_list": {"list": "Nope", **people}}
        texts = [(await call(name, nothing_but(schemas[name], given)))[1] for name, given in named.items()]
        found["strict"] = JANE["email"] in texts[0] and "No list or segment has this name" in texts[1]
        return found


def nothing_but(schema: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with nothing for all others."""
    others = {name: NOTHING[member.get("type", "string")] for name, member in schema["properties"].items()}
    return others | given


if __name__ == "__main__":
    print(json.dumps(asyncio.run(check(sys.argv[1], sys.argv[2:]))))
