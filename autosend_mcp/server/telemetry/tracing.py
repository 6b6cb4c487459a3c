"""OpenTelemetry tracing: the SDK's spans, and one for each request to AutoSend. Loaded only where it is asked for.

No span holds an address, a key, a body, an id of AutoSend's or a word of a stranger's.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.status import Status

from autosend_mcp.api.telemetry import Exchange
from autosend_mcp.server.prompts import PROMPTS
from autosend_mcp.tools.registry import TOOLS

NAME = "autosend-mcp"
_OF_SDK = "mcp-python-sdk"
_METHODS = frozenset(
    (
        "initialize",
        "ping",
        "server/discover",
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "resources/subscribe",
        "resources/unsubscribe",
        "completion/complete",
        "logging/setLevel",
        "subscriptions/listen",
        "elicitation/create",
        "sampling/createMessage",
        "roots/list",
    )
)
_KEPT = ("error.type", "rpc.response.status_code", "mcp.protocol.version", "gen_ai.operation.name")
_OURS_TOO = ("autosend_mcp.outcome",)


class Tracing:
    """Makes a span of each request to AutoSend, below that of the call it is for."""

    def __init__(self, provider: trace.TracerProvider, close: Callable[[], None] = lambda: None) -> None:
        """`close` exports what is left."""
        self._tracer = provider.get_tracer(NAME, version(NAME))
        self.close = close

    def request_ended(self, exchange: Exchange) -> None:
        """Make the span of a request, by the conventions for HTTP clients; `url.full` would hold ids."""
        url = urlsplit(exchange.base_url)
        template = url.path + exchange.route
        attributes: dict[str, Any] = {
            "http.request.method": exchange.method,
            "url.template": template,
            "url.scheme": url.scheme,
            "server.address": url.hostname or "",
            "server.port": url.port or (443 if url.scheme == "https" else 80),
            "autosend_mcp.pace.wait": exchange.waited,
        }
        if exchange.resends:
            attributes["http.request.resend_count"] = exchange.resends
        if exchange.status is not None:
            attributes["http.response.status_code"] = exchange.status
        if exchange.failure:
            attributes["error.type"] = exchange.failure
        span = self._tracer.start_span(
            f"{exchange.method} {template}", kind=SpanKind.CLIENT, attributes=attributes, start_time=exchange.began
        )
        if exchange.failure:
            span.set_status(StatusCode.ERROR)
        span.end(exchange.ended)

    def call_ended(self, tool: str, outcome: str, seconds: float) -> None:
        """Add what became of a call to its span, if that has not ended."""
        del tool, seconds  # the span has them
        span = trace.get_current_span()
        if span.is_recording():
            span.set_attribute("autosend_mcp.outcome", outcome)

    @contextmanager
    def within(self, headers: Iterable[tuple[bytes, bytes]]) -> Generator[None]:
        """Take what `traceparent` names for the parent; a call's `_meta` wins over it."""
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        token = attach(extract(carrier))
        try:
            yield
        finally:
            detach(token)


class CleaningExporter(SpanExporter):
    """Exports spans without what clients named: methods, tools and ids that are none of ours, texts of errors."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export them."""
        return self._exporter.export([_cleaned(span) if _is_of_sdk(span) else span for span in spans])

    def shutdown(self) -> None:
        """Export nothing any more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what waits."""
        return self._exporter.force_flush(timeout_millis)


def _is_of_sdk(span: ReadableSpan) -> bool:
    return span.instrumentation_scope is not None and span.instrumentation_scope.name == _OF_SDK


def _cleaned(span: ReadableSpan) -> ReadableSpan:
    given: Mapping[str, Any] = span.attributes or {}
    attributes = {name: value for name, value in given.items() if name in (*_KEPT, *_OURS_TOO)}
    name = attributes["mcp.method.name"] = _one_of(given.get("mcp.method.name"), _METHODS)
    for kind, known in (("gen_ai.tool.name", TOOLS), ("gen_ai.prompt.name", PROMPTS)):
        if kind in given:
            attributes[kind] = _one_of(given[kind], known)
            name += f" {attributes[kind]}"
    if str(identity := given.get("jsonrpc.request.id", "")).isdecimal() and len(str(identity)) < 20:
        attributes["jsonrpc.request.id"] = identity
    types = [{"exception.type": (event.attributes or {}).get("exception.type", "")} for event in span.events]
    events = [Event(event.name, type_, event.timestamp) for event, type_ in zip(span.events, types, strict=True)]
    return ReadableSpan(
        name=name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=events,
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _one_of(name: object, known: Collection[str]) -> str:
    return str(name) if name in known else "?"
