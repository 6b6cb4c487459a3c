"""The endpoints of contacts. Sources: AutoSend's documentation, the pages of "Contacts"."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from autosend_mcp.api.envelope import Reply, as_object, unreadable
from autosend_mcp.api.request import Request, nothing, parsed, path_to, rows_of
from autosend_mcp.errors import Refused
from autosend_mcp.models.addresses import same_address
from autosend_mcp.models.contacts.contact import HeldContact, StoredContact, held_contact
from autosend_mcp.models.contacts.counts import BulkCounts
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup
from autosend_mcp.models.text import quoted, visible

_ROW = re.compile(r"contacts[.\[]?(\d+)")  # in a refusal: contacts[3].email, contacts.3.email

# Contacts by the address they were asked for by.
Found = dict[str, StoredContact]
Held = dict[str, HeldContact]

ContactT = TypeVar("ContactT")


def create(expected: Mapping[str, Any]) -> Request[StoredContact]:
    """Create a contact: a new address only. Page "Create contact"."""
    return Request("POST", "/contacts", lambda reply: _contact_at(reply, expected["email"]), expected)


def upsert(expected: Mapping[str, Any]) -> Request[StoredContact]:
    """Create the contact, or change the one with this address. Page "Upsert contact"."""
    return Request("POST", "/contacts/email", lambda reply: _contact_at(reply, expected["email"]), expected)


def bulk_update(contacts: Sequence[Mapping[str, Any]], *, run_workflow: bool) -> Request[BulkCounts]:
    """Create or change up to 100 contacts; the reply only counts. Page "Bulk update contacts"."""
    body = {"contacts": contacts, "runWorkflow": run_workflow}
    return Request("POST", "/contacts/bulk-update", lambda reply: BulkCounts.model_validate(reply.members), body)


def bulk_update_of_texts(contacts: Sequence[str], *, run_workflow: bool) -> Request[BulkCounts]:
    """Create or change up to 100 contacts that are JSON already, as `bulk_update` does."""
    text = f'{{"contacts":[{",".join(contacts)}],"runWorkflow":{"true" if run_workflow else "false"}}}'
    return replace(bulk_update([], run_workflow=run_workflow), body=None, text=text)


def get(contact_id: str) -> Request[StoredContact]:
    """Read the contact with this id. Page "Get contact by id"."""
    return Request("GET", path_to("/contacts/{id}", contact_id), lambda reply: _contact(reply, reply.data))


def is_no_contact(refusal: Refused) -> bool:
    """Return whether the refusal of `get` says that no contact has the id.

    404, or 400 "Invalid ObjectId format": the id is all that the request says. Page "Errors".
    """
    return refusal.status in {400, 404}


def search_emails(emails: Sequence[str]) -> Request[Found]:
    """Read the contacts with these addresses, those that exist. Page "Search contacts by emails"."""
    body = {"emails": list(emails)}
    return Request(
        "POST", "/contacts/search/emails", lambda reply: _found(reply, emails), body, many=len(body["emails"]) > 1
    )


def search_held(emails: Sequence[str]) -> Request[Held]:
    """Read the same as `search_emails`, for an import: what is stored, which is not made fit to be shown."""
    request = search_emails(emails)
    return Request(
        request.method,
        request.path,
        lambda reply: _by_address(reply, emails, _held, lambda contact: visible(contact.raw["email"])),
        request.body,
        many=request.many,
    )


def delete(contact_id: str) -> Request[None]:
    """Delete the contact with this id. Page "Delete contact by id"."""
    return Request("DELETE", path_to("/contacts/{id}", contact_id), nothing)


def delete_by_user_id(user_id: str) -> Request[None]:
    """Delete the contact with the application's own id. Page "Delete contact by user id"."""
    return Request("DELETE", path_to("/contacts/email/userId/{id}", user_id), nothing)


def remove(emails: Sequence[str]) -> Request[None]:
    """Delete the contacts with these addresses. Page "Remove contacts"."""
    return Request("POST", "/contacts/remove", nothing, {"emails": list(emails)})


def unsubscribe_groups(contact_id: str) -> Request[list[SuppressionGroup]]:
    """Read the groups that the contact has unsubscribed from. Page "Get unsubscribe groups"."""
    return Request(
        "GET",
        path_to("/contacts/{id}/unsubscribe-groups", contact_id),
        lambda reply: [parsed(SuppressionGroup, reply, row) for row in rows_of(reply, "groups")],
    )


def refused_rows(refusal: Refused) -> set[int]:
    """Return the positions of the rows that the refusal of a bulk update names, as AutoSend counts them."""
    return {int(named[1]) for field in refusal.fields if (named := _ROW.match(field))}


def why_refused(refusal: Refused, row: int = 0) -> str:
    """Return why AutoSend refused a request, of a bulk update the row at this position: its own words, quoted."""
    said = as_object(refusal.facts.get("AutoSend said"))
    details = [detail for detail in said.get("details") or () if detail.get("message")]
    about = [detail for detail in details if (named := _ROW.match(detail.get("field", ""))) and int(named[1]) == row]
    messages = [str(detail["message"]) for detail in [*about, *details]]
    if message := messages[0] if messages else said.get("message"):
        return f"AutoSend refused it: {quoted(str(message))}"
    return f"AutoSend refused it (status {refusal.status})"


def _contact(reply: Reply, data: object) -> StoredContact:
    contact = parsed(StoredContact, reply, data)
    contact.seen_at = reply.server_time
    return contact


def _contact_at(reply: Reply, email: str) -> StoredContact:
    """Return the contact in a reply; Unreadable if it is about another address."""
    contact = _contact(reply, reply.data)
    if not same_address(contact.email, email):
        raise unreadable(reply.status)
    return contact


def _found(reply: Reply, emails: Sequence[str]) -> Found:
    return _by_address(reply, emails, _contact, lambda contact: contact.email)


def _held(reply: Reply, data: object) -> HeldContact:
    if (contact := held_contact(data)) is None:
        raise unreadable(reply.status)
    return contact


def _by_address(
    reply: Reply,
    emails: Sequence[str],
    read: Callable[[Reply, object], ContactT],
    address_of: Callable[[ContactT], str],
) -> dict[str, ContactT]:
    found: dict[str, ContactT] = {}
    wanted = dict.fromkeys(emails)
    rows = rows_of(reply, "contacts")
    for row in rows:
        contact = read(reply, row)
        if (email := _wanted(address_of(contact), wanted)) is not None:
            found.setdefault(email, contact)
    if rows and not found:  # something came back, and not for the addresses asked for
        raise unreadable(reply.status)
    return found


def _wanted(email: str, wanted: Mapping[str, None]) -> str | None:
    lowered = email.lower()
    if lowered in wanted:
        return lowered
    return next((address for address in wanted if same_address(email, address)), None)
