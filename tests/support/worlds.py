"""A real MCP client, connected to the server over an AutoSend that a test has made."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from httpx2 import AsyncBaseTransport
from mcp import Client
from mcp.client.session import ElicitationFnT
from mcp_types import CallToolResult, TextContent

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.app import open_server
from autosend_mcp.settings import load_settings
from tests.support.clock import clock

KEY = "AS_canary0123456789.secret-part_of-the-key"
UNLIMITED = 100_000.0


def autosend_over(world: AsyncBaseTransport | str, *, target: str | None = "", **settings: Any) -> AutoSend:
    """Return our client of this AutoSend: what answers its requests, or the URL of what does."""
    url, transport = (world, None) if isinstance(world, str) else ("http://127.0.0.1/v1", world)
    given = _settings(**{"api_key": KEY, "base_url": url, "rate_limit": UNLIMITED, **settings})
    return AutoSend(given, transport, target=target, now=clock())


_settings = cache(load_settings)  # reading them takes as long as a call


@asynccontextmanager
async def connected(
    world: AsyncBaseTransport | str, era: str = "2026-07-28", *, asked: ElicitationFnT | None = None, **settings: Any
) -> AsyncGenerator[Client]:
    """Yield an MCP client of our server over this AutoSend; `asked` answers for the user, if the client can ask one."""
    async with (
        open_server(autosend_over(world, **settings)) as (server, _),
        Client(server, mode=era, elicitation_callback=asked, cache=None) as client,
    ):
        _know_tools(client, repr((era, sorted(settings.items()))))
        yield client


_KNOWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}


def _know_tools(client: Client, key: str) -> None:
    """Let clients of the same settings share what the SDK keeps of tools/list for each: it costs as much as ten calls.

    Against these schemas it holds every answer. If the SDK keeps them elsewhere one day, tests are slower.
    """
    session: Any = client.session
    session._tool_output_schemas, session._tool_output_validators = _KNOWN.setdefault(key, ({}, {}))


def text_of(result: CallToolResult) -> str:
    """Return the text an assistant reads."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def answer_of(result: CallToolResult) -> dict[str, Any]:
    """Return the structured answer of a success, which the text must equal."""
    assert not result.is_error, text_of(result)
    assert json.loads(text_of(result)) == result.structured_content
    assert KEY not in text_of(result)
    return result.structured_content


def error_of(result: CallToolResult) -> str:
    """Return the text of an error, which has no structured content."""
    assert result.is_error, text_of(result)
    assert result.structured_content is None
    text = text_of(result)
    assert text.strip()
    assert "Traceback" not in text
    assert KEY not in text
    return text
