"""Start tracing where it is asked for: OpenTelemetry's variables are set, and the extra `otel` is installed."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from autosend_mcp.logs import report
from autosend_mcp.variables import exporters_of_traces

if TYPE_CHECKING:
    from autosend_mcp.server.telemetry.tracing import Tracing


def tracing_asked_for(*, warn: bool) -> "Tracing | None":
    """Return what makes spans, None where nobody asked. `warn`: log that it was asked for and cannot be done."""
    if not (names := exporters_of_traces()):
        return None
    if find_spec("opentelemetry.sdk") is None:
        if warn:
            report("traces_off", why="autosend-mcp[otel] is not installed")
        return None
    from autosend_mcp.server.telemetry.exporters import begin  # noqa: PLC0415 - only who traces loads it

    try:
        return begin(names)
    except LookupError as missing:
        report("traces_off", why=f"the exporter {missing.args[0]} is not installed")
        return None
