"""The writes under way. They belong to the process: a caller that goes away does not cut one off."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import anyio.abc

from autosend_mcp.errors import AutoSendError, Unknown
from autosend_mcp.models.base import Answer
from autosend_mcp.tools.context import ConfirmationNeeded

JOINED = "An identical call was under way: this is its answer, and nothing was sent twice."
FINISHED = "An identical call was cancelled earlier, after its request had left; this call ran anew."
IN_DOUBT = "An identical call was cancelled earlier, and what became of it was not known."

# A write in flight when the process must end has this long to finish; it is recorded as unknown after that.
GRACE = 1.2

_REMEMBERED_SECONDS = 600.0
_REMEMBERED_WRITES = 1_000

Result = Answer | AutoSendError | ConfirmationNeeded


def _cut_off() -> AutoSendError:
    return Unknown(
        "The server was stopped while the request was under way.", "Call again with the same arguments to find out."
    )


class Stoppable(Protocol):
    """The requests of a write, which can be kept from leaving while they have not left."""

    def forbid_writes(self) -> AutoSendError | None:
        """Let nothing leave any more: what that means, or None where it comes too late."""
        ...

    def allow_writes(self) -> None:
        """The write is wanted again after all."""
        ...


@dataclass(slots=True, eq=False)
class _Write:
    requests: Stoppable
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    result: Result = field(default_factory=_cut_off)
    waiting: int = 0
    finished_at: float = 0.0

    def give_up(self) -> bool:
        """End the write if it cannot have been applied; whether that was so."""
        if (ended := self.requests.forbid_writes()) is None:
            return False
        self.result = ended
        self.scope.cancel()
        return True


class Writes:
    """Runs writes in the process's own task group; identical ones in flight at once are one.

    What a cancelled caller did not hear is kept for ten minutes and told to the next identical call.
    """

    def __init__(self, tasks: anyio.abc.TaskGroup, on_close: Callable[[], None] | None = None) -> None:
        """`tasks` outlives every caller. `on_close` is called when the process is told to end."""
        self._tasks = tasks
        self._on_close = on_close
        self._under_way: dict[str, _Write] = {}
        self._unheard: OrderedDict[str, _Write] = OrderedDict()

    async def run(
        self, key: str, perform: Callable[[], Awaitable[Result]], requests: Stoppable
    ) -> tuple[Result, list[str]]:
        """The result of the write named by `key`, and a note when another call had to do with it.

        When every caller has gone, its requests are stopped; where that comes too late, they are finished without them.
        """
        notes: list[str] = []
        write = self._under_way.get(key)
        if write is not None:
            notes.append(JOINED)
            write.requests.allow_writes()
        else:
            notes += self._told_of_earlier(key)
            write = self._under_way[key] = _Write(requests)
            self._tasks.start_soon(self._perform, key, write, perform)
        write.waiting += 1
        try:
            await write.done.wait()
        except anyio.get_cancelled_exc_class():
            write.waiting -= 1
            if write.done.is_set():
                self._keep(key, write)
            elif not write.waiting and write.give_up():
                del self._under_way[key]
            raise
        return write.result, notes

    async def close(self) -> None:
        """End the writes that have not left; let the others finish while the grace lasts, then cut them off."""
        if self._on_close is not None:
            self._on_close()
        for write in self._under_way.values():
            write.give_up()
        with anyio.move_on_after(GRACE, shield=True):
            await self.all_done()
        for write in self._under_way.values():
            write.scope.cancel()
        with anyio.CancelScope(shield=True):
            await self.all_done()

    async def all_done(self) -> None:
        """Wait for the writes that are under way now."""
        for write in list(self._under_way.values()):
            await write.done.wait()

    async def _perform(self, key: str, write: _Write, perform: Callable[[], Awaitable[Result]]) -> None:
        try:
            with write.scope:
                write.result = await perform()
        finally:
            if self._under_way.get(key) is write:
                del self._under_way[key]
            write.finished_at = anyio.current_time()
            write.done.set()
            if not write.waiting:
                self._keep(key, write)

    def _keep(self, key: str, write: _Write) -> None:
        self._unheard[key] = write
        if len(self._unheard) > _REMEMBERED_WRITES:
            self._unheard.popitem(last=False)

    def _told_of_earlier(self, key: str) -> list[str]:
        """A note on what an identical call that nobody heard came to, told once."""
        write = self._unheard.pop(key, None)
        if write is None or anyio.current_time() - write.finished_at > _REMEMBERED_SECONDS:
            return []
        if isinstance(write.result, Answer):
            return [FINISHED]
        return [IN_DOUBT] if isinstance(write.result, Unknown) else []


@asynccontextmanager
async def writes_of_the_process(on_close: Callable[[], None] | None = None) -> AsyncGenerator[Writes]:
    """The writes of one process; on the way out they finish, or are cut off and recorded by whoever performs them."""
    async with anyio.create_task_group() as tasks:
        writes = Writes(tasks, on_close)
        try:
            yield writes
        finally:
            await writes.close()
