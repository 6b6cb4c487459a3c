"""HTTP/1.1 as uvicorn serves it, with a bound on how long a client may take: to send a request, and to read an answer.

uvicorn waits for ever for the rest of a request that has begun, and for a client to read on (0.54). Behind a proxy
that buffers both this is never met; without one, a few slow clients would use up the connections.
"""

import asyncio
from typing import Any, cast

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from autosend_mcp.server.http.pages import IS_BUSY

# Seconds from the opening of a connection, or the first byte of a later request, to the last byte of the request; and
# for a client that has stopped reading its answer.
PATIENCE = 20.0

# Seconds from the opening of a connection in which its first request is still served by a process that ends. At a
# restart it may have been opened just before that, and its client could not know whether the request was read.
_FIRST = 5.0


class BoundedProtocol(H11Protocol):
    """Closes a connection whose request is not whole in time, or whose answer is not read."""

    def __init__(self, *args: Any, patience: float = PATIENCE, **more: Any) -> None:
        """Take the seconds that each may take, beside what uvicorn gives."""
        super().__init__(*args, **more)
        self._patience = patience
        self._request: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._cycle: object = None  # that of the request whose body is awaited
        self._opened = 0.0
        self._ends_with_first = False
        # uvicorn's own answer to what is too much has no headers for pages in browsers; the application's has.
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._served, self.app = self.app, cast("Any", self._within_the_limit)

    async def _within_the_limit(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = self._most
        is_busy = most is not None and (len(self.connections) >= most or len(self.tasks) > most)
        await cast("ASGIApp", self._served)({**scope, "state": {**scope["state"], IS_BUSY: is_busy}}, receive, send)

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._opened = self.loop.time()
        self._wait()
        if self._most is not None and len(self.connections) >= self._most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take bytes in: the first of a request, more of it, or the last."""
        if self._has_begun and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self._stop_waiting()  # they begin a request on a connection that was idle
        super().data_received(data)

    def handle_events(self) -> None:
        """Read what has come, also when it had to wait for the answer to the request before it; wait for the rest."""
        super().handle_events()
        if self._ends_with_first and self._has_begun:
            self.cycle.keep_alive = False
        awaited = self.cycle if self.conn.their_state is h11.SEND_BODY else None
        if self._cycle not in (None, awaited):  # answered before it was whole, and whole now
            self._stop_waiting()
        self._cycle = awaited
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._wait()
        else:
            self._stop_waiting()

    def shutdown(self) -> None:
        """Close the connection after the answer under way, or the first one if it was opened just now."""
        left = self._opened + _FIRST - self.loop.time()
        if self._has_begun or left <= 0 or self.transport.is_closing():
            super().shutdown()
            return
        self._ends_with_first = True
        self._stop_waiting()
        self._request = self.loop.call_later(min(left, self._patience), self._give_up)

    def pause_writing(self) -> None:
        """Wait for the client to read on."""
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        """Write on."""
        super().resume_writing()
        self._reading = _cancelled(self._reading)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is idle, also if the last answer has not been read whole."""
        super().timeout_keep_alive_handler()
        self._wait_for_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)
        self._reading = _cancelled(self._reading)

    @property
    def waits(self) -> bool:
        """Whether it waits for a request, or for the rest of one: nothing has been done for that.

        The answer to the request before it has left whole, which nobody could find out if its end were lost.
        """
        is_written = not self.transport.get_write_buffer_size()
        return self._request is not None and is_written and not self.transport.is_closing()

    @property
    def worth(self) -> tuple[bool, float]:
        """How much is lost if it is closed while it waits."""
        return self._has_begun, self._opened

    @property
    def _has_begun(self) -> bool:
        """Whether there has been a request."""
        return getattr(self, "cycle", None) is not None

    def _make_room(self) -> None:
        """Close another connection that waits for its client: at first one that never had a request, the oldest first.

        However many are kept open, who comes with a request is served, and so is a probe.
        """
        others = cast("set[BoundedProtocol]", self.connections)
        waiting = [other for other in others if other is not self and other.waits]
        if waiting:
            min(waiting, key=lambda other: other.worth).transport.abort()

    def _wait(self) -> None:
        if self._request is None and not self.transport.is_closing():
            self._request = self.loop.call_later(self._patience, self._give_up)

    def _stop_waiting(self) -> None:
        self._request = _cancelled(self._request)

    def _wait_for_reader(self) -> None:
        if self._reading is None:
            self._reading = self.loop.call_later(self._patience, self.transport.abort)

    def _give_up(self) -> None:
        self._request = None
        self.transport.close()
        self._wait_for_reader()


def _cancelled(timer: asyncio.TimerHandle | None) -> None:
    """Cancel a timer, if there is one; there is none from then on."""
    if timer is not None:
        timer.cancel()
