"""Many contacts into a list or out of it, in one transaction each.

Source: the pages "Bulk add contacts to list" and "Remove contacts from list". In the documentation's example three
addresses give `added` 2 and `created` 1, so `added` counts contacts that were there before.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autosend_mcp.sandbox.contacts import Contact, Contacts
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.lists import Lists
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.rules import email_problems
from autosend_mcp.sandbox.suppressions import Suppressions
from autosend_mcp.sandbox.writing import Writing


def bulk_add(db: Database, project: str, body: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Put contacts into the list, making those whose address is new; what came of it, as documented."""
    list_id: str = body["contactListId"]
    with db.transaction():
        found, lost = _named(db, project, body)
        wrong = {email for email in found if email_problems(email)}
        silent = Suppressions(db).suppressed(project, found)
        left_out = wrong if options.suppressed_on_bulk_add == "add" else wrong | silent
        writing = Writing(db, project, replace(options, suppressed_on_write="accept"))
        created = added = already = 0
        contacts: list[Contact] = []
        for email in (email for email in found if email not in left_out):
            held = found[email]
            contact = held or writing.write({"email": email}, None)
            joined = writing.join(contact, list_id)
            created += held is None
            added += joined and (held is not None or options.added_counts_created)
            already += held is not None and not joined
            contacts.append(contact)
        valid = [email for email in found if email not in wrong and email not in silent]
        answer: dict[str, Any] = {
            "added": added,
            "created": created,
            "alreadyInList": already,
            "errors": [{"contactId": one, "message": "Contact not found"} for one in lost],
            "validation": {
                "valid": _judged("valid", valid),
                "invalid": _judged("invalid", [email for email in found if email in wrong]),
                "suppressed": _judged("suppressed", [email for email in found if email in silent]),
            },
            "totalContactsInList": Lists(db).count(project, list_id),
        }
        return answer | ({"contacts": _shown(db, project, contacts)} if options.bulk_add_contacts else {})


def bulk_leave(db: Database, project: str, list_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Take contacts out of the list; what came of it, as documented. Those not found are not in the list."""
    with db.transaction():
        found, lost = _named(db, project, body)
        removed = Lists(db).leave([contact for contact in found.values() if contact], list_id)
        return {"removed": removed, "notInList": len(found) + len(lost) - removed, "errors": []}


def _named(db: Database, project: str, body: Mapping[str, Any]) -> tuple[dict[str, Contact | None], list[str]]:
    """The addresses that the body names with their contacts, and the ids that it names without one."""
    contacts = Contacts(db)
    if body.get("contactIds") is not None:
        by_id = contacts.by_ids(project, body["contactIds"])
        lost = [one for one in dict.fromkeys(body["contactIds"]) if one not in by_id]
        return {contact["email"]: contact for contact in by_id.values()}, lost
    emails = list(dict.fromkeys(email.strip().lower() for email in body["emails"]))
    held = contacts.by_emails(project, emails)
    return {email: held.get(email) for email in emails}, []


def _shown(db: Database, project: str, contacts: list[Contact]) -> list[dict[str, Any]]:
    lists = Lists(db)
    known = lists.known(project)
    segments = [one.id for one in known.values() if one.type == "segment"]
    return [
        {name: contact[name] for name in ("id", "email", "updatedAt", "createdAt", "projectId")}
        | {"listIds": inside}
        | {"segmentIds": [one for one in segments if lists.within(known, one, contact)]}
        for contact, inside in zip(contacts, lists.of(contacts), strict=True)
    ]


def _judged(status: str, emails: list[str]) -> list[dict[str, str]]:
    return [{"email": email, "status": status} for email in emails]
