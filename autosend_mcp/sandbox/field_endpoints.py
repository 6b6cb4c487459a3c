"""The endpoints under /custom-fields and /suppression-groups."""

from functools import partial
from math import ceil
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox import list_rules, rules
from autosend_mcp.sandbox.exchange import Refusal, body_of, check, not_found, parameter, success
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.suppressions import UnknownGroupError


class FieldEndpoints:
    """Each method answers one endpoint about custom fields."""

    def __init__(self, store: Store, options: Options) -> None:
        """Over one store."""
        self._fields = store.fields
        self._options = options

    async def all(self, _request: Request, project: str) -> Response:
        """Every definition."""
        found = await to_thread.run_sync(self._fields.all, project)
        return success({"customFields": found}, message="Custom fields retrieved successfully")

    async def create(self, request: Request, project: str) -> Response:
        """A new definition; an error if the project has one of the name."""
        body = await body_of(request)
        check(list_rules.field_problems(body))
        name, kind, told, default = (body.get(one) for one in ("fieldName", "fieldType", "description", "defaultValue"))
        made = await to_thread.run_sync(self._fields.define, project, str(name), str(kind), told, default)
        if made is None:
            message = "Custom field already exists"
            raise Refusal(self._options.exists_status, "CUSTOM_FIELD_ALREADY_EXISTS", message)
        return success(made | {"projectId": project}, message="Custom field created successfully")

    async def delete(self, request: Request, project: str) -> Response:
        """The definition and all contacts' values are gone afterwards."""
        if not await to_thread.run_sync(self._fields.delete, project, parameter(request, "name")):
            raise not_found("Custom field", "CUSTOM_FIELD_NOT_FOUND")
        return success(message="Custom field deleted successfully")


class SuppressionEndpoints:
    """Each method answers one endpoint about suppression groups; only those that touch contacts are here."""

    def __init__(self, store: Store) -> None:
        """Over one store."""
        self._suppressions = store.suppressions

    async def groups(self, request: Request, project: str) -> Response:
        """The project's groups, with `includeGlobal=true` also the global ones."""
        everything = request.query_params.get("includeGlobal", "").lower() == "true"
        found = await to_thread.run_sync(lambda: self._suppressions.groups(project, include_global=everything))
        return success({"groups": found})

    async def groups_of(self, request: Request, project: str) -> Response:
        """The groups that hold one address."""
        body = await body_of(request)
        check(rules.email_problems(body.get("email")))
        email = body["email"].strip().lower()
        return success({"groups": await to_thread.run_sync(self._suppressions.groups_of, project, email)})

    async def entries(self, request: Request, project: str) -> Response:
        """One page of the addresses that are suppressed: in one group, in a global one, or anywhere."""
        body = await body_of(request)
        check(list_rules.paging_problems(body))
        page, limit = body.get("page", 1), body.get("limit", 20)
        search = partial(
            self._suppressions.entries,
            project,
            group_id=body.get("groupId"),
            email=str(body["email"]).strip().lower() if body.get("email") else None,
            only_global=bool(body.get("isGlobal")),
            start=(page - 1) * limit,
            limit=limit,
        )
        entries, total = await to_thread.run_sync(search)
        pagination = {"page": page, "limit": limit, "total": total, "pages": ceil(total / limit)}
        return success({"entries": entries, "pagination": pagination})

    async def suppress(self, request: Request, project: str) -> Response:
        """The addresses are in a group afterwards."""
        body, emails, group = await self._named(request)
        return await self._counted(
            "suppressed",
            lambda: self._suppressions.suppress(
                project, emails, group, body.get("reason"), is_global=bool(body.get("isGlobal"))
            ),
        )

    async def unsuppress(self, request: Request, project: str) -> Response:
        """The addresses are in a group no more, or in none."""
        body, emails, group = await self._named(request)
        return await self._counted(
            "unsuppressed",
            lambda: self._suppressions.unsuppress(project, emails, group, is_global=bool(body.get("isGlobal"))),
        )

    async def _named(self, request: Request) -> tuple[dict[str, Any], list[str], str | None]:
        body = await body_of(request)
        check(list_rules.suppression_problems(body))
        return body, [email.strip().lower() for email in body["emails"]], body.get("groupId")

    async def _counted(self, name: str, change: Any) -> Response:
        try:
            return success({name: await to_thread.run_sync(change)})
        except UnknownGroupError:
            raise not_found("Suppression group", "GROUP_NOT_FOUND") from None
