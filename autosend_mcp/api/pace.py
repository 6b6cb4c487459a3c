"""The pace of one process: how many requests a second leave it, however many calls are waiting."""

from collections import deque
from collections.abc import Mapping
from math import ceil, inf, isinf
from typing import Any

import anyio

from autosend_mcp.errors import NotSent

# A request may reach AutoSend a little later after leaving than the next one does. The window is longer by this.
_SLACK = 0.02


class Slot:
    """One request's share of the pace: taken from now until a second after the request left."""

    def __init__(self, pace: "Pace") -> None:
        """Begin as granted; its request has not left yet."""
        self._pace = pace
        self.left_at: float | None = None

    def leave(self) -> None:
        """Count the request as leaving now, if it has not left: any connection that it needs is open."""
        if self.left_at is None:
            self.left_at = anyio.current_time()
            self._pace.has_left(self.left_at)


class Leaving:
    """Watches what leaves for a slot. `only_to_proxy`: so far that is only the request for a tunnel to AutoSend."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self.only_to_proxy = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore2 traces."""
        if event.endswith(".send_request_headers.started"):
            self.only_to_proxy = info["request"].method == b"CONNECT"
            if not self.only_to_proxy:
                self._slot.leave()


class Pace:
    """At most `per_second` requests in any second; waiting is first come, first served, bounded and cancellable.

    AutoSend documents 2 requests a second per key. What its answers say can slow the pace, never quicken it.
    A rate below one a second is one request in `1 / per_second` seconds.
    """

    def __init__(self, per_second: float) -> None:
        """Start with an empty window."""
        self._maximum = max(1, int(per_second))
        self._window = max(1.0, self._maximum / per_second)
        self._allowed = self._maximum
        self._left: deque[float] = deque()  # when the requests of the window left
        self._granted = 0  # slots of requests that have not left yet
        self._used = anyio.Event()
        self._queue = anyio.Lock()
        self._waiting = 0
        self._paused_until = 0.0

    async def turn(self, patience: float, *, urgent: bool = False) -> Slot:
        """Wait for a slot in the window, at most about `patience` seconds. The caller calls its `leave`.

        An urgent request (one that finds out what became of a write) does not queue.

        Raises:
            NotSent: The queue is too long; the text says when to try again.
        """
        if urgent or (not self._waiting and self._delay() <= 0):
            return await self._next_slot()
        if self._wait() > patience:
            raise self._busy()
        self._waiting += 1
        try:
            with anyio.move_on_after(patience):  # a pause may have made the wait longer than it looked
                async with self._queue:
                    return await self._next_slot()
        finally:
            self._waiting -= 1
        raise self._busy()

    def _wait(self) -> float:
        """Return the seconds until a request that queues now may leave."""
        delay = self._delay()
        return (self._window if isinf(delay) else delay) + (self._waiting // self._allowed) * self._window

    def _busy(self) -> NotSent:
        wait = max(1, ceil(self._wait()))
        again = f"Try the same call again in {wait} s."
        return NotSent("Too many calls are waiting to be sent.", again, repeat_after=wait)

    def pause(self, seconds: float) -> None:
        """Send nothing for this long."""
        self._paused_until = max(self._paused_until, anyio.current_time() + seconds)

    def allow(self, per_second: int) -> None:
        """Slow down to the number a second that AutoSend allows, or return to the configured pace."""
        self._allowed = max(1, min(self._maximum, per_second))

    def is_full(self, limit: int) -> bool:
        """Return whether this process alone has used up a limit a second, so that no further pause is needed."""
        now = anyio.current_time()
        return self._granted + sum(now < at + self._window for at in self._left) >= limit

    def has_left(self, at: float) -> None:
        """Use a granted slot, and wake those who wait for that."""
        self._granted -= 1
        self._left.append(at)
        self._used.set()
        self._used = anyio.Event()

    async def _next_slot(self) -> Slot:
        while (delay := self._delay()) > 0:
            with anyio.move_on_after(delay):
                await self._used.wait()
        self._granted += 1
        return Slot(self)

    def _delay(self) -> float:
        """Return the seconds until a request may leave; infinite while that hangs on one that has not left yet."""
        now = anyio.current_time()
        while self._left and self._left[0] + self._window + _SLACK <= now:
            self._left.popleft()
        room = self._allowed - self._granted
        full_until = 0.0
        if room <= 0:
            full_until = inf
        elif len(self._left) >= room:
            full_until = self._left[-room] + self._window + _SLACK
        return max(full_until - now, self._paused_until - now, 0.0)
