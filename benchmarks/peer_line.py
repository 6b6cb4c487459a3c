"""The line between a server and the API that it calls: it answers, refuses, delays and drops, and records all of it.

It is one small HTTP/1.1 server on loopback for each of the servers compared. What is behind it is an imitated API.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True)
class Held:
    """A contact as an API holds it."""

    id: str
    email: str
    custom: Json
    mailable: bool = True


@dataclass(frozen=True)
class Reply:
    """What is sent back."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @classmethod
    def of(cls, status: int, body: Any, **headers: str) -> "Reply":
        """Return a reply with this JSON; `Retry_After` becomes `Retry-After`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, json.dumps(body).encode(), {"Content-Type": "application/json"} | named)


@dataclass(frozen=True)
class Asked:
    """One request as it arrived, and when."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes
    at: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    @property
    def body(self) -> Any:
        """Its JSON; None without."""
        with suppress(ValueError):
            return json.loads(self.content)
        return None


class Api(Protocol):
    """An imitated API: what it does with a request, and what it holds."""

    def writes(self, asked: Asked) -> bool:
        """Return whether this request is to change something."""
        ...

    async def reply(self, asked: Asked) -> Reply:
        """Carry out a request."""
        ...

    def refusal(self, status: int, message: str) -> Json:
        """Return an error in the shape of this API."""
        ...

    async def held(self, email: str) -> Held | None:
        """Return the contact at this address."""
        ...

    async def add(self, email: str, *, mailable: bool = True) -> None:
        """Store a contact of this address, or one that may get no mail."""
        ...


class Dropped(Exception):
    """The connection is to be reset instead of answered."""


Forward = Callable[[], Awaitable[Reply]]
Fault = Callable[["Line", Asked, Forward], Awaitable[Reply]]


async def no_fault(_line: "Line", _asked: Asked, forward: Forward) -> Reply:
    """Answer as the API does."""
    return await forward()


@dataclass
class Line:
    """The line to one API. `asked`: the requests since `begin`; `applied`: how many writes the API carried out."""

    api: Api
    fault: Fault = no_fault
    asked: list[Asked] = field(default_factory=list[Asked])
    applied: int = 0
    url: str = ""

    def begin(self, fault: Fault = no_fault) -> None:
        """Forget what was seen, and go wrong in this way from now on."""
        self.fault, self.asked, self.applied = fault, [], 0

    @property
    def writes(self) -> list[Asked]:
        """The requests that were to change something."""
        return [one for one in self.asked if self.api.writes(one)]

    async def answer(self, asked: Asked) -> Reply:
        """Return the reply to a request, as the API or the fault has it."""
        self.asked.append(asked)

        async def forward() -> Reply:
            reply = await self.api.reply(asked)
            if self.api.writes(asked) and reply.status < 300:
                self.applied += 1
            return reply

        return await self.fault(self, asked, forward)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while asked := await _read(reader):
                try:
                    reply = await self.answer(asked)
                except Dropped:
                    connection: socket.socket = writer.get_extra_info("socket")
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    writer.transport.abort()
                    return
                lines = {"Date": formatdate(usegmt=True), "Content-Length": str(len(reply.content))} | reply.headers
                head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
                writer.write(f"HTTP/1.1 {reply.status} -\r\n{head}\r\n".encode() + reply.content)
                await writer.drain()
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    """Return the next request; None where the connection has ended."""
    first = await reader.readline()
    if not first:
        return None
    method, path, _ = first.decode().split(" ", 2)
    headers: dict[str, str] = {}
    while line := (await reader.readline()).strip().decode():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    content = b""
    if "chunked" in headers.get("transfer-encoding", ""):
        while size := int((await reader.readline()).partition(b";")[0], 16):
            content += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif length := int(headers.get("content-length", "0")):
        content = await reader.readexactly(length)
    return Asked(method, path, headers, content)


@asynccontextmanager
async def line_to(api: Api) -> AsyncGenerator[Line]:
    """Serve a line to this API while the block runs."""
    line = Line(api)
    connections: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            connections.add(task)
            task.add_done_callback(connections.discard)
        with suppress(asyncio.CancelledError):
            await line.serve(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**24)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        for task in connections:
            task.cancel()


# The ways in which it goes wrong. `only writes`: what reads is answered as ever.


def refusing(status: int, message: str, *, only_writes: bool = True, times: int = 10**6, **headers: str) -> Fault:
    """Answer with an error in the shape of the API, and carry nothing out; from then on as ever."""
    left = [times]

    async def refuse(line: Line, asked: Asked, forward: Forward) -> Reply:
        if (only_writes and not line.api.writes(asked)) or not left[0]:
            return await forward()
        left[0] -= 1
        return Reply.of(status, line.api.refusal(status, message), **headers)

    return refuse


def applied_then(change: Callable[[Api, Reply], Reply] | None) -> Fault:
    """Carry a write out and answer what `change` makes of the reply, or, with None, reset the connection."""

    async def lose(line: Line, asked: Asked, forward: Forward) -> Reply:
        sent = await forward()
        if not line.api.writes(asked):
            return sent
        if change is None:
            raise Dropped
        return change(line.api, sent)

    return lose


def failed_after_all(api: Api, _reply: Reply) -> Reply:
    """Say that the service has failed, although it carried the write out."""
    return Reply.of(500, api.refusal(500, "Internal server error"))


def cut(_api: Api, reply: Reply) -> Reply:
    """Leave the second half of the JSON out."""
    return Reply(reply.status, reply.content[: len(reply.content) // 2])


async def bad_gateway(_line: Line, _asked: Asked, _forward: Forward) -> Reply:
    """Answer every request with a page of a proxy."""
    page = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"
    return Reply(502, page, {"Content-Type": "text/html"})


async def silent(_line: Line, _asked: Asked, _forward: Forward) -> Reply:
    """Take every request and answer none."""
    await asyncio.sleep(3600)
    raise Dropped
