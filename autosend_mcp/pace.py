"""The pace of one process: how many requests a second leave it, however many calls are waiting."""

from collections import deque
from dataclasses import dataclass
from math import ceil
from time import monotonic

import anyio

from autosend_mcp.errors import NotSent

# A request may reach AutoSend a little later after leaving than the next one does. The window is longer by this.
_SLACK = 0.03


@dataclass(slots=True)
class Slot:
    """One request's place in the window. The time is the monotonic clock's."""

    at: float

    def sent(self) -> None:
        """The request leaves only now (a connection had to be opened first), so the slot counts from now."""
        self.at = monotonic()


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
        self._slots: deque[Slot] = deque()
        self._line = anyio.Lock()
        self._waiting = 0
        self._paused_until = 0.0

    async def turn(self, patience: float, *, urgent: bool = False) -> Slot:
        """Wait for a place in the window, at most about `patience` seconds.

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
        return self._delay() + (self._waiting // self._allowed) * self._window

    def _busy(self) -> NotSent:
        wait = max(1, ceil(self._wait()))
        return NotSent("Too many calls are waiting to be sent.", f"Try the same call again in {wait} s.")

    def pause(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._paused_until = max(self._paused_until, monotonic() + seconds)

    def allow(self, per_second: int) -> None:
        """AutoSend said how many it allows: slow down to that, or return to the configured pace."""
        self._allowed = max(1, min(self._most, per_second))

    async def _next_slot(self) -> Slot:
        while (delay := self._delay()) > 0:  # noqa: ASYNC110 - the end of the wait is known
            await anyio.sleep(delay)
        slot = Slot(monotonic())
        self._slots.append(slot)
        return slot

    def _delay(self) -> float:
        """Seconds until a request may leave."""
        now = monotonic()
        while self._slots and self._slots[0].at + self._window + _SLACK <= now:
            self._slots.popleft()
        full_until = 0.0
        if len(self._slots) >= self._allowed:
            full_until = self._slots[-self._allowed].at + self._window + _SLACK
        return max(full_until - now, self._paused_until - now, 0.0)
