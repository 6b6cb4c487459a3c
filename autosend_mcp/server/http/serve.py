"""Serve the application from this process, until it is asked to end."""

import logging
import signal
import socket
from ipaddress import ip_address
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from autosend_mcp.logs import report
from autosend_mcp.server.http.protocol import BoundedProtocol
from autosend_mcp.tools.jobs import ending_signals
from autosend_mcp.variables import is_loopback

_MAX_CONNECTIONS = 2_000
_IDLE = 20  # seconds that a connection is kept open between two requests
_TO_END = 10  # seconds for the calls under way when the process is asked to end


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


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Leave a signal at that."""


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP: then no new call is taken, and those under way end within a bound."""
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=_TO_END,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    server = uvicorn.Server(config)
    for number in ending_signals():  # uvicorn raises the signal again when it has ended; to end is no failure
        signal.signal(number, _nothing)
    server.run([listener])
    report("ended", logging.INFO)
