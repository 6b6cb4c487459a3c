"""A local AutoSend: the documented contact endpoints as a Starlette app over SQLite.

Written from the documentation; shares no code with the client it tests. Where the documentation is silent, a switch
or the likeliest reading decides:

| unknown | here |
|---|---|
| status of "already exists" | `exists_status`: 409, or 400, 422 |
| unknown members of a body | ignored |
| unknown list ids | made on first use, unless lists were seeded; then refused |
| segment ids in `listIds` | refused with 400 |
| upsert: what is not given | kept; custom fields are merged, `null` removes one |
| `listIds` in replies | absent, as documented |
| place of `retryAfter` in a 429 | inside `error` |
| malformed contact id | 404 |
| which keys are valid | any `AS_...` (one project), and any `ASA_...` with `x-project-id` |
"""

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from math import ceil
from time import monotonic, time
from typing import Any, Never, cast

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from autosend_mcp.sandbox import rules
from autosend_mcp.sandbox.store import AlreadyExistsError, Store

KEY = "AS_sandbox"
PROJECT = "229f1f77bcf86cd927304803"

Handler = Callable[[Request, str], Awaitable[Response]]


@dataclass(frozen=True)
class Options:
    """The sandbox's switches. `rate_limit`: requests a second and key, 0 for none."""

    exists_status: int = 409
    rate_limit: int = 2
    known_lists_only: bool = False


class _Refusal(Exception):
    """An error answer on its way out."""

    def __init__(self, status: int, code: str, message: str, more: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "code": code, **(more or {})}
        self.headers: dict[str, str] = {}

    def response(self) -> Response:
        return JSONResponse({"success": False, "error": self.error}, self.status)


class Sandbox:
    """The endpoints over one store. `app` is what a server or an in-process transport calls."""

    def __init__(self, store: Store, options: Options | None = None) -> None:
        """A new endpoint is a method here and a row in the table of routes."""
        self.store = store
        self.options = options or Options()
        self._windows: dict[str, deque[float]] = {}
        self.app = Starlette(
            routes=[
                self._route("POST", "/contacts", self.create_contact),
                self._route("POST", "/contacts/email", self.upsert_contact),
                self._route("POST", "/contacts/search/emails", self.search_contacts),
                self._route("GET", "/contacts/{id}", self.get_contact),
                self._route("DELETE", "/contacts/{id}", self.delete_contact),
            ],
            exception_handlers={HTTPException: _no_route, Exception: _no_route},
        )

    async def create_contact(self, request: Request, project: str) -> Response:
        """A new contact; an error if the project has the address."""
        body = await self._contact_body(request, project)
        try:
            return _success(await to_thread.run_sync(self.store.create, project, body))
        except AlreadyExistsError:
            raise _Refusal(self.options.exists_status, "CONTACT_ALREADY_EXISTS", "Contact already exists") from None

    async def upsert_contact(self, request: Request, project: str) -> Response:
        """A new contact, or the one with this address changed."""
        body = await self._contact_body(request, project)
        return _success(await to_thread.run_sync(self.store.upsert, project, body))

    async def search_contacts(self, request: Request, project: str) -> Response:
        """The contacts with the given addresses, those that exist."""
        body = await _body(request)
        _check(rules.search_problems(body))
        emails = [email.strip().lower() for email in body["emails"]]
        return _success({"contacts": await to_thread.run_sync(self.store.find, project, emails)})

    async def get_contact(self, request: Request, project: str) -> Response:
        """The contact with this id."""
        contact = await to_thread.run_sync(self.store.get, project, request.path_params["id"])
        if contact is None:
            raise _not_found()
        return _success(contact)

    async def delete_contact(self, request: Request, project: str) -> Response:
        """The contact with this id is gone afterwards."""
        if not await to_thread.run_sync(self.store.delete, project, request.path_params["id"]):
            raise _not_found()
        return JSONResponse({"success": True, "message": "Contact deleted successfully"})

    def _route(self, method: str, path: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            headers = {"Date": formatdate(usegmt=True)}
            try:
                key = _key(request)
                headers |= _spend(self._windows.setdefault(key, deque()), self.options.rate_limit)
                response = await handler(request, _project(request, key))
            except _Refusal as refusal:
                response = refusal.response()
                headers |= refusal.headers
            response.headers.update(headers)
            return response

        return Route(f"/v1{path}", endpoint, methods=[method])

    async def _contact_body(self, request: Request, project: str) -> dict[str, Any]:
        body = await _body(request)
        _check(rules.contact_problems(body))
        body["email"] = body["email"].strip().lower()
        asked: list[str] = body.get("listIds") or []
        kinds = await to_thread.run_sync(self.store.kinds, project, asked)
        unknown = "none" if self.options.known_lists_only else "list"
        _check([_LIST_PROBLEMS[kind] for kind in (kinds.get(one, unknown) for one in asked) if kind != "list"])
        return body


_LIST_PROBLEMS = {
    "segment": {"field": "listIds", "message": "Segment ids are not allowed"},
    "none": {"field": "listIds", "message": "Contact list not found"},
}


def _key(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not key:
        raise _Refusal(401, "UNAUTHORIZED", "API key is required")
    if not key.upper().startswith(("AS_", "ASA_")):
        raise _Refusal(401, "UNAUTHORIZED", "Invalid API key")
    return key


def _project(request: Request, key: str) -> str:
    if not key.upper().startswith("ASA_"):
        return PROJECT
    project = request.headers.get("x-project-id", "")
    if not project:
        raise _Refusal(403, "FORBIDDEN", "x-project-id header is required with an account API key")
    return project


def _spend(window: deque[float], limit: int) -> dict[str, str]:
    """Count one request of a key; the documented headers. Refuses it when the second is full."""
    if not limit:
        return {}
    now = monotonic()
    while window and window[0] + 1 <= now:
        window.popleft()
    full = len(window) >= limit
    if not full:
        window.append(now)
    headers = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(limit - len(window)),
        "X-RateLimit-Reset": str(int(time()) + 1),
    }
    if full:
        refusal = _Refusal(429, "RATE_LIMIT_EXCEEDED", "Too many requests", {"retryAfter": ceil(window[0] + 1 - now)})
        refusal.headers = headers
        raise refusal
    return headers


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body(), parse_constant=_no_constant)
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()  # 1e999 and half surrogates cannot be kept
    except (ValueError, RecursionError):
        raise _Refusal(400, "VALIDATION_FAILED", "Malformed JSON") from None
    if not isinstance(body, dict):
        raise _Refusal(400, "VALIDATION_FAILED", "Body must be a JSON object")
    return cast("dict[str, Any]", body)


def _no_constant(name: str) -> Never:
    raise ValueError(name)


def _check(problems: rules.Details) -> None:
    if problems:
        raise _Refusal(400, "VALIDATION_FAILED", "Validation failed", {"details": problems})


def _success(data: dict[str, Any]) -> Response:
    return JSONResponse({"success": True, "data": data})


def _not_found() -> _Refusal:
    return _Refusal(404, "CONTACT_NOT_FOUND", "Contact not found", {"status": 404})


async def _no_route(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "SERVER_ERROR")
    response = _Refusal(status, code, HTTPStatus(status).phrase).response()
    response.headers["Date"] = formatdate(usegmt=True)
    return response
