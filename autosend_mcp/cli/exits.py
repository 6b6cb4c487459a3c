"""How the command ends: an exit code, and what went wrong in a line on stderr."""

import os
import sys
from contextlib import suppress
from typing import NoReturn, cast


def usage(message: str) -> int:
    """The exit code of wrong usage, told in words."""
    return failed(message, 2)


def at_once(code: int) -> NoReturn:
    """End the process, without taking the interpreter down first: that takes as long as many calls."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # it is closed, or not there
            stream.flush()
    os._exit(code)


def flushed(code: int) -> int:
    """The exit code, once what was printed is out: if that fails, it fails here."""
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def failed_with(error: BaseException) -> int:
    """The exit code for an error that nobody handled, told in words."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseException", error.exceptions[0])
    if not isinstance(error, OSError):
        return failed(f"failed with {type(error).__name__}; please report it", 3)
    # What could not be written must not fail once more when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 141 if isinstance(error, BrokenPipeError) else failed(error.strerror or str(error), 3)


def failed(message: str, code: int) -> int:
    """The exit code, told in words."""
    print(f"autosend-mcp: {message}", file=sys.stderr)
    return code
