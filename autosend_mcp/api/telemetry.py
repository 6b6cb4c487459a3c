"""What tracing and metrics get to know of requests and calls: no address, key, body or caller."""

from dataclasses import dataclass
from typing import Protocol

from autosend_mcp.errors import AutoSendError


@dataclass(slots=True)
class Exchange:
    """One request to AutoSend, and how it ended.

    `route`: its path without ids and names. `resends`: how often it was sent before. `waited`: seconds for the pace.
    `began`: nanoseconds since the epoch. `status`: None without a reply. `failure`: what it failed with, by name.
    """

    method: str
    route: str
    base_url: str
    resends: int
    waited: float
    began: int
    ended: int = 0
    status: int | None = None
    failure: str = ""

    def fail(self, error: BaseException) -> None:
        """Take in what it failed with."""
        if isinstance(error, AutoSendError):
            self.status = error.status
            self.failure = str(error.status or error.cause or type(error).__name__)
        else:
            self.failure = type(error).__name__


class Observer(Protocol):
    """Learns of each request to AutoSend and each call of a tool once it has ended."""

    def request_ended(self, exchange: Exchange) -> None:
        """Trace or count a request to AutoSend."""
        ...

    def call_ended(self, tool: str, outcome: str, seconds: float) -> None:
        """Trace or count a call of a tool; `?` stands for a tool that does not exist."""
        ...
