"""/metrics for Prometheus: calls, requests to AutoSend, and their pace. Loaded only where it is asked for.

No label has a name, a caller, an address or a key: what is counted is of all callers of one process together.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.api.pace import Pace
from autosend_mcp.api.telemetry import Exchange

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 45)

Paces = Callable[[], Iterable[Pace]]


class Metrics:
    """Counts requests and calls, for one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        self.requests_under_way = self._gauge("http_requests_in_progress", "MCP requests under way.")
        self._calls = Counter(
            "autosend_mcp_calls",
            "Calls of tools, by what became of them.",
            ["tool", "outcome"],
            registry=self._registry,
        )
        self._call_seconds = self._histogram("call_duration_seconds", "Seconds that a call took.", ["tool"])
        self._requests = Counter(
            "autosend_mcp_api_requests",
            "Requests to AutoSend; status none: no reply came.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._resends = Counter(
            "autosend_mcp_api_resends", "Requests to AutoSend that were sent before.", registry=self._registry
        )
        self._request_seconds = self._histogram("api_request_duration_seconds", "Seconds of a request to AutoSend.")
        self._wait_seconds = self._histogram("pace_wait_seconds", "Seconds that a request waited for the pace.")
        Info("autosend_mcp_build", "What serves.", registry=self._registry).info({"version": version("autosend-mcp")})
        ProcessCollector(registry=self._registry)

    def add_paces(self, paces: Paces) -> None:
        """Show how many requests wait for these paces, and how many they still allow, whenever the page is read."""
        self._registry.register(_OfPaces(paces))

    def request_ended(self, exchange: Exchange) -> None:
        """Count a request to AutoSend."""
        status = "none" if exchange.status is None else str(exchange.status)
        self._requests.labels(exchange.method, exchange.route, status).inc()
        self._request_seconds.observe((exchange.ended - exchange.began) / 1e9)
        self._wait_seconds.observe(exchange.waited)
        if exchange.resends:
            self._resends.inc()

    def call_ended(self, tool: str, outcome: str, seconds: float) -> None:
        """Count a call."""
        self._calls.labels(tool, outcome).inc()
        self._call_seconds.labels(tool).observe(seconds)

    def page(self, request: Request) -> Response:
        """Return the page, in the format that the scraper asks for."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), media_type=None, headers={"Content-Type": content_type})

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"autosend_mcp_{name}", about, registry=self._registry)

    def _histogram(self, name: str, about: str, labels: Iterable[str] = ()) -> Histogram:
        return Histogram(f"autosend_mcp_{name}", about, [*labels], registry=self._registry, buckets=_SECONDS)


class _OfPaces(Collector):
    """The pace of each AutoSend key of the process: their queues together, and the least that is left of any."""

    def __init__(self, paces: Paces) -> None:
        self._paces = paces

    def describe(self) -> Iterator[Metric]:
        """Name what is collected, which asks no pace yet."""
        yield GaugeMetricFamily("autosend_mcp_pace_queue_length", "Requests to AutoSend that wait for the pace.")
        yield GaugeMetricFamily(
            "autosend_mcp_pace_requests_left",
            "Requests that the pace still allows in this window, of the AutoSend key that has least.",
            labels=["window"],
        )

    def collect(self) -> Iterator[Metric]:
        """Ask each pace now."""
        paces = [*self._paces()]
        queue, left = self.describe()
        queue.add_sample(queue.name, {}, sum(pace.waiting for pace in paces))
        for window in ("second", "minute"):
            known = [found for pace in paces if (found := pace.left(window)) is not None]
            if known:
                left.add_sample(left.name, {"window": window}, min(known))
        yield queue
        yield left
