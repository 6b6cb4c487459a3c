"""The commands of one worker to Redis: those of many calls go together, over one connection.

What a command costs is mostly its way: a timer, a write to a socket, a read, waking up. So those that come while others
are under way leave together when these are answered, and what nobody waits for is carried along by what comes next.
A pipeline of redis-py is of one caller, whose end in the middle ends the connection, and asks for scripts beforehand.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from typing import Any, cast

import anyio
import anyio.abc
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import NoScriptError, ResponseError

PATIENCE = 2.0  # seconds for what goes together; a Redis that takes longer is taken to be gone
_TO_CONNECT = 1.0
_CARRIED_WITHIN = 0.05  # seconds in which a command leaves that nobody waits for


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """A script to run on these names. `at`: what it is about happened then; the seconds since are its last argument."""

    script: str
    keys: Sequence[str] = ()
    args: Sequence[float | str] = ()
    at: float | None = None

    def words(self, *, is_known: bool) -> tuple[Any, ...]:
        """Return it as Redis reads it now. `is_known`: Redis has seen the script."""
        script = ("EVALSHA", _digest(self.script)) if is_known else ("EVAL", self.script)
        since = () if self.at is None else (anyio.current_time() - self.at,)
        return (*script, len(self.keys), *self.keys, *self.args, *since)


# Commands that belong together, and what waits for their results; None where nobody does.
_Queue = list[tuple[Sequence[Command], "asyncio.Future[list[Any]] | None"]]


class Batches:
    """Sends commands to the Redis at a URL, in the order in which they come.

    Only where Redis has forgotten its scripts (SCRIPT FLUSH), those that are sent again run after their batch.
    """

    def __init__(self, url: str, lost: Callable[[Exception], None]) -> None:
        """Connect at the first command. `lost`: called when the connection fails, also where nobody waits for it.

        Raises:
            ValueError: It is no URL of a Redis.
        """
        pool = cast("Any", ConnectionPool).from_url(
            url, socket_connect_timeout=_TO_CONNECT, retry=Retry(NoBackoff(), 0), decode_responses=True
        )
        self._lost = lost
        self._connection: Any = pool.make_connection()
        self._known: set[str] = set()
        self._queue: _Queue = []
        self._wanted = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._is_open = False
        self.is_stale = False  # connect anew, for another server may answer at this address by now

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """Run these one after the other, with nothing of this worker's between; return their results.

        What Redis refused has its error as its result; all have one where it cannot be reached, though it may have run
        them.
        """
        if not self._is_open:
            return [NoConnection()] * len(commands)
        results = asyncio.get_running_loop().create_future()
        self._queue.append((commands, results))
        self._wanted.set()
        return await results

    def post(self, command: Command) -> None:
        """Run this soon, before all that comes later, if Redis can be reached. Nobody hears of it."""
        if self._is_open:
            self._queue.append(([command], None))
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_CARRIED_WITHIN, self._wanted.set)

    async def work(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Send what comes, until this is cancelled."""
        self._is_open = True
        task_status.started()
        try:
            while True:
                await self._wanted.wait()
                await self._next()
        finally:
            self._is_open = False
            left = self._taken()
            _answer(left, NoConnection())
            self._queue = _posted(left)

    async def close(self) -> None:
        """Send what was posted, after the end of `work`, and end the connection."""
        await self._next()
        await self._connection.disconnect(nowait=True)

    async def _next(self) -> None:
        """Send what is in the queue. Where that fails in any way, Redis is taken to be lost."""
        if not (batch := self._taken()):
            return
        try:
            results = iter(await self._exchanged([command for commands, _ in batch for command in commands]))
        except Exception as error:  # noqa: BLE001 - a mistake too: the calls that come next go on
            self._lost(error)
            _answer([*batch, *self._taken()], error)
            await self._connection.disconnect(nowait=True)
        except BaseException:
            _answer(batch, NoConnection())
            self._queue = [*_posted(batch), *self._queue]  # may be sent twice, which changes nothing
            raise
        else:
            for commands, waiting in batch:
                own = [next(results) for _ in commands]
                if waiting is not None and not waiting.done():
                    waiting.set_result(own)

    def _taken(self) -> _Queue:
        """Take all that is in the queue."""
        batch, self._queue = self._queue, []
        self._wanted.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return batch

    async def _exchanged(self, commands: Sequence[Command]) -> list[Any]:
        """Return the results of these. A script goes whole over a new connection, and by its digest after that."""
        with anyio.fail_after(PATIENCE):
            if self.is_stale or not self._connection.is_connected:
                self.is_stale = False
                self._known.clear()
                await self._connection.disconnect(nowait=True)
                await self._connection.connect()
            results = await self._sent(commands)
            forgotten = [index for index, result in enumerate(results) if isinstance(result, NoScriptError)]
            if forgotten:
                self._known.clear()
                for index, result in zip(forgotten, await self._sent([commands[n] for n in forgotten]), strict=True):
                    results[index] = result
            return results

    async def _sent(self, commands: Sequence[Command]) -> list[Any]:
        words: list[tuple[Any, ...]] = []
        for command in commands:
            words.append(command.words(is_known=command.script in self._known))
            self._known.add(command.script)
        await self._connection.send_packed_command(self._connection.pack_commands(words))
        return [await self._result() for _ in commands]

    async def _result(self) -> Any:
        try:
            return await self._connection.read_response()
        except ResponseError as refused:
            return refused


def _posted(batch: _Queue) -> _Queue:
    """Return those of these that nobody waits for."""
    return [(commands, waiting) for commands, waiting in batch if waiting is None]


def _answer(batch: _Queue, error: Exception) -> None:
    """Answer all of these with an error."""
    for commands, waiting in batch:
        if waiting is not None and not waiting.done():
            waiting.set_result([error] * len(commands))


@cache
def _digest(script: str) -> str:
    return sha1(script.encode(), usedforsecurity=False).hexdigest()
