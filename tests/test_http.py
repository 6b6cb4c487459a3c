"""Serving over HTTP: who may call, what a token may do, and what is logged of a call."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError

from autosend_mcp.logs import configure_logging
from tests.support.line import Line
from tests.support.serving import served
from tests.support.worlds import answer_of, error_of

JANE = {"email": "jane@example.com"}
LIST: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.mark.anyio
async def test_a_contact_is_created_once_over_http(line: Line, era: str) -> None:
    async with served(line) as app, app.client(era=era) as client:
        assert len((await client.list_tools()).tools) == 19
        assert answer_of(await client.call_tool("create_contact", JANE))["outcome"] == "created"
        assert "exists" in error_of(await client.call_tool("create_contact", JANE))


SHOWN = [
    "",
    "Bearer ",
    "Bearer asm_made-up",
    "Basic YTpi",
    "Bearer AS_0123456789abcdef",  # AutoSend's key is no token
]


@pytest.mark.anyio
@pytest.mark.parametrize("shown", SHOWN)
async def test_who_shows_no_token_of_ours_is_refused(line: Line, tmp_path: Path, shown: str) -> None:
    async with served(line, tmp_path) as app, app.http() as http:
        app.tokens.create("ana")
        answer = await http.post("/mcp", json=LIST, headers=JSON | ({"Authorization": shown} if shown else {}))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert not line.seen


@pytest.mark.anyio
async def test_a_token_ends_when_it_is_revoked_or_expires(line: Line, tmp_path: Path) -> None:
    async with served(line, tmp_path) as app:
        ana = app.tokens.create("ana")
        late = app.tokens.create("late", expires=datetime.now(UTC) - timedelta(seconds=1))
        ben = app.tokens.create("ben")
        async with app.client(ben) as client:
            assert app.tokens.revoke("ana")
            statuses: list[int] = []
            for token in (ana, late, ben):
                async with app.http(token) as http:
                    statuses.append((await http.post("/mcp", json=LIST, headers=JSON)).status_code)
            assert answer_of(await client.call_tool("create_contact", JANE))["outcome"] == "created"
    assert statuses == [401, 401, 200]


@pytest.mark.anyio
async def test_a_file_of_tokens_that_is_damaged_lets_nobody_in(line: Line, tmp_path: Path) -> None:
    async with served(line, tmp_path) as app:
        token = app.tokens.create("ana")
        async with app.http(token) as http:
            assert (await http.get("/ready")).status_code == 200
            (tmp_path / "tokens.json").write_text('{"tokens": [{"name": "ana"}]}')
            assert (await http.post("/mcp", json=LIST, headers=JSON)).status_code == 401
            assert (await http.get("/ready")).json() == {
                "ready": False,
                "problems": ["The file of tokens cannot be read."],
            }
            assert (await http.get("/health")).status_code == 200


@pytest.mark.anyio
async def test_a_token_may_do_less_than_the_server_and_never_more(line: Line, tmp_path: Path) -> None:
    async with served(line, tmp_path, read_only=False) as app:
        reader = app.tokens.create("reader", read_only=True)
        lists = app.tokens.create("lists", toolsets="lists")
        async with app.client(reader) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert "get_contact" in names
            assert "create_contact" not in names
            with pytest.raises(MCPError, match="this token may only read"):
                await client.call_tool("create_contact", JANE)
        async with app.client(lists) as client:
            assert "create_contact" not in {tool.name for tool in (await client.list_tools()).tools}
    async with served(line, tmp_path, read_only=True) as app, app.client(app.tokens.create("writer")) as client:
        assert "create_contact" not in {tool.name for tool in (await client.list_tools()).tools}
    assert line.count("POST /contacts") == 0


REFUSED: list[tuple[dict[str, str], int]] = [
    ({"Host": "evil.example"}, 421),
    ({"Host": "127.0.0.1.evil.example:8000"}, 421),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://127.0.0.1.evil.example"}, 403),
    ({"Content-Type": "text/plain"}, 400),
    ({}, 200),
    ({"Origin": "http://localhost:3000"}, 200),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("headers", "status"), REFUSED)
async def test_a_foreign_page_or_name_is_refused(line: Line, era: str, headers: dict[str, str], status: int) -> None:
    protocol = {"legacy": "2025-11-25"}.get(era, era)
    version = {"MCP-Protocol-Version": protocol, "Mcp-Method": "tools/list"}
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": protocol,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    async with served(line) as app, app.http() as http:
        answer = await http.post("/mcp", json={**LIST, "params": {"_meta": meta}}, headers=JSON | version | headers)
    assert answer.status_code == status, answer.text


@pytest.mark.anyio
async def test_a_message_of_more_than_a_megabyte_is_refused(line: Line) -> None:
    async with served(line) as app, app.http() as http:
        answer = await http.post("/mcp", content=b"[" + b" " * 1_000_000, headers=JSON)
    assert answer.status_code == 413


@pytest.mark.anyio
async def test_a_call_is_logged_with_who_made_it(
    line: Line, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with served(line, tmp_path) as app, app.client(app.tokens.create("ana")) as client:
        configure_logging("INFO")
        await client.call_tool("create_contact", JANE)
    logged = json.loads(capsys.readouterr().err.splitlines()[0])
    assert (logged["tool"], logged["principal"], logged["outcome"]) == ("create_contact", "ana", "created")
