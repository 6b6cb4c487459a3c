"""A sandbox over HTTP on loopback, served by a thread of the tests: for what runs in another process."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

import uvicorn
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.serve import listening
from autosend_mcp.sandbox.store import Store
from tests.support.worlds import KEY

Answer = Callable[[], int | None]


class Served:
    """A sandbox behind a port, and the environment in which our command works with it.

    `answers`: by path, what is called for each request in turn; it may wait, and say a status to refuse it with.
    """

    store: Store
    answers: dict[str, list[Answer]]
    seen: list[str]

    def __init__(self, port: int) -> None:
        self.env = {
            "AUTOSEND_API_KEY": KEY,
            "AUTOSEND_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "AUTOSEND_RATE_LIMIT": "100000",
            "AUTOSEND_TIMEOUT": "15",  # what waits for a time, waits for a third of it
        }
        self._sandbox = Sandbox()
        self.renew()

    def renew(self) -> None:
        """Hold nothing but the custom fields plan (string) and logins (number)."""
        self.close()
        self._sandbox = Sandbox(Options(rate_limit=0))
        self.store, self.answers, self.seen = self._sandbox.store, {}, []
        for name, kind in (("plan", "string"), ("logins", "number")):
            self.store.contact_properties.define(PROJECT, name, kind)

    def close(self) -> None:
        self._sandbox.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix("/v1")
        self.seen.append(path)
        body = await Request(scope, receive).body()
        waiting = self.answers.get(path)
        status = await to_thread.run_sync(waiting.pop(0)) if waiting else None
        refusal = JSONResponse({"success": False, "error": {"message": "No"}}, status or 200)

        async def received() -> Message:
            return {"type": "http.request", "body": body}

        await (refusal if status else self._sandbox.app)(scope, received, send)


@contextmanager
def served() -> Generator[Served]:
    """A fresh one, until it is left."""
    listener = listening(0)
    here = Served(listener.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(here, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=partial(server.run, sockets=[listener]))
    thread.start()
    try:
        yield here
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        here.close()
