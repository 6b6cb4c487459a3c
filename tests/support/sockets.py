"""Our server behind a Unix socket, on which waiting costs nothing, as uvicorn serves it: for what only a socket has."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import httpx2
import uvicorn

from autosend_mcp.server.http.app import McpApp
from autosend_mcp.server.http.serve import Limits, server_of
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.server.http.tenants import Connect
from tests.support.worlds import autosend_over

ENDED_BY = (signal.SIGTERM, signal.SIGINT)
_META = "io.modelcontextprotocol/"


def message(method: str, params: dict[str, Any], era: str = "2026-07-28") -> tuple[dict[str, str], dict[str, Any]]:
    """Return the headers and the body of a message that stands for itself, as it does in both eras."""
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    if era == "legacy":
        headers["MCP-Protocol-Version"] = "2025-11-25"
    else:
        headers |= {"MCP-Protocol-Version": era, "Mcp-Method": method}
        headers |= {"Mcp-Name": params["name"]} if "name" in params else {}
        about: dict[str, Any] = {f"{_META}protocolVersion": era, f"{_META}clientCapabilities": {}}
        params = {**params, "_meta": {**about, **params.get("_meta", {})}}
    return headers, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def raw(method: str = "tools/list", **params: Any) -> bytes:
    """Return such a message as its bytes, with a head of HTTP/1.1."""
    headers, body = message(method, params)
    content = json.dumps(body).encode()
    return head(**headers, Content_Length=str(len(content))) + content


def head(line: str = "POST /mcp HTTP/1.1", **headers: str) -> bytes:
    given = {"Host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return "\r\n".join([line, *(f"{name}: {value}" for name, value in given.items()), "", ""]).encode()


def answer_in(reply: httpx2.Response) -> dict[str, Any]:
    """Return the message in a reply, be it JSON or the last event of a stream."""
    text = reply.text
    if reply.headers["content-type"].startswith("text/event-stream"):
        text = [line for line in text.splitlines() if line.startswith("data: {")][-1].removeprefix("data: ")
    return json.loads(text)


async def answer_from(reader: asyncio.StreamReader) -> bytes:
    """Return one answer: its head, and its body by its length."""
    answer = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in answer.lower().splitlines() if line.startswith(b"content-length:"))
    return answer + await reader.readexactly(int(length.partition(b":")[2]))


class Listening(NamedTuple):
    """The server, and where it listens."""

    path: Path
    server: uvicorn.Server
    serving: asyncio.Task[None]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self.path)

    async def say(self, *pieces: bytes) -> bytes:
        """Send these, and end as a client that wants nothing more of the server than to close; return its answers."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
        answer = await reader.read()
        writer.close()
        return answer

    def http(self) -> httpx2.AsyncClient:
        transport = httpx2.AsyncHTTPTransport(uds=str(self.path))
        return httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=None)

    async def call(self, tool: str, arguments: dict[str, Any], era: str = "2026-07-28") -> httpx2.Response:
        """Call a tool, by a connection of its own."""
        headers, body = message("tools/call", {"name": tool, "arguments": arguments}, era)
        async with self.http() as http:
            return await http.post("/mcp", json=body, headers=headers)


@contextmanager
def unharmed() -> Generator[None]:
    """Let the signals that end a server do nothing else."""

    def nothing(_number: int, _frame: object) -> None:
        pass

    before = [signal.signal(number, nothing) for number in ENDED_BY]
    try:
        yield
    finally:
        for number, handler in zip(ENDED_BY, before, strict=True):
            signal.signal(number, handler)


@asynccontextmanager
async def listening_over(
    world: httpx2.AsyncBaseTransport, limits: Limits | None = None, connect: Connect | None = None, **settings: Any
) -> AsyncGenerator[Listening]:
    """Serve over this AutoSend; a signal that ends a server ends this one."""
    with TemporaryDirectory() as folder, unharmed(), socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "socket"
        listener.bind(str(path))
        listener.listen(1_000)
        autosend = autosend_over(world, **settings)
        connect = connect or (lambda _: autosend_over(world, **settings))
        app = McpApp(autosend.settings, HttpSettings(), connect).app()
        server = server_of(app, limits or Limits())
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield Listening(path, server, serving)
        finally:
            server.should_exit = True
            await serving
