"""The body of a request to /mcp, as the SDK reads it; what is no message is answered here.

Of a request whose id is 7.0 or null the SDK (2.3.0) makes a notification in 2025-11-25, so that its sender waits for
ever; what else is wrong it says by pydantic's text, which repeats the values.
"""

from typing import NamedTuple, cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from autosend_mcp.server.lines import read_body

MAX_BODY_BYTES = 1_000_000

_JSON = "application/json"


class Body(NamedTuple):
    """What gives the body to the SDK, and the message that it is; nothing where the SDK refuses it unread."""

    receive: Receive
    message: bytes = b""


async def readable(scope: Scope, receive: Receive, send: Send) -> Body | None:
    """Return the body; None where the request has been answered.

    Raises:
        ClientDisconnect: The client has gone in the middle of it.
    """
    headers = Headers(scope=scope)
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        text = "The body must not be compressed. Nothing was done. Send it without Content-Encoding."
        await JSONResponse({"error": text}, 415, {"Accept-Encoding": "identity"})(scope, receive, send)
        return None
    kind, _, more = headers.get("content-type", "").partition(";")
    if kind.strip().lower() != _JSON or _declared(headers) > MAX_BODY_BYTES:
        return Body(receive)  # the SDK says so
    MutableHeaders(scope=scope)["content-type"] = f"{_JSON};{more}" if more else _JSON
    body, more_comes = await _body(receive)
    if len(body) > MAX_BODY_BYTES:
        return Body(_again(body, receive, more=more_comes))
    read, is_message = read_body(body)
    if is_message:
        return Body(_again(read, receive), read)
    await Response(read, 400, media_type=_JSON)(scope, receive, send)
    return None


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


async def _body(receive: Receive) -> tuple[bytes, bool]:
    """Return the body, and whether more of it comes: no more is read than may come."""
    body, more = bytearray(), True
    while more and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += cast("bytes", message.get("body", b""))
        more = bool(message.get("more_body", False))
    return bytes(body), more


def _again(body: bytes, receive: Receive, *, more: bool = False) -> Receive:
    """Return what gives this body, and then what else comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": more}]

    async def given() -> Message:
        return left.pop() if left else await receive()

    return given
