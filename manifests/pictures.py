"""Draw the pictures of the README as terminal windows, dark on a light page and on a dark one."""

import json
import re
from functools import cache
from io import StringIO
from typing import Any

import anyio
from httpx2 import ASGITransport
from mcp import Client
from rich.console import Console, RenderableType
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from autosend_mcp.api.client import AutoSend
from autosend_mcp.sandbox.app import KEY, Options, Sandbox
from autosend_mcp.server.app import open_server
from autosend_mcp.settings import load_settings
from manifests.tool_pages import normalized

WIDTH = 92

# Each colour can be read on the background: red, green, yellow, blue, magenta, cyan between black and white.
_THEME = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [
        (72, 79, 88),
        (255, 123, 114),
        (126, 231, 135),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (230, 237, 243),
    ],
)
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

_ASKED = 'Add Jane Doe, jane@example.com, to Newsletter. She is on the "pro" plan.'
_ARGUMENTS: dict[str, Any] = {
    "email": "jane@example.com",
    "firstName": "Jane",
    "lastName": "Doe",
    "customFields": {"plan": "pro"},
    "listIds": ["Newsletter"],
}
_REGRETTED = "That was the wrong Jane. Take it back."


def window(title: str, description: str, *parts: RenderableType) -> str:
    """Return these parts, one below the other in a window, as SVG with a description for those who do not see it."""
    console = Console(width=WIDTH, record=True, file=StringIO(), color_system="truecolor", force_terminal=True)
    for part in parts:
        console.print(part, highlight=False)
    svg = console.export_svg(title=title, theme=_THEME, unique_id="window")
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1).replace("Fira Code, monospace", _FONT)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # a picture may load nothing
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines())


@cache
def exchange() -> str:
    """Return what a user asks, the calls that an assistant makes of it, and their answers, from a run of them."""
    created, deleted = anyio.run(_play)
    return window(
        "an assistant with autosend-mcp",
        "A user asks for a new contact, and then to take it back; the two calls and their answers",
        _turn(_ASKED, "create_contact", _ARGUMENTS, created),
        Text(),
        _turn(_REGRETTED, "undo", {"write": created["undo"], "confirm": created["email"]}, deleted),
    )


async def _play() -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the two calls, the second by the `undo` of the first, and return their answers."""
    sandbox = Sandbox(Options(rate_limit=0))
    settings = load_settings(api_key=KEY, base_url="http://127.0.0.1/v1", rate_limit=100_000)
    autosend = AutoSend(settings, ASGITransport(sandbox.app))
    try:
        async with open_server(autosend) as (server, _), Client(server) as client:
            await client.call_tool("create_contact_list", {"name": "Newsletter"})
            await client.call_tool("create_custom_field", {"fieldName": "plan", "fieldType": "string"})
            created: Any = (await client.call_tool("create_contact", _ARGUMENTS)).structured_content
            undo = {"write": created["undo"], "confirm": created["email"]}
            deleted: Any = (await client.call_tool("undo", undo)).structured_content
            return created, deleted
    finally:
        sandbox.close()


def _turn(asked: str, tool: str, arguments: dict[str, Any], answer: dict[str, Any]) -> RenderableType:
    """Return a turn of the conversation: who, and beside it what."""
    turn = Table.grid(padding=(0, 2))
    turn.add_column(width=15, justify="right")
    turn.add_row(Text("user", "bold green"), asked)
    turn.add_row(Text(tool, "bold magenta"), _members(arguments))
    turn.add_row(Text("answer", "bold cyan"), _members(answer))
    return turn


def _members(value: dict[str, Any]) -> Text:
    """Return an object as JSON, a member on a line."""
    lines = (f"{json.dumps(name)}: {json.dumps(member, ensure_ascii=False)}" for name, member in value.items())
    return JSONHighlighter()(normalized("\n".join(lines)))
