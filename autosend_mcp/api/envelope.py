"""AutoSend's reply, read: the data of a success, or the one error that it stands for.

A success is `{"success": true, "data": ...}`, with or without `data` or `success`. Of errors AutoSend documents many
shapes, and all are read:

- `error` as an object: `message`, `code`, `details`, `status`, `path`
- the same members beside `success`, and `errors` for `details`
- `error` as a title with a `message` beside it, as nothing but a text, or as an array of objects
- `details` as objects with `field` and `message`, or as a text

Sources: the pages "Errors", "Rate limit", "API keys" and "Troubleshooting", the error examples of the endpoint pages,
and earlier versions of them.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isinf
from typing import Any, Never, cast

from autosend_mcp.api.waits import Clock, date_of, requested_wait
from autosend_mcp.errors import Refused, Unknown, Unreadable
from autosend_mcp.models.text import visible

_MAX_QUOTED = 300
_MAX_DETAILS = 20
_MAX_DEPTH = 10  # of arrays and objects in each other


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


def read_reply(status: int, headers: Mapping[str, str], content: bytes, now: Clock = time.time) -> Reply:
    """Return the reply of a request that AutoSend accepted.

    `now`: our clock, for a reply that names an instant and has no `Date`.

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
        return Reply(status, body, date_of(headers))
    if status >= 500 or status == 408:
        code = _said(body).code
        facts = {"AutoSend said": {"code": code}} if code else {}
        what = f"AutoSend failed with status {status}."
        raise Unknown(what, "Try again in a minute.", facts=facts, status=status, code=code)
    if status == 429:
        raise _rate_limited(headers, body, now)
    raise _refusal(status, body)


def unreadable(status: int | None = None) -> Unreadable:
    """Return the error for an answer that could not be read."""
    return Unreadable("AutoSend's answer could not be read.", "Try again in a minute.", status=status)


def _refusal(status: int, body: Mapping[str, Any] | None) -> Refused:
    if 300 <= status < 400:
        what = f"AutoSend answered with a redirect (status {status}), which is not followed."
        return _refused(status, None, what, "", user_step="check AUTOSEND_BASE_URL")
    if status == 401:
        what = "AutoSend refused the API key: it is wrong or expired."
        return _refused(status, body, what, "", user_step="set AUTOSEND_API_KEY to a valid key")
    if status in {402, 403}:
        what = f"AutoSend's plan or the API key does not allow this (status {status})."
        return _refused(status, body, what, "", user_step="change the plan or the key in the dashboard")
    if status == 404:
        what = "AutoSend found no such thing (status 404)."
        next_step = "Check the ids that were sent; if there were none, AUTOSEND_BASE_URL is wrong."
        return _refused(status, body, what, next_step)
    return _refused(status, body, f"AutoSend refused the request (status {status}).")


@dataclass(frozen=True, slots=True)
class _Said:
    """What AutoSend said of an error, made safe to show as JSON. `fields`: all that it complained about."""

    code: str | None
    fields: tuple[str, ...]
    facts: dict[str, object]


def _said(body: Mapping[str, Any] | None) -> _Said:
    """Return what AutoSend said, in whichever of the documented shapes; inner members count before outer ones."""
    outer = dict(body or {})
    error: object = outer.get("error")
    inner, title = as_object(error), _text(error)
    listed = _problems(cast("object", error)) if isinstance(error, list) else []
    rows = [*listed, *_problems(*(level.get(name) for level in (inner, outer) for name in ("details", "errors")))]

    def first(name: str) -> str:
        return next((text for members in (inner, outer, *listed) if (text := _text(members.get(name)))), "")

    code, message, path = first("code"), first("message"), _path(inner.get("path"))
    said: dict[str, object] = {"code": code, "title": title if message else "", "message": message or title}
    said = {name: text for name, text in (said | {"field": path}).items() if text}
    if shown := [row for row in rows if row != {"message": message}]:
        said["details"] = shown[:_MAX_DETAILS]
    fields = (*(row["field"] for row in rows if "field" in row), *([path] if path else []))
    return _Said(code or None, fields, {"AutoSend said": said} if said else {})


def _problems(*values: object, field: str = "", depth: int = 0) -> list[dict[str, str]]:
    """Return the rows of these `details`, `{"field", "message", "code"}` each.

    Each is a text, an object, or an array of these; an object that says nothing by itself has them by field.
    """
    rows: list[dict[str, str]] = []
    for value in values if depth < _MAX_DEPTH else ():
        if isinstance(value, list):
            rows += _problems(*cast("list[object]", value), field=field, depth=depth + 1)
            continue
        members = as_object(value)
        if read := _problem(members, _text(value)):
            rows.append({"field": field} | read if field else read)
        listed = [members[name] for name in ("details", "errors") if members.get(name)]
        by_field = {} if read or listed else members
        rows += _problems(*listed, field=field, depth=depth + 1)
        for name, inner in by_field.items():
            path = [part for part in (field, _text(name)) if part not in {"", "_errors"}]
            rows += _problems(inner, field=_path([*path]), depth=depth + 1)
    return rows


def _problem(members: Mapping[str, Any], text: str) -> dict[str, str]:
    read = {"field": _text(members.get("field")) or _path(members.get("path"))}
    read |= {name: _text(members.get(name)) for name in ("message", "code")}
    read["message"] = read["message"] or text
    return {name: said for name, said in read.items() if said}


def _path(value: object) -> str:
    """Return the name of a field, also where it is given as the parts of a path."""
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    return ".".join(text for part in parts if (text := _text(part)))


def _text(value: object) -> str:
    """Return a text or a number as a text that can be shown; nothing for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    shown = visible(str(value))
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
    return Refused(
        what, next_step, user_step=user_step, facts=said.facts, status=status, code=said.code, fields=said.fields
    )


def _rate_limited(headers: Mapping[str, str], body: Mapping[str, Any] | None, now: Clock) -> Refused:
    wait = requested_wait(headers, body, now)
    next_step = f"Wait {max(1, round(wait))} s, then repeat the same call."
    refused = _refused(429, body, "AutoSend's rate limit was reached.", next_step)
    refused.repeat_after = wait
    return refused


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
