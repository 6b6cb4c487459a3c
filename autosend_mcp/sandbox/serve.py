"""The sandbox over HTTP on loopback."""

import os
import socket

import uvicorn

from autosend_mcp.sandbox.app import Sandbox


def serve(sandbox: Sandbox, listener: socket.socket) -> None:
    """Serve on the listener until the process is asked to end."""
    config = uvicorn.Config(
        sandbox.app, log_level="warning", date_header=False, server_header=False, timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listener])


def listening(port: int) -> socket.socket:
    """Return a listening socket whose connections asyncio sets TCP_NODELAY on: only where the protocol is named.

    Without it the second part of a response waits for the client to acknowledge the first, which takes 40 ms.

    Raises:
        OSError: The port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
