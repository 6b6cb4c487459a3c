"""An AutoSend that fails as a test says, byte by byte, and records what it applied.

It shares no code with the product or its sandbox: raw sockets, so that it can reset, drip, truncate and hang. They are
Unix sockets, on which waiting costs nothing (see clock.py); TCP is for what only TCP has and for other processes.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from tempfile import TemporaryDirectory
from typing import Any, cast

import anyio
import httpcore2

from autosend_mcp.api.transport import Network, Transport
from tests.support.clock import clock


def now() -> str:
    return datetime.fromtimestamp(clock()(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Exchange:
    """One request, and the means to answer it well or badly."""

    server: "Faulty"
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    writer: asyncio.StreamWriter
    at: float = field(default_factory=anyio.current_time)

    def apply(self, **values: Any) -> dict[str, Any]:
        """Create the contact, as AutoSend would. Applying a second time for an address is counted, too."""
        self.server.applied.append(self.body)
        contact = {
            "id": f"{len(self.server.applied):024x}",
            **{name: value for name, value in self.body.items() if name != "listIds"},
            "createdAt": now(),
            "updatedAt": now(),
            "projectId": "229f1f77bcf86cd9273048038",
            **values,
        }
        self.server.contacts[self.body["email"]] = contact
        return contact

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def reply(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.send(head(status, {"Content-Length": str(len(content)), **headers}) + content)

    async def succeed(self, data: Any) -> None:
        await self.reply(200, {"success": True, "data": data})

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with a TCP reset."""
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = {"Date": formatdate(clock()(), usegmt=True), "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Status\r\n{text}\r\n".encode()


Fault = Callable[[Exchange], Awaitable[None]]


async def create_well(exchange: Exchange) -> None:
    if exchange.body["email"] in exchange.server.contacts:
        await exchange.reply(409, {"success": False, "error": {"message": "Contact already exists", "code": "EXISTS"}})
    else:
        await exchange.succeed(exchange.apply())


async def look_up_well(exchange: Exchange) -> None:
    held = exchange.server.contacts
    await exchange.succeed({"contacts": [held[email] for email in exchange.body["emails"] if email in held]})


# What the project defines, unless a test says otherwise: no name that the tests use is unknown.
LISTS = [
    {"id": "l1", "name": "Letters", "type": "list"},
    {"id": "l2", "name": "Offers", "type": "list"},
    {"id": "507f1f77bcf86cd799439011", "name": "Newsletter", "type": "list", "contactCount": 2},
]
FIELDS = [
    {"fieldName": name, "fieldType": kind}
    for name, kind in (
        ("plan", "string"), ("logins", "number"), ("company", "string"), ("role", "string"), ("vip", "boolean"),
        ("b", "string"), ("n", "number"), ("f", "number"), ("t", "boolean"), ("d", "date"), ("yes", "boolean"),
    )
]  # fmt: skip


async def describe_well(exchange: Exchange) -> None:
    """Answer with the lists and custom fields of the project."""
    fields = exchange.path.startswith("/v1/contact-properties?")
    await exchange.succeed({"customFields": exchange.server.fields} if fields else {"lists": exchange.server.lists})


async def suppress_nobody(exchange: Exchange) -> None:
    """Answer that no address is suppressed."""
    await exchange.succeed({"entries": [], "pagination": {"total": 0}})


async def not_there(exchange: Exchange) -> None:
    """Answer that there is nothing else."""
    await exchange.reply(404, {"success": False, "error": {"message": "Not found", "code": "NOT_FOUND"}})


class _Unix(httpcore2.AsyncNetworkBackend):
    """A network that has one Unix socket, whatever the host."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def connect_tcp(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        return await cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend()).connect_unix_socket(self._path)


@dataclass
class Faulty:
    """The server: its faults, what the project defines, and what it saw.

    `routes`: a fault for requests of a method and path that begin so, before all others.
    """

    create: Fault = create_well
    look_up: Fault = look_up_well
    describe: Fault = describe_well
    routes: dict[str, Fault] = field(default_factory=dict[str, Fault])
    lists: list[dict[str, Any]] = field(default_factory=lambda: list(LISTS))
    fields: list[dict[str, Any]] = field(default_factory=lambda: list(FIELDS))
    described: int = 0
    address: str = ""
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    applied: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    seen: list[Exchange] = field(default_factory=list[Exchange])

    @property
    def url(self) -> str:
        """Return where it is found by TCP."""
        assert "://" in self.address
        return self.address

    def transport(self) -> Transport:
        """Return connections of their own to its Unix socket, otherwise those of the product."""
        return Transport(httpcore2.AsyncConnectionPool(network_backend=Network(_Unix(self.address))))

    @property
    def creates(self) -> int:
        """How many requests to create a contact arrived."""
        return sum(exchange.path == "/v1/contacts" for exchange in self.seen)

    @property
    def look_ups(self) -> int:
        return sum(exchange.path == "/v1/contacts/search/emails" for exchange in self.seen)

    async def answer(self, exchange: Exchange) -> None:
        known = {"/v1/contact-properties", "/v1/contact-lists"}
        if exchange.method == "GET" and exchange.path.partition("?")[0] in known:
            self.described += 1
            await self.describe(exchange)
            return
        self.seen.append(exchange)
        asked = f"{exchange.method} {exchange.path.removeprefix('/v1')}"
        for prefix, fault in self.routes.items():
            if asked.startswith(prefix):
                await fault(exchange)
                return
        answers = {
            "/v1/contacts": self.create,
            "/v1/contacts/search/emails": self.look_up,
            "/v1/suppression-groups/entries": suppress_nobody,
        }
        await answers.get(exchange.path, not_there)(exchange)


@asynccontextmanager
async def faulty_autosend(*, tcp: bool = False, **options: Any) -> AsyncGenerator[Faulty]:
    """Yield one behind a Unix socket, or on a port of loopback; `options` of its listener."""
    faulty = Faulty()
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await _serve(faulty, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    with TemporaryDirectory() as folder:
        faulty.address = f"{folder}/autosend"
        if tcp:
            server = await asyncio.start_server(connected, "127.0.0.1", 0, **options)
            scheme = "https" if options.get("ssl") else "http"
            faulty.address = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        else:
            server = await asyncio.start_unix_server(connected, faulty.address, **options)
        try:
            yield faulty
        finally:
            server.close()
            for task in connections:
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


async def _serve(faulty: Faulty, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        start = await reader.readuntil(b"\r\n\r\n")
        request, *lines = start.decode().splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = request.split(" ")
        body = json.loads(content) if content else None
        await faulty.answer(Exchange(faulty, method, path, headers, body, writer))
