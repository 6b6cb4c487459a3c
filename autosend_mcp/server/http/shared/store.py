"""What all workers share: a Redis, whether it can be reached, and which workers are at work."""

import hashlib
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from math import inf
from typing import Any, cast

import anyio
import anyio.abc
from redis.exceptions import ResponseError

from autosend_mcp.logs import report
from autosend_mcp.server.http.shared.batches import PATIENCE, Batches, Command
from autosend_mcp.server.http.shared.looks import LOOK
from autosend_mcp.server.in_flight import NotBegun
from autosend_mcp.settings import SettingsError

PREFIX = "autosend-mcp:"

_BEAT = 1.0  # seconds between two looks
_BEAT_AWAY = 0.25  # while Redis is gone
# Seconds in which all workers find out that Redis is back, also where one has a look under way that is not answered,
# and say again what they hold and what has left.
_SETTLING = _BEAT + PATIENCE + 2 * _BEAT_AWAY
_QUICK = 0.02  # seconds for an answer from which the clock of Redis is known well
_AT_WORK = 5.0  # a worker that has not been seen for so many seconds is gone

LEASE = 10_000  # ms that what a worker holds lasts, unless it says again that it is at work


class Unreachable(NotBegun):
    """Redis cannot be reached, or did not answer in time."""

    def __init__(self) -> None:
        super().__init__(
            "What this server's workers share (Redis) cannot be reached, and no write is begun without it: an "
            "identical one may be under way.",
            "Reading works. Try the same call again in a minute, and report it to the user if that fails too.",
        )


