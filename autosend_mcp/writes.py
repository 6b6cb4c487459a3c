"""The writes under way. They belong to the process: a caller that goes away does not cut one off."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

import anyio
import anyio.abc

from autosend_mcp.errors import AutoSendError, Unknown
from autosend_mcp.models.base import Answer

JOINED = "An identical call was under way: this is its answer, and only one request was sent."
FINISHED = "An identical call was cancelled, but its request went through: this is its answer. Nothing was sent again."
IN_DOUBT = "An identical call was cancelled earlier, and what became of it was not known."

# A write in flight when the process must end has this long to finish; it is recorded as unknown after that.
GRACE = 1.2

_REMEMBERED_SECONDS = 600.0
_REMEMBERED_WRITES = 1_000

Result = Answer | AutoSendError


def _cut_off() -> Unknown:
    return Unknown(
        "The server was stopped while the request was under way.", "Call again with the same arguments to find out."
    )


@dataclass(slots=True)
class _Write:
    done: anyio.Event = field(default_factory=anyio.Event)
    result: Result = field(default_factory=_cut_off)
    waiting: int = 0
    finished_at: float = 0.0


class Writes:
    """Runs writes in the process's own task group; identical ones in flight at once are one.

    What a cancelled caller did not hear is kept for ten minutes and told to the next identical call.
    """

    def __init__(self, tasks: anyio.abc.TaskGroup) -> None:
        """`tasks` outlives every caller."""
        self._tasks = tasks
        self._under_way: dict[str, _Write] = {}
        self._unheard: OrderedDict[str, _Write] = OrderedDict()

    async def run(self, key: str, perform: Callable[[], Awaitable[Result]]) -> tuple[Result, list[str]]:
        """The result of the write named by `key`, and a note when another call's request brought it."""
        notes: list[str] = []
        write = self._under_way.get(key)
        if write is not None:
            notes.append(JOINED)
        else:
            earlier = self._earlier(key)
            if isinstance(earlier, Answer):
                return earlier, [FINISHED]
            if isinstance(earlier, Unknown):
                notes.append(IN_DOUBT)
            write = self._under_way[key] = _Write()
            self._tasks.start_soon(self._perform, key, write, perform)
        write.waiting += 1
        try:
            await write.done.wait()
        except anyio.get_cancelled_exc_class():
            write.waiting -= 1
            if write.done.is_set():
                self._keep(key, write)
            raise
        return write.result, notes

    async def close(self) -> None:
        """Let the writes under way finish for as long as the grace allows, then cut them off."""
        with anyio.move_on_after(GRACE, shield=True):
            await self.all_done()
        self._tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await self.all_done()

    async def all_done(self) -> None:
        """Wait for the writes that are under way now."""
        for write in list(self._under_way.values()):
            await write.done.wait()

    async def _perform(self, key: str, write: _Write, perform: Callable[[], Awaitable[Result]]) -> None:
        try:
            write.result = await perform()
        finally:
            del self._under_way[key]
            write.finished_at = monotonic()
            write.done.set()
            if not write.waiting:
                self._keep(key, write)

    def _keep(self, key: str, write: _Write) -> None:
        self._unheard[key] = write
        if len(self._unheard) > _REMEMBERED_WRITES:
            self._unheard.popitem(last=False)

    def _earlier(self, key: str) -> Result | None:
        """What an identical call that nobody heard came to, told once."""
        write = self._unheard.pop(key, None)
        if write is None or monotonic() - write.finished_at > _REMEMBERED_SECONDS:
            return None
        return write.result


@asynccontextmanager
async def writes_of_the_process() -> AsyncGenerator[Writes]:
    """The writes of one process; on the way out they finish, or are cut off and recorded by whoever performs them."""
    async with anyio.create_task_group() as tasks:
        writes = Writes(tasks)
        try:
            yield writes
        finally:
            await writes.close()
