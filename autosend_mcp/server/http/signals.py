"""Signals of a process that watches others: heard while it waits for them, and not by what it starts."""

import os
import signal
import socket
import sys
from collections.abc import Generator
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
def heard(*names: str) -> Generator[socket.socket]:
    """Yield what the numbers of signals can be read from meanwhile; those that are ignored stay so, as by nohup."""
    read, written = socket.socketpair()
    written.setblocking(False)
    numbers = named(*names)
    before = {number: signal.getsignal(number) for number in numbers}
    woken = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
    for number in numbers:
        if before[number] != signal.SIG_IGN or number != getattr(signal, "SIGHUP", None):
            signal.signal(number, lambda _number, _frame: None)
    try:
        yield read
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken)
        read.close()
        written.close()


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
