"""A stand-in for AutoSend on loopback that answers at once, so that what is measured is the server in front of it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.utils import formatdate

_STORED = {
    "id": "507f1f77bcf86cd799439011",
    "createdAt": "2026-01-15T10:30:00.000Z",
    "updatedAt": "2026-01-15T10:30:00.000Z",
}


_DEFINED = [{"fieldName": name, "fieldType": "string"} for name in ("company", "role", "plan")]


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive: a POST with a JSON object is answered with that object, stored; a GET with
    the custom fields there are."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        if separator and len(rest) >= (length := _content_length(head)) and self._transport is not None:
            self._received = rest[length:]
            self._transport.write(_answer(rest[:length]))


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _answer(body: bytes) -> bytes:
    data: object = _STORED | json.loads(body) if body else {"customFields": _DEFINED}
    content = json.dumps({"success": True, "data": data}).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


@asynccontextmanager
async def fake_api() -> AsyncGenerator[str]:
    """Serve while the block runs; yield the base URL to give a server."""
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
