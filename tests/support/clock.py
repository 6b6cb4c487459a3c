"""An event loop on which waiting costs nothing: when only time can go on, its clock jumps to the next timer.

The clock stands still while code runs, and shows the time of day, so that one clock serves the client (which measures
by the loop and takes the time of day as a parameter), the sandbox and the fakes. A test can await the true 0.5, 2 and
5 s of a look-up and the true 45 s of a call, and measure them, however fast the machine is.

Nothing is jumped over that comes from outside the loop: while a thread works, time stands still; with a TCP socket or
a pipe open, and once the loop has started a process, time is real.
"""

import asyncio
import os
import selectors
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from anyio import to_thread

_TICK = 1e-6  # no two looks at the clock see the same time


class _Selector(selectors.DefaultSelector):
    """Waits for sockets, or lets the clock of its loop jump instead."""

    loop: "JumpingLoop"

    def __init__(self) -> None:
        super().__init__()
        self._outside: set[Any] = set()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Note whether more may come from this although nothing is ready."""
        key = super().register(fileobj, events, data)
        if _from_outside(key.fd):
            self._outside.add(key.fd)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Forget it."""
        key = super().unregister(fileobj)
        self._outside.discard(key.fd)
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, after `timeout` seconds of the loop's clock at most."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.loop.has_children or self._outside:
            began = time.monotonic()
            ready = super().select(timeout)
            self.loop.advance(time.monotonic() - began)
            return ready
        if timeout is None or self.loop.threads_work():
            return super().select(None)
        self.loop.advance(timeout)
        return []


def _from_outside(fd: Any) -> bool:
    """Return whether more may come from this although nothing is ready: what is written to a Unix socket is there."""
    try:
        with socket.socket(fileno=os.dup(fd)) as copy:
            return copy.family != socket.AF_UNIX
    except OSError:
        return True


class JumpingLoop(asyncio.SelectorEventLoop):
    """The loop of every test that is a coroutine."""

    def __init__(self) -> None:
        self.has_children = False
        self._now = time.time()
        self._in_executor = 0
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """Return the time of day by this loop's clock; it may be called from any thread."""
        self._now += _TICK
        return self._now

    def advance(self, seconds: float) -> None:
        """Let so much time go by."""
        self._now += seconds

    def threads_work(self) -> bool:
        """Return whether a thread is at work that this loop waits for."""
        return bool(self._in_executor or to_thread.current_default_thread_limiter().borrowed_tokens)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """Run it in a thread, which counts as one at work until it is done."""
        self._in_executor += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._left_executor)
        return future

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        """Start a process, whose end a thread may report."""
        self.has_children = True
        return await super().subprocess_exec(*args, **options)

    def _left_executor(self, _future: object) -> None:
        self._in_executor -= 1


def run(test: Callable[..., Awaitable[None]], *arguments: Any) -> None:
    """Run a coroutine on such a loop, for tests that are none."""
    anyio.run(test, *arguments, backend_options={"loop_factory": JumpingLoop})


def clock() -> Callable[[], float]:
    """Return what tells the time of day: the clock of the running loop, or the machine's without one."""
    try:
        return asyncio.get_running_loop().time
    except RuntimeError:
        return time.time
