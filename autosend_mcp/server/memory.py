"""What a server remembers from one call to the next: in this process, or where all workers find it."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio.abc

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.elicitation import PendingQuestions
from autosend_mcp.server.in_flight import InFlightWrites
from autosend_mcp.tools.history import History


@dataclass(frozen=True, slots=True)
class Memory:
    """The writes in flight, those of before with what would take them back, and the questions not answered yet."""

    writes: InFlightWrites
    history: History
    questions: PendingQuestions


# Makes the memory of a server: its client, the tasks that outlive every caller, and what is called when it must end.
Remember = Callable[[AutoSend, anyio.abc.TaskGroup, Callable[[], None]], Memory]


def in_process(_autosend: AutoSend, tasks: anyio.abc.TaskGroup, on_close: Callable[[], None]) -> Memory:
    """Return a memory that ends with the process."""
    return Memory(InFlightWrites(tasks, on_close), History(), PendingQuestions())
