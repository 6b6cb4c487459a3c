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


def key_of(request: Request, options: Options) -> str:
    """Return the request's key.

    Raises:
        Refused: It has none, or one of another shape.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    beside = request.headers.get("x-api-key", "") if options.x_api_key == "accept" else ""
    key = bearer.strip() if scheme.lower() == "bearer" else beside
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
    """The requests of each key in the last second and minute; a limit of 0 allows any number.

    `unit`: what the `retryAfter` of a refusal counts, seconds to wait or Unix seconds.
    """

    def __init__(self, second: int, now: Clock, unit: Literal["seconds", "epoch"] = "seconds", minute: int = 0) -> None:
        self._limits = {1: second or _UNLIMITED} | ({60: minute} if minute else {})
        self._now = now
        self._unit = unit
        self._windows: dict[tuple[str, int], deque[float]] = {}

    def headers(self, key: str | None = None) -> dict[str, str]:
        """Return the documented headers, which each reply has: what is left to this key, or to a new one.

        They are about a minute where that is limited, else about a second.
        """
        seconds, limit = [*self._limits.items()][-1]
        window = self._windows.get((key or "", seconds), ())
        reset = int(window[0] if window and seconds > 1 else self._now()) + seconds
        numbers = {"Limit": limit, "Remaining": limit - len(window), "Reset": reset}
        return {f"X-RateLimit-{name}": str(number) for name, number in numbers.items()}

    def spend(self, key: str) -> None:
        """Count one request of the key.

        Raises:
            Refused: The key has used up its second, or its minute.
        """
        now = self._now()
        windows = {seconds: self._windows.setdefault((key, seconds), deque()) for seconds in self._limits}
        for seconds, window in windows.items():
            while window and not 0 <= now - window[0] < seconds:  # a clock that was set back blocks no key
                window.popleft()
        waits = [window[0] + seconds for seconds, window in windows.items() if len(window) >= self._limits[seconds]]
        if waits:
            wait = ceil(max(waits) - now) if self._unit == "seconds" else ceil(max(waits))
            raise Refused(429, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded", {"retryAfter": wait})
        for window in windows.values():
            window.append(now)
