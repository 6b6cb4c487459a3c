"""The yardstick of overhead.py: the least one can write for one tool on the same SDK, to see what the rest costs.

It uses the low-level server of the SDK, as autosend-mcp does, and answers in both halves (structured and text) with an
output schema, as autosend-mcp must for some hosts to show the answer at all. It checks nothing: the arguments go out as
they came, and AutoSend's contact comes back as it was.
"""

import json
import os
from typing import Any

import anyio
import httpx2
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

_TEXT = {"type": "string"}
_TOOL = Tool(
    name="create_contact",
    description="Create a contact in AutoSend.",
    input_schema={
        "type": "object",
        "properties": {
            "email": _TEXT,
            "firstName": _TEXT,
            "lastName": _TEXT,
            "userId": _TEXT,
            "listIds": {"type": "array", "items": _TEXT},
            "customFields": {"type": "object"},
        },
        "required": ["email"],
    },
    output_schema={
        "type": "object",
        "properties": {
            "id": _TEXT,
            "email": _TEXT,
            "firstName": _TEXT,
            "lastName": _TEXT,
            "userId": _TEXT,
            "customFields": {"type": "object"},
            "createdAt": _TEXT,
        },
        "required": ["id", "email"],
    },
)


class Bare:
    """Its handlers."""

    def __init__(self) -> None:
        self._http: httpx2.AsyncClient | None = None

    async def list_tools(  # noqa: D102
        self, _context: ServerRequestContext[Any, Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[_TOOL])

    async def call_tool(  # noqa: D102
        self, _context: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> CallToolResult:
        if self._http is None:
            # Made by the first call, as in autosend-mcp: otherwise start-up would not be compared like with like.
            key = os.environ["AUTOSEND_API_KEY"]
            self._http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"})
        reply = await self._http.post(f"{os.environ['AUTOSEND_BASE_URL']}/contacts", json=params.arguments)
        contact = reply.json()["data"]
        return CallToolResult(content=[TextContent(text=json.dumps(contact))], structured_content=contact)


async def _main() -> None:
    bare = Bare()
    server = Server[Any]("bare", version="0", on_list_tools=bare.list_tools, on_call_tool=bare.call_tool)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(_main)
