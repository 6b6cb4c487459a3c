"""Mount the conformance suite's tools, resources and prompts on our own server of a caller."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
import own_tools  # noqa: F401  # offers them
from fixtures import (
    ASKING_PROMPTS,
    ASKING_TOOLS,
    CONTENTS,
    PROMPTS,
    RESOURCES,
    SCHEMAS,
    TEMPLATE,
    TOOLS,
    Rounds,
    from_template,
)
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.app import open_server
from autosend_mcp.server.audience import Audience
from autosend_mcp.server.in_flight import InFlightWrites
from autosend_mcp.server.memory import Remember

Ctx = ServerRequestContext[Any, Any]
Handler = Callable[[Ctx, Any], Awaitable[Any]]

NEEDS = {"elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots"}
ANSWERS: dict[str, type[BaseModel]] = {
    "elicitation/create": types.ElicitResult,
    "sampling/createMessage": types.CreateMessageResult,
    "roots/list": types.ListRootsResult,
}


async def asked(ctx: Ctx, params: Any, rounds: Rounds) -> types.InputRequiredResult | None:
    """Return what the client must bring, or None once all is there. Before 2026-07-28 it is asked while it waits."""
    if ctx.protocol_version < "2026-07-28":
        for request in (request for those in rounds for request in those.values()):
            await ctx.session.send_request(request, ANSWERS[request.method])
        return None
    done = int(params.request_state or 0)
    if rounds[done].keys() <= (params.input_responses or {}).keys():
        done += 1
    if done == len(rounds):
        return None
    declared = ctx.session.client_capabilities or types.ClientCapabilities()
    can = {key: one for key, one in rounds[done].items() if getattr(declared, NEEDS[one.method]) is not None}
    if not can:
        needed = {NEEDS[request.method]: {} for request in rounds[done].values()}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "missing", {"requiredCapabilities": needed})
    return types.InputRequiredResult(input_requests=can, request_state=str(done))


def mount(server: Server[Any]) -> None:
    """Add the fixtures to a server; what is none of them goes to the server's own handlers."""

    def over(method: str, handler: Callable[[Handler, Ctx, Any], Awaitable[Any]]) -> None:
        own = server.get_request_handler(method)
        if own is None:
            raise LookupError(method)
        server.add_request_handler(method, own.params_type, lambda ctx, params: handler(own.handler, ctx, params))

    def listed(method: str, member: str, more: Sequence[object]) -> None:
        async def with_more(own: Handler, ctx: Ctx, params: Any) -> Any:
            result = await own(ctx, params)
            return result.model_copy(update={member: [*getattr(result, member), *more]})

        over(method, with_more)

    resources = [types.Resource(uri=uri, name=uri, description="A fixture.") for uri in RESOURCES]
    template = types.ResourceTemplate(uri_template=TEMPLATE, name="template", description="A fixture.")
    prompts = [
        types.Prompt(
            name=name,
            description="A fixture.",
            arguments=[types.PromptArgument(name=argument, required=True) for argument in arguments],
        )
        for name, (arguments, _) in PROMPTS.items()
    ]
    listed("tools/list", "tools", TOOLS)
    listed("resources/list", "resources", resources)
    listed("resources/templates/list", "resource_templates", [template])
    listed("prompts/list", "prompts", prompts)
    over("tools/call", _call)
    over("resources/read", _read)
    over("prompts/get", _get)
    server.get_tool_input_schema = SCHEMAS.get


async def _call(own: Handler, ctx: Ctx, params: types.CallToolRequestParams) -> Any:
    if params.name in ASKING_TOOLS:
        needed = await asked(ctx, params, ASKING_TOOLS[params.name])
        return needed or types.CallToolResult(content=[types.TextContent(text="answered")])
    if params.name not in CONTENTS:
        return await own(ctx, params)
    if params.name == "test_logging_tool":
        await ctx.session.send_log_message("info", "logged", related_request_id=ctx.request_id)
    return types.CallToolResult(content=CONTENTS[params.name])


async def _read(own: Handler, ctx: Ctx, params: types.ReadResourceRequestParams) -> Any:
    found = RESOURCES.get(str(params.uri)) or from_template(str(params.uri))
    return types.ReadResourceResult(contents=[found]) if found else await own(ctx, params)


async def _get(own: Handler, ctx: Ctx, params: types.GetPromptRequestParams) -> Any:
    if params.name not in PROMPTS:
        return await own(ctx, params)
    if params.name in ASKING_PROMPTS and (needed := await asked(ctx, params, ASKING_PROMPTS[params.name])):
        return needed
    return types.GetPromptResult(messages=PROMPTS[params.name][1](params.arguments or {}))


@asynccontextmanager
async def open_with_fixtures(
    autosend: AutoSend, /, *, audience: Audience, remember: Remember
) -> AsyncGenerator[tuple[Server[Any], InFlightWrites]]:
    """Open a caller's server with the fixtures."""
    async with open_server(autosend, audience=audience, remember=remember) as (server, writes):
        mount(server)
        yield server, writes
