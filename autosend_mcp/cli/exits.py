"""How the command ends: an exit code, and what went wrong in a line on stderr."""

import os
import sys
from contextlib import suppress
from typing import NoReturn, cast


def usage(message: str) -> int:
    """Print what is wrong with the command line; return its exit code."""
    return failed(message, 2)


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
