"""Bulk membership: many contacts into a list or out of it, in one transaction each.

Source: the pages "Bulk add contacts to list" and "Remove contacts from list". In the documentation's example three
addresses give `added` 2 and `created` 1, so `added` counts contacts that existed before.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from autosend_mcp.sandbox.contact_lists.contact_list import GLOBAL
from autosend_mcp.sandbox.contacts.batch import Writes
from autosend_mcp.sandbox.contacts.records import Contact
from autosend_mcp.sandbox.envelope import Refused
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import email_problems, normalized


def bulk_add(store: Store, project: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Put contacts into the list, creating those whose address is new; return the documented answer."""
    list_id: str = body["contactListId"]
    with store.db.transaction():
        found, unknown_ids = _named(store, project, body)
        invalid = {email for email in found if email_problems(email)}
        suppressed = store.suppression_groups.suppressed(project, found)
        rejected = invalid | suppressed
        left_out = invalid if store.options.suppressed_on_bulk_add == "add" else rejected
        writes = Writes(store, project, found, accept_suppressed=True)
        within = store.contact_lists.segments.memberships(filter(None, found.values()))
        added = already = 0
        contacts: list[Contact] = []
        errors = [{"contactId": unknown, "error": "Contact not found"} for unknown in unknown_ids]
        for email in (email for email in found if email not in left_out):
            existing = found[email]
            try:
                contacts.append(existing or writes.write({"email": email, "listIds": [list_id]}, None))
            except Refused as refused:
                errors.append({"email": email, "error": str(refused)})
                continue
            if existing and (list_id == GLOBAL or list_id in within[existing["id"]]):
                already += 1
            elif existing:
                added += 1
                writes.join(existing, list_id)
        writes.finish()
        answer: dict[str, Any] = {
            "added": added,
            "created": len(contacts) - added - already,
            "alreadyInList": already,
            "errors": errors,
            "validation": {
                "valid": _judged("valid", (email for email in found if email not in rejected)),
                "invalid": _judged("invalid", (email for email in found if email in invalid), "Invalid email format"),
                "suppressed": _judged("suppressed", (email for email in found if email in suppressed)),
            },
            "totalContactsInList": store.contact_lists.count(project, list_id),
        }
        return answer | ({"contacts": _shown(store, contacts)} if store.options.bulk_add_contacts else {})


def bulk_remove(store: Store, project: str, list_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Take contacts out of the list; return the documented answer. Those not found are not in the list."""
    with store.db.transaction():
        found, unknown_ids = _named(store, project, body)
        removed = store.contact_lists.leave(project, [contact for contact in found.values() if contact], list_id)
        return {"removed": removed, "notInList": len(found) + len(unknown_ids) - removed, "errors": []}


def _named(store: Store, project: str, body: Mapping[str, Any]) -> tuple[dict[str, Contact | None], list[str]]:
    """Return the addresses that the body names with their contacts, and the ids that it names without one."""
    if body.get("contactIds") is not None:
        by_id = store.contacts.by_ids(project, body["contactIds"])
        unknown = [contact_id for contact_id in dict.fromkeys(body["contactIds"]) if contact_id not in by_id]
        return {contact["email"]: contact for contact in by_id.values()}, unknown
    emails = list(dict.fromkeys(normalized(email) for email in body["emails"]))
    existing = store.contacts.by_emails(project, emails)
    return {email: existing.get(email) for email in emails}, []


def _shown(store: Store, contacts: list[Contact]) -> list[dict[str, Any]]:
    return [
        {name: contact[name] for name in ("id", "email", "updatedAt", "createdAt", "projectId")} | groups
        for contact, groups in zip(contacts, store.contact_lists.groups_of(contacts), strict=True)
    ]


def _judged(status: str, emails: Iterable[str], reason: str = "") -> list[dict[str, str]]:
    return [{"email": email, "status": status} | ({"reason": reason} if reason else {}) for email in emails]
