"""One request and its answer: the key, the rate limit, the body, and the documented envelopes.

Source: the pages "API keys", "Rate limit" and "Errors".
"""

import json
from collections import deque
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from math import ceil
from typing import Any, Never, cast
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from autosend_mcp.sandbox.criteria import Details
from autosend_mcp.sandbox.database import Clock

KEY = "AS_sandbox"
PROJECT = "229f1f77bcf86cd927304803"

Handler = Callable[[Request, str], Awaitable[Response]]


class Refusal(Exception):
    """An error answer on its way out."""

    def __init__(self, status: int, code: str, message: str, more: dict[str, object] | None = None) -> None:
        """As the documentation shows an error; `more` goes into its `error` object."""
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "code": code, **(more or {})}
        self.headers: dict[str, str] = {}

    def response(self) -> Response:
        """The answer."""
        return JSONResponse({"success": False, "error": self.error}, self.status)


class RawPath:
    """Routes see the path as it was sent, so that an id may hold an encoded slash, as in Express."""

    def __init__(self, app: ASGIApp) -> None:
        """Around the routes."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request with its raw path."""
        if scope["type"] == "http" and scope.get("raw_path"):
            scope = {**scope, "path": scope["raw_path"].partition(b"?")[0].decode("latin-1")}
        await self._app(scope, receive, send)


class Windows:
    """The requests of each key in the last second."""

    def __init__(self, limit: int, now: Clock) -> None:
        """`limit` requests a second and key; 0 for any number."""
        self._limit = limit
        self.now = now
        self._of: dict[str, deque[float]] = {}

    def spend(self, key: str) -> dict[str, str]:
        """Count one request of a key; the documented headers. Refuses it when the second is full."""
        if not self._limit:
            return {}
        window = self._of.setdefault(key, deque())
        now = self.now()
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
            refusal = Refusal(429, "RATE_LIMIT_EXCEEDED", "Too many requests", {**wait})
            refusal.headers = headers
            raise refusal
        return headers


async def answer(request: Request, handler: Handler, windows: Windows) -> Response:
    """The handler's answer or the refusal, for a request with a good key within its limit."""
    headers = {"Date": formatdate(windows.now(), usegmt=True)}
    try:
        key = _key(request)
        headers |= windows.spend(key)
        response = await handler(request, _project(request, key))
    except Refusal as refusal:
        response = refusal.response()
        headers |= refusal.headers
    response.headers.update(headers)
    return response


async def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object; anything else is refused."""
    try:
        body = json.loads(await request.body(), parse_constant=_no_constant)
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()  # 1e999 and half surrogates cannot be kept
    except (ValueError, RecursionError):
        raise Refusal(400, "VALIDATION_FAILED", "Malformed JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "VALIDATION_FAILED", "Body must be a JSON object")
    return cast("dict[str, Any]", body)


def parameter(request: Request, name: str) -> str:
    """A part of the path, decoded."""
    return unquote(request.path_params[name])


def check(problems: Details) -> None:
    """Refuse the request, if anything is wrong with it."""
    if problems:
        raise Refusal(400, "VALIDATION_FAILED", "Validation failed", {"details": problems})


def success(data: object = None, *, status: int = 200, message: str = "") -> Response:
    """The documented envelope, with what is given."""
    said = {"message": message} if message else {}
    return JSONResponse({"success": True, **said} | ({} if data is None else {"data": data}), status)


def not_found(what: str, code: str) -> Refusal:
    """The 404 of the documentation's pages, whose error repeats the status."""
    return Refusal(404, code, f"{what} not found", {"status": 404})


async def no_route(now: Clock, _request: Request, error: Exception) -> Response:
    """What no endpoint answers: an unknown path or method, or a bug, in the documented envelope."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "SERVER_ERROR")
    response = Refusal(status, code, HTTPStatus(status).phrase).response()
    response.headers["Date"] = formatdate(now(), usegmt=True)
    return response


def _no_constant(name: str) -> Never:
    raise ValueError(name)


def _key(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not key:
        raise Refusal(401, "UNAUTHORIZED", "API key is required")
    if not key.upper().startswith(("AS_", "ASA_")):
        raise Refusal(401, "UNAUTHORIZED", "Invalid API key")
    return key


def _project(request: Request, key: str) -> str:
    if not key.upper().startswith("ASA_"):
        return PROJECT
    project = request.headers.get("x-project-id", "")
    if not project:
        raise Refusal(403, "FORBIDDEN", "x-project-id header is required with an account API key")
    return project
