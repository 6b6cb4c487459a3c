"""What a worker process does, of several on one socket: it loads the application, serves, and says that it is at work.

The parent loads this module too, so that it loads little.
"""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from autosend_mcp.logs import configure_logging, report

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from uvicorn import Server

NOT_STARTED = 3  # the exit code of a worker that cannot start
SERVES, STARTS = b"serves", b"starts"

Pipe = Connection  # the parent asks, and is answered


class Given(NamedTuple):
    """What a worker is given beside the variables.

    Attributes:
        settings: Settings that win over their variables.
        http: The same of serving over HTTP.
        loopback: Whether only this machine can reach the socket.
        is_sandbox: Whether a sandbox stands for AutoSend.
    """

    settings: Mapping[str, object]
    http: Mapping[str, object]
    loopback: bool
    is_sandbox: bool


def work(given: Given, listener: socket.socket, pipe: Pipe) -> None:
    """Serve until SIGTERM, or until the parent is gone, also if it was killed. Before it serves, SIGTERM is the end."""
    from autosend_mcp.server.http.serve import allow_files, server_of  # noqa: PLC0415

    allow_files()
    server = server_of(_app(given))

    async def serve() -> None:
        listening = partial(answer, pipe, server, asyncio.get_running_loop())
        Thread(target=listening, daemon=True).start()
        await server.serve([listener])

    asyncio.run(serve())
    if not server.started:
        sys.exit(NOT_STARTED)


def _app(given: Given) -> "Starlette":
    """Return the application; this takes a second."""
    from autosend_mcp.api.client import AutoSend  # noqa: PLC0415
    from autosend_mcp.server.http.app import McpApp  # noqa: PLC0415
    from autosend_mcp.server.http.settings import load_http_settings  # noqa: PLC0415
    from autosend_mcp.server.watched import traces_asked_for  # noqa: PLC0415
    from autosend_mcp.settings import SettingsError, load_settings  # noqa: PLC0415

    try:
        settings = load_settings(**given.settings)
        configure_logging(settings.log_level)
        http = load_http_settings(**given.http).checked(loopback=given.loopback)
        connect = partial(AutoSend, is_sandbox=given.is_sandbox)
        return McpApp(settings, http, connect, traces=traces_asked_for(warn=True)).app()
    except SettingsError as error:
        report("worker_not_started", logging.ERROR, why=str(error))
        sys.exit(NOT_STARTED)


def answer(pipe: Pipe, server: "Server", loop: asyncio.AbstractEventLoop) -> None:
    """Answer the parent from the loop that serves, so that one that hangs does not; end with the parent."""
    with suppress(OSError, RuntimeError):  # the parent, or the loop, is gone
        try:
            while pipe.recv_bytes():
                loop.call_soon_threadsafe(_say, pipe, server)
        except EOFError:  # nobody would end this worker, and its port would stay taken
            loop.call_soon_threadsafe(signal.raise_signal, signal.SIGTERM)


def _say(pipe: Pipe, server: "Server") -> None:
    with suppress(OSError):
        pipe.send_bytes(SERVES if server.started else STARTS)
