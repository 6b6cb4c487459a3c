"""How long AutoSend asks to wait before the next request. Sources: the pages "Rate limit" and "Errors"."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan
from typing import Any, cast

MAX_WAIT = 30.0

# The page "Errors" calls `retryAfter` an instant, "Rate limit" a number of seconds: no wait is as long as this.
_FIRST_INSTANT = 10**9
_FIRST_IN_MILLISECONDS = 10**11  # as JavaScript counts, and AutoSend in X-Webhook-Timestamp

Clock = Callable[[], float]


def requested_wait(headers: Mapping[str, str], body: Mapping[str, Any] | None = None, now: Clock = time.time) -> float:
    """Return the seconds that AutoSend asks to wait, from 0 to 30; 1 where it does not say.

    `retryAfter` in the body, at either level, else `Retry-After` (both seconds or an instant, the header also a
    date), else `X-RateLimit-Reset` (an instant). Instants are compared with the reply's own `Date`, and only where it
    has none with our clock, `now`.
    """
    error = (body or {}).get("error")
    inner = cast("dict[str, object]", error).get("retryAfter") if isinstance(error, dict) else None
    for asked in (inner, (body or {}).get("retryAfter"), headers.get("retry-after")):
        if (number := _number(asked)) is not None:
            return _clamped(_seconds(number) - _time_of(headers, now) if number > _FIRST_INSTANT else number)
    date, retry_at = date_of(headers), date_of(headers, "retry-after")
    if date and retry_at:
        return _clamped((retry_at - date).total_seconds())
    wait = reset_wait(headers)
    return 1.0 if wait is None else wait


def reset_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds, from 0 to 30, until `X-RateLimit-Reset`; None where AutoSend does not say."""
    date, reset = date_of(headers), _number(headers.get("x-ratelimit-reset"))
    return None if date is None or reset is None else _clamped(_seconds(reset) - date.timestamp())


def date_of(headers: Mapping[str, str], name: str = "date") -> datetime | None:
    """Return the date in this header; None where there is none that can be read."""
    try:
        date = parsedate_to_datetime(headers.get(name, ""))
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _time_of(headers: Mapping[str, str], now: Clock) -> float:
    date = date_of(headers)
    return now() if date is None else date.timestamp()


def _seconds(instant: float) -> float:
    """Return a Unix instant in seconds, also where it is in milliseconds."""
    return instant / 1000 if instant > _FIRST_IN_MILLISECONDS else instant


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _clamped(seconds: float) -> float:
    return 1.0 if isnan(seconds) else min(max(seconds, 0.0), MAX_WAIT)
