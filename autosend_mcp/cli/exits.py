"""How the command ends: an exit code, and what went wrong in a line on stderr."""

import os
import re
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import NoReturn, cast

_ENDING = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP")
_KEYS = re.compile(r"\bASA?_[\w.~+/=-]{6,}", re.IGNORECASE)


def without_keys(text: str) -> str:
    """Return the text without what looks like a key."""
    return _KEYS.sub("[key]", text)


def misplaced_key(message: str) -> str:
    """Return what is wrong with the command line, without a key that stands in it, and with where that belongs."""
    shown = without_keys(message)
    where = "A key goes into AUTOSEND_API_KEY, never into a command: others on this machine can read those."
    return message if shown == message else f"{shown}. {where}"


def usage(message: str) -> int:
    """Print what is wrong with the command line; return its exit code."""
    return failed(misplaced_key(message), 2)


def failed(message: str, code: int) -> int:
    """Print the message on stderr; return the exit code."""
    print(f"autosend-mcp: {message}", file=sys.stderr)
    return code


def failed_with(error: BaseException) -> int:
    """Print an error that nothing else handled, without a traceback; return its exit code."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseException", error.exceptions[0])
    if not isinstance(error, OSError):
        return failed(f"failed with {type(error).__name__}; please report it", 3)
    # What could not be written must not fail once more when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 141 if isinstance(error, BrokenPipeError) else failed(error.strerror or str(error), 3)


def flushed(code: int) -> int:
    """Flush stdout, so that a failure to write is raised here; return the exit code."""
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def exit_now(code: int) -> NoReturn:
    """Exit through os._exit: a normal shutdown of the interpreter takes 0.4 s."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # it is closed, or not there
            stream.flush()
    os._exit(code)


@contextmanager
def ending_well() -> Generator[None]:
    """End with exit code 0 at a signal that asks for it, as long as no server handles it, which then ends its calls."""

    def end(_number: int, _frame: object) -> None:
        sys.exit(0)

    numbers = [number for name in _ENDING if (number := getattr(signal, name, None))]
    before = {number: handler for number in numbers if (handler := signal.getsignal(number)) != signal.SIG_IGN}
    for number in before:  # without SIGHUP, where nohup ignores it
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
