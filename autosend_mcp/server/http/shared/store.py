"""What all workers share: a Redis, whether it can be reached, and which workers are at work."""

import hashlib
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import anyio.abc
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from autosend_mcp.errors import NotSent
from autosend_mcp.logs import report
from autosend_mcp.server.in_flight import NotBegun
from autosend_mcp.settings import SettingsError

PREFIX = "autosend-mcp:"

_PATIENCE = 1.0  # seconds for one command; a Redis that takes longer is taken to be gone
_MAX_CONNECTIONS = 50
_BEAT = 1.0  # seconds between two looks
_AT_WORK = 5.0  # a worker that has not been seen for so many seconds is gone

LEASE = 10_000  # ms that what a worker holds lasts, unless it says again that it is at work
_POLL = 0.1
_TURNS = 200

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
    """The Redis that all workers share. No command waits long for it: while it is gone, each fails at once.

    `client` is for what needs commands of its own; its names begin with `prefix`, and each of them expires.
    """

    prefix = PREFIX

    def __init__(self, url: str) -> None:
        """Connect at the first command.

        Raises:
            SettingsError: It is no URL of a Redis.
        """
        try:
            pool = cast("Any", BlockingConnectionPool).from_url(
                url,
                max_connections=_MAX_CONNECTIONS,
                timeout=_PATIENCE,
                socket_timeout=_PATIENCE,
                socket_connect_timeout=_PATIENCE,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
            )
        except ValueError:
            raise SettingsError("AUTOSEND_REDIS_URL must be as in redis://127.0.0.1:6379/0.") from None
        self.client: Redis = Redis(connection_pool=pool)
        self.worker = secrets.token_hex(8)
        self.is_up = False
        self.ahead = 0.0  # seconds that the clock of Redis is ahead of the event loop's
        self._scripts: dict[str, AsyncScript] = {}
        self._workers = [self.worker]
        self._tasks: anyio.abc.TaskGroup | None = None

    @property
    def place(self) -> tuple[int, int]:
        """This worker's number, from 0, and how many there are, as they were seen last."""
        return self._workers.index(self.worker), len(self._workers)

    def name(self, kind: str, *about: str) -> str:
        """Return the name of an entry; what it is about stands in it as a hash."""
        return f"{self.prefix}{kind}:{hashlib.sha256(chr(0).join(about).encode()).hexdigest()[:32]}"

    async def alive(self) -> bool:
        """Return whether Redis answers."""
        try:
            await self.run("return 1", probing=True)
        except Unreachable:
            return False
        return True

    async def run(self, script: str, keys: Sequence[str] = (), *args: float | str, probing: bool = False) -> Any:
        """Run a script on these names, at once or not at all. `probing`: also while Redis is taken to be gone.

        Raises:
            Unreachable: It cannot be reached; the script may have been run all the same.
        """
        if not self.is_up and not probing:
            raise Unreachable
        if script not in self._scripts:
            self._scripts[script] = self.client.register_script(script)
        try:
            with anyio.fail_after(2 * _PATIENCE):
                result: Any = await cast("Any", self._scripts[script])(keys, args)
        except (RedisError, OSError) as error:  # a timeout too
            self._note(is_up=False, why=type(error).__name__)
            raise Unreachable from None
        if probing:
            self._note(is_up=True)
        return result

    def background(self, task: Callable[..., Coroutine[Any, Any, None]], *args: object) -> None:
        """Begin something that nobody waits for."""
        if self._tasks is not None:
            self._tasks.start_soon(task, *args)

    async def tell(self, script: str, keys: Sequence[str], *args: float | str) -> None:
        """Run a script if Redis can be reached."""
        try:
            await self.run(script, keys, *args)
        except Unreachable:
            return

    @asynccontextmanager
    async def leased(self, name: str) -> AsyncGenerator[None]:
        """Hold a name that only one worker holds at a time; wait for it. A worker that dies loses it soon.

        Raises:
            NotSent: Another one has held it for 20 s.
            Unreachable: Redis cannot be reached.
        """
        holder, over = secrets.token_hex(8), anyio.CancelScope()
        for _ in range(_TURNS):
            if await self.run(_TAKE, [name], holder, LEASE):
                break
            await anyio.sleep(_POLL)
        else:
            raise NotSent("Another worker is at this, and has not ended yet.", "Try the same call again in a minute.")
        self.background(self.renew, over, _TAKE, [name], holder, LEASE)
        try:
            yield
        finally:
            over.cancel()
            with anyio.CancelScope(shield=True):
                await self.tell(_LEAVE, [name], holder)

    async def renew(self, over: anyio.CancelScope, script: str, keys: Sequence[str], *args: float | str) -> None:
        """Run a script again and again, until it is over."""
        with over:
            while True:
                await anyio.sleep(LEASE / 4000)
                await self.tell(script, keys, *args)

    async def keep(self, tasks: anyio.abc.TaskGroup) -> None:
        """Look at Redis once, then again and again in `tasks`."""
        self._tasks = tasks
        await self._look()
        tasks.start_soon(self._beat)

    async def _beat(self) -> None:
        while True:
            await anyio.sleep(_BEAT)
            await self._look()

    async def _look(self) -> None:
        """Say that this worker is here, and see who else is."""
        name = f"{self.prefix}workers"
        try:
            now, workers = cast(
                "tuple[str, list[str]]", await self.run(_HERE, [name], self.worker, _AT_WORK, probing=True)
            )
        except Unreachable:
            return
        self.ahead = float(now) - anyio.current_time()
        self._workers = sorted({*workers, self.worker})

    def _note(self, *, is_up: bool, why: str = "") -> None:
        if is_up is not self.is_up:
            event, level = ("redis_there", logging.INFO) if is_up else ("redis_gone", logging.WARNING)
            report(event, level, why=why)
        self.is_up = is_up


@asynccontextmanager
async def open_shared(url: str) -> AsyncGenerator[Shared]:
    """Connect to the Redis at this URL. It need not be there yet.

    Raises:
        SettingsError: It is no URL of a Redis.
    """
    shared = Shared(url)
    async with anyio.create_task_group() as tasks:
        await shared.keep(tasks)
        try:
            yield shared
        finally:
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await shared.client.aclose()
                await shared.client.connection_pool.aclose()
