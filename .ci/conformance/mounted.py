"""Serve our application over HTTP with the suite's fixtures, until the process is asked to end.

    .venv/bin/python .ci/conformance/mounted.py FOLDER

It serves a sandbox, and knows its caller by a token of FOLDER/tokens.json. The suite has no way to send one: it is put
into each request on its way in.
"""

import sys
from pathlib import Path

from mounting import open_with_fixtures
from starlette.types import ASGIApp, Receive, Scope, Send

from autosend_mcp.cli.connect import connect
from autosend_mcp.logs import configure_logging
from autosend_mcp.server.http.app import McpApp
from autosend_mcp.server.http.serve import listening, serve
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.server.http.tokens import TokenFile


def showing(token: str, app: ASGIApp) -> ASGIApp:
    """Return the application with this token in each request."""

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["headers"] = [*scope["headers"], (b"authorization", f"Bearer {token}".encode())]
        await app(scope, receive, send)

    return called


def main() -> None:
    """Serve; the first line of the output has the URL."""
    autosend = connect("")
    configure_logging("INFO")
    tokens = Path(sys.argv[1]) / "tokens.json"
    token = TokenFile(tokens).create("suite")
    http = HttpSettings(http_tokens=tokens)
    app = McpApp(autosend.settings, http, autosend.with_settings, opened=open_with_fixtures).app()
    listener, where = listening("127.0.0.1:0")
    print(f"Serving MCP on http://{where}/mcp", flush=True)
    serve(showing(token, app), listener)


if __name__ == "__main__":
    main()
