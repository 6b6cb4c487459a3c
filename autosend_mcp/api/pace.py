"""The pace of one process: how many requests a second and a minute leave it, however many calls are waiting."""

from collections import deque
from collections.abc import Mapping
from math import ceil, inf, isinf
from typing import Any, Literal

import anyio

from autosend_mcp.errors import NotSent

# A request may reach AutoSend a little later after leaving than the next one does. The window is longer by this.
SLACK = 0.02

MINUTE = 60.0
# Seconds. A limit whose window ends later than this is the limit a minute.
NO_SECOND = 2.0
# Where a 429 does not name the limit a minute, it is taken to be the number of requests sent in the last minute, if
# that is not too few: AutoSend documents 50 and 120. This guess is dropped after ten minutes, because somebody else
# with the same key may have used up a part of the limit.
LEAST_A_MINUTE = 20
GUESS_HOLDS = 600.0


class Slot:
    """One request's share of the pace: taken from now until a second after the request left, or given back."""

    def __init__(self, pace: "Pace") -> None:
        """Begin as granted; its request has not left yet."""
        self._pace = pace
        self._is_used = False

    def leave(self) -> None:
        """Count the request as leaving now, if it has not left: any connection that it needs is open."""
        if not self._is_used:
            self._is_used = True
            self._pace.has_left(self)

    def give_back(self) -> None:
        """Let another request leave instead, if this one has not left: it never will."""
        if not self._is_used:
            self._is_used = True
            self._pace.has_stayed(self)


class Leaving:
    """Watches what leaves for a slot. `only_to_proxy`: so far that is only the request for a tunnel to AutoSend."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._sees = False
        self.only_to_proxy = False

    def cut_off(self) -> None:
        """Give the slot back where the request was cut off before it left, if what leaves is traced."""
        if self._sees:
            self._slot.give_back()

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore2 traces."""
        self._sees = True
        if event.endswith(".send_request_headers.started"):
            self.only_to_proxy = info["request"].method == b"CONNECT"
            if not self.only_to_proxy:
                self._slot.leave()


class _Window:
    """The requests that left in the last `seconds`, of which there may be `limit`; None for any number."""

    def __init__(self, seconds: float, limit: int | None) -> None:
        self.seconds = seconds
        self.limit = limit
        self._left: deque[float] = deque()

    def add(self, at: float) -> None:
        """Count a request that left now."""
        self._left.append(at)

    def count(self, now: float) -> int:
        """Return how many left in the last `seconds`."""
        while self._left and self._left[0] + self.seconds + SLACK <= now:
            self._left.popleft()
        return len(self._left)

    def delay(self, granted: int, now: float) -> float:
        """Return the seconds until another may leave; infinite while that hangs on the `granted` that have not yet."""
        count = self.count(now)
        if self.limit is None or count + granted < self.limit:
            return 0.0
        room = self.limit - granted
        return inf if room <= 0 else self._left[-room] + self.seconds + SLACK - now


