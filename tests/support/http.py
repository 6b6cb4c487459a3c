"""A sandbox as any HTTP client sees it: for the tests of the sandbox itself."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from autosend_mcp.sandbox.app import KEY, Options, Sandbox
from autosend_mcp.sandbox.database import Clock
from autosend_mcp.sandbox.store import Store


def http_of(sandbox: Sandbox, **headers: str) -> httpx2.AsyncClient:
    """Return an HTTP client of the sandbox, with a valid key."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(sandbox.app),
        base_url="http://127.0.0.1/v1",
        headers={"Authorization": f"Bearer {KEY}"} | headers,
    )


@asynccontextmanager
async def over(*, now: Clock = time.time, **options: Any) -> AsyncGenerator[tuple[httpx2.AsyncClient, Store]]:
    """Yield an HTTP client of a fresh sandbox with these options and no rate limit, and the sandbox's store."""
    sandbox = Sandbox(Options(rate_limit=0, **options), now=now)
    async with http_of(sandbox) as http:
        yield http, sandbox.store
    sandbox.close()


def expect_refusal(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Return the error of a response that refuses with this status and code."""
    body = response.json()
    assert (response.status_code, body["success"], body["error"]["code"]) == (status, False, code)
    return body["error"]
