"""What all workers share: a Redis, whether it can be reached, and which workers are at work."""

import hashlib
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import anyio
import anyio.abc

from autosend_mcp.errors import NotSent
from autosend_mcp.logs import report
from autosend_mcp.server.http.shared.batches import Batches, Command
from autosend_mcp.server.in_flight import NotBegun
from autosend_mcp.settings import SettingsError

PREFIX = "autosend-mcp:"

_BEAT = 1.0  # seconds between two looks
_AT_WORK = 5.0  # a worker that has not been seen for so many seconds is gone

LEASE = 10_000  # ms that what a worker holds lasts, unless it says again that it is at work
_POLL = 0.1
_TURNS = 200

# ARGV: the holder, ms.
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"

_HERE = """
local time = redis.call('TIME')
local now = string.format('%.6f', time[1] + time[2] / 1e6)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], 60000)
return {now, redis.call('ZRANGE', KEYS[1], 0, -1)}
"""


class Unreachable(NotBegun):
    """Redis cannot be reached, or did not answer in time."""

    def __init__(self) -> None:
        super().__init__(
            "What this server's workers share (Redis) cannot be reached, and no write is begun without it: an "
            "identical one may be under way.",
            "Reading works. Try the same call again in a minute, and report it to the user if that fails too.",
        )


class Shared:
    """The Redis that all workers share. No command waits long for it: while it is gone, each fails at once."""

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
        self._workers = [self.worker]
        self._held: dict[Command, float] = {}

    @property
    def place(self) -> tuple[int, int]:
        """This worker's number, from 0, and how many there are, as they were seen last."""
        return self._workers.index(self.worker), len(self._workers)

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
            self._lost(error)
            raise Unreachable
        if probing:
            self._note(is_up=True)
        return results

    def post(self, script: str, keys: Sequence[str], *args: float | str, at: float | None = None) -> None:
        """Run a script soon, with what comes next, if Redis can be reached. `at`: see `Command`."""
        if self.is_up:
            self._batches.post(Command(script, keys, args, at))

    @asynccontextmanager
    async def leased(self, name: str, then: Command) -> AsyncGenerator[Any]:
        """Hold a name that only one worker holds at a time; wait for it. A worker that dies loses it soon.

        Yields:
            The result of `then`, which is run as soon as the name is held.

        Raises:
            NotSent: Another one has held it for 20 s.
            Unreachable: Redis cannot be reached.
        """
        take = Command(_TAKE, [name], [secrets.token_hex(8), LEASE])
        try:
            for _ in range(_TURNS):
                is_held, result = await self.together(take, then)
                if is_held:
                    break
                await anyio.sleep(_POLL)
            else:
                what = "Another worker is at this, and has not ended yet."
                raise NotSent(what, "Try the same call again in a minute.")
            with self.renewing(take):
                yield result
        finally:
            self.post(_LEAVE, [name], take.args[0])

    @contextmanager
    def renewing(self, command: Command) -> Generator[None]:
        """Run this again and again until the end, so that a lease of this worker goes on."""
        self._held[command] = anyio.current_time()
        try:
            yield
        finally:
            del self._held[command]

    async def work(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Look at Redis once, then again and again."""
        await self._look()
        task_status.started()
        while True:
            await anyio.sleep(_BEAT)
            for command, since in self._held.items():
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
        name = f"{self.prefix}workers"
        try:
            now, workers = cast(
                "tuple[str, list[str]]", await self.run(_HERE, [name], self.worker, _AT_WORK, probing=True)
            )
        except Unreachable:
            return False
        self.ahead = float(now) - anyio.current_time()
        self._workers = sorted({*workers, self.worker})
        return True

    def _lost(self, error: Exception) -> None:
        self._note(is_up=False, why=type(error).__name__)

    def _note(self, *, is_up: bool, why: str = "") -> None:
        if is_up is self.is_up:
            return
        self.is_up = is_up
        if not is_up:
            report("redis_gone", logging.WARNING, why=why)
            return
        report("redis_there", logging.INFO, why="")
        for tell in self.on_return:
            tell()


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
