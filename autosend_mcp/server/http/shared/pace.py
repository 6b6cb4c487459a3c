"""The pace of one AutoSend key over all workers: Redis grants each request its turn, by its own clock.

While Redis is gone, a worker keeps to its part of the limit. Where that is less than one request a second, it sends in
every n-th of the moments at which the workers together may; they agree on those by the clock of Redis, as it was seen
last.
"""

import secrets
from math import inf
from typing import Literal

import anyio

from autosend_mcp.api.pace import GUESS_HOLDS, LEAST_A_MINUTE, SLACK, Pace, Slot
from autosend_mcp.server.http.shared.store import Shared, Unreachable

_LEASE = 30.0  # seconds in which a request that was granted its turn has left, or its worker is gone
_APART = 1.1  # without Redis, the moments to send at are further apart by this: a request leaves a little late
_RETURNING = 1.5  # seconds in which all workers find out that Redis is back
_UNSEEN = 4  # workers to reckon with where Redis was never there

# The names: what left, by its time; what was granted, by the end of its lease; the limits that were learned.
_NOW = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local function exact(number) return string.format('%.6f', number) end
local function limits() return redis.call('HMGET', KEYS[3], 'paused', 'second', 'minute', 'guessed') end
local function within(seconds) return redis.call('ZCOUNT', KEYS[1], exact(now - seconds), '+inf') end
local function keep() for _, name in ipairs(KEYS) do redis.call('PEXPIRE', name, 700000) end end
"""
# ARGV: slot, seconds of the second's window, its limit, limit a minute (0: none), slack, lease. Returns the seconds to
# wait ("0": granted), the limits, and how many have left in the minute.
_TURN = f"""{_NOW}
local slack = tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', exact(now - 60 - slack))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', exact(now))
local paused, second, minute, guessed = unpack(limits())
local most = tonumber(ARGV[3])
second = math.min(most, tonumber(second) or most)
most = tonumber(ARGV[4])
if (tonumber(guessed) or 0) <= now then minute = nil end
minute = tonumber(minute) or most
if most > 0 then minute = math.min(minute, most) end
local granted = redis.call('ZCARD', KEYS[2])
local function wait(seconds, limit)
  if limit == 0 or within(seconds + slack) + granted < limit then return 0 end
  local room = limit - granted
  if room <= 0 then return 0.02 end
  local oldest = redis.call('ZRANGE', KEYS[1], -room, -room, 'WITHSCORES')
  return oldest[2] and oldest[2] + seconds + slack - now or 0.02
end
local delay = math.max((tonumber(paused) or 0) - now, wait(tonumber(ARGV[2]), second), wait(60, minute), 0)
if delay == 0 then redis.call('ZADD', KEYS[2], exact(now + ARGV[6]), ARGV[1]) end
keep()
return {{exact(delay), second, minute, within(60)}}
"""
# ARGV: slot, seconds ago.
_LEFT = f"""{_NOW}
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], exact(now - ARGV[2]), ARGV[1])
keep()
"""
_BACK = "redis.call('ZREM', KEYS[2], ARGV[1])"
# Redis was gone. ARGV: seconds that nothing is granted; then a name and the seconds ago of each request since.
_RETURN = f"""{_NOW}
local until_all_know = now + ARGV[1]
if until_all_know > (tonumber(limits()[1]) or 0) then redis.call('HSET', KEYS[3], 'paused', exact(until_all_know)) end
for index = 2, #ARGV, 2 do redis.call('ZADD', KEYS[1], exact(now - ARGV[index + 1]), ARGV[index]) end
keep()
"""
# ARGV: limit (0: none is named), seconds until its window ends (0: not said), whether it is spent, seconds of a
# second's window, slack.
_ANNOUNCED = f"""{_NOW}
local limit, reset, seconds, name = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4]), 'second'
if reset > 2 then seconds, name = 60, 'minute' end
if limit > 0 then
  redis.call('HSET', KEYS[3], name, limit)
  if name == 'minute' then redis.call('HSET', KEYS[3], 'guessed', '1e300') end
end
local ours = limit > 0 and within(seconds + ARGV[5]) + redis.call('ZCARD', KEYS[2]) >= limit
if ARGV[3] == '1' and not ours then
  local pause = now + (reset > 0 and reset or 1)
  if pause > (tonumber(limits()[1]) or 0) then redis.call('HSET', KEYS[3], 'paused', exact(pause)) end
end
keep()
"""
# ARGV: seconds to wait, the fewest a minute that are a limit, seconds that such a guess holds.
_REFUSED = f"""{_NOW}
local paused, _, _, guessed = unpack(limits())
if now + ARGV[1] > (tonumber(paused) or 0) then redis.call('HSET', KEYS[3], 'paused', exact(now + ARGV[1])) end
local count = within(60)
if tonumber(ARGV[1]) > 2 and count >= tonumber(ARGV[2]) and (tonumber(guessed) or 0) <= now then
  redis.call('HSET', KEYS[3], 'minute', count - 1, 'guessed', exact(now + ARGV[3]))
