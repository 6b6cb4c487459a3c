"""The MCP server: tools/list and tools/call over the registry, and the one place where errors become answers."""

import json
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from time import perf_counter
from typing import Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from autosend_mcp.calls import Call
from autosend_mcp.client import AutoSend
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown, compact_json
from autosend_mcp.logs import OURS
from autosend_mcp.models.arguments import nearest, read_arguments, refused_fields
from autosend_mcp.models.base import Answer, Body
from autosend_mcp.tools import contacts
from autosend_mcp.tools.toolset import TOOLS, Tool
from autosend_mcp.writes import JOINED, Result, Writes, writes_of_the_process

NAME = "autosend-mcp"
TITLE = "AutoSend contacts"
VERSION = version(NAME)

_REGISTERED = (contacts,)  # importing a module of tools registers them

_log = logging.getLogger(OURS)

Context = ServerRequestContext[Any, Any]


def build_server(autosend: AutoSend, writes: Writes) -> Server[Any]:
    """An MCP server over this client and these writes, for any transport and both protocol eras."""
    server = Server[Any](
        NAME,
        version=VERSION,
        title=TITLE,
        on_list_tools=_list_tools,
        on_call_tool=partial(_call_tool, autosend, writes),
    )
    server.middleware.append(_explain_malformed)
    return server


@asynccontextmanager
async def open_server(autosend: AutoSend) -> AsyncGenerator[tuple[Server[Any], Writes]]:
    """The server with its writes; on the way out the writes end first, then the connections."""
    try:
        async with writes_of_the_process() as writes:
            yield build_server(autosend, writes), writes
    finally:
        await autosend.aclose()


async def _list_tools(_context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=[tool.definition for tool in TOOLS.values()])


async def _call_tool(
    autosend: AutoSend, writes: Writes, _context: Context, params: CallToolRequestParams
) -> CallToolResult:
    started = perf_counter()
    notes: list[str] = []
    try:
        tool = _tool(params.name)
        body, notes = read_arguments(tool.body, params.arguments or {}, tool.name)
    except NotSent as error:
        _record(params.name if params.name in TOOLS else "?", error, None, started, outcome="invalid")
        return _render(autosend, error, notes)
    call = Call(autosend)
    write = partial(_perform, tool, call, body, started)
    result, more = await writes.run(f"{tool.name} {compact_json(body.payload())}", write, call)
    if JOINED in more:
        _record(tool.name, result, call, started, body=body, outcome="joined")
    return _render(autosend, result, notes + more)


def _tool(name: str) -> Tool:
    if name not in TOOLS:
        raise NotSent(f"There is no such tool; {nearest(name, {known: known for known in TOOLS})}", "")
    return TOOLS[name]


async def _perform(tool: Tool, call: Call, body: Body, started: float) -> Result:
    """Run the tool and record it. The one boundary: every failure comes out as an AutoSendError."""
    try:
        result: Result = await tool.run(call, body)
    except AutoSendError as error:
        result = error
        if isinstance(error, Refused) and (lines := refused_fields(tool.body, error.fields)):
            error.next_step = "\n".join([error.next_step, *lines])
    except anyio.get_cancelled_exc_class():
        outcome = "cut_off" if call.exposed else "refused" if call.attempts else "not_sent"
        _record(tool.name, Unknown("", ""), call, started, body=body, outcome=outcome)
        raise
    except Exception as bug:  # noqa: BLE001 - the SDK would show its text, which may hold anything
        result = Unknown(
            "autosend-mcp failed with an error of its own.",
            "Do not repeat the call; report it to the person who runs this server.",
            cause=type(bug).__name__,
        )
    _record(tool.name, result, call, started, body=body)
    return result


def _render(autosend: AutoSend, result: Result, notes: list[str]) -> CallToolResult:
    """A success in both halves, the same data; an error as text alone. The last place that could let the key out."""
    if isinstance(result, Answer):
        answer = result.model_copy(update={"notes": notes + (result.notes or []) or None})
        data = answer.payload()
        text = compact_json(data)
        if (clean := autosend.settings.without_key(text)) != text:
            text, data = clean, json.loads(clean)
        return CallToolResult(content=[TextContent(text=text)], structured_content=data)
    text = "\n".join([str(result), *(f"Note: {note}" for note in notes)])
    return CallToolResult(content=[TextContent(text=autosend.settings.without_key(text))], is_error=True)


def _record(
    tool: str, result: Result, call: Call | None, started: float, *, body: Body | None = None, outcome: str = ""
) -> None:
    """One log line a call: nothing about the person but a keyed hash of the address."""
    fields: dict[str, object] = {"tool": tool, "outcome": outcome or getattr(result, "outcome", "done")}
    if call is not None and body is not None:
        status = result.status if isinstance(result, AutoSendError) and result.status else call.status
        fields |= {"status": status, "attempts": call.attempts}
        if (address := getattr(body, "email", None)) and (fingerprint := call.fingerprint(address)):
            fields["address"] = fingerprint
    if isinstance(result, AutoSendError) and result.cause:
        fields["cause"] = result.cause
    level = logging.WARNING if outcome == "cut_off" else logging.INFO
    _log.log(level, "call", extra={"fields": fields | {"ms": round((perf_counter() - started) * 1000)}})


async def _explain_malformed(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Name what is wrong with a tools/call that the SDK would refuse with "Invalid request parameters" alone."""
    if ctx.method == "tools/call":
        params: Mapping[str, object] = ctx.params or {}
        if not isinstance(params.get("name"), str):
            raise MCPError(INVALID_PARAMS, f"name must be the name of a tool: {', '.join(TOOLS)}. Nothing was sent.")
        if not isinstance(params.get("arguments", {}), dict | None):
            raise MCPError(
                INVALID_PARAMS,
                'arguments must be a JSON object, for example {"email": "jane@example.com"}. Nothing was sent; '
                "call the tool again with one.",
            )
    return await call_next(ctx)
