"""Several workers on one socket: uvicorn starts them, starts another for one that dies, restarts them and ends them.

A worker is a process of its own, which loads the application itself; this module is loaded by it before that, and loads
little, so that the one that watches is answered at once.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from math import inf
from multiprocessing import parent_process, resource_tracker
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from uvicorn import Server
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from autosend_mcp.logs import configure_logging, report
from autosend_mcp.server.http.serve import Limits, config_of, limits_here
from autosend_mcp.server.http.signals import again_and_again, are_pending, blocked, has_terminal, named

if TYPE_CHECKING:
    from starlette.applications import Starlette

_TO_ANSWER = 10  # seconds; a worker that does not say for so long that it is at work is killed, and another one started
_NOT_STARTED = 3  # uvicorn's exit code of a worker that cannot start, at which it ends the others
_CANNOT_REPLACE = 1  # of one that is to replace another; it is tried again
_OF_THE_PARENT = ("SIGINT", "SIGHUP", "SIGQUIT")
_ENDING = ("SIGTERM", "SIGINT", "SIGQUIT")


class Given(NamedTuple):
    """What a worker is given beside the variables.

    Attributes:
        settings: Settings that win over their variables.
        http: The same of serving over HTTP.
        loopback: Whether only this machine can reach the socket.
        is_sandbox: Whether a sandbox stands for AutoSend.
        replaces: Whether workers have been at work before.
    """

    settings: Mapping[str, object]
    http: Mapping[str, object]
    loopback: bool
    is_sandbox: bool
    replaces: bool = False


def serve_by_workers(number: int, listener: socket.socket, given: Given) -> bool:
    """Serve by so many workers until SIGTERM, SIGINT or SIGQUIT; return whether they could start."""
    config = config_of(
        partial(_app, given), limits_here(), factory=True, workers=number, timeout_worker_healthcheck=_TO_ANSWER
    )
    supervisor = _supervisor(config, listener)
    supervisor.later = partial(_app, given._replace(replaces=True))
    supervisor.run()
    report("ended", logging.INFO)
    return all(process.process.exitcode != _NOT_STARTED for process in supervisor.processes)


class _Supervisor(Multiprocess):
    """Reports what it does. Signals of a terminal, which go to all of its processes, are its own."""

    hangup_ends = False  # a terminal started it, whose end is what SIGHUP means
    later: Callable[[], "Starlette"]  # what makes the application of workers after the first ones

    def init_processes(self) -> None:
        """Start the workers."""
        resource_tracker.ensure_running()  # to start it lets the signals through again (Python 3.11)
        with blocked(*_OF_THE_PARENT):
            super().init_processes()
        self.config.app = self.later

    def join_all(self) -> None:
        """Wait for the workers to end, and kill those that do not: their loops hang."""
        ends = monotonic() + Limits().to_end + 0.5
        for worker in self.processes:
            worker.process.join(max(0.0, ends - monotonic()))
            if worker.process.is_alive():
                _kill(worker)
                worker.process.join()

    def keep_subprocess_alive(self) -> None:
        """Start a worker for each that is gone."""
        before = [process.pid for process in self.processes]
        with blocked(*_OF_THE_PARENT):
            super().keep_subprocess_alive()
        for process, pid in zip(self.processes, before, strict=True):
            if process.pid != pid:
                report("worker_replaced", gone=pid, pid=process.pid)

    def handle_signals(self) -> None:
        """Do what the signals ask for, which may start workers, and wait for the end of others."""
        if self.signal_queue:
            look = partial(self._look, dict.fromkeys(self.processes, inf))
            with blocked(*_OF_THE_PARENT), again_and_again(look):
                super().handle_signals()

    def _look(self, killed_at: dict[Process, float]) -> None:
        """See to what cannot wait for the end of a restart: a signal that ends, and a worker that does not.

        uvicorn waits for the end of each worker without a bound.
        """
        if are_pending(*_ENDING):
            self.end()
        for worker, at in killed_at.items():
            if worker.parent_conn.closed and worker.process.is_alive():  # it was asked to end
                killed_at[worker] = min(at, monotonic() + Limits().to_end + 0.5)
                if monotonic() > at:
                    _kill(worker)

    def end(self, *_signal: object) -> None:
        """End, at whatever moment: all workers begin to end now, also where a restart waits for one of them."""
        self.should_exit.set()
        for worker in self.processes:
            if sys.platform != "win32" and worker.process.is_alive():
                os.kill(worker.process.pid or 0, signal.SIGTERM)

    def handle_hup(self) -> None:
        """Replace the workers one by one, each once another serves in its place; or end with the terminal."""
        if self.hangup_ends:
            self.should_exit.set()
            return
        before = [*self.processes]
        super().handle_hup()
        if self.should_exit.is_set():
            return
        if any(process in before for process in self.processes):
            report("restart_given_up")
        else:
            report("restarted", logging.INFO)


def _kill(worker: Process) -> None:
    report("worker_hangs", pid=worker.pid)
    worker.process.kill()


def _supervisor(config: Any, listener: socket.socket) -> _Supervisor:
    hangup = getattr(signal, "SIGHUP", None)
    ignored = hangup and signal.getsignal(hangup) is signal.SIG_IGN  # by nohup
    target: dict[str, Any] = {"target": Server(config).run} if "target" in signature(Multiprocess).parameters else {}
    supervisor = _Supervisor(config, sockets=[listener], **target)
    supervisor.hangup_ends = has_terminal()
    for number in named(*_ENDING):
        signal.signal(number, supervisor.end)
    if hangup and ignored:
        signal.signal(hangup, signal.SIG_IGN)
    return supervisor


def _app(given: Given) -> "Starlette":
    """Return the application of a worker, in the worker: this takes a second."""
    from autosend_mcp.api.client import AutoSend  # noqa: PLC0415
    from autosend_mcp.server.http.app import McpApp  # noqa: PLC0415
    from autosend_mcp.server.http.settings import load_http_settings  # noqa: PLC0415
    from autosend_mcp.server.telemetry.start import tracing_asked_for  # noqa: PLC0415
    from autosend_mcp.settings import SettingsError, load_settings  # noqa: PLC0415

    _end_with_parent(lambda: signal.raise_signal(signal.SIGTERM))
    try:
        settings = load_settings(**given.settings)
        configure_logging(settings.log_level)
        http = load_http_settings(**given.http).checked(loopback=given.loopback)
        connect = partial(AutoSend, is_sandbox=given.is_sandbox)
        return McpApp(settings, http, connect, tracing=tracing_asked_for(warn=True)).app()
    except SettingsError as error:
        report("worker_not_started", logging.ERROR, why=str(error))
        sys.exit(_CANNOT_REPLACE if given.replaces else _NOT_STARTED)


def _end_with_parent(end: Callable[[], object]) -> None:
    """End when the parent does, also if it is killed: nobody would end this worker, and its port would stay taken."""
    if sys.platform != "win32" and (parent := parent_process()):
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(parent.sentinel)
            end()

        loop.add_reader(parent.sentinel, gone)
