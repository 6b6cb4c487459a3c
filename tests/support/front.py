"""What hosts ask first, and what the SDK and the front answer to it."""

import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import combinations, dropwhile
from pathlib import Path
from typing import Any

import anyio
from mcp_types import JSONRPCMessage

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.app import open_server
from autosend_mcp.server.connection import serve_connection
from autosend_mcp.server.front.offer import MODERN, Offer
from autosend_mcp.server.front.requests import LEGACY, Opening
from autosend_mcp.server.front.start import Start
from autosend_mcp.server.lines import method_of, read_line
from autosend_mcp.settings import TOOLSETS, Settings

Json = dict[str, Any]
CLIENT = {"name": "host", "version": "1.0"}
CAPABILITIES: list[Json] = [
    {},
    {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {"form": {}, "url": {}}},
    {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}},
    {"tools": True, "logging": False, "tasks": {"list": {}, "requests": {"elicitation": {"create": {}}}}},
]
LISTS = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
INITIALIZED: Json = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(number: int | str, method: str, params: Json | None = None) -> Json:
    return {"jsonrpc": "2.0", "id": number, "method": method} | ({} if params is None else {"params": params})


def envelope(capabilities: Json | None = None) -> Json:
    about = {"protocolVersion": MODERN, "clientInfo": CLIENT, "clientCapabilities": capabilities or {}}
    return {"_meta": {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}}


def initialize(version: str, capabilities: Json | None = None) -> Json:
    params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": CLIENT}
    return request(0, "initialize", params)


LEGACY_TALKS = [
    [
        initialize(version, capabilities),
        INITIALIZED,
        *(request(number, method) for number, method in enumerate(LISTS, 1)),
        request("five", "ping", {}),
        request(6, "tools/list", {"_meta": {"progressToken": "t"}}),
    ]
    for version, capabilities in zip(LEGACY, CAPABILITIES, strict=True)
]
MODERN_TALK = [
    request(number, method, envelope(CAPABILITIES[number % 4]))
    for number, method in enumerate(["server/discover", *LISTS])
]
# Of a host that shows pages.
PAGES_TALKS = [
    [
        initialize(LEGACY[3], CAPABILITIES[2]),
        INITIALIZED,
        *(request(number, method) for number, method in enumerate(LISTS, 1)),
    ],
    [request(number, method, envelope(CAPABILITIES[2])) for number, method in enumerate(["server/discover", *LISTS])],
]


def as_line(message: Json) -> bytes:
    return json.dumps(message).encode() + b"\n"


class Written:
    """Stdout, for the SDK; `lines` is what was written, and `one_more` happens with the next one."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.one_more = anyio.Event()

    async def write(self, line: str) -> None:
        self.lines.append(line)
        self.one_more.set()
        self.one_more = anyio.Event()


async def sdk(talk: Sequence[bytes], start: Start) -> list[str]:
    """Return what the SDK writes when it is given these lines, each discovery at first on a connection of its own."""
    rest = [*dropwhile(lambda line: b"server/discover" in line, talk)]
    alone = [[line] for line in talk[: len(talk) - len(rest)]]
    return [answer for each in [*alone, rest] for answer in await on_one_connection(each, start)]


async def on_one_connection(talk: Sequence[bytes], start: Start) -> list[str]:
    async def messages() -> AsyncGenerator[JSONRPCMessage]:
        for raw in talk:
            for message in read_line(raw).messages:
                answered = written.one_more
                yield message
                if method_of(message):  # requests at once are answered in any order
                    await answered.wait()

    toolsets = ",".join(start.toolsets)
    settings = Settings(toolsets=toolsets, read_only=start.read_only, import_dir=Path("/") if start.imports else None)
    autosend = AutoSend(settings, target="", is_sandbox=start.is_sandbox)
    written = Written()
    async with open_server(autosend) as (server, _):
        await serve_connection(server, messages(), written.write)
    return written.lines


def answered(talk: Iterable[bytes], start: Start) -> list[str] | None:
    """Return what is answered without the SDK; None if a line is left to it."""
    opening = Opening(Offer(start))
    answers = [opening.answer(line) for line in talk]
    return None if None in answers else [answer[1] for answer in answers if answer and answer[1]]


STARTS = [
    Start(toolsets, read_only, imports, is_sandbox)
    for size in range(len(TOOLSETS) + 1)
    for toolsets in combinations(TOOLSETS, size)
    for read_only in (False, True)
    for imports in ([False, True] if not toolsets else [False])
    for is_sandbox in (False, True)
]
