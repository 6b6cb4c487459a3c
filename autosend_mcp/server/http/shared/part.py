"""The part of a pace that one worker keeps to while Redis is gone, and until all workers know that it is back.

Where that is less than one request a second, it sends in every n-th of the moments at which the workers together may;
they agree on those by the clock of Redis, as it was seen last.
"""

from math import inf

import anyio

from autosend_mcp.api.pace import MINUTE, SLACK, Pace
from autosend_mcp.server.http.shared.store import Shared

_APART = 1.1  # the moments to send at are further apart by this: a request leaves a little late
_UNSEEN = 4  # workers to reckon with where Redis was never there


class PartPace(Pace):
    """Keeps to the limits of a key, or to this worker's part of them."""

    def __init__(self, shared: Shared, per_second: float, per_minute: int | None = None) -> None:
        super().__init__(per_second, per_minute)
        self._shared = shared
        self._is_alone = False
        self._of_all = self._limits  # those of all workers, while this one keeps to its part
        self._since = 0.0  # since when Redis is gone
        self._own = 0  # how many had left this worker in the minute before that
        self._in_minute = 0  # how many had left from all workers, when it was seen last
        self._share = 0  # requests a second without Redis; 0 for less than one
        self._moment = 0.0  # the number of the last one that was used

    def allow(self, limit: int, until_reset: float = 0.0) -> bool:
        """Keep to a limit of all workers that AutoSend names; without Redis, to this worker's part of it."""
        if not self._is_alone:
            return super().allow(limit, until_reset)
        self._limits = self._of_all
        is_used_up = super().allow(limit, until_reset)
        self._of_all = self._limits
        self._divide()
        return is_used_up

    @property
    def _limits(self) -> tuple[int | None, int | None]:
        """How many may leave in the second's and in the minute's window."""
        return self._second.limit, self._minute.limit

    @_limits.setter
    def _limits(self, limits: tuple[int | None, int | None]) -> None:
        self._second.limit, self._minute.limit = limits

    def _alone(self) -> float:
        """Return the seconds until this worker's part of the limit lets it send."""
        now, (place, workers) = anyio.current_time(), self._team
        if not self._is_alone or self._since != self._shared.unsettled_since:
            self._rejoin()
            self._is_alone, self._of_all = True, self._limits
            self._since, self._own = self._shared.unsettled_since, self._minute.count(now)
        self._divide()
        begins = self._since + self._second.seconds + SLACK  # until then, what Redis granted last may leave
        if self._share or now < begins:
            return max(0.0, begins - now)
        apart = self._second.seconds / (self._second.limit or 1) * _APART
        seen = (now + self._shared.ahead) / apart - place
        moment, late = divmod(seen, workers)
        if late < 1 - 1 / _APART and moment != self._moment:
            self._moment = moment
            return 0.0
        return (workers - late) * apart

    def _rejoin(self) -> None:
        """Keep to the limits of all workers again."""
        if self._is_alone:
            self._is_alone, self._limits = False, self._of_all

    def _divide(self) -> None:
        """Keep to this worker's part of the limits of all."""
        (second, minute), (_, workers) = self._of_all, self._team
        if minute:
            part = minute // workers
            if anyio.current_time() < self._since + MINUTE + SLACK:  # what all had sent before counts as well
                part = min(part, self._own + max(0, minute - self._in_minute) // workers)
            self._minute.limit = max(1, part)
            self._guessed_until = inf
        self._share = (second or 1) // workers
        self._second.limit = self._share or second

    @property
    def _team(self) -> tuple[int, int]:
        """This worker's number, and how many there are to reckon with."""
        place, workers = self._shared.place
        return place, workers if self._shared.ahead else _UNSEEN
