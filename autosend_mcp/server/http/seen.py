"""What is seen of the application from outside: its traces, and /metrics."""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from anyio import to_thread
from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from pydantic import AnyHttpUrl
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from autosend_mcp.api.watch import Watch
from autosend_mcp.server.http.access import METRICS
from autosend_mcp.server.http.pages import Guard
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.settings import SettingsError

if TYPE_CHECKING:
    from autosend_mcp.server.http.metrics import Metrics, Paces
    from autosend_mcp.server.traces import Traces


class Seen:
    """The traces and metrics of one application, where they are asked for."""

    def __init__(self, http: HttpSettings, traces: "Traces | None") -> None:
        """`traces`: None where nobody asked for them.

        Raises:
            SettingsError: What serves metrics is not installed.
        """
        self._http = http
        self._traces = traces
        self._metrics = _metrics() if http.http_metrics else None
        self.watches: tuple[Watch, ...] = tuple(watch for watch in (self._traces, self._metrics) if watch is not None)

    def routes(self, metadata: AnyHttpUrl | None) -> list[Route]:
        """Return the route of /metrics: for tokens that may read it, where callers are asked for tokens."""
        if self._metrics is None:
            return []
        page = _Page(self._metrics, self._http)
        authenticates = self._http.authenticates
        return [Route("/metrics", RequireAuthMiddleware(page, [METRICS], metadata) if authenticates else page)]

    def look_at(self, paces: "Paces") -> None:
        """Show the queues of these."""
        if self._metrics is not None:
            self._metrics.look_at(paces)

    async def close(self) -> None:
        """Export the traces that are left."""
        if self._traces is not None:
            await to_thread.run_sync(self._traces.close)

    @contextmanager
    def request(self, scope: Scope) -> Generator[None]:
        """Count a request as under way, and take what it names for the parent of its spans."""
        with ExitStack() as stack:
            if self._metrics is not None:
                stack.enter_context(self._metrics.requests_under_way.track_inprogress())
            if self._traces is not None:
                headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
                stack.enter_context(self._traces.within(headers))
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
    from autosend_mcp.server.http.metrics import Metrics  # noqa: PLC0415 - an extra

    return Metrics()
