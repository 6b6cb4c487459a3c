"""Pages in browsers: those of the allowed origins can call and read what is answered; others get nothing of it."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.issuer import Issuer
from tests.support.line import Line
from tests.support.serving import served
from tests.support.sockets import message

pytestmark = pytest.mark.anyio

PAGE = "https://app.example.com"
ALLOWED: dict[str, Any] = {"http_hosts": ("127.0.0.1:8000",), "http_origins": (PAGE, "http://localhost:*")}
SIMPLE = {"accept", "accept-language", "content-language", "content-type"}
OF_BROWSERS = {"host", "accept-encoding", "connection", "user-agent", "content-length", "origin"}  # no page sets these
FOREIGN = [
    "https://evil.example",
    "null",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "https://appxexample.com",
    "http://localhost",
    "http://localhost.evil.example:3000",
    "*",
]


def preflight(origin: str, method: str = "POST", headers: str = "authorization, content-type") -> dict[str, str]:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return {"Origin": origin} | asked


def names(answer: httpx2.Response, header: str) -> set[str]:
    """Return the names that a header of an answer lists."""
    return {name.strip().lower() for name in answer.headers[f"access-control-{header}"].split(",")}


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:6274"])
async def test_a_page_of_an_allowed_origin_calls_as_clients_do(
    line: Line, tmp_path: Path, era: str, origin: str
) -> None:
    """Whatever headers the SDK's client sends are asked for beforehand, without a token, and granted."""
    sent: set[str] = set()

    async with served(line, tmp_path, ALLOWED) as app:

        class _Heard(httpx2.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
                sent.update(name.lower() for name in request.headers)
                answer = await app.transport.handle_async_request(request)
                assert answer.headers["access-control-allow-origin"] == origin
                assert answer.headers["vary"] == "Origin"
                assert names(answer, "expose-headers") >= {"www-authenticate", "mcp-session-id"}
                return answer

        heard = app._replace(transport=_Heard())
        async with heard.client(app.tokens.create("ana"), era, {"Origin": origin}) as client:
            await client.call_tool("create_contact", {"email": "jane@example.com"})
        asked = sorted(sent - OF_BROWSERS | {"mcp-session-id", "last-event-id", "traceparent"})
        assert {"authorization", "mcp-protocol-version"} <= set(asked)
        async with app.http() as http:
            for method in ("POST", "GET", "DELETE"):
                granted = await http.options("/mcp", headers=preflight(origin, method, ",".join(asked)))
                assert (granted.status_code, granted.headers["access-control-allow-origin"]) == (200, origin)
                assert "Origin" in granted.headers["vary"]
                assert names(granted, "allow-headers") | SIMPLE >= set(asked)
                assert method.lower() in names(granted, "allow-methods")
                assert "access-control-allow-credentials" not in granted.headers
    assert line.count("POST /contacts") == 1


# What a page of an allowed origin asks for, with which headers, and the status that it reads.
REFUSED: dict[str, tuple[str, str, dict[str, str], bytes, int]] = {
    "no_token": ("POST", "/mcp", {"Authorization": ""}, b"{", 401),
    "no_post": ("GET", "/mcp", {}, b"", 405),
    "too_large": ("POST", "/mcp", {}, b" " * 1_000_001, 413),
    "no_message": ("POST", "/mcp", {}, b"{", 400),
    "foreign_name": ("POST", "/mcp", {"Host": "evil.example"}, b"{", 421),
    "unknown_path": ("POST", "/none", {}, b"{", 404),
    "wrong_settings": ("POST", "/mcp", {}, b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}', 500),
    "not_of_mcp": ("GET", "/ready", {}, b"", 200),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_page_reads_what_is_refused_too(line: Line, tmp_path: Path, kind: str) -> None:
    method, path, own, content, status = REFUSED[kind]
    headers, _ = message("tools/list", {})
    async with served(line, tmp_path, ALLOWED) as app:
        token = app.tokens.create("ana", toolsets="letters" if kind == "wrong_settings" else "")
        async with app.http(token, Origin=PAGE) as http:
            answer = await http.request(method, path, content=content, headers=headers | own)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, PAGE), answer.text
    assert "www-authenticate" in names(answer, "expose-headers")
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_page_of_a_foreign_origin_gets_nothing(line: Line, tmp_path: Path, origin: str) -> None:
    headers, body = message("tools/list", {})
    async with served(line, tmp_path, ALLOWED) as app, app.http(app.tokens.create("ana"), Origin=origin) as http:
        for answer in (
            await http.options("/mcp", headers=preflight(origin)),
            await http.post("/mcp", json=body, headers=headers),
            await http.get("/mcp"),
        ):
            assert (answer.status_code, answer.headers["vary"]) == (403, "Origin")
            assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert not line.seen


async def test_a_page_that_asks_by_a_foreign_name_is_not_allowed_to_call(line: Line) -> None:
    async with served(line, http=ALLOWED) as app, app.http(Host="evil.example") as http:
        answer = await http.options("/mcp", headers=preflight(PAGE))
    assert answer.status_code == 421
    assert "access-control-allow-methods" not in answer.headers


async def test_any_page_reads_who_gives_out_tokens(line: Line) -> None:
    """It is public, and a client in a browser reads it before anything else."""
    where = "/.well-known/oauth-protected-resource/mcp"
    origin = "http://localhost:6274"
    async with served(line, issuer=Issuer()) as app, app.http(Origin=origin) as http:
        granted = await http.options(where, headers=preflight(origin, "GET", "mcp-protocol-version"))
        found = await http.get(where, headers={"MCP-Protocol-Version": "2025-11-25"})
        refused = await http.post("/mcp", json={})
    assert (granted.status_code, found.status_code) == (200, 200)
    assert {granted.headers["access-control-allow-origin"], found.headers["access-control-allow-origin"]} == {"*"}
    assert found.json()["authorization_servers"] == ["https://login.example.com/team"]
    assert refused.status_code == 401
    assert where in refused.headers["www-authenticate"]
    assert "www-authenticate" in names(refused, "expose-headers")


async def test_where_nobody_gives_out_tokens_no_metadata_is_named(line: Line, tmp_path: Path) -> None:
    async with served(line, tmp_path, {"http_url": "http://127.0.0.1:8000/mcp"}) as app, app.http() as http:
        refused = await http.post("/mcp", json={})
    assert "resource_metadata" not in refused.headers["www-authenticate"]
