"""The endpoints under /contacts."""

import re
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox import rules
from autosend_mcp.sandbox.contacts import Contact
from autosend_mcp.sandbox.exchange import Refusal, body_of, check, not_found, parameter, success
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.store import AlreadyExistsError, Store
from autosend_mcp.sandbox.writing import RefusedError

_ID = re.compile("[0-9a-fA-F]{24}")


class ContactEndpoints:
    """Each method answers one endpoint, in the way its page documents."""

    def __init__(self, store: Store, options: Options) -> None:
        """Over one store."""
        self._store = store
        self._options = options

    async def create(self, request: Request, project: str) -> Response:
        """A new contact; an error if the project has the address."""
        body = await self._body(request)
        try:
            contact = await to_thread.run_sync(self._store.create, project, body, self._options)
        except AlreadyExistsError:
            raise Refusal(self._options.exists_status, "CONTACT_ALREADY_EXISTS", "Contact already exists") from None
        except RefusedError as refused:
            raise _invalid(refused) from None
        return success(await self._shown_one(contact), status=self._options.created_status)

    async def upsert(self, request: Request, project: str) -> Response:
        """A new contact, or the one with this address changed."""
        body = await self._body(request)
        try:
            contact = await to_thread.run_sync(self._store.upsert, project, body, self._options)
        except RefusedError as refused:
            raise _invalid(refused) from None
        return success(await self._shown_one(contact))

    async def search(self, request: Request, project: str) -> Response:
        """The contacts with the given addresses, those that exist."""
        emails = await self._emails(request, self._options.max_search)
        found = await to_thread.run_sync(self._store.find, project, emails)
        return success({"contacts": await self._shown(found)})

    async def bulk_update(self, request: Request, project: str) -> Response:
        """Many contacts created or changed; the answer only counts."""
        body = await body_of(request)
        check(rules.rows_problems(body))
        rows = rules.good_rows(body["contacts"])
        if self._options.repeated_rows == "refuse" and len({row["email"] for row in rows}) < len(rows):
            check([rules.problem("contacts", "An email address may be given only once")])
        asked = body.get("runWorkflow")
        runs: bool = self._options.run_workflow_default if asked is None else asked
        applied = await to_thread.run_sync(
            lambda: self._store.bulk_upsert(project, rows, self._options, run_workflow=runs)
        )
        total = len(body["contacts"])
        return success({"successCount": applied, "failedCount": total - applied, "totalCount": total})

    async def remove(self, request: Request, project: str) -> Response:
        """The contacts with the given addresses are gone afterwards."""
        emails = await self._emails(request, self._options.max_remove)
        strict = self._options.remove_unknown == "refuse"
        removed = await to_thread.run_sync(lambda: self._store.remove(project, emails, all_or_none=strict))
        if strict and not removed:
            raise _unknown()
        return success()

    async def get(self, request: Request, project: str) -> Response:
        """The contact with this id."""
        return success(await self._shown_one(await self._contact(request, project)))

    async def delete(self, request: Request, project: str) -> Response:
        """The contact with this id is gone afterwards."""
        if not await to_thread.run_sync(self._store.delete, project, self._id(request)):
            raise _unknown()
        return success(message="Contact deleted successfully")

    async def delete_by_user(self, request: Request, project: str) -> Response:
        """The contacts with this id of the customer's own are gone afterwards."""
        user, first = parameter(request, "userId"), self._options.same_user_id == "first"
        if not await to_thread.run_sync(lambda: self._store.delete_by_user(project, user, only_first=first)):
            raise _unknown()
        return success(message="Contact deleted successfully")

    async def unsubscribe_groups(self, request: Request, project: str) -> Response:
        """The groups that the contact has opted out of."""
        contact = await self._contact(request, project)
        groups = await to_thread.run_sync(self._store.suppressions.groups_of, project, contact["email"])
        return success({"groups": [{name: group[name] for name in ("groupId", "name")} for group in groups]})

    async def _contact(self, request: Request, project: str) -> Contact:
        contact = await to_thread.run_sync(self._store.get, project, self._id(request))
        if contact is None:
            raise _unknown()
        return contact

    def _id(self, request: Request) -> str:
        contact_id = parameter(request, "id")
        if self._options.malformed_id_status == 400 and not _ID.fullmatch(contact_id):
            check([rules.problem("id", "Invalid contact id")])
        return contact_id

    async def _body(self, request: Request) -> dict[str, Any]:
        body = await body_of(request)
        check(rules.contact_problems(body))
        return body | {"email": body["email"].strip().lower()}

    async def _emails(self, request: Request, maximum: int) -> list[str]:
        body = await body_of(request)
        check(rules.emails_problems(body, maximum))
        return [email.strip().lower() for email in body["emails"]]

    async def _shown(self, contacts: list[Contact]) -> list[Contact]:
        if not self._options.list_ids_in_replies:
            return contacts
        inside = await to_thread.run_sync(self._store.lists.of, contacts)
        return [contact | {"listIds": lists} for contact, lists in zip(contacts, inside, strict=True)]

    async def _shown_one(self, contact: Contact) -> Contact:
        return (await self._shown([contact]))[0]


def _unknown() -> Refusal:
    return not_found("Contact", "CONTACT_NOT_FOUND")


def _invalid(refused: RefusedError) -> Refusal:
    return Refusal(400, "VALIDATION_FAILED", "Validation failed", {"details": refused.details})
