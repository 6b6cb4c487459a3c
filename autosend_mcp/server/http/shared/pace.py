"""The pace of one AutoSend key over all workers: Redis grants each request its turn, by its own clock.

While Redis is gone, a worker keeps to its part of the limit. Where that is less than one request a second, it sends in
every n-th of the moments at which the workers together may; they agree on those by the clock of Redis, as it was seen
last.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Any, Literal

import anyio

from autosend_mcp.api.pace import GUESS_HOLDS, LEAST_A_MINUTE, NO_SECOND, SLACK, Pace, Slot
from autosend_mcp.server.http.shared import turns
from autosend_mcp.server.http.shared.batches import Command
from autosend_mcp.server.http.shared.store import Shared, Unreachable

_LEASE = 30.0  # seconds in which a request that was granted its turn has left, or its worker is gone
_APART = 1.1  # without Redis, the moments to send at are further apart by this: a request leaves a little late
_RETURNING = 1.5  # seconds in which all workers find out that Redis is back
_UNSEEN = 4  # workers to reckon with where Redis was never there

_IN_HAND = 0.1  # seconds in which a turn is used that was asked for in advance
_SAID_AGAIN = 60.0  # seconds after which the workers are told again of a limit that they know
_MAX_LATELY = 1_000


class SharedSlot(Slot):
    """One request's share of the pace of all workers."""

    def __init__(self, pace: "SharedPace") -> None:
        super().__init__(pace)
        self.name = secrets.token_hex(8)
        self._shared_pace = pace

    def leave(self) -> None:
        """Count the request as leaving now, here and in Redis."""
        if self.left_at is None:
            super().leave()
            self._shared_pace.tell_left(self)


