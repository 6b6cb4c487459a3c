"""Traces: the spans of calls and of their requests, how they hang together, and what is in none of them."""

import json
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from autosend_mcp.server.telemetry.start import tracing_asked_for
from autosend_mcp.variables import exporters_of_traces
from tests.support.line import Line, answering, applied_then_reset, forwarded
from tests.support.serving import served
from tests.support.tracing import Spans, exported
from tests.support.worlds import KEY, answer_of

ROOT = Path(__file__).parents[1]
JANE = {"email": "jane@example.com"}
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def spans() -> Generator[Spans]:
    with exported() as spans:
        yield spans


def about(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.mark.anyio
async def test_a_request_is_a_span_below_that_of_its_call(line: Line, spans: Spans, era: str) -> None:
    async with served(line, tracing=spans.tracing) as app, app.client(era=era) as client:
        assert answer_of(await client.call_tool("create_contact", JANE))["outcome"] == "created"
        await client.call_tool("delete_custom_field", {"name": "zqx", "confirm": "zqx"})
    (call,) = spans.named("tools/call create_contact")
    assert call.kind == SpanKind.SERVER
    assert about(call)["autosend_mcp.outcome"] == "created"
    (sent,) = spans.named("POST /v1/contacts")
    assert sent.context
    assert call.context
    assert sent.parent
    assert (sent.kind, sent.parent.span_id) == (SpanKind.CLIENT, call.context.span_id)
    attributes = about(sent)
    assert attributes.pop("autosend_mcp.pace.wait") >= 0
    assert attributes == {
        "http.request.method": "POST",
        "url.template": "/v1/contacts",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": 80,
        "http.response.status_code": 200,
    }
    assert spans.named("GET /v1/contact-properties")


def called_by_hand(era: str, name: object = "create_contact", **more: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a call as a client without traces of its own sends it: the message and its headers."""
    version = {"legacy": "2025-11-25"}.get(era, era)
    meta = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "by hand", "version": "1"},
    }
    params = {"name": name, "arguments": JANE, "_meta": meta | more}
    headers = {"MCP-Protocol-Version": version, "Mcp-Method": "tools/call", "Mcp-Name": str(name)}
    message = {"jsonrpc": "2.0", "id": str(name), "method": "tools/call", "params": params}
    return message, headers | {"Accept": "application/json, text/event-stream"}


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["header", "_meta", "both", "malformed", "neither"])
async def test_a_call_belongs_to_the_trace_of_its_caller(line: Line, spans: Spans, era: str, place: str) -> None:
    header = {"malformed": "00-nothing", "both": PARENT.replace(SPAN, "1" * 16)}.get(place, PARENT)
    message, headers = called_by_hand(era, **{"traceparent": PARENT} if place in {"_meta", "both"} else {})
    headers |= {} if place in {"_meta", "neither"} else {"traceparent": header}
    async with served(line, tracing=spans.tracing) as app, app.http() as http:
        answer = await http.post("/mcp", json=message, headers=headers)
    assert answer.status_code == 200, answer.text
    (call,) = spans.named("tools/call create_contact")
    (sent,) = spans.named("POST /v1/contacts")
    assert call.context
    assert sent.context
    assert call.context.trace_id == sent.context.trace_id
    if place in {"malformed", "neither"}:
        assert call.parent is None
    else:
        assert (call.context.trace_id, call.parent and call.parent.span_id) == (int(TRACE, 16), int(SPAN, 16))


@pytest.mark.anyio
async def test_a_span_says_what_failed_and_what_was_sent_again(line: Line, spans: Spans) -> None:
    line.lose("POST /contacts", applied_then_reset, forwarded)
    line.lose("GET /contact-lists", answering(503, {"success": False}), forwarded)
    async with served(line, tracing=spans.tracing, rate_limit=1000) as app, app.client() as client:
        await client.call_tool("create_contact", JANE)
        await client.call_tool("list_contact_lists", {})
        await client.call_tool("create_contact", JANE)
    lost, again = spans.named("POST /v1/contacts")
    assert about(lost)["error.type"] == "ReadError"
    assert "http.response.status_code" not in about(lost)
    assert (about(again)["http.response.status_code"], about(again)["error.type"]) == (409, "409")
    failed, sent_again = spans.named("GET /v1/contact-lists")
    assert "http.request.resend_count" not in about(failed)
    assert about(sent_again)["http.request.resend_count"] == 1
    assert not failed.status.is_ok
    assert sent_again.status.is_unset


STRANGE = "jane@example.com"


@pytest.mark.anyio
async def test_no_span_holds_what_a_stranger_wrote(line: Line, spans: Spans, era: str) -> None:
    async with served(line, tracing=spans.tracing) as app, app.client(era=era) as client:
        for name in ("create_contact", STRANGE):
            await client.call_tool(name, {"email": STRANGE, "firstName": "Zqx", STRANGE: STRANGE})
        await client.call_tool("delete_custom_field", {"name": "zqx", "confirm": "zqx"})
        await client.call_tool("remove_from_list", {"list": "Zqx", "emails": [STRANGE]})
        for ask in (client.get_prompt(STRANGE), client.read_resource(f"autosend://{STRANGE}")):
            with pytest.raises(MCPError):
                await ask
        async with app.http() as http:
            message, headers = called_by_hand(era, STRANGE)
            for method in ("tools/call", STRANGE):
                await http.post("/mcp", json=message | {"method": method}, headers=headers | {"Mcp-Method": method})
    assert len(spans.all) > 7
    shown = "".join(span.to_json() for span in spans.all)
    assert spans.named("tools/call ?")
    for text in ("example.com", "zqx", KEY):
        assert text not in shown.lower(), text


@pytest.mark.parametrize(
    ("variables", "exporters"),
    [
        ({}, []),
        ({"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, ["otlp_proto_http"]),
        ({"EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318"}, ["otlp_proto_http"]),
        ({"EXPORTER_OTLP_ENDPOINT": "x", "EXPORTER_OTLP_PROTOCOL": "grpc"}, ["otlp_proto_grpc"]),
        ({"EXPORTER_OTLP_ENDPOINT": "x", "SDK_DISABLED": "TRUE"}, []),
        ({"EXPORTER_OTLP_ENDPOINT": "x", "TRACES_EXPORTER": "none"}, []),
        ({"EXPORTER_OTLP_METRICS_ENDPOINT": "x"}, []),
        ({"TRACES_EXPORTER": "otlp, console"}, ["otlp_proto_http", "console"]),
    ],
)
def test_traces_are_made_where_the_usual_variables_ask_for_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], exporters: list[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_{name}", value)
    assert exporters_of_traces() == exporters
    if not exporters:
        assert tracing_asked_for(warn=True) is None


@pytest.mark.slow
@pytest.mark.parametrize("ended", ["stdin", "signal"])
@pytest.mark.parametrize("exporter", ["console", "otlp", "otlp_proto_grpc"])
def test_a_server_on_stdin_exports_only_where_it_is_asked_to(exporter: str, ended: str, tmp_path: Path) -> None:
    """Its stdout stays the client's, and a collector that is away costs neither the answer nor the end."""
    command = [sys.executable, "-m", "autosend_mcp", "--sandbox"]
    environment = {"OTEL_TRACES_EXPORTER": exporter, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    call = {"name": "create_contact", "arguments": JANE}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
    ]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        text=True,
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write("".join(json.dumps(message) + "\n" for message in messages))
        child.stdin.flush()
        answers = [json.loads(child.stdout.readline()) for _ in range(2)]
        if ended == "signal":
            child.terminate()
            child.wait(timeout=50)
        more, log = child.communicate(timeout=50)
    assert (child.returncode, more) == (0 if ended == "stdin" else 128 + signal.SIGTERM, "")
    assert answers[1]["result"]["structuredContent"]["outcome"] == "created"
    assert ("POST /v1/contacts" in log) == (exporter == "console")
    assert JANE["email"] not in log
