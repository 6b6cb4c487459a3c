"""A real MCP client, connected to the server over the sandbox or over any base URL."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from httpx2 import ASGITransport, AsyncBaseTransport
from mcp import Client
from mcp_types import CallToolResult, TextContent

from autosend_mcp.api.client import AutoSend
from autosend_mcp.sandbox.app import Options, Sandbox
from autosend_mcp.sandbox.store import Store
from autosend_mcp.server.app import open_server
from autosend_mcp.settings import load_settings

KEY = "AS_canary0123456789.secret-part_of-the-key"
UNLIMITED = 100_000.0


@asynccontextmanager
async def connected(
    url: str,
    era: str = "2026-07-28",
    *,
    timeout: float = 4.5,
    rate: float = UNLIMITED,
    transport: AsyncBaseTransport | None = None,
    **settings: Any,
) -> AsyncGenerator[Client]:
    """A client of our server, which works with the AutoSend at `url`."""
    autosend = AutoSend(
        load_settings(**{"api_key": KEY, "base_url": url, "timeout": timeout, "rate_limit": rate, **settings}),
        transport,
    )
    async with open_server(autosend) as (server, _), Client(server, mode=era) as client:
        yield client


@asynccontextmanager
async def over_sandbox(
    era: str = "2026-07-28", options: Options | None = None, store: Store | None = None, **settings: Any
) -> AsyncGenerator[Client]:
    """A client of our server over a fresh sandbox in memory, without a rate limit."""
    sandbox = Sandbox(store or Store(), options or Options(rate_limit=0))
    try:
        transport = ASGITransport(sandbox.app)
        async with connected("http://127.0.0.1/v1", era, transport=transport, **settings) as client:
            yield client
    finally:
        sandbox.store.close()


def text_of(result: CallToolResult) -> str:
    """The text an assistant reads."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def answer_of(result: CallToolResult) -> dict[str, Any]:
    """The structured answer of a success, which the text must equal."""
    assert not result.is_error, text_of(result)
    assert json.loads(text_of(result)) == result.structured_content
    assert KEY not in text_of(result)
    return result.structured_content


def error_of(result: CallToolResult) -> str:
    """The text of an error, which has no structured content."""
    assert result.is_error, text_of(result)
    assert result.structured_content is None
    text = text_of(result)
    assert text.strip()
    assert "Traceback" not in text
    assert KEY not in text
    return text
