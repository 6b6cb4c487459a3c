"""The pace of one AutoSend key over all workers: Redis grants each request its turn, by its own clock."""

import asyncio
from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Any, Literal

import anyio

from autosend_mcp.api.pace import GUESS_HOLDS, LEAST_A_MINUTE, MINUTE, NO_SECOND, SLACK, Slot
from autosend_mcp.server.http.shared import turns
from autosend_mcp.server.http.shared.batches import Command
from autosend_mcp.server.http.shared.part import PartPace
from autosend_mcp.server.http.shared.store import Shared, Unreachable

_LEASE = 30.0  # seconds in which a granted turn is used or renewed, or its worker is gone

_IN_HAND = 0.1  # seconds in which a turn is used that was asked for in advance
_REPEATED = 60.0  # seconds after which a limit that the workers know is reported to them again
_MAX_LATELY = 1_000


class SharedSlot(Slot):
    """One request's share of the pace of all workers. `renewal`: what renews it in Redis."""

    def __init__(self, pace: "SharedPace", name: str, names: Sequence[str]) -> None:
        """`names`: of the entries of the pace."""
        super().__init__(pace)
        self.name = name
        self.renewal = Command(turns.TAKEN, names, [name, _LEASE])


class SharedPace(PartPace):
    """Keeps to the limits of a key over all workers."""

    def __init__(self, shared: Shared, name: str, per_second: float, per_minute: int | None = None) -> None:
        """`name` stands for the key."""
        super().__init__(shared, per_second, per_minute)
        own = [f"{shared.prefix}pace:{name}:{part}" for part in ("left", "granted", "limits")]
        self._names = [*own, shared.settling]
        self._slots = 0  # of how many Redis was asked
        self._in_hand: deque[SharedSlot] = deque()  # granted, for requests that come at once
        self._lately: deque[tuple[str, float]] = deque(maxlen=_MAX_LATELY)  # what left this worker, and when
        self._announced: dict[tuple[int, bool], float] = {}  # limits that the other workers know, and since when
        shared.on_return.append(self._return)

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
        if self._waiting or self._in_hand or self._delay() > 0 or not self._shared.is_settled:
            return (await self._shared.together(command))[0]
        self._granted += 1
        slot = self._slot()
        try:
            result, turn = await self._shared.together(command, self._asking(slot, in_part=False))
        except BaseException:
            slot.give_back()
            raise
        if self._learned(turn, in_part=False) > 0:
            self._give_back()
        else:
            self._shared.held[slot.renewal] = anyio.current_time()
            self._in_hand.append(slot)
            asyncio.get_running_loop().call_later(_IN_HAND, self._let_go, slot)
        return result

    def _let_go(self, slot: SharedSlot) -> None:
        """Give a turn back that no request has taken."""
        if slot in self._in_hand:
            self._in_hand.remove(slot)
            slot.give_back()

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
            if spent or now - self._announced.get(about, -_REPEATED) >= _REPEATED:
                self._announced = {about: now}
                self._report(turns.ANNOUNCED, limit, until_reset or 0.0, int(spent), self._second.seconds, SLACK)

    def refused(self, wait: float) -> None:
        """Send nothing from any worker until a rate limit that was exceeded ends."""
        if self._shared.is_up:
            self.pause(wait)
            self._report(turns.REFUSED, wait, LEAST_A_MINUTE, GUESS_HOLDS)
        else:
            super().refused(wait)

    def has_left(self, slot: Slot) -> None:
        """Use a granted slot, whose request leaves now, here and in Redis."""
        super().has_left(slot)
        if isinstance(slot, SharedSlot):
            now = anyio.current_time()
            self._shared.held.pop(slot.renewal, None)
            self._lately.append((slot.name, now))
            self._shared.post(turns.LEFT, self._names, slot.name, at=now)

    def has_stayed(self, slot: Slot) -> None:
        """Take a slot back, here and in Redis, which may have granted it; `_return` does it where Redis is gone now."""
        super().has_stayed(slot)
        if isinstance(slot, SharedSlot):
            self._shared.held.pop(slot.renewal, None)
            self._report(turns.BACK, slot.name)

    def _report(self, script: str, *args: float | str) -> None:
        self._shared.post(script, self._names, *args)

    def _wait(self) -> float:
        """Return the seconds until a request that queues now may leave; the other workers queue as well."""
        return super()._wait() * (self._shared.place[1] if self._waiting else 1)

    async def _next_slot(self) -> Slot:
        while True:
            await super()._next_slot()  # this worker's own requests are a part of all
            slot = self._slot()  # instead of its slot
            try:
                wait = await self._asked(slot)
            except BaseException:
                slot.give_back()
                raise
            if wait <= 0:
                self._shared.held[slot.renewal] = anyio.current_time()
                return slot
            self._give_back()
            await anyio.sleep(wait)

    def _slot(self) -> SharedSlot:
        self._slots += 1
        return SharedSlot(self, f"{self._shared.worker}{self._slots}", self._names)

    def _asking(self, slot: SharedSlot, *, in_part: bool) -> Command:
        """Return what asks for a turn. `in_part`: this worker keeps to its part of the limits."""
        limits = (self._second.seconds, self._maximum, self._most_a_minute or 0)
        return Command(turns.TURN, self._names, [slot.name, *limits, SLACK, _LEASE, int(in_part)])

    async def _asked(self, slot: SharedSlot) -> float:
        """Return the seconds to wait until asking again; 0 if the request may leave."""
        in_part = not self._shared.is_settled
        if in_part and ((wait := self._alone()) > 0 or not self._shared.is_up):
            return wait
        try:
            (turn,) = await self._shared.together(self._asking(slot, in_part=in_part))
        except Unreachable:
            self._shared.doubt()
            return self._alone()  # the moment that was its own may be over
        return self._learned(turn, in_part=in_part)

    def _learned(self, turn: Sequence[Any], *, in_part: bool) -> float:
        """Take note of an answer of Redis; return the seconds to wait until asking again."""
        delay, second, minute, self._in_minute = float(turn[0]), *map(int, turn[1:4])
        self._shared.settle(settling := float(turn[4]))
        if settling > 0 and not in_part:
            return self._alone()
        if in_part:
            self._of_all = second, minute or None
            self._divide()
        else:
            self._rejoin()
            self._limits = second, minute or None
            self._guessed_until = inf if minute else 0.0
        if delay > 1:  # so that those who come meanwhile are told how long it takes
            self.pause(delay)
        return delay

    def _return(self) -> None:
        """Report to Redis, which may have forgotten, what left and what was learned, and give back all turns."""
        if not self._slots:
            return
        now = anyio.current_time()
        left = [part for name, at in self._lately if now - at < MINUTE + SLACK for part in (name, now - at)]
        second, minute = self._of_all if self._is_alone else self._limits
        pause = max(0.0, self._paused_until - now)
        about = (self._shared.worker, pause, second or self._maximum, minute or 0, GUESS_HOLDS)
        self._report(turns.RETURN, *about, *left)
        self._announced = {}
