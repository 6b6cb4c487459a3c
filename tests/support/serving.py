"""Our server over HTTP, without a socket: the application, and clients of it with a token of their own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.http.app import McpApp
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.server.http.tenants import MAX_IDLE
from autosend_mcp.server.http.tokens import TokenFile
from autosend_mcp.server.telemetry.tracing import Tracing
from autosend_mcp.settings import Settings
from tests.support.clock import clock
from tests.support.issuer import Issuer
from tests.support.worlds import autosend_over

ORIGIN = "http://127.0.0.1:8000"


class Served(NamedTuple):
    """The application while it serves, and the file of its tokens."""

    transport: httpx2.ASGITransport
    tokens: TokenFile

    def http(self, token: str | None = None, **headers: str) -> httpx2.AsyncClient:
        """Return an HTTP client that shows this token."""
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(transport=self.transport, base_url=ORIGIN, headers=shown | headers)

    @asynccontextmanager
    async def client(
        self, token: str | None = None, era: str = "2026-07-28", headers: dict[str, str] | None = None, **more: Any
    ) -> AsyncGenerator[Client]:
        """Yield an MCP client that shows this token, and these headers."""
        async with self.http(token, **headers or {}) as http:
            streams = streamable_http_client(f"{ORIGIN}/mcp", http_client=http)
            async with Client(streams, mode=era, cache=None, **more) as client:
                yield client


@asynccontextmanager
async def served(
    world: httpx2.AsyncBaseTransport | str,
    folder: Path | None = None,
    http: dict[str, Any] | None = None,
    issuer: Issuer | None = None,
    tracing: Tracing | None = None,
    **settings: Any,
) -> AsyncGenerator[Served]:
    """Serve over this AutoSend. `folder`: of a file of tokens, which callers must then show one of, or of `issuer`.

    `http`: settings of serving over HTTP, and `max_idle`.
    """
    file = (folder or Path()) / "tokens.json"
    oauth: dict[str, Any] = {"http_url": f"{ORIGIN}/mcp", "http_issuer": issuer.url} if issuer else {}
    http = dict(http or {})
    idle = http.pop("max_idle", MAX_IDLE)
    given = HttpSettings(http_tokens=file if folder else None, **oauth | http)
    autosend = autosend_over(world, **settings)

    def connect(own: Settings) -> AutoSend:
        return AutoSend(own, None if isinstance(world, str) else world, now=clock())

    def to_issuer(_url: str) -> httpx2.AsyncBaseTransport:
        return issuer or Issuer()

    app = McpApp(autosend.settings, given, connect, to_issuer=to_issuer, tracing=tracing, max_idle=idle).app()
    async with app.router.lifespan_context(app) as state:
        yield Served(httpx2.ASGITransport(_with_state(app, state)), TokenFile(file))


def _with_state(app: Starlette, state: Any) -> Any:
    """Return the application, given what it began with, as a server gives it."""

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return called
