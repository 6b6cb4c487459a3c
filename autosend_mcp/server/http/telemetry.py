"""The telemetry of the application: its traces, and /metrics."""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from autosend_mcp.api.telemetry import Observer
from autosend_mcp.server.http.access import METRICS
from autosend_mcp.server.http.challenge import Admitted, Challenge
from autosend_mcp.server.http.pages import Guard
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.settings import SettingsError

if TYPE_CHECKING:
    from autosend_mcp.server.telemetry.metrics import Metrics, Paces
    from autosend_mcp.server.telemetry.tracing import Tracing


class Telemetry:
    """The traces and metrics of one application, where they are asked for."""

    def __init__(self, http: HttpSettings, tracing: "Tracing | None") -> None:
        """`tracing`: None where nobody asked for it.

        Raises:
            SettingsError: What serves metrics is not installed.
        """
        self._http = http
        self._tracing = tracing
        self._metrics = _metrics() if http.http_metrics else None
        self.observers: tuple[Observer, ...] = tuple(found for found in (self._tracing, self._metrics) if found)

    def routes(self, challenge: Challenge) -> list[Route]:
        """Return the route of /metrics: for tokens that may read it, where callers are asked for tokens.

        `challenge`: of who has none.
        """
        if self._metrics is None:
            return []
        page = _Page(self._metrics, self._http)
        admitted = Admitted(page, METRICS, challenge._replace(scopes=[METRICS]))
        return [Route("/metrics", admitted if self._http.authenticates else page)]

    def add_paces(self, paces: "Paces") -> None:
        """Show the queues of these paces in the metrics."""
        if self._metrics is not None:
            self._metrics.add_paces(paces)

    async def close(self) -> None:
        """Export the traces that are left."""
        if self._tracing is not None:
            await to_thread.run_sync(self._tracing.close)

    @contextmanager
    def request(self, scope: Scope) -> Generator[None]:
        """Count a request as under way, and take what it names for the parent of its spans."""
        with ExitStack() as stack:
            if self._metrics is not None:
                stack.enter_context(self._metrics.requests_under_way.track_inprogress())
            if self._tracing is not None:
                headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
                stack.enter_context(self._tracing.within(headers))
            yield


class _Page:
    """Serves /metrics. Where nobody is asked who they are, no page of another name may read it."""

    def __init__(self, metrics: "Metrics", http: HttpSettings) -> None:
        self._metrics = metrics
        self._guard = None if http.authenticates else Guard(http)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refusal = self._guard.refusal(request.headers) if self._guard else None
        await (refusal or self._metrics.page(request))(scope, receive, send)


def _metrics() -> "Metrics":
    if find_spec("prometheus_client") is None:
        raise SettingsError("AUTOSEND_HTTP_METRICS needs autosend-mcp[metrics], which is not installed.")
    from autosend_mcp.server.telemetry.metrics import Metrics  # noqa: PLC0415 - an extra

    return Metrics()