class Pace:
    """Keeps to a limit of requests a second and a minute. Calls wait in line, for a bounded time, and can be cancelled.

    AutoSend documents 2 requests a second per key, and 50 or 120 a minute on pages of different age: the minute's limit
    is learned from its replies. What they say can slow the pace, never quicken it. A rate below one a second is one
    request in `1 / per_second` seconds.
    """

    def __init__(self, per_second: float, per_minute: int | None = None) -> None:
        """Start with empty windows."""
        self._maximum = max(1, int(per_second))
        self._second = _Window(max(1.0, self._maximum / per_second), self._maximum)
        self._minute = _Window(MINUTE, per_minute)
        self._most_a_minute = per_minute
        self._guessed_until = 0.0
        self._granted = 0  # slots of requests that have not left yet
        self._used = anyio.Event()
        self._queue = anyio.Lock()
        self._waiting = 0
        self._paused_until = 0.0

    async def turn(self, patience: float, *, urgent: bool = False) -> Slot:
        """Wait for a slot, at most about `patience` seconds. The caller calls its `leave`, or its `give_back`.

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

    def seconds_for(self, requests: int) -> float:
        """Return the seconds that this many requests take at least, one after the other."""
        by_minute = requests / self._minute.limit * MINUTE if self._minute.limit else 0.0
        return max(requests / self._allowed * self._second.seconds, by_minute)

    @property
    def waiting(self) -> int:
        """How many requests wait in line."""
        return self._waiting

    def left(self, window: Literal["second", "minute"]) -> int | None:
        """Return how many requests may still leave in this window; None where no limit is known."""
        of = self._second if window == "second" else self._minute
        return None if of.limit is None else max(0, of.limit - self._granted - of.count(anyio.current_time()))

    def pause(self, seconds: float) -> None:
        """Send nothing for this long."""
        self._paused_until = max(self._paused_until, anyio.current_time() + seconds)

    def allow(self, limit: int, until_reset: float = 0.0) -> bool:
        """Keep to a limit that AutoSend names; return whether this process alone has used it up.

        `until_reset`: seconds until its window ends, which tells a minute's from a second's.
        """
        now = anyio.current_time()
        if until_reset > NO_SECOND:
            self._minute.limit = min(limit, self._most_a_minute or limit)
            self._guessed_until = inf
            return self._minute.count(now) >= limit
        self._second.limit = max(1, min(self._maximum, limit))
        return self._granted + self._second.count(now) >= limit

    def announced(self, limit: int, until_reset: float | None, *, spent: bool) -> None:
        """Keep to what a reply says of the limit; 0 says nothing. `spent`: no further request is allowed until then."""
        ours = self.allow(limit, until_reset or 0.0) if limit else False
        if spent and not ours:  # by somebody else with this key
            self.pause(until_reset or 1.0)

    def refused(self, wait: float) -> None:
        """Send nothing until a rate limit that was exceeded ends; remember the minute's limit, if it was that."""
        self.pause(wait)
        now = anyio.current_time()
        count = self._minute.count(now)
        if wait > NO_SECOND and count >= LEAST_A_MINUTE and not self._guessed_until > now:
            self._minute.limit = min(count - 1, self._most_a_minute or count)
            self._guessed_until = now + GUESS_HOLDS

    def has_left(self, slot: Slot) -> None:  # noqa: ARG002 - another pace counts each
        """Use a granted slot, whose request leaves now, and wake those who wait for that."""
        for window in (self._second, self._minute):
            window.add(anyio.current_time())
        self._give_back()

    def has_stayed(self, slot: Slot) -> None:  # noqa: ARG002 - another pace counts each
        """Take a granted slot back, whose request never leaves, and wake those who wait for that."""
        self._give_back()

    def _give_back(self) -> None:
        self._granted -= 1
        self._used.set()
        self._used = anyio.Event()

    @property
    def _allowed(self) -> int:
        return self._second.limit or self._maximum

    def _wait(self) -> float:
        """Return the seconds until a request that queues now may leave."""
        delay = self._delay()
        return (self._second.seconds if isinf(delay) else delay) + self.seconds_for(
            self._waiting // self._allowed * self._allowed
        )

    def _busy(self) -> NotSent:
        wait = max(1, ceil(self._wait()))
        again = f"Try the same call again in {wait} s."
        return NotSent("Too many calls are waiting to be sent.", again, repeat_after=wait)

    async def _next_slot(self) -> Slot:
        while (delay := self._delay()) > 0:
            with anyio.move_on_after(delay):
                await self._used.wait()
        self._granted += 1
        return Slot(self)

    def _delay(self) -> float:
        """Return the seconds until a request may leave; infinite while that hangs on one that has not left yet."""
        now = anyio.current_time()
        if self._guessed_until <= now:
            self._minute.limit = self._most_a_minute
        windows = (self._second.delay(self._granted, now), self._minute.delay(self._granted, now))
        return max(*windows, self._paused_until - now, 0.0)
