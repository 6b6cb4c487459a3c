"""What may be seen of the requests and calls from outside: no address, key, body or caller."""

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


class Watch(Protocol):
    """Whom requests and calls are shown to once they have ended."""

    def sent(self, exchange: Exchange) -> None:
        """Take note of a request to AutoSend."""
        ...

    def called(self, tool: str, outcome: str, seconds: float) -> None:
        """Take note of a call of a tool, `?` for one that there is not."""
        ...
