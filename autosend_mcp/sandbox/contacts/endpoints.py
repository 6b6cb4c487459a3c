"""The endpoints under /contacts.

Sources: the pages "Create contact", "Upsert contact", "Search contacts by emails", "Bulk update contacts", "Remove
contacts", "Delete contact by id", "Delete contact by user id", "Custom fields" and "Contact properties".
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox.contacts.bodies import (
    PROPERTIES,
    bulk_problems,
    contact_problems,
    normalized_body,
    valid_rows,
)
from autosend_mcp.sandbox.contacts.records import MOBILE, NAMES, SYSTEM, Contact, with_properties
from autosend_mcp.sandbox.contacts.writes import bulk_update, create, duplicate, merge_properties, upsert
from autosend_mcp.sandbox.envelope import Handler, Refused, body_of, check, not_found, parameter, success
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import email_problems, emails_problems, normalized, problem

_ID = re.compile("[0-9a-fA-F]{24}")


class ContactEndpoints:
    """Each method answers one endpoint, in the way its page documents."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._options = store.options

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        return {
            ("POST", "/contacts"): self.create,
            ("POST", "/contacts/email"): self.upsert,
            ("POST", "/contacts/email/duplicate"): self.duplicate,
            ("PATCH", "/contacts/email/{email}/custom-fields"): self.merge_properties,
            ("POST", "/contacts/search/emails"): self.search,
            ("POST", "/contacts/bulk-update"): self.bulk_update,
            ("POST", "/contacts/remove"): self.remove,
            ("DELETE", "/contacts/email/userId/{userId}"): self.delete_by_user_id,
            ("GET", "/contacts/{id}"): self.get,
            ("DELETE", "/contacts/{id}"): self.delete,
            ("GET", "/contacts/{id}/unsubscribe-groups"): self.unsubscribe_groups,
        }

    async def create(self, request: Request, project: str) -> Response:
        """Create a contact, unless the project has the address."""
        contact = create(self._store, project, await _contact_body(request))
        shown = {name: value for name, value in self._shown(contact).items() if name != "segmentIds"}
        return success(shown, status=self._options.created_status)

    async def upsert(self, request: Request, project: str) -> Response:
        """Create a contact, or change the one with this address."""
        contact = upsert(self._store, project, await _contact_body(request))
        return success(self._shown(contact, of_upsert=True))

    async def duplicate(self, request: Request, project: str) -> Response:
        """Copy a contact to another address."""
        body = await body_of(request)
        source, email = body.get("sourceEmail"), body.get("newEmail")
        check([*email_problems(source), *email_problems(email)])
        pair = duplicate(self._store, project, normalized(str(source)), normalized(str(email)))
        shown = dict(zip(("sourceContact", "newContact"), self._all_shown([*pair]), strict=True))
        return success(shown, status=self._options.created_status)

    async def merge_properties(self, request: Request, project: str) -> Response:
        """Set the properties in the body, and leave the others."""
        values, email = await body_of(request), normalized(parameter(request, "email"))
        check(contact_problems({"email": email, "customFields": values}))
        return success(self._shown(merge_properties(self._store, project, email, values)))

    async def search(self, request: Request, project: str) -> Response:
        """Return the contacts with the given addresses, those that exist."""
        emails = await _emails(request, self._options.max_search)
        found = self._store.contacts.find(project, emails)
        return success({"contacts": self._all_shown(found)})

    async def bulk_update(self, request: Request, project: str) -> Response:
        """Create or change many contacts; the answer only counts."""
        body = await body_of(request)
        check(bulk_problems(body))
        rows = valid_rows(body["contacts"])
        if self._options.repeated_rows == "refuse" and len({row["email"] for row in rows}) < len(rows):
            check([problem("contacts", "An email address may be given only once")])
        runs = bool(body.get("runWorkflow"))
        applied = bulk_update(self._store, project, rows, run_workflow=runs)
        total = len(body["contacts"])
        return success({"successCount": applied, "failedCount": total - applied, "totalCount": total})

    async def remove(self, request: Request, project: str) -> Response:
        """Delete the contacts with the given addresses."""
        emails, strict = await _emails(request), self._options.remove_unknown == "refuse"
        removed = self._store.contacts.delete_by_emails(project, emails, all_or_none=strict)
        if strict and not removed:
            raise _unknown()
        return success()

    async def get(self, request: Request, project: str) -> Response:
        """Return the contact with this id."""
        return success(self._shown(self._contact(request, project)))

    async def delete(self, request: Request, project: str) -> Response:
        """Delete the contact with this id."""
        deleted = self._store.contacts.delete_by_id(project, self._id(request))
        if not deleted and self._options.delete_unknown_status == 404:
            raise _unknown()
        return success(message="Contact deleted successfully")

    async def delete_by_user_id(self, request: Request, project: str) -> Response:
        """Delete the contacts with this user id."""
        user_id, only_first = parameter(request, "userId"), self._options.same_user_id == "first"
        deleted = self._store.contacts.delete_by_user_id(project, user_id, only_first=only_first)
        if not deleted:
            raise _unknown()
        return success(message="Contact deleted successfully")

    async def unsubscribe_groups(self, request: Request, project: str) -> Response:
        """Return the groups that the contact has opted out of."""
        contact = self._contact(request, project)
        groups = self._store.suppression_groups.of(project, contact["email"])
        return success({"groups": [{name: group[name] for name in ("groupId", "name")} for group in groups]})

    def _contact(self, request: Request, project: str) -> Contact:
        contact_id = self._id(request)
        found = self._store.contacts.by_ids(project, [contact_id])
        if contact_id not in found:
            raise _unknown()
        return found[contact_id]

    def _id(self, request: Request) -> str:
        contact_id = parameter(request, "id")
        if self._options.malformed_id_status == 400 and not _ID.fullmatch(contact_id):
            check([problem("id", "Invalid ObjectId format")])
        return contact_id

    def _all_shown(self, contacts: list[Contact], *, of_upsert: bool = False) -> list[Contact]:
        key, now = self._store.options.properties_key, self._store.db.timestamp()
        keys = PROPERTIES if key == "both" else (key,)
        more = dict(zip(SYSTEM, ("api", now), strict=True)) if self._options.system_properties else {}
        blank = {"absent": {}, "null": dict.fromkeys(NAMES), "empty": dict.fromkeys(NAMES, "")}[self._options.no_value]
        shown = [blank | with_properties(contact, keys, more) for contact in contacts]
        if self._options.mobile_in_replies == "upsert" and not of_upsert:
            shown = [{name: value for name, value in contact.items() if name != MOBILE} for contact in shown]
        if not self._options.list_ids_in_replies:
            return shown
        groups = self._store.contact_lists.groups_of(contacts)
        return [contact | ids for contact, ids in zip(shown, groups, strict=True)]

    def _shown(self, contact: Contact, *, of_upsert: bool = False) -> Contact:
        return self._all_shown([contact], of_upsert=of_upsert)[0]


async def _contact_body(request: Request) -> dict[str, Any]:
    body = await body_of(request)
    check(contact_problems(body))
    return normalized_body(body)


async def _emails(request: Request, maximum: int = 0) -> list[str]:
    body = await body_of(request)
    check(emails_problems(body, maximum))
    return [normalized(email) for email in body["emails"]]


def _unknown() -> Refused:
    return not_found("Contact", "CONTACT_NOT_FOUND")
