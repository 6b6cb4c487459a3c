"""Instants by both clocks of this machine, beside those that AutoSend reports."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import anyio

from autosend_mcp.models.comparison import moment

_CLOCKS_AGREE = 2.0

# The Date header counts whole seconds, and is written before or after the record. Whether one clock sets both is not
# known, so that something is only called older than the call when it is so by far.
_CLOCK_SLACK = timedelta(seconds=2)
_OLDER_BY_FAR = timedelta(minutes=10)


class Moment:
    """This instant by both clocks: the event loop's, which measures, and `now`, which shows the time of day.

    They part while this machine sleeps, or when its clock is set.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ran, self._shown = anyio.current_time(), now()

    def elapsed(self) -> float | None:
        """Return the seconds since then, None where the clocks disagree."""
        ran, shown = anyio.current_time() - self._ran, self._now() - self._shown
        return ran if abs(ran - shown) < _CLOCKS_AGREE else None


def relative_to(sent_at: Moment, instant: str | None, seen_at: datetime | None) -> Literal["before", "during"] | None:
    """Return whether something happened before a request was sent or since; None if unknowable.

    `instant`: when it happened, by AutoSend. `seen_at`: AutoSend's own time of the reply that says so.
    """
    happened, elapsed = moment(instant), sent_at.elapsed()
    if happened is None or elapsed is None or seen_at is None:
        return None
    began = seen_at - timedelta(seconds=elapsed)
    if began - _CLOCK_SLACK <= happened <= seen_at + _CLOCK_SLACK:
        return "during"
    return "before" if happened < began - _OLDER_BY_FAR else None
