"""The tools, resources and prompts that the conformance suite calls, mounted on our own server of a caller.

Where the words of a tool of ours are enough, they are tools of ours, which our dispatch reads, runs and answers: text,
errors, progress, a question of yes or no. The rest, which no tool of ours has (images, questions with fields, requests
for sampling and roots, prompts that ask), is handed to the SDK's server that ours is.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, Field

from autosend_mcp.api.client import AutoSend
from autosend_mcp.errors import NotSent
from autosend_mcp.models.base import Answer, Body
from autosend_mcp.server.app import open_server
from autosend_mcp.server.in_flight import InFlightWrites
from autosend_mcp.server.memory import Remember
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.registry import Effect, tool

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="

Ctx = ServerRequestContext[Any, Any]
Messages = list[types.PromptMessage]


# Tools of ours.


class Nothing(Body):
    """No arguments."""


class Message(Body):
    """What the user is asked."""

    message: str = Field(description="What to ask.")


class Said(Answer):
    """A text."""

    text: str


@tool(None, "Simple text", Effect.READ)
async def test_simple_text(context: Context, body: Nothing) -> Said:  # noqa: ARG001
    """Return a text."""
    return Said(text="This is a simple text response for testing.")


@tool(None, "Error", Effect.READ)
async def test_error_handling(context: Context, body: Nothing) -> Said:  # noqa: ARG001
    """Fail."""
    raise NotSent("This tool intentionally returns an error for testing.", "Do not call it again.")


@tool(None, "Progress", Effect.READ)
async def test_tool_with_progress(context: Context, body: Nothing) -> Said:  # noqa: ARG001
    """Report progress three times."""
    for done in (0, 50, 100):
        await context.progress(done, 100, None)
    return Said(text="done")


@tool(None, "Question", Effect.READ)
async def test_elicitation(context: Context, body: Message) -> Said:
    """Ask the user."""
    return Said(text=await context.ask(body.message, ()))


async def _confirm(context: Context, body: Nothing) -> Said:  # noqa: ARG001
    """Ask the user to confirm."""
    return Said(text=f"state-ok: {await context.ask('Please confirm', ())}")


for _name in (
    "test_input_required_result_request_state",
    "test_input_required_result_tampered_state",
    "test_streaming_elicitation",
):
    _confirm.__name__ = _name
    tool(None, "Confirmation", Effect.READ)(_confirm)


# What a client is asked for: by the name of a tool or prompt, one round after the other, each request by its key.

Rounds = Sequence[Mapping[str, types.InputRequest]]


def form(message: str, **properties: Mapping[str, Any]) -> types.ElicitRequest:
    """Return a question with these fields to fill in."""
    schema = {"type": "object", "properties": properties, "required": [*properties]}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(text: str) -> types.CreateMessageRequest:
    """Return a request to the client's model."""
    message = types.SamplingMessage(role="user", content=types.TextContent(text=text))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=100))


