"""Work with files and the journal beside the event loop."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

ResultT = TypeVar("ResultT")


async def in_thread(function: Callable[..., ResultT], *arguments: object) -> ResultT:
    """Call the function in a thread and return its result.

    Raises:
        OSError: The journal cannot be read or written: the disk is full, or the file is damaged.
    """
    try:
        return await to_thread.run_sync(function, *arguments)
    except sqlite3.Error as error:
        raise OSError(f"the import's journal failed: {error}") from error
