"""Every request under /v1 with its answer: kept for who looks, warned about, and hit by faults."""

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autosend_mcp.sandbox.control.faults import Fault, Faults
from autosend_mcp.sandbox.control.warnings import Warnings
from autosend_mcp.sandbox.database import Clock
from autosend_mcp.sandbox.error_shapes import ErrorShape
from autosend_mcp.sandbox.mails.records import timestamp

DROP = "autosend.sandbox.drop"
"""The extension of a scope that holds how its connection is dropped."""

_MAX_KEPT = 1_000
_MAX_BODY = 20_000  # bytes that are kept of each body
_SECRET = re.compile(r"\b(ASA?_|whsec_)[\w.-]+", re.IGNORECASE)


@dataclass
class Exchange:
    """One request and its answer. `endpoint` and `parsed` are set where the request is answered."""

    number: int
    at: float
    method: str
    path: str
    query: str
    headers: Headers
    body: bytearray = field(default_factory=bytearray)
    reply: bytearray = field(default_factory=bytearray)
    status: int | None = None
    seconds: float = 0
    fault: Fault | None = None
    endpoint: tuple[str, str] | None = None
    parsed: Mapping[str, Any] | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as GET /sandbox/requests shows it: without keys and secrets."""
        headers = {name: redacted(value) for name, value in self.headers.items()}
        return {
            "number": self.number,
            "at": timestamp(self.at),
            "method": self.method,
            "path": redacted(self.path),
            "query": redacted(self.query),
            "headers": headers,
            "body": redacted(self.body.decode(errors="replace")),
            "status": self.status,
            "reply": redacted(self.reply.decode(errors="replace")),
            "milliseconds": round(self.seconds * 1_000),
            "fault": self.fault.id if self.fault else None,
        }


class Exchanges:
    """The last exchanges, oldest first."""

    def __init__(self, clock: Clock, shape: ErrorShape) -> None:
        self.faults = Faults()
        self.warnings = Warnings()
        self.kept: deque[Exchange] = deque(maxlen=_MAX_KEPT)
        self._clock = clock
        self._shape: ErrorShape = shape
        self._count = 0

    def clear(self) -> None:
        """Forget all of them, the warnings, and the faults."""
        self.kept.clear()
        self.warnings.clear()
        self.faults.all.clear()

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, unless a fault does."""
        self._count += 1
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        exchange = Exchange(self._count, self._clock(), scope["method"], path, query, Headers(scope=scope))
        exchange.fault = fault = self.faults.take(scope["method"], path.removeprefix("/v1"))
        scope["sandbox"] = exchange
        self.kept.append(exchange)

        async def hear() -> Message:
            message = await receive()
            body = message.get("body", b"")
            exchange.body += body[: _MAX_BODY - len(exchange.body)]
            return message

        async def say(message: Message) -> None:
            exchange.status = message.get("status", exchange.status)
            exchange.reply += message.get("body", b"")[: _MAX_BODY - len(exchange.reply)]
            await send(message)

        try:
            if fault:
                await self._fail(fault, app, scope, hear, say)
            else:
                await app(scope, hear, say)
        finally:
            exchange.seconds = self._clock() - exchange.at
            self.warnings.look_at(exchange.method, exchange.path, exchange.endpoint, exchange.parsed, exchange.at)
            if exchange.headers.get("content-length", "0") != "0" or "transfer-encoding" in exchange.headers:
                self.warnings.look_at_type(exchange.method, exchange.path, exchange.headers, exchange.at)

    async def _fail(self, fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Delay the request; then answer, drop or apply it as the fault says."""

        async def swallow(_: Message) -> None:
            pass

        if fault.delay:
            await asyncio.sleep(fault.delay)
        if not (fault.drop or fault.status):
            await app(scope, receive, send)
            return
        if fault.applied:
            await app(scope, receive, swallow)
        if fault.drop:
            await _drop(scope, receive)
        else:
            await fault.error().response(self._shape)(scope, receive, send)


class RecordedApp(Starlette):
    """The app of the sandbox, each of whose exchanges under /v1 is kept."""

    exchanges: Exchanges

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            await self.exchanges.run(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def redacted(text: str) -> str:
    """Return the text without keys and secrets of webhooks."""
    return _SECRET.sub(r"\1***", text)


async def _drop(scope: Scope, receive: Receive) -> None:
    """Drop the connection, where there is one.

    Raises:
        ConnectionResetError: The app is called in the client's own process.
    """
    drop = scope.get("extensions", {}).get(DROP)
    if drop is None:
        raise ConnectionResetError("dropped by a fault of the sandbox")
    drop()
    while (await receive())["type"] != "http.disconnect":
        pass
