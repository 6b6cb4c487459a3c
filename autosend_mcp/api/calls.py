"""The requests of one tool call, under one deadline: what may be repeated, and how the time is spent."""

import random
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

import anyio

from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.envelope import Reply
from autosend_mcp.api.moment import Moment
from autosend_mcp.api.request import Request
from autosend_mcp.api.telemetry import Exchange
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown, Unreadable
from autosend_mcp.models.text import compact_json

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

# A read is over by the latest start of a write, also when each of its three attempts hangs.
_READ = 8.0

_REPEATS = 2

ResultT = TypeVar("ResultT")

UNCHANGED = "Looking up changes nothing."


class Call:
    """The requests of one tool call, under one deadline.

    `requests`, how many of them were `writes`, and the last `status` are for the log.
    """

    def __init__(self, autosend: AutoSend) -> None:
        self.autosend = autosend
        self.cache = autosend.cache
        self.started_at = anyio.current_time()  # the deadline runs from now
        self.scale = autosend.settings.timeout / _CALL
        self.sent_at = Moment(autosend.now)
        self.requests = 0
        self.writes = 0
        self.status: int | None = None
        self._applied = False  # a write of this call was applied, or its reply was lost
        self._in_doubt = False  # a write is with AutoSend now
        self._stopped = False
        self._unwanted = False
        self._kept: dict[str, Reply] | None = None  # the replies of reads, by request, where they are kept

    @property
    def exposed(self) -> bool:
        """Whether a write may be with AutoSend, or have been applied."""
        return self._applied or self._in_doubt

    @property
    def seconds_left(self) -> float:
        """Seconds in which a write may still begin."""
        return self.started_at + _LATEST_START * self.scale - anyio.current_time()

    @property
    def time_left(self) -> float:
        """Seconds until the call must have been answered."""
        return self.started_at + self.autosend.settings.timeout - anyio.current_time()

    def fingerprint(self, text: str) -> str | None:
        """Return a keyed hash that stands for an address in the log."""
        return self.autosend.settings.fingerprint(text)

    def forbid_writes(self) -> AutoSendError | None:
        """Send no further write. Return the error to report, or None if one may have been applied."""
        self._unwanted = True
        if self.exposed:
            return None
        self._stopped = True
        if self.writes:
            return Refused("The call was ended before AutoSend had accepted it.", "Call again if it is still wanted.")
        return NotSent("The call was ended before its request left.", "Call again if it is still wanted.")

    def allow_writes(self) -> None:
        """Send writes after all: the call is wanted again."""
        self._unwanted = False

    def keep_reads(self) -> None:
        """From now on, answer a repeated read by its first reply, until a write leaves or reads are forgotten."""
        self._kept = {}

    def forget_reads(self) -> None:
        """Forget the replies that were kept: others may have changed meanwhile what they show."""
        if self._kept:
            self._kept.clear()

    async def write(self, request: Request[ResultT]) -> ResultT:
        """Send a request that changes something, repeated only when it was provably not applied; return its result.

        Raises:
            Unknown: It may have been applied. The caller finds out; it never sends the request again.
        """
        within = (_CONNECT + _REPLY) * self.scale
        attempt = 0
        while True:
            try:
                reply = await self._once(request, attempt, patience=self.seconds_left, within=within, writes=True)
                break
            except AutoSendError as error:
                if error.repeat_after is None or self._unwanted:
                    raise
                await self._wait_to_repeat(error, attempt)
            attempt += 1
        return request.parse(reply)

    async def read(self, request: Request[ResultT]) -> ResultT:
        """Send a request that changes nothing, repeated twice; once when the answer could not be read."""
        if kept := self._kept_reply(request):
            return request.parse(kept)
        attempt = 0
        while True:
            left = self.seconds_left
            try:
                within = min(_READ * self.scale, left)
                return self._kept_after(request, await self._once(request, attempt, patience=left, within=within))
            except AutoSendError as error:
                if isinstance(error, Unknown):
                    error.changed = UNCHANGED
                elif error.repeat_after is None:
                    raise
                if isinstance(error, Unreadable):
                    attempt = max(attempt, _REPEATS - 1)
                await self._wait_to_repeat(error, attempt)
            attempt += 1

    async def look_up(self, request: Request[ResultT]) -> ResultT:
        """Send one short read, before all that wait in line: it finds out what became of a write."""
        if not self.writes and (kept := self._kept_reply(request)):
            return request.parse(kept)
        within = min(_LOOK_UP * self.scale, self.time_left)
        with anyio.move_on_after(within):
            return request.parse(await self._once(request, 0, patience=within, within=within, urgent=True))
        raise Unknown("The look-up took too long.", "Try again in a minute.", changed=UNCHANGED)

    def _kept_reply(self, request: Request[ResultT]) -> Reply | None:
        return self._kept.get(_key(request)) if self._kept else None

    def _kept_after(self, request: Request[ResultT], reply: Reply) -> ResultT:
        """Return what the reply to a read says; keep it, where reads are kept."""
        result = request.parse(reply)
        if self._kept is not None:
            self._kept[_key(request)] = reply
        return result

    async def _wait_to_repeat(self, error: AutoSendError, attempt: int) -> None:
        """Wait before attempt number `attempt + 1`, or raise the error when there is none."""
        backoff = _BACKOFF * self.scale * 2**attempt * random.random()  # noqa: S311 - jitter, no secret
        wait = max(backoff, error.repeat_after or 0.0)
        if attempt >= _REPEATS or wait > self.seconds_left:
            raise error
        await anyio.sleep(wait)

    async def _once(
        self,
        request: Request[ResultT],
        resends: int,
        *,
        patience: float,
        within: float,
        writes: bool = False,
        urgent: bool = False,
    ) -> Reply:
        self.autosend.settings.credentials()  # without a key there is nothing to wait for
        if patience <= 0:
            raise NotSent("The time for this call was used up before it could be sent.", "Try the same call again.")
        queued = anyio.current_time()
        slot = await self.autosend.pace.turn(patience, urgent=urgent)
        try:
            if self._stopped or (writes and self._unwanted):
                raise NotSent("The call was cancelled before its request left.", "")
            self._leave(writes=writes)
            connect = _CONNECT * self.scale
            with self._observed(request, resends, anyio.current_time() - queued) as shown:
                reply = await self.autosend.exchange(slot, request, connect=connect, within=within)
                shown.status = reply.status
        except AutoSendError as error:
            self.status = error.status
            if isinstance(error, NotSent):
                slot.give_back()
            if writes:
                self._applied |= isinstance(error, Unknown)
                self._in_doubt = False
            raise
        finally:
            slot.leave()
        self.status = reply.status
        self._applied |= writes
        return reply

    @contextmanager
    def _observed(self, request: Request[ResultT], resends: int, waited: float) -> Generator[Exchange]:
        """Show one exchange to the observers when it has ended."""
        base_url = self.autosend.settings.base_url
        exchange = Exchange(request.method, request.route, base_url, resends, waited, time.time_ns())
        try:
            yield exchange
        except BaseException as error:
            exchange.fail(error)
            raise
        finally:
            exchange.ended = time.time_ns()
            for observer in self.autosend.observers:
                observer.request_ended(exchange)

    def _leave(self, *, writes: bool) -> None:
        self.requests += 1
        if writes:
            self.writes += 1
            self.forget_reads()
            self._in_doubt = True
            self.sent_at = Moment(self.autosend.now)


def _key(request: Request[ResultT]) -> str:
    return compact_json(request.shown())
