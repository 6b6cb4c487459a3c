"""What a server remembers from one call to the next: in this process, or where all workers find it."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio.abc

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.elicitation import PendingQuestions
from autosend_mcp.server.in_flight import InFlightWrites
from autosend_mcp.tools.context import SharedImports
from autosend_mcp.tools.history import History
from autosend_mcp.tools.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Memory:
    """The writes in flight, those of before with what would take them back, and the questions not answered yet.

    `imports`: the caller's, where any of several workers does them; None where this process does.
    """

    writes: InFlightWrites
    history: History
    questions: PendingQuestions
    imports: SharedImports | None = None


# Makes the memory of a server: of its client, the tasks that outlive every caller, and its jobs.
Remember = Callable[[AutoSend, anyio.abc.TaskGroup, Jobs], Memory]


def in_process(_autosend: AutoSend, tasks: anyio.abc.TaskGroup, jobs: Jobs) -> Memory:
    """Return a memory that ends with the process."""
    return Memory(InFlightWrites(tasks, jobs), History(), PendingQuestions())
