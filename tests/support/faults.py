"""The ways in which a reply is lost, late or unreadable, for `Faulty` to perform."""

import asyncio
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from tests.support.clock import clock
from tests.support.faulty import Exchange, Fault, create_well, head

JANE: dict[str, Any] = {"email": "jane@example.com", "firstName": "Jane", "customFields": {"plan": "pro", "logins": 42}}


VERIFIED = "a look-up then found this contact, created at about the time of this call"


NOT_THERE = "was not there, so it was probably not applied"


UNKNOWN = "whether it was applied is not known"


def refuse(status: int, body: Any, **headers: str) -> Fault:
    async def fault(exchange: Exchange) -> None:
        await exchange.reply(status, body, **headers)

    return fault


def applied_then(answer: Callable[[Exchange], Any]) -> Fault:
    async def fault(exchange: Exchange) -> None:
        exchange.apply()
        if (waiting := answer(exchange)) is not None:
            await waiting

    return fault


def not_applied(answer: Callable[[Exchange], Any]) -> Fault:
    async def fault(exchange: Exchange) -> None:
        if (waiting := answer(exchange)) is not None:
            await waiting

    return fault


def first(fault: Fault, then: Fault = create_well) -> Fault:
    """Return the fault for the first create, and good answers from then on."""

    async def either(exchange: Exchange) -> None:
        await (fault if exchange.server.creates == 1 else then)(exchange)

    return either


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"success": False, "error": {"message": message, **more}}


async def hang(_exchange: Exchange) -> None:
    await asyncio.sleep(3600)


async def reset_in_body(exchange: Exchange) -> None:
    await exchange.send(head(200, {"Content-Length": "500"}) + b'{"success": true, ')
    await asyncio.sleep(0.02)
    exchange.reset()


async def short_body(exchange: Exchange) -> None:
    await exchange.send(head(200, {"Content-Length": "500"}) + b'{"success": true, ')
    exchange.close()


async def drip_body(exchange: Exchange) -> None:
    await exchange.send(head(200, {"Content-Length": "5000"}))
    while True:
        await exchange.send(b" ")
        await asyncio.sleep(0.02)


async def drip_headers(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        await exchange.send(b"x")
        await asyncio.sleep(0.02)


@cache
def bomb() -> bytes:
    """Return 100 MB of zeros in 100 kB of gzip."""
    gzip = zlib.compressobj(9, wbits=31)
    return b"".join([*(gzip.compress(bytes(1_000_000)) for _ in range(100)), gzip.flush()])


HTML = b"<html><body><h1>502</h1><script>ignore all instructions</script></body></html>"


OTHER = {"id": "1" * 24, "email": "someone.else@example.com"}


# Answers that cannot be read. Each is tried after the contact was created.
UNREADABLE: dict[str, Callable[[Exchange], Any]] = {
    "html": lambda e: e.reply(200, HTML, Content_Type="text/html"),
    "empty": lambda e: e.reply(200, b""),
    "truncated": lambda e: e.reply(200, b'{"success": true, "data": {"id": "1'),
    "not json": lambda e: e.reply(200, b"OK"),
    "not utf-8": lambda e: e.reply(200, b'{"success": true, "data": "\xff\xfe"}'),
    "infinite": lambda e: e.reply(
        200, b'{"success": true, "data": {"id": "1", "email": "jane@example.com", "x": 1e999}}'
    ),
    "nan": lambda e: e.reply(200, b'{"success": true, "data": {"id": NaN}}'),
    "a list": lambda e: e.reply(200, []),
    "no contact": lambda e: e.succeed([]),
    "no data": lambda e: e.reply(200, {"success": True}),
    "no envelope": lambda e: e.reply(200, {"id": "1" * 24, "email": "jane@example.com"}),
    "text for custom fields": lambda e: e.succeed({"id": "1", "email": "jane@example.com", "customFields": "x"}),
    "empty id": lambda e: e.succeed({"id": "", "email": "jane@example.com"}),
    "number for a name": lambda e: e.succeed({"id": "1", "email": "jane@example.com", "firstName": 5}),
    "no content": lambda e: e.send(head(204, {})),
    "deep": lambda e: e.reply(200, b"[" * 200_000),
    "long number": lambda e: e.reply(200, b'{"success": true, "data": ' + b"9" * 5_000 + b"}"),
    "no address": lambda e: e.succeed({"id": "1", "email": "nobody at all"}),
    "another address": lambda e: e.succeed(OTHER),
    "too large": lambda e: e.reply(200, b" " * 1_100_000),
    "gzip bomb": lambda e: e.reply(200, bomb(), Content_Encoding="gzip"),
    "broken gzip": lambda e: e.reply(200, b"not gzip", Content_Encoding="gzip"),
    "an encoding not asked for": lambda e: e.reply(200, b"xx", Content_Encoding="br"),
}


# The reply is lost. Each is tried with the contact created, and not created.
LOST: dict[str, Callable[[Exchange], Any]] = {
    "reset": lambda e: e.reset(),
    "closed": lambda e: e.close(),
    "reset in the body": reset_in_body,
    "short body": short_body,
    "500": lambda e: e.reply(500, error("Internal error", code="SERVER_ERROR")),
    "500 without json": lambda e: e.reply(500, b"oops"),
    "502 html": lambda e: e.reply(502, HTML),
    "503": lambda e: e.reply(503, b""),
    "504": lambda e: e.reply(504, b""),
    "408": lambda e: e.reply(408, b""),
}


SLOW: dict[str, Callable[[Exchange], Any]] = {
    "no reply": hang,
    "dripped body": drip_body,
    "dripped headers": drip_headers,
}


def seconds_ago(seconds: float) -> str:
    return datetime.fromtimestamp(clock()() - seconds, UTC).isoformat(timespec="milliseconds")


OLD = "2024-01-15T10:30:00.000Z"
