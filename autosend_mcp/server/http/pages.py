"""Who may call by which name, and pages in browsers: what lets those of the allowed origins call, and read (CORS)."""

import re
from collections.abc import Iterable

from mcp.shared.inbound import MCP_METHOD_HEADER, MCP_NAME_HEADER, MCP_PROTOCOL_VERSION_HEADER
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autosend_mcp.server.http.names import Names
from autosend_mcp.server.http.settings import HttpSettings

HEALTH = "/health"
IS_BUSY = "is_busy"  # in the state of a request: it is beyond the limit of the process, and is not served
_SESSION = "mcp-session-id"  # none is given out; clients of 2025-11-25 ask whether there is one
_SENT = [
    "authorization",
    MCP_PROTOCOL_VERSION_HEADER,
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    _SESSION,
    "last-event-id",
    "traceparent",
    "tracestate",
]  # beside those that Starlette adds, such as Accept and Content-Type
_READ = ["WWW-Authenticate", "Mcp-Session-Id", "Mcp-Protocol-Version", "Retry-After"]
_METHODS = ["POST", "GET", "DELETE"]  # that GET and DELETE are answered with 405 is for the page to read


class Guard:
    """Refuses other names than those of the settings (DNS rebinding), and pages of other origins."""

    def __init__(self, http: HttpSettings) -> None:
        self._names = Names(http.hosts)
        self._origins = re.compile(_pattern(http.origins))

    def refusal(self, headers: Headers) -> Response | None:
        """Return the answer to a request that is refused; None for one that is served."""
        if not self._names.accept(headers.get("host")):
            return JSONResponse({"error": "This server is not called by this Host."}, 421)
        origin = headers.get("origin")
        if origin and not self._origins.fullmatch(origin):
            return JSONResponse({"error": "Pages of this Origin may not call."}, 403, {"Vary": "Origin"})
        return None


class ForPages:
    """Serves pages of the allowed origins as it serves other clients. Others are refused, whatever they show.

    A browser asks beforehand (preflight), without a token.
    """

    def __init__(self, app: ASGIApp, http: HttpSettings) -> None:
        self._app = app
        self._guard = Guard(http)
        self._cors = _cors(app, http)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        headers = Headers(scope=scope)
        answer: ASGIApp = self._app
        if refusal := self._guard.refusal(headers):
            answer = refusal
        elif scope["method"] == "OPTIONS" and {"origin", "access-control-request-method"} <= {*headers}:
            answer = self._cors.preflight_response(headers)
        await answer(scope, receive, send)


class Readable:
    """Lets pages of the allowed origins read every answer of the process, also to what is not served."""

    def __init__(self, app: ASGIApp, http: HttpSettings) -> None:
        self._app = app
        self._cors = _cors(app, http)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        origin = headers.get("origin")

        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start" and origin:
                given = MutableHeaders(scope=message)
                if "access-control-allow-origin" not in given:  # of what any page may read
                    given.update(self._cors.simple_headers)
                    self._cors.allow_explicit_origin(given, origin)
            await send(message)

        may_read = origin and self._cors.is_allowed_origin(origin)
        is_busy = scope.get("state", {}).get(IS_BUSY) and scope.get("path") != HEALTH  # a busy process is alive
        app = _busy if is_busy else self._app
        await app(scope, receive, readable if may_read else send)


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    text = "The server has as many requests as it takes. Nothing was done; call again in a second."
    await JSONResponse({"error": text}, 503, {"Retry-After": "1"})(scope, receive, send)


def _cors(app: ASGIApp, http: HttpSettings) -> CORSMiddleware:
    return CORSMiddleware(
        app,
        allow_origin_regex=_pattern(http.origins),
        allow_methods=_METHODS,
        allow_headers=_SENT,
        expose_headers=_READ,
    )


def _pattern(origins: Iterable[str]) -> str:
    """Return the expression of these origins, of which `:*` at the end stands for any port."""
    ends = {True: r":\d{1,5}", False: ""}
    return "|".join(f"{re.escape(origin.removesuffix(':*'))}{ends[origin.endswith(':*')]}" for origin in origins)
