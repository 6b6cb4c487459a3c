"""Several workers on one socket: started, watched, replaced one by one, and ended within a bound.

uvicorn's own supervisor waits ten seconds for a worker that starts or hangs, and notices no signal meanwhile; asks a
thread of a worker, which answers also where nothing is served any more; and waits for ever for one that does not end.
This one waits for all of them at once, and for signals.
"""

import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from multiprocessing import connection, get_context, resource_tracker
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from time import monotonic

from autosend_mcp.logs import report
from autosend_mcp.server.http.ending import TO_END
from autosend_mcp.server.http.signals import blocked, has_terminal, heard
from autosend_mcp.server.http.worker import NOT_STARTED, SERVES, Given, Pipe, work

TICK = 1.0  # seconds between two questions to a worker whether it is at work
# A loop that serves is never held up for a second. Five are no moment of a busy machine, and nobody waits longer for a
# call at a worker that hangs; other calls go to the others, for a worker that hangs accepts none.
MAX_SILENT = 5
MAX_STARTING = 60  # ticks; a start takes one or two, on a busy machine many
_TO_LEAVE = TO_END + 4  # seconds; uvicorn ends its connections before
_MAX_WORKERS = 64
_OF_THE_PARENT = ("SIGINT", "SIGHUP", "SIGQUIT")
_ENDING = {"SIGTERM", "SIGINT", "SIGQUIT", "SIGBREAK"}
_HEARD = (*_ENDING, "SIGHUP", "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2")
_SPAWN = get_context("spawn")

Target = Callable[[Pipe], object]


def serve_by_workers(number: int, listener: socket.socket, given: Given) -> bool:
    """Serve by so many workers until SIGTERM, SIGINT or SIGQUIT; return whether they could start."""
    with suppress(AttributeError):  # not on Windows
        resource_tracker.ensure_running()  # to start it lets the signals through again (Python 3.11)
    started = Workers(number, partial(work, given, listener)).run()
    report("ended", logging.INFO)
    return started


class Worker:
    """A worker process, by what is known of it: whether it serves, for how many ticks it has been silent."""

    def __init__(self, target: Target, context: BaseContext) -> None:
        """Start it."""
        self.pipe, theirs = context.Pipe()
        self.serves = False
        self.leaves_by: float | None = None
        self._silent = 0
        make: Callable[..., BaseProcess] = getattr(context, "Process")  # noqa: B009 - each kind has one
        self._process = make(target=target, args=(theirs,))
        with blocked(*_OF_THE_PARENT):
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Its number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The code it has ended with; None while it is there."""
        return self._process.exitcode

    def waited_for(self) -> "Iterable[int | Pipe]":
        """Return what becomes ready when it answers or ends."""
        if self.exit_code is not None:
            return []
        return [self._process.sentinel] if self.pipe.closed else [self._process.sentinel, self.pipe]

    def hear(self) -> None:
        """Take its answer, if there is one."""
        try:
            while not self.pipe.closed and self.pipe.poll():
                self.serves = self.pipe.recv_bytes() == SERVES
                self._silent = 0
        except (EOFError, OSError):
            self.pipe.close()

    def ask(self) -> bool:
        """Ask whether it is at work, unless it still has to answer; return whether it is given up."""
        self._silent += 1
        if self._silent == 1 and not self.pipe.closed:
            with suppress(OSError):
                self.pipe.send_bytes(b"?")
        return self._silent > (MAX_SILENT if self.serves else MAX_STARTING)

    def leave(self, within: float = _TO_LEAVE) -> None:
        """Let it end what is under way, within so many seconds."""
        if self.leaves_by is None:
            self.leaves_by = monotonic() + within
            if sys.platform == "win32":  # where it would be killed
                self.pipe.close()
            else:
                self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()


class Workers:
    """So many workers, and what the signals of operators do with them."""

    def __init__(
        self,
        number: int,
        target: Target,
        *,
        context: BaseContext = _SPAWN,
        tick: float = TICK,
        hangup_ends: bool | None = None,
    ) -> None:
        """`target` is what each worker does, given its end of a pipe. `hangup_ends`: SIGHUP means a closed terminal."""
        self._number = number
        self._all: list[Worker] = []
        self._to_replace: list[Worker] = []  # by a restart, one by one
        self._successor: Worker | None = None
        self._ends = self._failed = False
        self._hangup_ends = has_terminal() if hangup_ends is None else hangup_ends
        self._start = partial(Worker, target, context)
        self._tick = tick

    def run(self) -> bool:
        """Serve until the end; return whether the workers could start."""
        with heard(*_HEARD) as signals:
            next_tick = 0.0
            while self._all or not self._ends:
                if ticks := monotonic() >= next_tick:
                    next_tick = monotonic() + self._tick
                self._look_after(ticks=ticks)
                awaited = [signals, *(each for worker in self._all for each in worker.waited_for())]
                if signals in connection.wait(awaited, max(0.0, next_tick - monotonic())):
                    for number in signals.recv(64):
                        self._obey(signal.Signals(number).name)
        return not self._failed

    def _obey(self, name: str) -> None:
        if name == "SIGHUP" and self._hangup_ends:
            name = "SIGTERM"
        if name in _ENDING:
            if self._ends and name == "SIGINT":  # a second Ctrl-C
                for worker in self._all:
                    worker.kill()
            self._end()
        elif self._ends:
            return
        elif name == "SIGHUP":
            self._to_replace = self._staying()
        elif name == "SIGTTIN":
            self._number = min(self._number + 1, _MAX_WORKERS)
        elif name == "SIGTTOU":
            self._number = max(self._number - 1, 1)

    def _end(self) -> None:
        self._ends = True
        for worker in self._all:
            worker.leave()

    def _look_after(self, *, ticks: bool) -> None:
        for worker in [*self._all]:
            worker.hear()
            is_late = worker.leaves_by is not None and monotonic() > worker.leaves_by
            if (ticks and worker.ask()) or is_late:
                report("worker_hangs", pid=worker.pid)
                worker.kill()
            if worker.exit_code is not None and (worker.serves or ticks or worker.leaves_by):  # else in a moment
                self._all.remove(worker)
                self._lost(worker)
        if not self._ends:
            self._restart()
            staying = self._staying()
            missing = self._number + bool(self._successor) - len(staying)
            self._all += [self._start() for _ in range(missing)]
            for worker in staying[: max(0, -missing)]:
                worker.leave()

    def _lost(self, worker: Worker) -> None:
        """Note that a worker has ended; another one is started for it, unless it was to end."""
        if worker is self._successor:
            self._to_replace, self._successor = [], None
            if not self._ends:
                report("restart_given_up", pid=worker.pid)
        elif worker.exit_code == NOT_STARTED and not worker.leaves_by:
            self._failed = True
            self._end()
        elif not worker.leaves_by:
            report("worker_replaced", gone=worker.pid)

    def _restart(self) -> None:
        """Replace the workers that are to be replaced: the next one leaves once another serves in its place."""
        if self._successor and self._successor.serves:
            self._successor = None
            if self._to_replace:
                self._to_replace.pop(0).leave()
                if not self._to_replace:
                    report("restarted", logging.INFO)
        self._to_replace = [worker for worker in self._to_replace if worker in self._staying()]
        if self._to_replace and not self._successor:
            self._successor = self._start()
            self._all.append(self._successor)

    def _staying(self) -> list[Worker]:
        return [worker for worker in self._all if worker.leaves_by is None]
