"""The sandbox over HTTP on loopback."""

import asyncio
import os
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from autosend_mcp.sandbox.app import Sandbox
from autosend_mcp.sandbox.control.exchanges import DROP

PATIENCE = 30.0
"""Seconds after which a client is dropped that neither sends nor reads."""


class _Connection(H11Protocol):
    """One connection, which is dropped when nothing moves on it for so long: uvicorn itself waits for ever."""

    patience = PATIENCE
    _dropping: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        app = self.app

        async def droppable(scope: Any, receive: Any, send: Any) -> None:
            """Let a fault of the sandbox drop the connection."""
            await app({**scope, "extensions": {DROP: transport.abort}}, receive, send)

        self.app = droppable
        self._moved()

    def data_received(self, data: bytes) -> None:
        self._moved()
        super().data_received(data)

    def resume_writing(self) -> None:
        self._moved()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _moved(self) -> None:
        self._stop()
        self._dropping = self.loop.call_later(self.patience, self.transport.abort)

    def _stop(self) -> None:
        if self._dropping:
            self._dropping.cancel()


def server_of(sandbox: Sandbox, patience: float = PATIENCE) -> uvicorn.Server:
    """Return a server of the sandbox. `patience`: seconds after which a client is dropped that does nothing."""
    connection = type("Connection", (_Connection,), {"patience": patience})
    config = uvicorn.Config(
        sandbox.app,
        http=connection,
        ws="none",
        lifespan="off",
        log_level="warning",
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def serve(sandbox: Sandbox, listener: socket.socket) -> None:
    """Serve on the listener until the process is asked to end."""
    server_of(sandbox).run(sockets=[listener])


def listening(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Return a listening socket whose connections asyncio sets TCP_NODELAY on: only where the protocol is named.

    Without it the second part of a response waits for the client to acknowledge the first, which takes 40 ms.

    Raises:
        OSError: The port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
