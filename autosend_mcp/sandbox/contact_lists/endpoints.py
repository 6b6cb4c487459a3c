"""The endpoints under /contact-lists.

Sources: the pages "List contact lists", "Get contact list", "Create contact list", "Delete contact list", "Get contacts
in list", "Bulk add contacts to list" and "Remove contacts from list".
"""

from collections.abc import Mapping
from math import ceil
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox.contact_lists.criteria import criteria_problems
from autosend_mcp.sandbox.contact_lists.membership import bulk_add, bulk_remove
from autosend_mcp.sandbox.contact_lists.records import GLOBAL
from autosend_mcp.sandbox.envelope import (
    Handler,
    Refused,
    beyond_plan,
    body_of,
    check,
    not_found,
    pagination,
    parameter,
    success,
)
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import Details, is_strings, paging_problems, problem, text_problems

_TYPES = ("list", "segment")
_MAX_START = 2**62  # beyond any contact, and still a number that SQLite takes
_SHOWN = ("id", "email", "firstName", "lastName", "createdAt", "updatedAt")


class ContactListEndpoints:
    """Each method answers one endpoint, in the way its page documents."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lists = store.contact_lists
        self._options = store.options

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        return {
            ("GET", "/contact-lists"): self.all,
            ("POST", "/contact-lists"): self.create,
            ("POST", "/contact-lists/contacts/search"): self.search,
            ("POST", "/contact-lists/contacts/bulk-add"): self.add,
            ("POST", "/contact-lists/{listId}/contacts/remove"): self.remove,
            ("GET", "/contact-lists/{listId}"): self.get,
            ("DELETE", "/contact-lists/{listId}"): self.delete,
        }

    async def all(self, request: Request, project: str) -> Response:
        """Return the lists and segments, or those of one type."""
        kind = request.query_params.get("type") or None
        if kind not in (None, *_TYPES):
            raise _wrong_type()
        found = self._lists.all(project, kind)
        if kind == "segment" and self._options.segments_with_global:
            found = [*self._lists.all(project, "list")[:1], *found]
        return success({self._options.lists_key: found})

    async def get(self, request: Request, project: str) -> Response:
        """Return one list or segment, or the global list."""
        found = self._lists.get(project, parameter(request, "listId"))
        if found is None:
            raise _unknown()
        return success(found)

    async def create(self, request: Request, project: str) -> Response:
        """Create a list or segment, unless the project has one of the name."""
        body = await body_of(request)
        name = body.get("name")
        if name is None or (isinstance(name, str) and not name.strip()):
            raise Refused(400, "LIST_NAME_REQUIRED", "List name is required")
        if body.get("type", "list") not in _TYPES:
            raise _wrong_type()
        check(_list_problems(body))
        parent = body.get("parentId") if body.get("type") == "segment" else None
        if parent is not None and parent != GLOBAL:
            self._kind(project, parent)
        kind, limit = body.get("type", "list"), self._options.max_lists
        if limit and sum(one.type == kind for one in self._lists.known(project).values()) >= limit:
            raise beyond_plan(self._options.plan_limit_status)
        created = self._lists.create(project, body)
        if created is None:
            raise Refused(self._options.list_exists_status, "LIST_ALREADY_EXISTS", "Contact list already exists")
        return success(created, status=self._options.created_status)

    async def delete(self, request: Request, project: str) -> Response:
        """Delete the list, but not its contacts, unless an active automation uses it."""
        list_id = parameter(request, "listId")
        if list_id == GLOBAL:
            raise Refused(400, "VALIDATION_FAILED", "The global contact list cannot be deleted")
        found = self._lists.get(project, list_id)
        if found is None:
            raise _unknown()
        if self._store.automations.using(self._lists.known(project)[list_id]):
            message = "Cannot delete contact list as it is used in active resources."
            raise Refused(400, "CANNOT_DELETE_CONTACT_LIST_IN_USE", message, {"status": 400})
        self._lists.delete(project, list_id)
        return success({"filterCriteria": None, "parentId": None} | found, message="Contact list deleted successfully")

    async def search(self, request: Request, project: str) -> Response:
        """Return one page of a list's contacts, or of those with a part of an address."""
        body = await body_of(request)
        check([*_id_problems(body), *paging_problems(body), *text_problems(body, {"email": None})])
        list_id, part = body["contactListId"], (body.get("email") or "").strip().lower()
        self._kind(project, list_id)
        page, limit = body.get("page", 1), body.get("limit", 20)
        start = min((page - 1) * limit, _MAX_START)
        found, total = self._lists.page(project, list_id, part, start, limit)
        if self._options.beyond_last_page == "refuse" and page > max(ceil(total / limit), 1):
            check([problem("page", "page is beyond the last one")])
        shown = [{name: contact[name] for name in _SHOWN if name in contact} for contact in found]
        return success({"contacts": shown, "pagination": pagination(page, limit, total)})

    async def add(self, request: Request, project: str) -> Response:
        """Put contacts into the list; create those with new addresses."""
        body = await body_of(request)
        check([*_id_problems(body), *_named_problems(body, self._options.max_bulk_add)])
        self._refuse_segment(project, body["contactListId"])
        return success(bulk_add(self._store, project, body))

    async def remove(self, request: Request, project: str) -> Response:
        """Take contacts out of the list; they themselves stay."""
        list_id, body = parameter(request, "listId"), await body_of(request)
        check(_named_problems(body))
        if list_id == GLOBAL:
            raise Refused(400, "VALIDATION_FAILED", "Contacts cannot be removed from the global contact list")
        self._refuse_segment(project, list_id)
        return success(bulk_remove(self._store, project, list_id, body))

    def _kind(self, project: str, list_id: str) -> str:
        """Return the type of the list, which must exist."""
        kind = self._lists.kind(project, list_id)
        if kind is None:
            raise _unknown()
        return kind

    def _refuse_segment(self, project: str, list_id: str) -> None:
        if self._kind(project, list_id) == "segment":
            raise Refused(400, "INVALID_LIST_TYPE", "Segments are computed: contacts cannot be added or removed")


def _list_problems(body: Mapping[str, Any]) -> Details:
    """Return what is wrong with a new list or segment that has a name and a known type."""
    problems = text_problems(body, {"name": 200, "description": 500})
    if body.get("type") == "segment":
        problems += criteria_problems(body.get("filterCriteria"))
        problems += text_problems(body, {"parentId": None})
    return problems


def _named_problems(body: Mapping[str, Any], maximum: int = 0) -> Details:
    """Return what is wrong with a body that names contacts by `emails` or by `contactIds`.

    A wrong address is not: the answer lists it. A `maximum` of 0 allows any number.
    """
    given = [name for name in ("emails", "contactIds") if body.get(name) is not None]
    if len(given) != 1:
        return [problem("emails", "Provide either emails or contactIds, not both")]
    value = cast("list[str]", body[given[0]])
    if not is_strings(value) or not value:
        return [problem(given[0], f"{given[0]} must be a non-empty array of strings")]
    if maximum and len(value) > maximum:
        return [problem(given[0], f"{given[0]} must hold at most {maximum} entries")]
    return []


def _id_problems(body: Mapping[str, Any]) -> Details:
    list_id = body.get("contactListId")
    return [] if isinstance(list_id, str) and list_id else [problem("contactListId", "contactListId is required")]


def _unknown() -> Refused:
    return not_found("Contact list", "CONTACT_LIST_NOT_FOUND")


def _wrong_type() -> Refused:
    return Refused(400, "INVALID_LIST_TYPE", "Invalid list type. Must be either list or segment")
