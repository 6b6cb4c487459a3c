"""The writes in flight. They belong to the process: a caller that goes away does not cut one off."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import anyio.abc

from autosend_mcp.api.calls import Call
from autosend_mcp.errors import AutoSendError, NotSent, Unknown
from autosend_mcp.models.base import Answer
from autosend_mcp.tools.context import ConfirmationNeeded
from autosend_mcp.tools.jobs import GRACE, Jobs

JOINED = "An identical call was under way: this is its answer, and nothing was sent twice."
FINISHED = "An identical call was cancelled earlier, after its request had left; this call ran again."
IN_DOUBT = "An identical call was cancelled earlier, and what became of it was not known."

_MAX_SECONDS_KEPT = 600.0
_MAX_RESULTS_KEPT = 1_000

Result = Answer | AutoSendError | ConfirmationNeeded


class NotBegun(NotSent):
    """A call was not begun, because something is away that the server needs beside AutoSend."""


def _cut_off() -> AutoSendError:
    return Unknown(
        "The server was stopped while the request was under way.", "Call again with the same arguments to find out."
    )


@dataclass(slots=True, eq=False)
class Write:
    """A write in flight, or ended: `waiting` callers want its result."""

    call: Call
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    result: Result = field(default_factory=_cut_off)
    waiting: int = 0
    finished_at: float = 0.0

    def give_up(self) -> bool:
        """End the write if it cannot have been applied; return whether that was so."""
        if (error := self.call.forbid_writes()) is None:
            return False
        self.result = error
        self.scope.cancel()
        return True


class InFlightWrites:
    """Runs writes in a task group of the process; identical ones in flight at once are one.

    Keep results whose caller was cancelled for ten minutes, and note them on the next identical call.
    """

    def __init__(self, tasks: anyio.abc.TaskGroup, jobs: Jobs) -> None:
        """`tasks` outlives every caller. `jobs`: what else is at work; it is stopped when the process must end."""
        self._tasks = tasks
        self._jobs = jobs
        self._in_flight: dict[str, Write] = {}
        self._unheard: OrderedDict[str, Write] = OrderedDict()

    async def run(self, key: str, perform: Callable[[], Awaitable[Result]], call: Call) -> tuple[Result, list[str]]:
        """Run the write named by `key`, or join an identical one; return the result, and notes on identical calls.

        When every caller has gone, the requests of `call` are stopped; those that have left are finished without them.
        """
        notes: list[str] = []
        write = self._in_flight.get(key)
        if write is not None:
            notes.append(JOINED)
            write.call.allow_writes()
        else:
            notes += self._notes_on_earlier(key)
            write = self._in_flight[key] = Write(call)
            self._tasks.start_soon(self._perform, key, write, perform)
        write.waiting += 1
        try:
            await write.done.wait()
            # Cancelled in the moment of the end: the caller gets no answer, which the next identical call is told.
            await anyio.lowlevel.checkpoint_if_cancelled()
        except anyio.get_cancelled_exc_class():
            write.waiting -= 1
            if write.done.is_set():
                self._keep(key, write)
            elif not write.waiting and write.give_up():
                del self._in_flight[key]
            raise
        return write.result, notes

    async def close(self) -> None:
        """End the writes that have not left; let the others finish while the grace lasts, then cut them off."""
        self._jobs.stop()
        for write in self._in_flight.values():
            write.give_up()
        with anyio.move_on_after(GRACE, shield=True):
            await self.all_done()
        for write in self._in_flight.values():
            write.scope.cancel()
        with anyio.CancelScope(shield=True):
            await self.all_done()

    @property
    def are_at_work(self) -> bool:
        """Whether a write or a job has not ended."""
        return bool(self._in_flight) or self._jobs.are_at_work

    async def all_done(self) -> None:
        """Wait for the writes that are in flight now."""
        for write in list(self._in_flight.values()):
            await write.done.wait()

    async def _perform(self, key: str, write: Write, perform: Callable[[], Awaitable[Result]]) -> None:
        try:
            with write.scope:
                write.result = await perform()
        finally:
            if self._in_flight.get(key) is write:
                del self._in_flight[key]
            write.finished_at = anyio.current_time()
            write.done.set()
            if not write.waiting:
                self._keep(key, write)

    def _keep(self, key: str, write: Write) -> None:
        self._unheard[key] = write
        if len(self._unheard) > _MAX_RESULTS_KEPT:
            self._unheard.popitem(last=False)

    def _notes_on_earlier(self, key: str) -> list[str]:
        """Return a note on the result of an identical call that was cancelled; it is given once."""
        write = self._unheard.pop(key, None)
        if write is None or anyio.current_time() - write.finished_at > _MAX_SECONDS_KEPT:
            return []
        if isinstance(write.result, Answer):
            return [FINISHED]
        return [IN_DOUBT] if isinstance(write.result, Unknown) else []
