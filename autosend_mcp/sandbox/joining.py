"""Many contacts into a list or out of it, in one transaction each.

Source: the pages "Bulk add contacts to list" and "Remove contacts from list". In the documentation's example three
addresses give `added` 2 and `created` 1, so `added` counts contacts that were there before.
"""

from collections.abc import Mapping
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
        good = [email for email in found if not email_problems(email)]
        silent = Suppressions(db).suppressed(project, good)
        wanted = good if options.suppressed_on_bulk_add == "add" else [one for one in good if one not in silent]
        writing = Writing(db, project, options)
        before = [(email, found[email]) for email in wanted]
        made = {email: writing.write({"email": email}, None) for email, contact in before if contact is None}
        contacts = [contact or made[email] for email, contact in before]
        joined = [writing.join(contact, list_id) for contact in contacts]
        added = sum(new for new, (_, contact) in zip(joined, before, strict=True) if contact)
        lists = Lists(db)
        answer: dict[str, Any] = {
            "added": added + (len(made) if options.added_counts_created else 0),
            "created": len(made),
            "alreadyInList": len(contacts) - len(made) - added,
            "errors": [{"contactId": one, "message": "Contact not found"} for one in lost],
            "validation": {
                "valid": _judged("valid", [email for email in good if email not in silent]),
                "invalid": _judged("invalid", [email for email in found if email not in good]),
                "suppressed": _judged("suppressed", [email for email in good if email in silent]),
            },
            "totalContactsInList": lists.count(project, list_id),
        }
        if options.bulk_add_contacts:
            known = lists.known(project)
            answer["contacts"] = [
                {name: contact[name] for name in ("id", "email", "updatedAt", "createdAt", "projectId")}
                | {"listIds": lists.of(contact["id"])}
                | {
                    "segmentIds": [
                        i for i, one in known.items() if one.type == "segment" and lists.within(known, i, contact)
                    ]
                }
                for contact in contacts
            ]
        return answer


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


def _judged(status: str, emails: list[str]) -> list[dict[str, str]]:
    return [{"email": email, "status": status} for email in emails]
