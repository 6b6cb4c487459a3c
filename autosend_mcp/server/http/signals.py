"""Signals by their names, and who gets them."""

import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager


def named(*names: str) -> list[signal.Signals]:
    """Return the signals of these names that there are on this machine."""
    return [number for name in names if (number := getattr(signal, name, None))]


def has_terminal() -> bool:
    """Return whether a terminal controls this process, whose end is what SIGHUP reports."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except (OSError, AttributeError):
        return False
    return True


@contextmanager
def blocked(*names: str) -> Generator[None]:
    """Let what is started meanwhile never get the signals that are the parent's; it gets them afterwards."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, named(*names))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def are_pending(*names: str) -> bool:
    """Return whether one of these signals waits until it is no longer blocked."""
    return sys.platform != "win32" and not signal.sigpending().isdisjoint(named(*names))


@contextmanager
def again_and_again(do: Callable[[], object], seconds: float = 0.2) -> Generator[None]:
    """Call this so often meanwhile, whatever the main thread waits for."""
    if sys.platform == "win32":
        yield
        return
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: do())
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
