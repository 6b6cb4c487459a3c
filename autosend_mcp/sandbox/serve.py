"""The sandbox over HTTP on loopback."""

import os
import socket

import uvicorn

from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
from autosend_mcp.sandbox.seeds import Seeds
from autosend_mcp.sandbox.store import Store


def serve(port: int, file: str | None, options: Options, seeds: Seeds) -> None:
    """Serve until the process is told to end; prints where, with which key, and the ids of what was seeded.

    Raises:
        OSError: The port is taken, or the file cannot be opened.
        ValueError: A seed cannot be understood.
    """
    seeds.check()
    store = Store(file)
    listener = listening(port)
    print(f"AutoSend sandbox on http://127.0.0.1:{listener.getsockname()[1]}/v1 with key {KEY}", flush=True)
    for line in seeds.sow(store, PROJECT):
        print(line, flush=True)
    config = uvicorn.Config(
        Sandbox(store, options).app,
        log_level="warning",
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        store.close()


def listening(port: int) -> socket.socket:
    """A socket whose connections asyncio sets TCP_NODELAY on: it does so only where the protocol is named.

    Without it the second part of an answer waits for the client to acknowledge the first, which takes 40 ms.
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
