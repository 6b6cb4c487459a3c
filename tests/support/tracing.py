"""Spans as they are exported, kept in memory. OpenTelemetry has one provider a process, so that all tests share it."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from autosend_mcp.server.telemetry.tracing import CleaningExporter, Tracing

_KEPT = InMemorySpanExporter()


@cache
def _provider() -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(CleaningExporter(_KEPT)))
    trace.set_tracer_provider(provider)
    return provider


class Spans:
    """The spans that have been exported, in the order in which they ended."""

    def __init__(self, tracing: Tracing) -> None:
        self.tracing = tracing

    @property
    def all(self) -> Sequence[ReadableSpan]:
        """All of them."""
        return _KEPT.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        """Return those with this name."""
        return [span for span in self.all if span.name == name]


@contextmanager
def exported() -> Generator[Spans]:
    """Export spans meanwhile; before and after nothing is kept."""
    provider = _provider()
    _KEPT.clear()
    try:
        yield Spans(Tracing(provider))
    finally:
        _KEPT.clear()
