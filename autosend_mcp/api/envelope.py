"""AutoSend's reply, read: the data of a success, or the one error that it stands for.

Shapes, all accepted: `{"success": true, "data": ...}`, the same without `data` or without `success`, and on failure
`error` as an object (with or without `code`, `status`, `details`) or as a plain string. Sources: the pages
"Errors" and "Rate limit" and the error examples of the endpoint pages.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isinf, isnan
from typing import Any, Never, cast

from autosend_mcp.errors import Refused, Unknown, Unreadable
from autosend_mcp.models.text import visible

LONGEST_WAIT = 30.0

_MAX_QUOTED = 300
_MAX_DETAILS = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """A readable success: its JSON object, and the server's own clock (whole seconds) where it sent one."""

    status: int
    body: Mapping[str, Any]
    server_time: datetime | None

    @property
    def data(self) -> object:
        """The `data` member, None where there is none."""
        return self.body.get("data")

    @property
    def members(self) -> dict[str, Any]:
        """The members of `data`, none where it is no object."""
        return as_object(self.data)


def as_object(value: object) -> dict[str, Any]:
    """Return the value as an object, an empty one where it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def read_reply(status: int, headers: Mapping[str, str], content: bytes) -> Reply:
    """Return the reply of a request that AutoSend accepted.

    Raises:
        Refused: AutoSend said no, by status or by `success: false`.
        Unknown: A 5xx or 408: AutoSend failed, perhaps after applying the request.
        Unreadable: It said yes in a way that could not be read.
    """
    body = _json_object(content)
    if 200 <= status < 300:
        success = body.get("success", True) if body else None
        if body is None or not isinstance(success, bool) or ("success" not in body and "data" not in body):
            raise unreadable(status)
        if not success:
            raise _refused(status, body, f"AutoSend refused the request (in a reply with status {status}).")
        return Reply(status, body, _date(headers))
    if status >= 500 or status == 408:
        raise Unknown(f"AutoSend failed with status {status}.", "Try again in a minute.", status=status)
    raise _refusal(status, headers, body)


def unreadable(status: int | None = None) -> Unreadable:
    """Return the error for an answer that could not be read."""
    return Unreadable("AutoSend's answer could not be read.", "Try again in a minute.", status=status)


def _refusal(status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> Refused:
    if status == 429:
        return _rate_limited(headers, body)
    if 300 <= status < 400:
        what = f"AutoSend answered with a redirect (status {status}), which is not followed."
        return _refused(status, None, what, "", user_step="check AUTOSEND_BASE_URL")
    if status == 401:
        what = "AutoSend refused the API key: it is missing, wrong or expired."
        return _refused(status, body, what, "", user_step="set AUTOSEND_API_KEY to a valid key")
    if status in {402, 403}:
        what = f"The AutoSend plan or the API key does not allow this (status {status})."
        return _refused(status, body, what, "", user_step="change the plan or the key in AutoSend's dashboard")
    if status == 404:
        what = "AutoSend found no such thing (status 404)."
        next_step = "Check the ids that were sent; if there were none, AUTOSEND_BASE_URL is wrong."
        return _refused(status, body, what, next_step)
    return _refused(status, body, f"AutoSend refused the request (status {status}).")


@dataclass(frozen=True, slots=True)
class _Said:
    """What AutoSend said of an error, made safe to show as JSON."""

    fields: tuple[str, ...]
    facts: dict[str, object]


def _said(body: Mapping[str, Any] | None) -> _Said:
    error = (body or {}).get("error", (body or {}).get("message"))
    if isinstance(error, str):
        return _Said((), {"AutoSend said": {"message": _quoted(error)}})
    if not isinstance(error, dict):
        return _Said((), {})
    parts = cast("dict[str, object]", error)
    said: dict[str, object] = {key: _quoted(str(parts[key])) for key in ("code", "message") if parts.get(key)}
    details = parts.get("details")
    listed = cast("list[object]", details)[:_MAX_DETAILS] if isinstance(details, list) else []
    rows = [
        {
            key: _quoted(str(value))
            for key, value in cast("dict[str, object]", row).items()
            if key in {"field", "message"}
        }
        for row in listed
        if isinstance(row, dict)
    ]
    if rows := [row for row in rows if row]:
        said["details"] = rows
    fields = tuple(row["field"] for row in rows if "field" in row)
    return _Said(fields, {"AutoSend said": said} if said else {})


def _quoted(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= _MAX_QUOTED else f"{shown[:_MAX_QUOTED]}..."


def _refused(
    status: int,
    body: Mapping[str, Any] | None,
    what: str,
    next_step: str = "Fix the arguments and call again.",
    *,
    user_step: str = "",
) -> Refused:
    said = _said(body)
    return Refused(what, next_step, user_step=user_step, facts=said.facts, status=status, fields=said.fields)


def _rate_limited(headers: Mapping[str, str], body: Mapping[str, Any] | None) -> Refused:
    wait = requested_wait(headers, body)
    return Refused(
        "AutoSend's rate limit was reached, so it refused the request.",
        f"Wait {max(1, round(wait))} s, then repeat the same call.",
        status=429,
        repeat_after=wait,
    )


def requested_wait(headers: Mapping[str, str], body: Mapping[str, Any] | None = None) -> float:
    """Return the seconds that AutoSend asks to wait, from 0 to 30; 1 where it does not say.

    `retryAfter` in the body (seconds, at either level), else `Retry-After` (seconds or a date), else
    `X-RateLimit-Reset` (Unix seconds). Dates are compared with the reply's own `Date`, never with our clock.
    """
    error = (body or {}).get("error")
    inner = cast("dict[str, object]", error).get("retryAfter") if isinstance(error, dict) else None
    for seconds in (inner, (body or {}).get("retryAfter"), headers.get("retry-after")):
        if (number := _number(seconds)) is not None:
            return _clamped(number)
    date, retry_at = _date(headers), _date(headers, "retry-after")
    if date and retry_at:
        return _clamped((retry_at - date).total_seconds())
    wait = reset_wait(headers)
    return 1.0 if wait is None else wait


def reset_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds, from 0 to 30, until `X-RateLimit-Reset`; None where AutoSend does not say."""
    date, reset = _date(headers), _number(headers.get("x-ratelimit-reset"))
    return None if date is None or reset is None else _clamped(reset - date.timestamp())


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _clamped(seconds: float) -> float:
    return 1.0 if isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


def _date(headers: Mapping[str, str], name: str = "date") -> datetime | None:
    try:
        date = parsedate_to_datetime(headers.get(name, ""))
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _json_object(content: bytes) -> dict[str, Any] | None:
    """Return the body as a JSON object; None for anything else, however deep, long or broken."""
    try:
        body = json.loads(content, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def _finite(text: str) -> float:
    if isinf(number := float(text)):
        raise ValueError(text)
    return number


def _no_constant(name: str) -> Never:
    raise ValueError(name)
