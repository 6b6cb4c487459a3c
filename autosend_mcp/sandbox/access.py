"""Who may make a request: keys, projects, and requests a second.

Source: the pages "API keys" and "Rate limit".
"""

from collections import deque
from math import ceil

from starlette.requests import Request

from autosend_mcp.sandbox.database import Clock
from autosend_mcp.sandbox.envelope import Refused

KEY = "AS_sandbox"
PROJECT = "229f1f77bcf86cd927304803"
"""The project of every project key (`AS_...`)."""


def key_of(request: Request) -> str:
    """Return the request's key.

    Raises:
        Refused: It has none, or one of another shape.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not key:
        raise Refused(401, "UNAUTHORIZED", "API key is required")
    if not key.upper().startswith(("AS_", "ASA_")):
        raise Refused(401, "UNAUTHORIZED", "Invalid API key")
    return key


def project_of(request: Request, key: str) -> str:
    """Return the project that the request is about.

    Raises:
        Refused: The key is an account's, and no header names the project.
    """
    if not key.upper().startswith("ASA_"):
        return PROJECT
    project = request.headers.get("x-project-id", "")
    if not project:
        raise Refused(403, "FORBIDDEN", "x-project-id header is required with an account API key")
    return project


class RateLimit:
    """The requests of each key in the last second; a `limit` of 0 allows any number."""

    def __init__(self, limit: int, now: Clock) -> None:
        self._limit = limit
        self._now = now
        self._windows: dict[str, deque[float]] = {}

    def spend(self, key: str) -> dict[str, str]:
        """Count one request of the key and return the documented headers.

        Raises:
            Refused: The key has used up its second.
        """
        if not self._limit:
            return {}
        window, now = self._windows.setdefault(key, deque()), self._now()
        while window and not 0 <= now - window[0] < 1:  # a clock that was set back blocks no key
            window.popleft()
        full = len(window) >= self._limit
        if not full:
            window.append(now)
        headers = {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(self._limit - len(window)),
            "X-RateLimit-Reset": str(int(now) + 1),
        }
        if full:
            wait = {"retryAfter": ceil(window[0] + 1 - now)}
            refused = Refused(429, "RATE_LIMIT_EXCEEDED", "Too many requests", wait)
            refused.headers = headers
            raise refused
        return headers
