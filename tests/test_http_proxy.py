"""A worker behind nginx with TLS, as deploy/nginx.conf has it: streams, long messages, and clients that go away."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
import trustme
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.server.http.tokens import TokenFile
from tests.support.balancer import balanced
from tests.support.line import Forward, Line, forwarded
from tests.support.port import on_a_port
from tests.support.processes import PATIENCE
from tests.support.requests import BULK
from tests.support.sockets import answer_in, message
from tests.support.workers import ERAS, worker
from tests.support.worlds import answer_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


class Team(NamedTuple):
    """Where clients call, and what they show and trust."""

    url: str
    headers: dict[str, str]
    trusted: ssl.SSLContext

    def http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, headers=self.headers, verify=self.trusted, timeout=PATIENCE)

    @asynccontextmanager
    async def client(self, era: str) -> AsyncGenerator[Client]:
        async with self.http() as http:
            streams = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(streams, mode=era, cache=None) as client:
                yield client


@asynccontextmanager
async def behind_nginx(line: Line, folder: Path) -> AsyncGenerator[Team]:
    """Yield a worker that stands for all three."""
    authority, tokens = trustme.CA(), TokenFile(folder / "tokens.json")
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)  # pyright: ignore[reportUnknownMemberType]  # pyOpenSSL, unused
    shown = {"Authorization": f"Bearer {tokens.create('ana')}", "Host": "mcp.example.com"}
    settings = {"AUTOSEND_HTTP_TOKENS": str(folder / "tokens.json"), "AUTOSEND_HTTP_HOSTS": "mcp.example.com"}
    settings["AUTOSEND_TOOLSETS"] = "contacts,imports"
    async with (
        on_a_port(line) as autosend,
        worker(autosend, more=settings) as (_, port),
        balanced([port] * 3, authority.issue_cert("127.0.0.1")) as url,
    ):
        yield Team(url, shown, trusted)


async def test_progress_comes_through_before_the_answer(line: Line, tmp_path: Path) -> None:
    """AutoSend answers the second request only once the client has heard of the first."""
    for era in ERAS:
        heard = asyncio.Event()

        async def held(forward: Forward, heard: asyncio.Event = heard) -> httpx2.Response:
            await heard.wait()
            return await forward()

        async def note(progress: float, total: float | None, message: str | None, heard: asyncio.Event = heard) -> None:
            assert progress <= (total or 0), message
            heard.set()

        line.lose(BULK, forwarded, held)
        async with behind_nginx(line, tmp_path / era) as team, team.client(era) as client:
            text = "email\n" + "".join(f"p{place}@example.com\n" for place in range(200))
            done = answer_of(await client.call_tool("start_import", {"text": text}, progress_callback=note))
        assert (heard.is_set(), done["outcome"]) == (True, "done")


async def test_a_long_message_comes_through_and_a_longer_one_is_refused(line: Line, tmp_path: Path) -> None:
    async with behind_nginx(line, tmp_path) as team, team.http() as http:
        for era in ERAS:
            given = {"emails": ["jane@example.com"], "note": "x" * 900_000}
            headers, body = message("tools/call", {"name": "get_suppression", "arguments": given}, era)
            assert answer_in(await http.post("/mcp", json=body, headers=headers))["id"] == 1
            body["params"]["arguments"]["note"] *= 2
            assert (await http.post("/mcp", json=body, headers=headers)).status_code == 413
        assert (await http.get("/health")).json() == {"status": "ok"}
        assert (await http.get("/metrics")).status_code == 404


async def test_a_write_whose_client_goes_away_is_done_once(line: Line, tmp_path: Path) -> None:
    async with behind_nginx(line, tmp_path) as team:
        for era in ERAS:
            left, gone = asyncio.Event(), asyncio.Event()

            async def held(forward: Forward, left: asyncio.Event = left, gone: asyncio.Event = gone) -> httpx2.Response:
                left.set()
                await gone.wait()
                return await forward()

            line.lose("POST /contacts", held)
            given = {"name": "create_contact", "arguments": {"email": f"{era}@example.com"}}
            headers, body = message("tools/call", given, era)
            async with team.http() as http:
                call = asyncio.create_task(http.post("/mcp", json=body, headers=headers))
                await left.wait()
                call.cancel()
            gone.set()
            async with team.http() as http:
                said = answer_in(await http.post("/mcp", json=body, headers=headers))["result"]
            assert "already exists" in str(said) or "An identical call" in str(said)
    assert len(line.sandbox.store.contacts.find(PROJECT, [f"{era}@example.com" for era in ERAS])) == len(ERAS)
