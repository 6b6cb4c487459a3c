"""Writes of contacts with all that follows from them: lists joined, automations started, webhooks announced.

Source: the pages "Create contact", "Upsert contact" and "Bulk update contacts". In an upsert `""` clears a name, null
and absence leave it; null is accepted by a create, too (changelog of 2026-07-14). `mobile` is documented for an upsert.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from autosend_mcp.sandbox.contacts.batch import Writes
from autosend_mcp.sandbox.contacts.records import NAMES, Contact
from autosend_mcp.sandbox.envelope import Refused, not_found
from autosend_mcp.sandbox.store import Store


def create(store: Store, project: str, body: Mapping[str, Any]) -> Contact:
    """Create a contact.

    Raises:
        Refused: The project has one with this address, or something in the body is not allowed.
    """
    with store.db.transaction():
        takes_mobile = store.options.mobile_elsewhere == "store"
        writes = Writes(store, project, [body["email"]], takes_mobile=takes_mobile)
        writes.check(body)
        if store.contacts.by_emails(project, [body["email"]]):
            message = "A contact with this email already exists in the project"
            raise Refused(store.options.contact_exists_status, "", message)
        contact = writes.write(body, None)
        writes.finish()
        return contact


def upsert(store: Store, project: str, body: Mapping[str, Any]) -> Contact:
    """Create a contact, or change the one with this address.

    Raises:
        Refused: Something in the body is not allowed.
    """
    with store.db.transaction():
        existing = store.contacts.by_emails(project, [body["email"]]).get(body["email"])
        writes = Writes(store, project, [body["email"]])
        contact = writes.write(body, existing)
        writes.finish()
        return contact


def duplicate(store: Store, project: str, source: str, email: str) -> tuple[Contact, Contact]:
    """Copy the contact at one address to another; return both. Source: the OpenAPI file of 2025-11-05.

    Raises:
        Refused: There is no such contact, or one at the other address.
    """
    with store.db.transaction():
        found = store.contacts.by_emails(project, [source, email])
        if source not in found:
            raise not_found("Contact", "CONTACT_NOT_FOUND")
        copied = {name: found[source].get(name) for name in NAMES}
        return found[source], create(
            store, project, copied | {"email": email, "customFields": found[source]["customFields"]}
        )


def merge_properties(store: Store, project: str, email: str, values: Mapping[str, Any]) -> Contact:
    """Set these properties of a contact, and leave the others. Source: the OpenAPI file of 2025-11-05.

    Raises:
        Refused: There is no such contact, or a value is not allowed.
    """
    with store.db.transaction():
        existing = store.contacts.by_emails(project, [email]).get(email)
        if existing is None:
            raise not_found("Contact", "CONTACT_NOT_FOUND")
        return upsert(store, project, {"email": email, "customFields": existing["customFields"] | dict(values)})


def bulk_update(store: Store, project: str, rows: Sequence[Mapping[str, Any]], *, run_workflow: bool = False) -> int:
    """Upsert each row that is allowed, in one transaction and in their order; return how many were applied."""
    applied = 0
    with store.db.transaction():
        takes_mobile = store.options.mobile_elsewhere == "store"
        emails = [row["email"] for row in rows]
        writes = Writes(store, project, emails, run_workflow=run_workflow, bulk=True, takes_mobile=takes_mobile)
        contacts = store.contacts.by_emails(project, emails)
        seen: set[str] = set()
        only_first = store.options.repeated_rows == "first"
        for row in rows:
            email = row["email"]
            if email in seen:
                continue
            try:
                contacts[email] = writes.write(row, contacts.get(email))
            except Refused:
                continue
            if only_first:
                seen.add(email)
            applied += 1
        writes.finish()
    return applied
