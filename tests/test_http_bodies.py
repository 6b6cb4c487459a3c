"""What comes as the body of a request over HTTP: it is read as it is meant, or answered by what is wrong with it."""

import json
from typing import Any

import pytest

from tests.support.line import Line
from tests.support.serving import ORIGIN, served
from tests.support.sockets import message

pytestmark = pytest.mark.anyio

JANE = {"name": "create_contact", "arguments": {"email": "jane@example.com"}}


def _answer(text: str) -> Any:
    """Return the message of an answer, which may be an event."""
    return json.loads(text.rpartition("data: ")[2])


@pytest.mark.parametrize("given", ["7.0", "70e-1", '"seven"'])
@pytest.mark.parametrize("change", ["", "token", "BOM", "UTF-16", "type"])
async def test_a_request_is_read_as_it_is_meant(line: Line, era: str, given: str, change: str) -> None:
    headers, body = message("tools/call", JANE, era)
    text = json.dumps(body | {"id": "ID"}).replace('"ID"', given)
    if change == "token":
        text = text.replace('"arguments"', '"_meta": null, "arguments"') if era != "2026-07-28" else text
        text = text.replace('"_meta": {', '"_meta": {"progressToken": null, ')
    content = {"BOM": f"\ufeff{text}".encode(), "UTF-16": text.encode("utf-16")}.get(change, text.encode())
    kind = {"Content-Type": "Application/JSON; charset=utf-8"} if change == "type" else {}
    async with served(line) as app, app.http() as http:
        answer = _answer((await http.post("/mcp", content=content, headers=headers | kind)).text)
    assert answer["id"] == ("seven" if given == '"seven"' else 7)
    assert answer["result"]["structuredContent"]["outcome"] == "created"
    assert line.count("POST /contacts") == 1


@pytest.mark.parametrize(
    ("text", "code", "known"),
    [
        ('{"jsonrpc": "2.0", "id": null, "method": "tools/call", "params": {}}', -32600, None),
        ('{"jsonrpc": "2.0", "id": true, "method": "tools/call", "params": {}}', -32600, None),
        ('{"jsonrpc": "2.0", "id": 1.5, "method": "tools/call", "params": {}}', -32600, 1.5),
        ('{"jsonrpc": "2.0", "id": {}, "method": "tools/call", "params": {}}', -32600, None),
        ('{"jsonrpc": "2.0", "id": NaN, "method": "tools/call", "params": {}}', -32600, None),
        ('{"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": ["jane@example.com"]}', -32600, 4),
        ('{"jsonrpc": "2.0", "method": "tools/call", "params": ["jane@example.com"]}', -32600, None),
        ('{"jsonrpc": "1.0", "id": 4, "method": "jane@example.com"}', -32600, 4),
        ('{"jsonrpc": "2.0", "id": 4, "method": "\\ud800"}', -32600, 4),
        ('{"jsonrpc": "2.0", "id": 4, "method": "m", "params": {"a": %s}}' % ("[" * 300 + "]" * 300), -32600, 4),
        ('[{"jsonrpc": "2.0", "id": 4, "method": "ping"}]', -32600, None),
        ('"jane@example.com"', -32600, None),
        ("", -32700, None),
        ('{"jsonrpc": "2.0", "id": 4, ', -32700, None),
        ('{"id": 4, "method": "tools/call", "x": "\udcff"}', -32600, 4),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, str) else "",
)
async def test_what_is_no_message_is_answered(line: Line, era: str, text: str, code: int, known: object) -> None:
    headers, _ = message("tools/call", JANE, era)
    content = text.encode(errors="surrogateescape")
    async with served(line) as app, app.http() as http:
        answer = await http.post("/mcp", content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert (answer.json()["id"], answer.json()["error"]["code"]) == (known, code)
    said = answer.json()["error"]["message"]
    assert "nothing was done" in said
    assert not any(word in said for word in ("jane", "pydantic", "validation error", "line"))
    assert not line.seen


async def test_a_compressed_body_is_not_read(line: Line, era: str) -> None:
    headers, body = message("tools/call", JANE, era)
    async with served(line) as app, app.http() as http:
        answer = await http.post("/mcp", json=body, headers={**headers, "Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert not line.seen


@pytest.mark.parametrize(
    "twice",
    [
        [("Authorization", "Bearer x"), ("Authorization", "Bearer y")],
        [("Content-Type", "application/json"), ("Content-Type", "text/plain")],
        [("Origin", ORIGIN), ("Origin", "https://evil.example")],
        [("MCP-Protocol-Version", "2025-11-25"), ("MCP-Protocol-Version", "2026-07-28")],
        [("Host", "127.0.0.1:8000"), ("Host", "evil.example")],
        [("Content-Length", "40"), ("Transfer-Encoding", "chunked")],
    ],
    ids=lambda pair: " and ".join(dict.fromkeys(name for name, _ in pair)),
)
@pytest.mark.parametrize("path", ["/mcp", "/health"])
async def test_what_can_be_read_in_two_ways_is_refused(line: Line, path: str, twice: list[tuple[str, str]]) -> None:
    headers, body = message("tools/call", JANE, "2025-11-25")
    kept = [pair for pair in headers.items() if pair[0].lower() not in {name.lower() for name, _ in twice}]
    async with served(line) as app, app.http() as http:
        answer = await http.post(path, content=json.dumps(body), headers=[*kept, *twice])
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")
    assert not line.seen