class Shared:
    """The Redis that all workers share. No command waits long for it: while it is gone, each fails at once.

    When it is back, and may have forgotten all or lack the last, the workers settle: until each knows of that and has
    said again what it holds, none begins what only one may do, nor takes more than its part of what they share.
    """

    prefix = PREFIX

    def __init__(self, url: str) -> None:
        """Connect at the first command.

        Raises:
            SettingsError: It is no URL of a Redis.
        """
        try:
            self._batches = Batches(url, self._lost)
        except ValueError:
            raise SettingsError("AUTOSEND_REDIS_URL must be as in redis://127.0.0.1:6379/0.") from None
        self.worker = secrets.token_hex(8)
        self.is_up: bool = False
        self.on_return: list[Callable[[], None]] = []  # called when it is there again, and may have forgotten all
        self.ahead = 0.0  # seconds that the clock of Redis is ahead of the event loop's
        self.settling = f"{self.prefix}settling"  # the name of the moment until which the workers settle
        self.held: dict[Command, float] = {}  # what renews that which this worker holds, and since when
        self._late: list[Command] = []
        self.unsettled_since = 0.0  # when the last time ended in which all workers knew that Redis is there
        self._settles_at = 0.0
        self._gone_since: float | None = None  # what all settle for, when Redis is there again
        self._exactness = inf
        self._workers = [self.worker]

    @property
    def place(self) -> tuple[int, int]:
        """This worker's number, from 0, and how many there are, as they were seen last."""
        return self._workers.index(self.worker), len(self._workers)

    @property
    def is_settled(self) -> bool:
        """Whether Redis is there, and all workers know it."""
        return self.is_up and self._gone_since is None and anyio.current_time() >= self._settles_at

    def settle(self, seconds: float) -> None:
        """Settle for so long, as Redis has just answered; 0 for not at all."""
        if seconds > 0:
            self._unsettle()
            self._settles_at = anyio.current_time() + seconds

    def doubt(self) -> None:
        """Have all workers settle at the next look: Redis cannot be used as it should."""
        self._unsettle()
        if self._gone_since is None:
            self._gone_since = anyio.current_time()

    def _unsettle(self) -> None:
        if self.is_settled:
            self.unsettled_since = anyio.current_time()

    async def settled(self, patience: float) -> None:
        """Wait until all workers know that Redis is there.

        Raises:
            Unreachable: It is not, or not within `patience` seconds.
        """
        with anyio.move_on_after(patience):
            while self.is_up and not self.is_settled:  # noqa: ASYNC110 - Redis says when that is
                await anyio.sleep(max(_BEAT_AWAY, self._settles_at - anyio.current_time()))
        if not self.is_settled:
            raise Unreachable

    def name(self, kind: str, *about: str) -> str:
        """Return the name of an entry; what it is about stands in it as a hash."""
        return f"{self.prefix}{kind}:{hashlib.sha256(chr(0).join(about).encode()).hexdigest()[:32]}"

    async def alive(self) -> bool:
        """Return whether Redis answers, and can be written to."""
        return await self._look()

    async def run(self, script: str, keys: Sequence[str] = (), *args: float | str, probing: bool = False) -> Any:
        """Run a script on these names, at once or not at all. `probing`: also while Redis is taken to be gone.

        Raises:
            Unreachable: It cannot be reached; the script may have been run all the same.
        """
        return (await self.together(Command(script, keys, args), probing=probing))[0]

    async def together(self, *commands: Command, probing: bool = False) -> list[Any]:
        """Run these in one exchange, and return their results.

        Raises:
            Unreachable: It cannot be reached, or has refused one; any may have been run all the same.
        """
        if not self.is_up and not probing:
            raise Unreachable
        results = await self._batches.send(commands)
        if error := next((result for result in results if isinstance(result, Exception)), None):
            if probing or not isinstance(error, ResponseError):  # else only these cannot be run
                self._lost(error)
            raise Unreachable
        return results

    def post(self, script: str, keys: Sequence[str], *args: float | str, at: float | None = None) -> None:
        """Run a script soon, with what comes next, if Redis can be reached. `at`: see `Command`."""
        if self.is_up:
            self._batches.post(Command(script, keys, args, at))

    def post_late(self, script: str, keys: Sequence[str], *args: float | str) -> None:
        """Run a script soon, or when Redis can be reached again."""
        self._late.append(Command(script, keys, args))
        if self.is_up:
            self._post_late()

    def _post_late(self) -> None:
        for command in self._late:
            self._batches.post(command)
        self._late.clear()

    @contextmanager
    def renewing(self, command: Command) -> Generator[None]:
        """Run this again and again until the end, so that a lease of this worker goes on."""
        self.held[command] = anyio.current_time()
        try:
            yield
        finally:
            del self.held[command]

    async def work(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Look at Redis once, then again and again."""
        await self._look()
        task_status.started()
        while True:
            await anyio.sleep(_BEAT if self.is_up else _BEAT_AWAY)
            for command, since in self.held.items():
                if anyio.current_time() - since > LEASE / 4000:
                    self.post(command.script, command.keys, *command.args)
            await self._look()

    async def send(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Send the commands to Redis."""
        await self._batches.work(task_status=task_status)

    async def close(self) -> None:
        """Let go of Redis."""
        await self._batches.close()

    async def _look(self) -> bool:
        """Say that this worker is here, and see who else is; return whether that was possible."""
        names, asked, gone_since = [f"{self.prefix}workers", self.settling], anyio.current_time(), self._gone_since
        gone = -1.0 if gone_since is None else asked - gone_since
        try:
            answer = await self.run(LOOK, names, self.worker, _AT_WORK, gone, _SETTLING, probing=True)
        except Unreachable:
            return False
        now, settling, workers = cast("tuple[str, str, list[str]]", answer)
        took = anyio.current_time() - asked
        if took <= max(self._exactness, _QUICK):
            self.ahead, self._exactness = float(now) - asked - took / 2, took
        if self._gone_since == gone_since:
            self._gone_since = None
        self.settle(float(settling))
        before = [] if self.is_settled else self._workers  # which may not have looked yet
        self._workers = sorted({*workers, *before, self.worker})
        self._note(is_up=True)
        return True

    def _lost(self, error: Exception) -> None:
        self._batches.is_stale = True
        self.doubt()
        self._note(is_up=False, why=type(error).__name__)

    def _note(self, *, is_up: bool, why: str = "") -> None:
        if is_up is self.is_up:
            return
        self.is_up = is_up
        if not is_up:
            report("redis_gone", logging.WARNING, why=why)
            return
        report("redis_there", logging.INFO, why="")
        for report_again in self.on_return:
            report_again()
        for command in self.held:
            self._batches.post(command)
        self._post_late()


@asynccontextmanager
async def open_shared(url: str) -> AsyncGenerator[Shared]:
    """Connect to the Redis at this URL. It need not be there yet.

    Raises:
        SettingsError: It is no URL of a Redis.
    """
    shared = Shared(url)
    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(shared.send)
            await tasks.start(shared.work)
            try:
                yield shared
            finally:
                tasks.cancel_scope.cancel()
    finally:  # once both have ended: one connection has one reader
        with anyio.CancelScope(shield=True):
            await shared.close()
