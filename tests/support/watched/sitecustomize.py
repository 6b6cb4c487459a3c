"""Note each file that a Python process opens for writing, makes or renames; Python loads this at its start.

On `PYTHONPATH`, with the file of the notes in `WATCHED_FILES`.
"""

import os
import sys
from typing import cast

_NOTES = os.open(os.environ["WATCHED_FILES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_NAMED = {"sqlite3.connect": 0, "os.mkdir": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1}


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if not isinstance(flags, int) or not flags & _WRITES:
            return
    elif event in _NAMED:
        path = arguments[_NAMED[event]]
    else:
        return
    if isinstance(path, bytes | str | os.PathLike):
        named = os.fsdecode(cast("bytes | str | os.PathLike[str]", path))
        os.write(_NOTES, os.fsencode(os.path.abspath(named)) + b"\n")  # noqa: PTH100 - a link may be what is written


sys.addaudithook(_note)
