"""Headers that two readers could read in two ways: such a request is refused before anything acts on one of them."""

from collections import Counter
from collections.abc import Iterable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# What may come once. Of several, a proxy may have checked another one than this server reads.
_ONCE = {
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"host",
    b"last-event-id",
    b"mcp-method",
    b"mcp-name",
    b"mcp-protocol-version",
    b"mcp-session-id",
    b"origin",
    b"transfer-encoding",
}


class ReadInOneWay:
    """Refuses requests with two of a header that may come once, or with two lengths (RFC 9112, 6.1)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        problem = _problem(name for name, _ in scope["headers"]) if scope["type"] == "http" else ""
        if not problem:
            await self._app(scope, receive, send)
            return
        text = f"{problem}. Nothing was done. Send it once."
        await JSONResponse({"error": text}, 400, {"Connection": "close"})(scope, receive, send)


def _problem(names: Iterable[bytes]) -> str:
    found = Counter(names)
    if found[b"content-length"] and found[b"transfer-encoding"]:
        return "The request has both Content-Length and Transfer-Encoding"
    twice = next((name.decode() for name in sorted(_ONCE) if found[name] > 1), "")
    return f"The header {twice} comes more than once" if twice else ""