class SharedPace(Pace):
    """Keeps to the limits of a key over all workers."""

    def __init__(self, shared: Shared, name: str, per_second: float, per_minute: int | None = None) -> None:
        """`name` stands for the key."""
        super().__init__(per_second, per_minute)
        self._shared = shared
        self._names = [f"{shared.prefix}pace:{name}:{part}" for part in ("left", "granted", "limits")]
        self._is_alone = False
        self._of_all = self._limits  # those of all workers, while this one keeps to its part
        self._begins = 0.0  # when it begins to send without Redis
        self._own = 0  # how many had left this worker in the minute before that
        shared.on_return.append(self._return)
        self._in_minute = 0  # how many had left from all workers, when it was seen last
        self._share = 0  # requests a second without Redis; 0 for less than one
        self._moment = 0.0  # the number of the last one that was used
        self._in_hand: deque[SharedSlot] = deque()  # granted, for requests that come at once
        self._lately: deque[tuple[str, float]] = deque(maxlen=_MAX_LATELY)  # what left this worker, and when
        self._announced: dict[tuple[int, bool], float] = {}  # limits that the other workers know, and since when

    async def turn(self, patience: float, *, urgent: bool = False) -> Slot:
        """Wait for a slot, at most about `patience` seconds, for Redis may say that it takes longer than it looked.

        Raises:
            NotSent: The queue is too long; the text says when to try again.
        """
        if self._in_hand:
            return self._in_hand.popleft()
        with anyio.move_on_after(patience):
            return await super().turn(patience, urgent=urgent)
        raise self._busy()

    async def before_request(self, script: str, keys: Sequence[str], *args: float | str) -> Any:
        """Run a script that is most often followed by a request, and ask for the turn of that in the same exchange.

        Raises:
            Unreachable: Redis cannot be reached; the script may have been run all the same.
        """
        command = Command(script, keys, args)
        if self._waiting or self._in_hand or self._delay() > 0:
            return (await self._shared.together(command))[0]
        self._granted += 1
        slot = SharedSlot(self)
        try:
            result, turn = await self._shared.together(command, self._asking(slot))
        except BaseException:
            self._take_back(slot)
            raise
        if self._learned(turn) > 0:
            self._give_back()
        else:
            self._in_hand.append(slot)
            asyncio.get_running_loop().call_later(_IN_HAND, self._let_go, slot)
        return result

    def _let_go(self, slot: SharedSlot) -> None:
        """Give a turn back that no request has taken."""
        if slot in self._in_hand:
            self._in_hand.remove(slot)
            self._take_back(slot)

    @property
    def _limits(self) -> tuple[int | None, int | None]:
        """How many may leave in the second's and in the minute's window."""
        return self._second.limit, self._minute.limit

    @_limits.setter
    def _limits(self, limits: tuple[int | None, int | None]) -> None:
        self._second.limit, self._minute.limit = limits

    def left(self, window: Literal["second", "minute"]) -> int | None:  # noqa: ARG002 - of either
        """Return None: what the other workers have sent since this one asked is known to Redis alone."""
        return None

    def announced(self, limit: int, until_reset: float | None, *, spent: bool) -> None:
        """Keep to a limit that AutoSend names, in all workers."""
        if not self._shared.is_up:
            super().announced(limit, until_reset, spent=spent)
        elif limit or spent:
            if limit:
                self.allow(limit, until_reset or 0.0)
            about, now = (limit, (until_reset or 0.0) > NO_SECOND), anyio.current_time()
            if spent or now - self._announced.get(about, -_SAID_AGAIN) >= _SAID_AGAIN:
                self._announced = {about: now}
                self._tell(turns.ANNOUNCED, limit, until_reset or 0.0, int(spent), self._second.seconds, SLACK)

    def refused(self, wait: float) -> None:
        """Send nothing from any worker until a rate limit that was exceeded ends."""
        if self._shared.is_up:
            self.pause(wait)
            self._tell(turns.REFUSED, wait, LEAST_A_MINUTE, GUESS_HOLDS)
        else:
            super().refused(wait)

    def tell_left(self, slot: SharedSlot) -> None:
        """Tell the other workers that a request has left now."""
        now = anyio.current_time()
        self._lately.append((slot.name, now))
        self._shared.post(turns.LEFT, self._names, slot.name, at=now)

    def _tell(self, script: str, *args: float | str) -> None:
        self._shared.post(script, self._names, *args)

    def _wait(self) -> float:
        """Return the seconds until a request that queues now may leave; the other workers queue as well."""
        return super()._wait() * (self._shared.place[1] if self._waiting else 1)

    async def _next_slot(self) -> Slot:
        while True:
            await super()._next_slot()  # this worker's own requests are a part of all
            slot = SharedSlot(self)  # instead of its slot
            try:
                wait = await self._asked(slot)
            except BaseException:
                self._take_back(slot)
                raise
            if wait <= 0:
                return slot
            self._give_back()
            await anyio.sleep(wait)

    def _take_back(self, slot: SharedSlot) -> None:
        """Give a turn back, here and in Redis, which may have granted it."""
        self._give_back()
        self._tell(turns.BACK, slot.name)

    def _asking(self, slot: SharedSlot) -> Command:
        """Return what asks for a turn."""
        limits = (self._second.seconds, self._maximum, self._most_a_minute or 0)
        return Command(turns.TURN, self._names, [slot.name, *limits, SLACK, _LEASE])

    async def _asked(self, slot: SharedSlot) -> float:
        """Return the seconds to wait until asking again; 0 if the request may leave."""
        try:
            (turn,) = await self._shared.together(self._asking(slot))
        except Unreachable:
            return self._alone()
        return self._learned(turn)

    def _learned(self, turn: Sequence[Any]) -> float:
        """Take note of an answer of Redis; return the seconds to wait until asking again."""
        delay, second, minute, self._in_minute = float(turn[0]), *map(int, turn[1:])
        self._second.limit, self._minute.limit = second, minute or None
        self._guessed_until = inf if minute else 0.0
        if delay > 1:  # so that those who come meanwhile are told how long it takes
            self.pause(delay)
        return delay

    def allow(self, limit: int, until_reset: float = 0.0) -> bool:
        """Keep to a limit of all workers that AutoSend names; without Redis, to this worker's part of it."""
        if not self._is_alone:
            return super().allow(limit, until_reset)
        self._limits = self._of_all
        is_used_up = super().allow(limit, until_reset)
        self._divide()
        return is_used_up

    def _return(self) -> None:
        """Tell Redis, which may have forgotten, what left; nobody sends until all workers know that it is back."""
        now = anyio.current_time()
        left = [part for name, at in self._lately if now - at < 60 + SLACK for part in (name, now - at)]
        if left or self._is_alone:
            self._tell(turns.RETURN, _RETURNING, *left)
        if self._is_alone:
            self._limits = self._of_all
        self._is_alone, self._announced = False, {}

    def _alone(self) -> float:
        """Return the seconds until this worker's part of the limit lets it send."""
        now, (place, workers) = anyio.current_time(), self._team
        if not self._is_alone:
            self._is_alone, self._own = True, self._minute.count(now)
            self._begins = now + self._second.seconds + SLACK  # until then, what Redis granted last may leave
            self._divide()
        if self._share or now < self._begins:
            return max(0.0, self._begins - now)
        apart = self._second.seconds / (self._second.limit or 1) * _APART
        seen = (now + self._shared.ahead) / apart - place
        moment, late = divmod(seen, workers)
        if late < 1 - 1 / _APART and moment != self._moment:
            self._moment = moment
            return 0.0
        return (workers - late) * apart

    def _divide(self) -> None:
        """Keep to this worker's part of the limits from now on."""
        self._of_all, (_, workers) = self._limits, self._team
        second, minute = self._of_all
        if minute:
            room = max(0, minute - self._in_minute)
            self._minute.limit = max(1, min(self._own + room // workers, minute // workers))
            self._guessed_until = inf
        self._share = (second or 1) // workers
        if self._share:
            self._second.limit = self._share

    @property
    def _team(self) -> tuple[int, int]:
        """This worker's number, and how many there are to reckon with."""
        place, workers = self._shared.place
        return place, workers if self._shared.ahead else _UNSEEN
