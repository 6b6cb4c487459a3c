"""The requests of one tool call, under one deadline: what may be repeated, and how the time is spent."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import anyio

from autosend_mcp.api.client import MAX_BULK_REPLY_BYTES, MAX_REPLY_BYTES, AutoSend
from autosend_mcp.api.envelope import Reply
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown, Unreadable

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
_CLOCKS_AGREE = 2.0

UNCHANGED = "Looking up changes nothing."


class Moment:
    """An instant by both clocks of this machine. They part while it sleeps, or when its clock is set."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ran, self._shown = anyio.current_time(), now()

    def elapsed(self) -> float | None:
        """Return the seconds since then, None where the clocks disagree."""
        ran, shown = anyio.current_time() - self._ran, self._now() - self._shown
        return ran if abs(ran - shown) < _CLOCKS_AGREE else None


# What a person said to a question: "not_asked" where the client cannot ask, "no_answer" where nobody answered in time.
Verdict = Literal["yes", "no", "no_answer", "not_asked"]
# Asks a question about everything that it names; the words of the question may name only a part.
Ask = Callable[[str, Sequence[str]], Awaitable[Verdict]]

ParsedT = TypeVar("ParsedT")


# Tells the client how far a call is: how much is done, of how much (None while that is not known), and a word on it.
Progress = Callable[[float, float | None, str | None], Awaitable[None]]


class QuestionFirst(Exception):
    """The call cannot go on before the person has answered: the question is its answer for now."""

    outcome = "asked"

    def __init__(self, question: str, about: Sequence[str]) -> None:
        """The question, in our own words, and everything that the answer will be about."""
        super().__init__(question)
        self.question = question
        self.about = tuple(about)


async def ask_nobody(_question: str, _about: Sequence[str]) -> Verdict:
    """For a caller without a person."""
    return "not_asked"


async def tell_nobody(_done: float, _total: float | None, _word: str | None) -> None:
    """For a caller who did not ask for progress."""


class Call:
    """The requests of one tool call, under one deadline.

    `notes`: what the caller should know besides the result. `ask`: asks the person at the client. `progress`: tells the
    client how far it is. `jobs`: what goes on after the call. `attempts`, those of them that write, and `status` are
    for the log.
    """

    def __init__(self, autosend: AutoSend, ask: Ask = ask_nobody) -> None:
        """The deadline runs from now."""
        self.autosend = autosend
        self.catalogue = autosend.catalogue
        self.ask = ask
        self.progress: Progress = tell_nobody
        self.jobs: Any = None
        self.notes: list[str] = []
        self.lists_failed: AutoSendError | None = None  # the lists could not be read
        self._started = anyio.current_time()
        self.scale = autosend.settings.timeout / _CALL
        self.sent_at = Moment(autosend.now)
        self.attempts = 0
        self.writes = 0
        self.status: int | None = None
        self._applied = False  # a write of this call was applied, or its reply was lost
        self._in_doubt = False  # a write is with AutoSend now
        self._stopped = False
        self._unwanted = False

    @property
    def exposed(self) -> bool:
        """Whether a write may be with AutoSend, or have been applied."""
        return self._applied or self._in_doubt

    @property
    def seconds_left(self) -> float:
        """Seconds in which a write may still begin."""
        return self._started + _LATEST_START * self.scale - anyio.current_time()

    def fingerprint(self, text: str) -> str | None:
        """A keyed hash that stands for a person in the log."""
        return self.autosend.settings.fingerprint(text)

    def stop(self) -> AutoSendError | None:
        """Let no write leave any more: what that means, or None where one may have been applied already."""
        self._unwanted = True
        if self.exposed:
            return None
        self._stopped = True
        if self.writes:
            return Refused("The call was ended before AutoSend had accepted it.", "Call again if it is still wanted.")
        return NotSent("The call was ended before its request left.", "Call again if it is still wanted.")

    def resume(self) -> None:
        """Somebody wants the call again after all."""
        self._unwanted = False

    async def write(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """A request that changes something, repeated only when it was provably not applied.

        Raises:
            Unknown: It may have been applied. The caller finds out; it never sends the request again.
        """
        within = (_CONNECT + _REPLY) * self.scale
        attempt = 0
        while True:
            try:
                return await self._once(method, path, body, patience=self.seconds_left, within=within)
            except AutoSendError as error:
                if error.repeat_after is None or self._unwanted:
                    raise
                await self._wait_to_repeat(error, attempt)
            attempt += 1

    async def read(
        self,
        parse: Callable[[Reply], ParsedT],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        many: bool = False,
    ) -> ParsedT:
        """What a request that changes nothing brings, repeated twice; once when the answer could not be read.

        `parse` reads the reply, and raises Unreadable where it cannot. `many`: the answer may hold many contacts, so
        that a larger one is read.
        """
        attempt = 0
        while True:
            left = self.seconds_left
            within = min(_READ * self.scale, left)
            try:
                return parse(
                    await self._once(method, path, body, patience=left, within=within, writes=False, many=many)
                )
            except AutoSendError as error:
                if isinstance(error, Unknown):
                    error.changed = UNCHANGED
                elif error.repeat_after is None:
                    raise
                if isinstance(error, Unreadable):
                    attempt = max(attempt, _REPEATS - 1)
                await self._wait_to_repeat(error, attempt)
            attempt += 1

    async def look_up(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, many: bool = False
    ) -> Reply:
        """One short read, before all that wait in line: it finds out what became of a write."""
        left = self._started + self.autosend.settings.timeout - anyio.current_time()
        within = min(_LOOK_UP * self.scale, left)
        with anyio.move_on_after(within):
            return await self._once(
                method, path, body, patience=within, within=within, writes=False, urgent=True, many=many
            )
        raise Unknown("The look-up took too long.", "Try again in a minute.", changed=UNCHANGED)

    async def _wait_to_repeat(self, error: AutoSendError, attempt: int) -> None:
        """Wait before attempt number `attempt + 1`, or raise the error when there is none."""
        backoff = _BACKOFF * self.scale * 2**attempt * random.random()  # noqa: S311 - jitter, no secret
        wait = max(backoff, error.repeat_after or 0.0)
        if attempt >= _REPEATS or wait > self.seconds_left:
            raise error
        await anyio.sleep(wait)

    async def _once(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        patience: float,
        within: float,
        writes: bool = True,
        urgent: bool = False,
        many: bool = False,
    ) -> Reply:
        self.autosend.settings.credentials()  # without a key there is nothing to wait for
        if patience <= 0:
            raise NotSent("The time for this call was used up before it could be sent.", "Try the same call again.")
        slot = await self.autosend.pace.turn(patience, urgent=urgent)
        most = MAX_BULK_REPLY_BYTES if many else MAX_REPLY_BYTES
        try:
            if self._stopped or (writes and self._unwanted):
                raise NotSent("The call was cancelled before its request left.", "")
            self._leave(writes=writes)
            connect = _CONNECT * self.scale
            reply = await self.autosend.exchange(slot, method, path, body, connect=connect, within=within, most=most)
        except AutoSendError as error:
            self.status = error.status
            if writes:
                self._applied |= isinstance(error, Unknown)
                self._in_doubt = False
            raise
        finally:
            slot.leave()
        self.status = reply.status
        self._applied |= writes
        return reply

    def _leave(self, *, writes: bool) -> None:
        self.attempts += 1
        if writes:
            self.writes += 1
            self._in_doubt = True
            self.sent_at = Moment(self.autosend.now)
