"""The endpoints under /suppression-groups.

Sources: the pages of "Suppression groups"; /email/entries and /entries/all are in the OpenAPI file alone.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox.envelope import Handler, Refused, body_of, check, pagination, parameter, success
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import (
    Details,
    email_problems,
    emails_problems,
    normalized,
    paging_problems,
    problem,
    text_problems,
)

_REASONS = ("UNSUBSCRIBE", "BOUNCE", "COMPLAINT", "MANUAL")
_MAX_NAME = 200
_OF_EMAIL = ("id", "name", "description", "isActive", "isGlobal")


class SuppressionGroupEndpoints:
    """Each method answers one endpoint, in the way its page documents."""

    def __init__(self, store: Store) -> None:
        self._groups = store.suppression_groups
        self._any_reason = store.options.suppression_reasons == "any"

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        return {
            ("GET", "/suppression-groups"): self.all,
            ("POST", "/suppression-groups"): self.create,
            ("POST", "/suppression-groups/entries"): self.entries,
            ("POST", "/suppression-groups/entries/all"): self.all_entries,
            ("POST", "/suppression-groups/email/entries"): self.of_email,
            ("POST", "/suppression-groups/emails/suppress"): self.suppress,
            ("POST", "/suppression-groups/emails/unsuppress"): self.unsuppress,
            ("GET", "/suppression-groups/{groupId}"): self.get,
            ("PUT", "/suppression-groups/{groupId}"): self.update,
            ("DELETE", "/suppression-groups/{groupId}"): self.delete,
        }

    async def all(self, request: Request, project: str) -> Response:
        """Return the project's groups, with `includeGlobal=true` also the global ones, with `onlyGlobal=true` those."""
        only, include = (
            request.query_params.get(name, "").lower() == "true" for name in ("onlyGlobal", "includeGlobal")
        )
        groups = self._groups.all(project)
        return success(
            {
                "groups": [
                    group
                    for group in groups
                    if (group["isGlobal"] and (only or include)) or not (group["isGlobal"] or only)
                ]
            }
        )

    async def get(self, request: Request, project: str) -> Response:
        """Return one group."""
        return success(self._groups.get(project, parameter(request, "groupId")))

    async def create(self, request: Request, project: str) -> Response:
        """Create a group of the project."""
        body = await body_of(request)
        check(_group_problems(body, named=True))
        made = self._groups.create(project, body)
        if made is None:
            raise Refused(409, "GROUP_ALREADY_EXISTS", "A suppression group with this name already exists")
        return success(made)

    async def update(self, request: Request, project: str) -> Response:
        """Change a group."""
        body = await body_of(request)
        check(_group_problems(body, named=False))
        return success(self._groups.update(project, parameter(request, "groupId"), body))

    async def delete(self, request: Request, project: str) -> Response:
        """Delete a group that is not global."""
        group = self._groups.get(project, parameter(request, "groupId"))
        if group["isGlobal"]:
            message = "Cannot delete global suppression group"
            raise Refused(400, "CANNOT_DELETE_GLOBAL_GROUP", message, {"status": 400})
        self._groups.delete(project, group["groupId"])
        return success(message="Suppression group deleted successfully")

    async def entries(self, request: Request, project: str) -> Response:
        """Return one page of the suppressed addresses that the filters leave."""
        body = await body_of(request)
        check([*paging_problems(body), *self._entry_problems(body)])
        page, limit = body.get("page", 1), body.get("limit", 20)
        entries = self._groups.entries(project, _filters(body))
        shown = entries[(page - 1) * limit : page * limit]
        return success({"entries": shown, "pagination": pagination(page, limit, len(entries))})

    async def all_entries(self, request: Request, project: str) -> Response:
        """Return all suppressed addresses that the filters leave, as a bare array."""
        body = await body_of(request)
        check(self._entry_problems(body))
        asked = {name: body.get(name) for name in ("groupId", "reason", "isGlobal")}
        return success(self._groups.entries(project, asked))

    async def of_email(self, request: Request, project: str) -> Response:
        """Return the groups that hold one address, as a bare array."""
        body = await body_of(request)
        check(email_problems(body.get("email")))
        groups = self._groups.of(project, normalized(body["email"]))
        return success([{name: group[name] for name in _OF_EMAIL} for group in groups])

    async def suppress(self, request: Request, project: str) -> Response:
        """Put the addresses into a group."""
        body = await self._suppression(request)
        group_id, reason, is_global = body.get("groupId"), body.get("reason"), bool(body.get("isGlobal"))
        count = self._groups.suppress(project, body["emails"], group_id, reason, is_global=is_global)
        return success({"suppressed": count})

    async def unsuppress(self, request: Request, project: str) -> Response:
        """Take the addresses out of a group, or out of all, or of the global ones."""
        body = await self._suppression(request)
        group_id, is_global = body.get("groupId"), bool(body.get("isGlobal"))
        count = self._groups.unsuppress(project, body["emails"], group_id, is_global=is_global)
        return success({"unsuppressed": count})

    async def _suppression(self, request: Request) -> dict[str, Any]:
        """Return the body of a bulk suppress or unsuppress, with normalized addresses."""
        body = await body_of(request)
        check([*emails_problems(body), *text_problems(body, {"groupId": None}), *self._common_problems(body)])
        return body | {"emails": [normalized(email) for email in body["emails"]]}

    def _entry_problems(self, body: Mapping[str, Any]) -> Details:
        """Return what is wrong with the filters of a search for entries."""
        problems = text_problems(body, dict.fromkeys(("groupId", "search", "email", "startDate", "endDate")))
        dates = [name for name in ("startDate", "endDate") if isinstance(body.get(name), str) and not _date(body[name])]
        problems += [problem(name, f"{name} must be an ISO date") for name in dates]
        return [*problems, *self._common_problems(body)]

    def _common_problems(self, body: Mapping[str, Any]) -> Details:
        """Return what is wrong with the reason and `isGlobal`."""
        problems = text_problems(body, {"reason": None})
        if isinstance(body.get("reason"), str) and body["reason"] not in _REASONS and not self._any_reason:
            problems.append(problem("reason", f"reason must be one of {', '.join(_REASONS)}"))
        if not isinstance(body.get("isGlobal"), bool | None):
            problems.append(problem("isGlobal", "isGlobal must be a boolean"))
        return problems


def _group_problems(body: Mapping[str, Any], *, named: bool) -> Details:
    """Return what is wrong with a group, which must have a name if it is new."""
    problems = text_problems(body, {"name": _MAX_NAME, "description": None})
    name = body.get("name")
    if (named and name is None) or (isinstance(name, str) and not name.strip()):
        problems.append(problem("name", "name is required"))
    if not isinstance(body.get("isActive"), bool | None):
        problems.append(problem("isActive", "isActive must be a boolean"))
    return problems


def _filters(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters of a search as they are compared: the address normalized, the dates in UTC."""
    dates = {name: _date(body[name]) for name in ("startDate", "endDate") if body.get(name)}
    return {**body, **dates} | ({"email": normalized(body["email"])} if body.get("email") else {})


def _date(text: str) -> str:
    """Return an ISO date in UTC with milliseconds; nothing for anything else."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return ""
    date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    return f"{date:%Y-%m-%dT%H:%M:%S}.{date.microsecond // 1000:03}Z"
