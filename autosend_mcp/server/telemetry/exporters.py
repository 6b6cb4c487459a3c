"""The exporters of traces that OpenTelemetry's variables name, set up once a process. Loaded only then."""

import logging
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from importlib.metadata import entry_points, version
from threading import Timer

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

from autosend_mcp.server.telemetry.tracing import NAME, CleaningExporter, Tracing

_TO_SEND = 5.0  # seconds for what is left when the process ends, also where nobody takes it


def provider_of(exporters: Iterable[SpanExporter]) -> TracerProvider:
    """Return a provider for these exporters; OpenTelemetry's variables say the rest: service, sampler, batches."""
    named = Resource.create()
    if str(named.attributes[SERVICE_NAME]).startswith("unknown_service"):
        named = named.merge(Resource({SERVICE_NAME: NAME}))
    provider = TracerProvider(resource=Resource({SERVICE_VERSION: version(NAME)}).merge(named), shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(CleaningExporter(exporter)))
    return provider


def begin(names: Iterable[str]) -> Tracing:
    """Export traces by these exporters from now on. Who has set up OpenTelemetry already keeps what they have.

    Raises:
        LookupError: An exporter is not installed; its name.
    """
    current = trace.get_tracer_provider()
    if isinstance(current, TracerProvider):
        return Tracing(current)
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # of a collector that is away; it comes back
    exporters = [_exporter(name) for name in names]
    provider = provider_of(exporters)
    trace.set_tracer_provider(provider)
    return Tracing(provider, partial(_end, provider, exporters))


def _exporter(name: str) -> SpanExporter:
    if name == "console":
        return ConsoleSpanExporter(service_name=None, out=sys.stderr)  # stdout is the client's
    for found in entry_points(group="opentelemetry_traces_exporter", name=name):
        return found.load()()
    raise LookupError(name)


def _end(provider: TracerProvider, exporters: Sequence[SpanExporter]) -> None:
    """Export what is left, within a bound."""
    timers = [Timer(_TO_SEND, exporter.shutdown) for exporter in exporters]
    for timer in timers:
        timer.daemon = True
        timer.start()
    provider.shutdown()
    for timer in timers:
        timer.cancel()
