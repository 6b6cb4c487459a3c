"""The sandbox over HTTP on loopback."""

import socket
from collections.abc import Sequence

import uvicorn

from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
from autosend_mcp.sandbox.store import Store


def serve(port: int, file: str | None, options: Options, *, lists: Sequence[str], segments: Sequence[str]) -> None:
    """Serve until the process is told to end; prints where, with which key, and the ids of what was seeded.

    Raises:
        OSError: The port is taken, or the file cannot be opened.
    """
    store = Store(file)
    listener = socket.create_server(("127.0.0.1", port))
    print(f"AutoSend sandbox on http://127.0.0.1:{listener.getsockname()[1]}/v1 with key {KEY}", flush=True)
    for kind, names in (("list", lists), ("segment", segments)):
        for name in names:
            print(f"{kind} {name}: {store.seed_list(PROJECT, name, kind)}", flush=True)
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
