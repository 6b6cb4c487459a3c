"""A clock that can be moved forward, from which all times of the sandbox come."""

from autosend_mcp.sandbox.database import Clock


class MovedClock:
    """A clock and how many seconds it is moved forward."""

    def __init__(self, clock: Clock) -> None:
        self.offset = 0.0
        self._clock = clock

    def __call__(self) -> float:
        """Return the time in Unix seconds."""
        return self._clock() + self.offset
