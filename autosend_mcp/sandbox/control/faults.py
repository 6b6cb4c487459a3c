"""Faults that a test asks for: a status, a delay, a dropped connection, before or after the request was applied.

Sources of the bodies: the page "Errors", and its version of 2025-11-05 for 503.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from itertools import count
from typing import Any

from autosend_mcp.sandbox.envelope import Refused, check
from autosend_mcp.sandbox.validation import problem

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_MAX_DELAY = 600
_ERRORS = {
    400: ("VALIDATION_FAILED", "Validation failed"),
    401: ("UNAUTHORIZED", "Unauthorized"),
    402: ("PLAN_UPGRADE_REQUIRED", "Please upgrade your plan to access these resources."),
    403: ("INSUFFICIENT_PERMISSIONS", "Insufficient permissions to access these resources."),
    404: ("NOT_FOUND", "The requested resource was not found."),
    429: ("RATE_LIMIT_EXCEEDED", "Rate limit exceeded"),
    500: ("INTERNAL_SERVER_ERROR", "Something went wrong on our end"),
    503: ("", "Temporary service outage"),
}


@dataclass
class Fault:
    """What happens to the next requests of a method and path. `times`: how often it still does; 0 for always.

    `applied`: whether the request is applied before its reply is replaced or dropped.
    """

    id: int
    method: str
    path: str
    times: int
    status: int
    delay: float
    drop: bool
    applied: bool

    def error(self) -> Refused:
        """Return the documented error of the status."""
        code, message = _ERRORS.get(self.status) or ("", HTTPStatus(self.status).phrase)
        return Refused(self.status, code, message, {"retryAfter": 1} if self.status == 429 else {})


class Faults:
    """The faults that are asked for, in their order."""

    def __init__(self) -> None:
        self.all: list[Fault] = []
        self._numbers = count(1)

    def add(self, asked: Mapping[str, Any]) -> Fault:
        """Add a fault.

        Raises:
            Refused: It is not one that can be.
        """
        usual: dict[str, Any] = {"method": "*", "path": "*", "times": 1, "status": 0, "delay": 0, "drop": False}
        usual |= {"applied": False}
        check([problem(name, f"{name} is no member of a fault") for name in asked if name not in usual])
        given = usual | dict(asked)
        status, delay, times = given["status"], given["delay"], given["times"]
        checks = {
            "method": given["method"] in ("*", *_METHODS) or f"method is one of {', '.join(_METHODS)}",
            "path": isinstance(given["path"], str) or "path is a text such as /contacts/*",
            "times": (_is_number(times, int) and times >= 0) or "times is a whole number; 0 for always",
            "status": (_is_number(status, int) and (not status or 400 <= status in {*HTTPStatus}))
            or "status is one of an HTTP error",
            "delay": (_is_number(delay, int | float) and 0 <= delay <= _MAX_DELAY)
            or f"delay is a number of seconds, at most {_MAX_DELAY}",
            **{name: isinstance(given[name], bool) or f"{name} is true or false" for name in ("drop", "applied")},
        }
        check([problem(name, right) for name, right in checks.items() if isinstance(right, str)])
        if not (status or delay or given["drop"]):
            check([problem("status", "A fault has a status, a delay or drop")])
        fault = Fault(next(self._numbers), **given)
        self.all.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for this request, whose path begins after /v1, and count it."""
        for fault in self.all:
            if fault.method in ("*", method) and fnmatchcase(path, fault.path.removeprefix("/v1")):
                if fault.times == 1:
                    self.all.remove(fault)
                fault.times = max(fault.times - 1, 0)
                return fault
        return None


def _is_number(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
