"""Who may reach the sandbox, and with what body: a page of the web may not, also by a name that leads to this machine.

The sandbox may hold real contacts after a trial import, and its control paths need no key.
"""

import re
from collections.abc import Awaitable, Callable, Container
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autosend_mcp.sandbox.envelope import Refused, check
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.validation import problem

_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
_HOST = re.compile(r"(\[[^\]]*\]|[^:/@]*)(:\d*)?")
_ORIGIN = re.compile("https?://(.*)", re.IGNORECASE)
_MAILS = "/v1/mails/"
_MAX_MAIL_BODY = 45_000_000  # bytes: a mail may be 40 MB; what limits bodies more than usual limits these too
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE)


class Guard:
    """Middleware: only requests that name this machine pass, with a body that is JSON and not too large.

    A client that leaves in the middle of its request is no error.
    """

    def __init__(self, app: ASGIApp, options: Options, refusal: Callable[[Refused], Response]) -> None:
        """Build it around the app; `refusal` makes a response that refuses."""
        self._app = app
        self._options = options
        self._refusal = refusal
        self._hosts = _LOOPBACK | {host.lower() for host in options.allow_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(Headers(scope=scope), self._max_body(scope))
        except Refused as refused:
            await self._refusal(refused)(scope, receive, send)
            return
        with suppress(ClientDisconnect):
            await self._app(scope, self._capped(receive, self._max_body(scope)), send)

    def _max_body(self, scope: Scope) -> int:
        """Return how many bytes the body may have; 0 for any number."""
        limit = self._options.max_body
        return _MAX_MAIL_BODY if limit == Options.max_body and scope["path"].startswith(_MAILS) else limit

    def _check(self, headers: Headers, max_body: int) -> None:
        """Refuse a request by its headers.

        Raises:
            Refused: It names another host, comes from another origin, or its body is too large or no JSON.
        """
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not _is_of(hosts[0], self._hosts):
            what = "The sandbox answers as 127.0.0.1, localhost and [::1]; --allow-host NAME allows another name."
            raise Refused(421, "SANDBOX_HOST_NOT_ALLOWED", what)
        for origin in headers.getlist("origin"):
            found = _ORIGIN.fullmatch(origin)
            if not found or not _is_of(found[1], self._hosts):
                raise Refused(403, "SANDBOX_ORIGIN_NOT_ALLOWED", "Pages of other hosts may not use the sandbox.")
        length = headers.get("content-length", "0")
        if length.isdecimal() and 0 < max_body < int(length):
            raise _too_large()
        has_body = length != "0" or "transfer-encoding" in headers
        is_json = _JSON.fullmatch(headers.get("content-type", "")) is not None
        if has_body and not is_json and self._options.content_type == "required":
            check([problem("Content-Type", "Content-Type must be application/json")])

    def _capped(self, receive: Receive, max_body: int) -> Callable[[], Awaitable[Message]]:
        """Return a `receive` that refuses a body without a stated length once it is too large."""
        received = 0

        async def capped() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if 0 < max_body < received:
                raise _too_large()
            return message

        return capped


def _is_of(host: str, hosts: Container[str]) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and found[1].lower() in hosts


def _too_large() -> Refused:
    return Refused(413, "", "request entity too large")
