"""What the conformance suite calls and no tool of ours has: images, questions with fields, prompts that ask."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mcp_types as types

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="

Messages = list[types.PromptMessage]

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
