"""Serve the application from this process, until it is asked to end."""

import logging
import signal
import socket
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Any, NamedTuple, cast

import uvicorn
from starlette.types import ASGIApp

from autosend_mcp.logs import report
from autosend_mcp.server.http.ending import TO_END
from autosend_mcp.server.http.protocol import PATIENCE, BoundedProtocol
from autosend_mcp.server.http.signals import named
from autosend_mcp.tools.jobs import ending_signals
from autosend_mcp.variables import is_loopback


class Limits(NamedTuple):
    """What clients may take.

    Attributes:
        request: Seconds for a request to be whole, and for a client that has stopped reading.
        idle: Seconds that a connection is kept open between two requests.
        to_end: Seconds for the connections when the process is asked to end; the application ends its calls before.
        connections: How many are open. For a further one another one is closed whose client has sent no request; where
            all of them have one under way, it is answered by 503.
        accepted: How many are accepted at once, before any of them is looked at.
    """

    request: float = PATIENCE
    idle: float = 20
    to_end: float = TO_END + 2.5
    connections: int = 2_000
    accepted: int = 500


def listening(address: str) -> tuple[socket.socket, str]:
    """Return a socket that listens at `HOST:PORT`, and the host and port it has; port 0 takes a free one.

    Raises:
        ValueError: The text is no address.
        OSError: The address cannot be had.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{address!r} is not HOST:PORT, such as 127.0.0.1:8000")
    family, *_, at = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    listener = socket.create_server(at[:2], family=family, backlog=2_048)
    shown = f"[{host}]" if ":" in host else host
    return listener, f"{shown}:{listener.getsockname()[1]}"


def is_local(listener: socket.socket) -> bool:
    """Return whether only this machine can reach a socket."""
    host = listener.getsockname()[0]
    return is_loopback(host) and ip_address(host).is_loopback


def config_of(app: ASGIApp | Callable[[], ASGIApp], limits: Limits, **more: Any) -> uvicorn.Config:
    """Return uvicorn's settings for an application, or for what makes one, within limits."""
    protocol = partial(BoundedProtocol, patience=limits.request)
    of_uvicorn = logging.getLogger("uvicorn")
    of_uvicorn.setLevel(logging.WARNING)
    of_uvicorn.handlers.clear()  # of a sandbox in the same process, which writes no JSON
    of_uvicorn.propagate = True
    return uvicorn.Config(
        app,
        http=cast("type[BoundedProtocol]", protocol),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        backlog=limits.accepted,
        timeout_keep_alive=cast("int", limits.idle),  # asyncio takes fractions
        timeout_graceful_shutdown=cast("int", limits.to_end),
        **more,
    )


def server_of(app: ASGIApp, limits: Limits = Limits()) -> uvicorn.Server:  # noqa: B008 - it cannot be changed
    """Return uvicorn's server of an application, within limits."""
    return uvicorn.Server(config_of(app, limits))


def limits_here() -> Limits:
    """Let this process have as many files open as its clients need, as far as it may; return what they may take.

    Without a free file no connection is accepted, not even a probe's, and asyncio logs each attempt. So a third of
    them is for connections; the rest is for those accepted and not yet looked at, those to AutoSend, and others.
    """
    limits = Limits()
    try:
        import resource  # noqa: PLC0415 - not everywhere
    except ImportError:  # Windows, which has no such limit
        return limits
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 3 * limits.connections
    if hard != resource.RLIM_INFINITY:
        files = min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return limits._replace(connections=files // 3, accepted=max(1, files // 24))


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGTERM, SIGINT, SIGQUIT or SIGHUP: then no new call is taken; those under way end within a bound.

    What asks other servers to open their logs again (SIGUSR1) or to start a new program (SIGUSR2) does nothing here.
    """
    server = server_of(app, limits_here())
    for number in (*ending_signals(), *named("SIGQUIT")):  # uvicorn raises the signal again; to end is no failure
        signal.signal(number, server.handle_exit)
    for number in named("SIGUSR1", "SIGUSR2"):
        signal.signal(number, signal.SIG_IGN)
    server.run([listener])
    report("ended", logging.INFO)
