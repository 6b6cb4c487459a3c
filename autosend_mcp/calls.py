"""The requests of one tool call, under one deadline: what may be repeated, and how the time is spent."""

import random
from collections.abc import Mapping
from time import monotonic, time
from typing import Any, NamedTuple

import anyio

from autosend_mcp.client import AutoSend
from autosend_mcp.envelope import Reply
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown

# How a call of 45 s is spent, in seconds; another AUTOSEND_TIMEOUT scales them all. The parts after the latest start
# add up to the rest of the call: 2.5 to connect, 9 for the reply, and 8 for the look-ups of a lost write, which even
# when each hangs have ended after 0.5 + 3 x 2.5 s.
_CALL = 45.0
_LATEST_START = 25.5
_CONNECT = 2.5
_REPLY = 9.0
_LOOK_UP = 2.5
_BACKOFF = 0.5
LOOK_UP_TIMES = (0.5, 2.0, 5.0)

_REPEATS = 2
_CLOCKS_AGREE = 2.0


class Moment(NamedTuple):
    """An instant by both clocks of this machine. They part while it sleeps, or when its clock is set."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> "Moment":
        """This instant."""
        return cls(monotonic(), time())

    def elapsed(self) -> float | None:
        """Seconds since then, None where the clocks disagree."""
        now = Moment.now()
        ran, shown = now.monotonic - self.monotonic, now.wall - self.wall
        return ran if abs(ran - shown) < _CLOCKS_AGREE else None


class Call:
    """The requests of one tool call, under one deadline. `attempts` and `status` are for the log."""

    def __init__(self, autosend: AutoSend) -> None:
        """The deadline runs from now."""
        self._autosend = autosend
        self._started = monotonic()
        self.scale = autosend.settings.timeout / _CALL
        self.sent_at = Moment.now()
        self.attempts = 0
        self.status: int | None = None
        self.exposed = False  # a write may be with AutoSend, or have been applied
        self._stopped = False
        self._unwanted = False

    def fingerprint(self, text: str) -> str | None:
        """A keyed hash that stands for a person in the log."""
        return self._autosend.settings.fingerprint(text)

    def stop(self) -> AutoSendError | None:
        """Let no write leave any more: what that means, or None where one may have been applied already."""
        self._unwanted = True
        if self.exposed:
            return None
        self._stopped = True
        if self.attempts:
            return Refused("The call was ended after AutoSend had refused it.", "Call again if it is still wanted.")
        return NotSent("The call was ended before its request left.", "Call again if it is still wanted.")

    def resume(self) -> None:
        """Somebody wants the call again after all."""
        self._unwanted = False

    async def write(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        """A request that changes something, repeated only when it was provably not applied.

        Raises:
            Unknown: It may have been applied. The caller finds out; it never sends the request again.
        """
        within = (_CONNECT + _REPLY) * self.scale
        latest_start = self._started + _LATEST_START * self.scale
        attempt = 0
        while True:
            left = latest_start - monotonic()
            try:
                return await self._once(method, path, body, patience=left, within=within, urgent=False)
            except AutoSendError as error:
                if error.repeat_after is None or attempt == _REPEATS or self._unwanted:
                    raise
                backoff = _BACKOFF * self.scale * 2**attempt * random.random()  # noqa: S311 - jitter, no secret
                wait = max(backoff, error.repeat_after)
                if monotonic() + wait > latest_start:
                    raise
            await anyio.sleep(wait)
            attempt += 1

    async def look_up(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        """One short read, before all that wait in line: it finds out what became of a write."""
        left = self._started + self._autosend.settings.timeout - monotonic()
        within = min(_LOOK_UP * self.scale, left)
        with anyio.move_on_after(within):
            return await self._once(method, path, body, patience=within, within=within, urgent=True)
        raise Unknown("The look-up took too long.", "Try again in a minute.", changed="Looking up changes nothing.")

    async def _once(
        self, method: str, path: str, body: Mapping[str, Any], *, patience: float, within: float, urgent: bool
    ) -> Reply:
        self._autosend.settings.credentials()  # without a key there is nothing to wait for
        slot = await self._autosend.pace.turn(patience, urgent=urgent)
        try:
            if self._stopped:
                raise NotSent("The call was cancelled before its request left.", "")
            self._leave(writes=not urgent)
            connect = _CONNECT * self.scale
            reply = await self._autosend.exchange(slot, method, path, body, connect=connect, within=within)
        except AutoSendError as error:
            self.status = error.status
            if not urgent and isinstance(error, NotSent | Refused):
                self.exposed = False
            raise
        finally:
            slot.leave()
        self.status = reply.status
        return reply

    def _leave(self, *, writes: bool) -> None:
        self.attempts += 1
        if writes:
            self.exposed = True
            self.sent_at = Moment.now()
