"""The pace of one process: how many requests a second leave it, however many calls are waiting."""

from collections import deque
from math import ceil, inf, isinf

import anyio

from autosend_mcp.errors import NotSent

# A request may reach AutoSend a little later after leaving than the next one does. The window is longer by this.
_SLACK = 0.02


class Slot:
    """One request's place: taken from now until a second after the request left."""

    def __init__(self, pace: "Pace") -> None:
        """Granted, and not yet left."""
        self._pace = pace
        self.left_at: float | None = None

    def leave(self) -> None:
        """The request leaves now, if it has not: any connection that it needs is open."""
        if self.left_at is None:
            self.left_at = anyio.current_time()
            self._pace.has_left(self.left_at)


class Pace:
    """At most `per_second` requests in any second; waiting is first come, first served, bounded and cancellable.

    AutoSend documents 2 requests a second per key. What its answers say can slow the pace, never quicken it.
    A rate below one a second is one request in `1 / per_second` seconds.
    """

    def __init__(self, per_second: float) -> None:
        """Start with an empty window."""
        self._most = max(1, int(per_second))
        self._window = max(1.0, self._most / per_second)
        self._allowed = self._most
        self._left: deque[float] = deque()  # when the requests of the window left
        self._granted = 0  # places of requests that have not left yet
        self._news = anyio.Event()
        self._line = anyio.Lock()
        self._waiting = 0
        self._paused_until = 0.0

    async def turn(self, patience: float, *, urgent: bool = False) -> Slot:
        """Wait for a place in the window, at most about `patience` seconds. The caller tells it when to `leave`.

        An urgent request (one that finds out what became of a write) does not stand in line.

        Raises:
            NotSent: The line is too long; the text says when to try again.
        """
        if urgent or (not self._waiting and self._delay() <= 0):
            return await self._next_slot()
        if self._wait() > patience:
            raise self._busy()
        self._waiting += 1
        try:
            with anyio.move_on_after(patience):  # a pause may have made the wait longer than it looked
                async with self._line:
                    return await self._next_slot()
        finally:
            self._waiting -= 1
        raise self._busy()

    def _wait(self) -> float:
        """Seconds until a request that joins the line now may leave."""
        delay = self._delay()
        return (self._window if isinf(delay) else delay) + (self._waiting // self._allowed) * self._window

    def _busy(self) -> NotSent:
        wait = max(1, ceil(self._wait()))
        again = f"Try the same call again in {wait} s."
        return NotSent("Too many calls are waiting to be sent.", again, repeat_after=wait)

    def pause(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._paused_until = max(self._paused_until, anyio.current_time() + seconds)

    def allow(self, per_second: int) -> None:
        """AutoSend said how many it allows: slow down to that, or return to the configured pace."""
        self._allowed = max(1, min(self._most, per_second))

    def fills(self, limit: int) -> bool:
        """Whether the requests of this process alone are as many as AutoSend allows in a second: it waits for them."""
        now = anyio.current_time()
        return self._granted + sum(now < at + self._window for at in self._left) >= limit

    def has_left(self, at: float) -> None:
        """A granted place is used; wake those who wait for that."""
        self._granted -= 1
        self._left.append(at)
        self._news.set()
        self._news = anyio.Event()

    async def _next_slot(self) -> Slot:
        while (delay := self._delay()) > 0:
            with anyio.move_on_after(delay):
                await self._news.wait()
        self._granted += 1
        return Slot(self)

    def _delay(self) -> float:
        """Seconds until a request may leave; infinite while that hangs on one that has not left yet."""
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