end
keep()
"""


class SharedSlot(Slot):
    """One request's share of the pace of all workers."""

    def __init__(self, pace: "SharedPace", name: str) -> None:
        """`name` tells it from others; empty where Redis has not granted it."""
        super().__init__(pace)
        self.name = name
        self._shared_pace = pace

    def leave(self) -> None:
        """Count the request as leaving now, here and in Redis."""
        if self.left_at is None:
            super().leave()
            self._shared_pace.tell_left(self.name)


class SharedPace(Pace):
    """Keeps to the limits of a key over all workers."""

    def __init__(self, shared: Shared, name: str, per_second: float, per_minute: int | None = None) -> None:
        """`name` stands for the key."""
        super().__init__(per_second, per_minute)
        self._shared = shared
        self._names = [f"{shared.prefix}pace:{name}:{part}" for part in ("left", "granted", "limits")]
        self._alone_since: float | None = None
        self._in_minute = 0  # how many had left from all workers, when it was seen last
        self._share = 0  # requests a second without Redis; 0 for less than one
        self._moment = 0.0  # the number of the last one that was used

    async def turn(self, patience: float, *, urgent: bool = False) -> Slot:
        """Wait for a slot, at most about `patience` seconds, for Redis may say that it takes longer than it looked.

        Raises:
            NotSent: The queue is too long; the text says when to try again.
        """
        with anyio.move_on_after(patience):
            return await super().turn(patience, urgent=urgent)
        raise self._busy()

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
            seconds = self._second.seconds
            self._tell(_ANNOUNCED, limit, until_reset or 0.0, int(spent), seconds, SLACK)

    def refused(self, wait: float) -> None:
        """Send nothing from any worker until a rate limit that was exceeded ends."""
        if self._shared.is_up:
            self.pause(wait)
            self._tell(_REFUSED, wait, LEAST_A_MINUTE, GUESS_HOLDS)
        else:
            super().refused(wait)

    def tell_left(self, name: str) -> None:
        """Tell the other workers that a request has left."""
        self._tell(_LEFT, name, 0)

    def _tell(self, script: str, *args: float | str) -> None:
        self._shared.background(self._shared.tell, script, self._names, *args)

    def _wait(self) -> float:
        """Return the seconds until a request that queues now may leave; the other workers queue as well."""
        return super()._wait() * (self._shared.place[1] if self._waiting else 1)

    async def _next_slot(self) -> Slot:
        while True:
            await super()._next_slot()  # this worker's own requests are a part of all
            slot = SharedSlot(self, secrets.token_hex(8))
            try:
                wait = await self._asked(slot.name)
            except BaseException:
                self._give_back()
                self._tell(_BACK, slot.name)
                raise
            if wait <= 0:
                return slot
            self._give_back()
            if wait > 1:  # so that those who come meanwhile are told how long it takes
                self.pause(wait)
            await anyio.sleep(wait)

    async def _asked(self, name: str) -> float:
        """Return the seconds to wait until asking again; 0 if the request may leave."""
        try:
            if self._alone_since is not None:
                await self._return()
            limits = (self._second.seconds, self._maximum, self._most_a_minute or 0)
            turn = await self._shared.run(_TURN, self._names, name, *limits, SLACK, _LEASE)
        except Unreachable:
            return self._alone()
        delay, second, minute, self._in_minute = float(turn[0]), *map(int, turn[1:])
        self._second.limit, self._minute.limit = second, minute or None
        self._guessed_until = inf if minute else 0.0
        return delay

    async def _return(self) -> None:
        """Tell Redis what left without it; nobody sends until all workers know that it is back."""
        now, since = anyio.current_time(), self._alone_since or 0.0
        left = [part for at in self._minute.since(since) for part in (secrets.token_hex(8), now - at)]
        await self._shared.run(_RETURN, self._names, _RETURNING, *left)
        self._alone_since = None

    def _alone(self) -> float:
        """Return the seconds until this worker's part of the limit lets it send."""
        now, (place, workers) = anyio.current_time(), self._shared.place
        workers = workers if self._shared.ahead else _UNSEEN
        limit = self._second.limit or 1
        if self._alone_since is None:
            self._alone_since = now
            if self._minute.limit:
                own, room = self._minute.count(now), self._minute.limit - self._in_minute
                self._minute.limit = max(1, min(own + max(0, room) // workers, self._minute.limit // workers))
                self._guessed_until = inf
            self._share = limit // workers
            if self._share:
                self._second.limit = self._share
            return self._second.seconds + SLACK
        if self._share:
            return 0.0
        apart = self._second.seconds / limit * _APART
        seen = (now + self._shared.ahead) / apart - place
        moment, late = divmod(seen, workers)
        if late < 1 - 1 / _APART and moment != self._moment:
            self._moment = moment
            return 0.0
        return (workers - late) * apart
