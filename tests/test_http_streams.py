"""What goes over HTTP beside a plain answer: progress, and what is no message at all."""

import pytest

from autosend_mcp.api.client import AutoSend
from autosend_mcp.settings import TOOLSETS, Settings
from tests.support.line import Line
from tests.support.serving import served
from tests.support.sockets import listening_over, message

pytestmark = pytest.mark.anyio


async def test_progress_comes_before_the_answer(line: Line, era: str) -> None:
    reported: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        assert message, total
        reported.append(progress)

    async with served(line, toolsets="contacts,imports", rate_limit=1) as app, app.client(era=era) as client:
        text = "email\n" + "".join(f"p{place}@example.com\n" for place in range(2_000))
        await client.call_tool("start_import", {"text": text}, progress_callback=note)
        assert len(reported) > 2
        assert reported == sorted(reported)


# Method and path, what is answered, and what may be sent instead.
NO_MESSAGE: list[tuple[str, str, int, set[str]]] = [
    ("GET", "/mcp", 405, {"POST"}),
    ("DELETE", "/mcp", 405, {"POST"}),
    ("HEAD", "/mcp", 405, {"POST"}),
    ("OPTIONS", "/mcp", 405, {"POST"}),
    ("PUT", "/mcp", 405, {"POST"}),
    ("BREW", "/mcp", 405, {"POST"}),
    ("POST", "/mcp/", 404, set()),
    ("POST", "/", 404, set()),
    ("GET", "/sse", 404, set()),
    ("GET", "/.env", 404, set()),
    ("POST", "/health", 405, {"GET", "HEAD"}),
    ("DELETE", "/ready", 405, {"GET", "HEAD"}),
    ("HEAD", "/health", 200, set()),
]


@pytest.mark.parametrize("case", NO_MESSAGE)
async def test_what_is_no_message_is_answered_in_json(
    line: Line, era: str, case: tuple[str, str, int, set[str]]
) -> None:
    method, path, status, allowed = case
    headers, _ = message("tools/list", {}, era)
    async with served(line) as app, app.http() as http:
        reply = await http.request(method, path, headers={**headers, "Accept": "text/event-stream"})
    assert reply.status_code == status
    assert {*filter(None, reply.headers.get("allow", "").split(", "))} == allowed
    assert reply.headers["content-type"] == "application/json"
    if status >= 400 and method != "HEAD":
        assert set(reply.json()) == {"error"}


async def test_a_fault_of_ours_is_answered_without_a_word_of_it(line: Line) -> None:
    def broken(_: Settings) -> AutoSend:
        raise RuntimeError("a secret in a message")

    headers, body = message("tools/list", {})
    async with listening_over(line, connect=broken) as app, app.http() as http:
        reply = await http.post("/mcp", json=body, headers=headers | {"Origin": "http://localhost:6274"})
        assert (await http.get("/health")).status_code == 200
    assert reply.status_code == 500
    assert reply.headers["access-control-allow-origin"] == "http://localhost:6274"
    assert set(reply.json()) == {"error"}
    assert "secret" not in reply.text


async def test_no_argument_is_wanted_in_a_header(line: Line) -> None:
    """Otherwise the server must give the SDK the schema of the tool that is called."""
    async with served(line, toolsets=",".join(TOOLSETS)) as app, app.client() as client:
        tools = (await client.list_tools()).tools
    assert "x-mcp-header" not in "".join(tool.model_dump_json() for tool in tools).lower()
