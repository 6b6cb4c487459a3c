"""The endpoints under /contact-lists."""

from math import ceil
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox import list_rules
from autosend_mcp.sandbox.exchange import Refusal, body_of, check, not_found, parameter, success
from autosend_mcp.sandbox.lists import GLOBAL, ParentError
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.rules import problem
from autosend_mcp.sandbox.store import Store

_FAR = 2**62  # beyond any contact, and still a number that SQLite takes
_SHOWN = ("id", "email", "firstName", "lastName", "createdAt", "updatedAt")


class ListEndpoints:
    """Each method answers one endpoint, in the way its page documents."""

    def __init__(self, store: Store, options: Options) -> None:
        """Over one store."""
        self._store = store
        self._options = options

    async def all(self, request: Request, project: str) -> Response:
        """The lists and segments, or those of one type."""
        kind = request.query_params.get("type") or None
        if kind not in (None, *list_rules.KINDS):
            raise _wrong_type()
        found = await to_thread.run_sync(self._store.lists.all, project, kind)
        return success({self._options.lists_key: found})

    async def one(self, request: Request, project: str) -> Response:
        """One list or segment, or the global list."""
        found = await to_thread.run_sync(self._store.lists.one, project, parameter(request, "listId"))
        if found is None:
            raise _unknown()
        return success(found)

    async def create(self, request: Request, project: str) -> Response:
        """A new list or segment; an error if the project has one of the name."""
        body = await body_of(request)
        name = body.get("name")
        if name is None or (isinstance(name, str) and not name.strip()):
            raise Refusal(400, "LIST_NAME_REQUIRED", "List name is required")
        if body.get("type", "list") not in list_rules.KINDS:
            raise _wrong_type()
        check(list_rules.list_problems(body))
        parent = body.get("parentId") if body.get("type") == "segment" else None
        if parent is not None and parent != GLOBAL:
            await self._known(project, parent)
        made = await to_thread.run_sync(self._store.lists.create, project, body)
        if made is None:
            raise Refusal(self._options.exists_status, "LIST_ALREADY_EXISTS", "Contact list already exists")
        return success(made)

    async def delete(self, request: Request, project: str) -> Response:
        """The list is gone afterwards, its contacts are not."""
        list_id = parameter(request, "listId")
        if list_id == GLOBAL:
            raise Refusal(400, "VALIDATION_FAILED", "The global contact list cannot be deleted")
        rule = self._options.delete_parent
        try:
            if not await to_thread.run_sync(self._store.lists.delete, project, list_id, rule):
                raise _unknown()
        except ParentError:
            raise Refusal(400, "VALIDATION_FAILED", "Contact list has segments under it") from None
        return success(message="Contact list deleted successfully")

    async def search(self, request: Request, project: str) -> Response:
        """One page of a list's contacts, or of those with a part of an address."""
        body = await body_of(request)
        check(list_rules.page_problems(body))
        list_id, part = body["contactListId"], (body.get("email") or "").strip().lower()
        await self._known(project, list_id)
        page, limit = body.get("page", 1), body.get("limit", 20)
        start = min((page - 1) * limit, _FAR)
        found, total = await to_thread.run_sync(self._store.lists.page, project, list_id, part, start, limit)
        pages = ceil(total / limit)
        if self._options.beyond_last_page == "refuse" and page > max(pages, 1):
            check([problem("page", "page is beyond the last one")])
        shown = [{name: contact[name] for name in _SHOWN if name in contact} for contact in found]
        pagination = {"page": page, "limit": limit, "total": total, "pages": pages}
        return success({"contacts": shown, "pagination": pagination})

    async def add(self, request: Request, project: str) -> Response:
        """Contacts are in the list afterwards; those with new addresses are made."""
        body = await body_of(request)
        check(list_rules.add_problems(body, self._options.max_bulk_add))
        await self._static(project, body["contactListId"])
        return success(await to_thread.run_sync(self._store.bulk_add, project, body, self._options))

    async def remove(self, request: Request, project: str) -> Response:
        """Contacts are not in the list afterwards; they themselves stay."""
        list_id, body = parameter(request, "listId"), await body_of(request)
        check(list_rules.who_problems(body))
        if list_id == GLOBAL:
            raise Refusal(400, "VALIDATION_FAILED", "Contacts cannot be removed from the global contact list")
        await self._static(project, list_id)
        return success(await to_thread.run_sync(self._store.bulk_leave, project, list_id, body))

    async def _known(self, project: str, list_id: str) -> str:
        """The type of the list."""
        found: Any = await to_thread.run_sync(self._store.lists.kind, project, list_id)
        if found is None:
            raise _unknown()
        return found

    async def _static(self, project: str, list_id: str) -> None:
        if await self._known(project, list_id) == "segment":
            raise Refusal(400, "INVALID_LIST_TYPE", "Segments are computed: contacts cannot be added or removed")


def _unknown() -> Refusal:
    return not_found("Contact list", "NOT_FOUND")


def _wrong_type() -> Refusal:
    return Refusal(400, "INVALID_LIST_TYPE", "List type must be list or segment")
