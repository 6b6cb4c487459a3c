"""The HTTP envelope: the body of a request, the documented success, and the one error that refuses a request.

Source: the page "Errors".
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from math import ceil, isinf
from typing import Any, Never, cast
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from autosend_mcp.sandbox.error_shapes import ErrorShape, body_of_error
from autosend_mcp.sandbox.validation import Details

Handler = Callable[[Request, str], Awaitable[Response]]
"""Answer a request to one project."""


class Refused(Exception):
    """The request is refused, and nothing was changed; `error` is what the documentation shows."""

    def __init__(self, status: int, code: str, message: str, more: Mapping[str, object] | None = None) -> None:
        """Build the `error` object from the code, where one is documented, the message and the members in `more`."""
        super().__init__(message)
        self.status = status
        self.error = {"message": message} | ({"code": code} if code else {}) | dict(more or {})

    def response(self, shape: ErrorShape) -> Response:
        """Return the response that says so in this shape."""
        return JSONResponse(body_of_error(shape, self.status, self.error), self.status)


def check(problems: Details) -> None:
    """Refuse the request if there are problems.

    Raises:
        Refused: There are.
    """
    if problems:
        raise Refused(400, "VALIDATION_FAILED", "Validation failed", {"details": problems})


def beyond_plan(status: int, message: str = "") -> Refused:
    """Return the refusal of what the plan does not allow; `message`: of a 403, where a page has one of its own."""
    if status == 402:
        return Refused(402, "PLAN_UPGRADE_REQUIRED", "Please upgrade your plan to access these resources.")
    usual = "Insufficient permissions to access these resources."
    return Refused(403, "INSUFFICIENT_PERMISSIONS", message or usual)


def not_found(what: str, code: str) -> Refused:
    """Return the 404 of the documentation's pages, whose error repeats the status."""
    return Refused(404, code, f"{what} not found", {"status": 404})


def success(data: object = None, *, status: int = 200, message: str = "") -> Response:
    """Return the documented envelope around the data, the message or both."""
    return JSONResponse(
        {"success": True} | ({"message": message} if message else {}) | ({} if data is None else {"data": data}), status
    )


def pagination(page: int, limit: int, total: int) -> dict[str, int]:
    """Return what the documentation says of a page."""
    return {"page": page, "limit": limit, "total": total, "pages": ceil(total / limit)}


async def body_of(request: Request) -> dict[str, Any]:
    """Return the request's JSON object.

    Raises:
        Refused: The body is something else.
    """
    try:
        content = await request.body()
        body = json.loads(content, parse_constant=_refuse_constant, parse_float=_finite)
        if b"\\" in content:  # half surrogates cannot be stored
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refused(400, "VALIDATION_FAILED", "Malformed JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "VALIDATION_FAILED", "Body must be a JSON object")
    if "encryptedData" in body or request.headers.get("x-payload-encryption", "none").lower() != "none":
        raise Refused(
            501, "SANDBOX_NOT_IMPLEMENTED", "AutoSend documents encrypted bodies, but its sandbox reads none."
        )
    if exchange := request.scope.get("sandbox"):  # sandbox/control/exchanges.py
        exchange.parsed = body
    return cast("dict[str, Any]", body)


@lru_cache(maxsize=1)
def http_date(second: int) -> str:
    """Return a Unix second as the header `Date` has it."""
    return formatdate(second, usegmt=True)


def parameter(request: Request, name: str) -> str:
    """Return a parameter of the path, decoded."""
    return unquote(request.path_params[name])


class RawPath:
    """Middleware: the routes see the path as it was sent, so that an id may hold an encoded slash, as in Express."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its raw path."""
        if scope["type"] == "http" and scope.get("raw_path"):
            scope = {**scope, "path": scope["raw_path"].partition(b"?")[0].decode("latin-1")}
        await self._app(scope, receive, send)


def _finite(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError(text)
    return number


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)
