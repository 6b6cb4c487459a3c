"""What a tool is given besides its arguments."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from autosend_mcp.api.calls import Call
from autosend_mcp.tools.history import History
from autosend_mcp.tools.jobs import Jobs

if TYPE_CHECKING:
    from autosend_mcp.models.imports import GetImport, ImportState, StartedImport, StartImport, StopImport

# What the user said to a question. "no_answer": nobody answered in time. "failed": the client says that it can ask, and
# brought no answer that can be read. "not_asked": it does not say that it can.
Verdict = Literal["yes", "no", "no_answer", "failed", "not_asked"]
# Asks the user a question about everything that it names; the words of the question may name only a part.
Ask = Callable[[str, Sequence[str]], Awaitable[Verdict]]
# Reports to the client how much is done, of how much (None while that is not known), and a word on it.
Progress = Callable[[float, float | None, str | None], Awaitable[None]]


class ConfirmationNeeded(Exception):
    """Raised when the client must ask the user and repeat the call (protocol 2026-07-28)."""

    outcome = "asked"

    def __init__(self, question: str, about: Sequence[str]) -> None:
        """Keep the question, in our own words, and everything that the answer will be about."""
        super().__init__(question)
        self.question = question
        self.about = tuple(about)


async def ask_nobody(_question: str, _about: Sequence[str]) -> Verdict:
    """Answer for a caller without a user."""
    return "not_asked"


async def report_to_nobody(_done: float, _total: float | None, _word: str | None) -> None:
    """Drop the progress of a caller who did not ask for it."""


class SharedImports(Protocol):
    """The imports of one caller, where any of several processes does them."""

    async def start(self, context: "Context", body: "StartImport") -> "StartedImport":
        """Do what start_import says."""
        ...

    async def show(self, context: "Context", body: "GetImport") -> "ImportState":
        """Do what get_import says."""
        ...

    async def stop(self, context: "Context", body: "StopImport") -> "ImportState":
        """Do what stop_import says."""
        ...


@dataclass(slots=True)
class Context:
    """One call of a tool.

    `call`: its requests, under one deadline. `ask`: asks the user at the client. `progress`: reports how far it is.
    `jobs`: what goes on after the call. `history`: the writes before it. `rejoins`: whoever joins a list has been in it
    before. `imports`: does imports, where any of several processes may; None where this one does. `notes`: what the
    caller should know besides the result.
    """

    call: Call
    ask: Ask = ask_nobody
    progress: Progress = report_to_nobody
    jobs: Jobs | None = None
    history: History | None = None
    rejoins: bool = False
    imports: SharedImports | None = None
    notes: list[str] = field(default_factory=list[str])
