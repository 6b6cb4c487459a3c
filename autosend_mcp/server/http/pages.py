"""Pages in browsers, of the allowed origins alone: what lets them call, and read what is answered (CORS)."""

import re
from collections.abc import Iterable

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from mcp.shared.inbound import MCP_METHOD_HEADER, MCP_NAME_HEADER, MCP_PROTOCOL_VERSION_HEADER
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from autosend_mcp.server.http.settings import HttpSettings

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
_READ = ["WWW-Authenticate", "Mcp-Session-Id", "Mcp-Protocol-Version"]
_METHODS = ["POST", "GET", "DELETE"]  # that GET and DELETE are answered with 405 is for the page to read


def allowed_by(http: HttpSettings) -> TransportSecuritySettings:
    """Return the names and origins that are accepted."""
    return TransportSecuritySettings(allowed_hosts=http.hosts, allowed_origins=http.origins)


class ForPages:
    """Serves pages of the allowed origins as it serves other clients. Others are refused, whatever they show.

    A browser asks beforehand (preflight), without a token.
    """

    def __init__(self, app: ASGIApp, http: HttpSettings) -> None:
        allowed = allowed_by(http)
        self._guard = TransportSecurityMiddleware(allowed)
        self._app = CORSMiddleware(
            app,
            allow_origin_regex=_pattern(allowed.allowed_origins),
            allow_methods=_METHODS,
            allow_headers=_SENT,
            expose_headers=_READ,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if refusal := await self._guard.validate_request(Request(scope)):
            refusal.headers["Vary"] = "Origin"
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _pattern(origins: Iterable[str]) -> str:
    """Return the expression of these origins, of which `:*` at the end stands for any port."""
    ends = {True: r":\d{1,5}", False: ""}
    return "|".join(f"{re.escape(origin.removesuffix(':*'))}{ends[origin.endswith(':*')]}" for origin in origins)
