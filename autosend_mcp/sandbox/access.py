"""Who may make a request: keys, projects, and requests a second.

Source: the pages "API keys", "Errors" and "Rate limit".
"""

import hashlib
from collections import deque
from math import ceil
from typing import Literal

from starlette.requests import Request

from autosend_mcp.sandbox.database import Clock
from autosend_mcp.sandbox.envelope import Refused
from autosend_mcp.sandbox.options import Options

KEY = "AS_sandbox"
PROJECT = "229f1f77bcf86cd927304803"
"""The project of `KEY`, and by default of every project key (`AS_...`)."""

_UNLIMITED = 1_000_000


def key_of(request: Request) -> str:
    """Return the request's key.

    Raises:
        Refused: It has none, or one of another shape.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not key.upper().startswith(("AS_", "ASA_")):
        raise Refused(401, "UNAUTHORIZED", "Unauthorized")
    return key


def project_of(request: Request, key: str, options: Options) -> str:
    """Return the project that the request is about.

    Raises:
        Refused: The key is an account's, and no header names the project.
    """
    if not key.upper().startswith("ASA_"):
        shared = options.project_keys == "one" or key == KEY
        return PROJECT if shared else hashlib.sha256(key.encode()).hexdigest()[:24]
    project = request.headers.get("x-project-id", "")
    if not project:
        raise Refused(403, "INSUFFICIENT_PERMISSIONS", "Insufficient permissions to access these resources.")
    return project


class RateLimit:
    """The requests of each key in the last second; a `limit` of 0 allows any number.

    `unit`: what the `retryAfter` of a refusal counts, seconds to wait or Unix seconds.
    """

    def __init__(self, limit: int, now: Clock, unit: Literal["seconds", "epoch"] = "seconds") -> None:
        self._limit = limit or _UNLIMITED
        self._now = now
        self._unit = unit
        self._windows: dict[str, deque[float]] = {}

    def headers(self, key: str | None = None) -> dict[str, str]:
        """Return the documented headers, which each reply has: what is left to this key, or to a new one."""
        left = self._limit - len(self._windows.get(key or "", ()))
        numbers = {"Limit": self._limit, "Remaining": left, "Reset": int(self._now()) + 1}
        return {f"X-RateLimit-{name}": str(number) for name, number in numbers.items()}

    def spend(self, key: str) -> None:
        """Count one request of the key.

        Raises:
            Refused: The key has used up its second.
        """
        window, now = self._windows.setdefault(key, deque()), self._now()
        while window and not 0 <= now - window[0] < 1:  # a clock that was set back blocks no key
            window.popleft()
        if len(window) < self._limit:
            window.append(now)
            return
        free_at = window[0] + 1
        wait = ceil(free_at - now) if self._unit == "seconds" else ceil(free_at)
        raise Refused(429, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded", {"retryAfter": wait})