TEXT = {"type": "string"}
OPTIONS = ["option1", "option2", "option3"]
TITLED = [{"const": f"value{number}", "title": f"Option {number}"} for number in (1, 2, 3)]
NAME = {"user_name": form("What is your name?", name=TEXT)}
CAPITAL = {"capital_question": sampling("What is the capital of France?")}
ROOTS = {"client_roots": types.ListRootsRequest()}
DEFAULTS: dict[str, Mapping[str, Any]] = {
    "name": {**TEXT, "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {**TEXT, "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
ENUMS: dict[str, Mapping[str, Any]] = {
    "untitledSingle": {**TEXT, "enum": OPTIONS},
    "titledSingle": {**TEXT, "oneOf": TITLED},
    "legacyEnum": {**TEXT, "enum": OPTIONS, "enumNames": ["Option One", "Option Two", "Option Three"]},
    "untitledMulti": {"type": "array", "items": {**TEXT, "enum": OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
}

ASKING_TOOLS: dict[str, Rounds] = {
    "test_input_required_result_elicitation": [NAME],
    "test_input_required_result_sampling": [CAPITAL],
    "test_input_required_result_list_roots": [ROOTS],
    "test_input_required_result_multiple_inputs": [{**NAME, **CAPITAL, **ROOTS}],
    "test_input_required_result_multi_round": [
        {"step1": form("Step 1: What is your name?", name=TEXT)},
        {"step2": form("Step 2: What is your favorite color?", color=TEXT)},
    ],
    "test_input_required_result_capabilities": [{**NAME, **CAPITAL}],
    "test_missing_capability": [CAPITAL],
    "test_sampling": [CAPITAL],
    "test_elicitation_sep1034_defaults": [{"defaults": form("Who?", **DEFAULTS)}],
    "test_elicitation_sep1330_enums": [{"enums": form("Which?", **ENUMS)}],
}
ASKING_PROMPTS: dict[str, Rounds] = {
    "test_input_required_result_prompt": [{"user_context": form("What context should the prompt use?", context=TEXT)}]
}
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


# Tools with other content than texts.


def embedded(uri: str, mime_type: str, text: str) -> types.EmbeddedResource:
    """Return a resource as content."""
    return types.EmbeddedResource(resource=types.TextResourceContents(uri=uri, mime_type=mime_type, text=text))


IMAGE = types.ImageContent(data=PNG, mime_type="image/png")
CONTENTS: dict[str, list[types.ContentBlock]] = {
    "test_image_content": [IMAGE],
    "test_audio_content": [types.AudioContent(data=WAV, mime_type="audio/wav")],
    "test_embedded_resource": [
        embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    ],
    "test_multiple_content_types": [
        types.TextContent(text="Multiple content types test:"),
        IMAGE,
        embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
    "test_logging_tool": [types.TextContent(text="logged")],
    "test_headers": [types.TextContent(text="called")],
    "json_schema_2020_12_tool": [types.TextContent(text="called")],
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "test_headers": {"type": "object", "properties": {"region": {**TEXT, "x-mcp-header": "Region"}}},
    "json_schema_2020_12_tool": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": TEXT, "city": TEXT}}},
        "properties": {
            "name": TEXT,
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {**TEXT, "enum": ["phone", "email"]},
            "phone": TEXT,
            "email": TEXT,
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    },
}
TOOLS = [
    types.Tool(name=name, description="A fixture of the suite.", input_schema=SCHEMAS.get(name, {"type": "object"}))
    for name in (*ASKING_TOOLS, *CONTENTS)
]

# Resources and prompts.

TEMPLATE = "test://template/{id}/data"
RESOURCES: dict[str, types.TextResourceContents | types.BlobResourceContents] = {
    "test://static-text": types.TextResourceContents(
        uri="test://static-text", mime_type="text/plain", text="This is the content of the static text resource."
    ),
    "test://static-binary": types.BlobResourceContents(uri="test://static-binary", mime_type="image/png", blob=PNG),
}


def from_template(uri: str) -> types.TextResourceContents | None:
    """Return the resource of the template's that this is, if it is one."""
    start, end = TEMPLATE.split("{id}")
    if not (uri.startswith(start) and uri.endswith(end)):
        return None
    number = uri.removeprefix(start).removesuffix(end)
    data = {"id": number, "templateTest": True, "data": f"Data for ID: {number}"}
    return types.TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(data))


def said(*contents: types.ContentBlock | str) -> Messages:
    """Return messages of the user."""
    blocks = [types.TextContent(text=content) if isinstance(content, str) else content for content in contents]
    return [types.PromptMessage(role="user", content=block) for block in blocks]


PROMPTS: dict[str, tuple[list[str], Callable[[Mapping[str, str]], Messages]]] = {
    "test_simple_prompt": ([], lambda _: said("This is a simple prompt for testing.")),
    "test_prompt_with_arguments": (
        ["arg1", "arg2"],
        lambda given: said("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'".format_map(given)),
    ),
    "test_prompt_with_embedded_resource": (
        ["resourceUri"],
        lambda given: said(
            embedded(given["resourceUri"], "text/plain", "Embedded resource content for testing."),
            "Please process the embedded resource above.",
        ),
    ),
    "test_prompt_with_image": ([], lambda _: said(IMAGE, "Please analyze the image above.")),
    "test_input_required_result_prompt": ([], lambda _: said("The context is known.")),
}


# Mounting.

Handler = Callable[[Ctx, Any], Awaitable[Any]]


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
    autosend: AutoSend, /, *, remember: Remember
) -> AsyncGenerator[tuple[Server[Any], InFlightWrites]]:
    """Open a caller's server with the fixtures."""
    async with open_server(autosend, remember=remember) as (server, writes):
        mount(server)
        yield server, writes
