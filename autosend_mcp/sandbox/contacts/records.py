"""The rows of contacts: stored, found, deleted, and shown as the documentation shows a contact."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from autosend_mcp.sandbox.database import Database

Contact = dict[str, Any]

# The system properties since 2026-07-24 (changelog); their keys are not documented.
SYSTEM: tuple[str, str] = ("source", "emailLastOpenedAt")

MOBILE = "mobile"
NAMES = {"firstName": "first_name", "lastName": "last_name", "userId": "user_id", MOBILE: "mobile"}
_COLUMNS = ("id", "project", "email", *NAMES.values(), "custom_fields", "created_at", "updated_at")


def contact_of(row: Any, custom: Mapping[str, Any] | None = None) -> Contact:
    """Return the contact without what it has no value for. `custom`: the row's custom fields, if known."""
    named = {name: row[column] for name, column in NAMES.items() if row[column] is not None}
    return {
        "id": row["id"],
        "email": row["email"],
        **named,
        "customFields": json.loads(row["custom_fields"]) if custom is None else dict(custom),
        "updatedAt": row["updated_at"],
        "createdAt": row["created_at"],
        "projectId": row["project"],
    }


def with_properties(contact: Contact, keys: Iterable[str], more: Mapping[str, Any]) -> Contact:
    """Return the contact with its properties, and more of them, under these names."""
    values = contact["customFields"] | more
    shown: Contact = {}
    for name, value in contact.items():
        shown |= dict.fromkeys(keys, values) if name == "customFields" else {name: value}
    return shown


class Contacts:
    """The contacts of every project."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def by_ids(self, project: str, ids: Iterable[str]) -> dict[str, Contact]:
        """Return the contacts with these ids, those that exist, by id."""
        rows = self._db.among("SELECT * FROM contacts WHERE project = ? AND id IN (?)", ids, project)
        return {row["id"]: contact_of(row) for row in rows}

    def by_emails(self, project: str, emails: Iterable[str]) -> dict[str, Contact]:
        """Return the contacts with these addresses, those that exist, by address."""
        rows = self._db.among("SELECT * FROM contacts WHERE project = ? AND email IN (?)", emails, project)
        return {row["email"]: contact_of(row) for row in rows}

    def find(self, project: str, emails: Iterable[str]) -> list[Contact]:
        """Return the contacts with these addresses, those that exist, in the order of the addresses."""
        emails = list(dict.fromkeys(emails))
        found = self.by_emails(project, emails)
        return [found[email] for email in emails if email in found]

    def all(self, project: str) -> list[Contact]:
        """Return every contact of the project, oldest first."""
        rows = self._db.rows("SELECT * FROM contacts WHERE project = ? ORDER BY rowid", project)
        return [contact_of(row) for row in rows]

    def insert(self, project: str, email: str, named: Mapping[str, Any], custom: Mapping[str, Any]) -> Contact:
        """Add a row and return its contact."""
        contact_id, now = self._db.new_id(), self._db.timestamp()
        names = (named.get(name) for name in NAMES)
        values = (contact_id, project, email, *names, json.dumps(custom), now, now)
        self._db.insert("contacts", _COLUMNS, *values)
        return contact_of(dict(zip(_COLUMNS, values, strict=True)), custom)

    def update(self, existing: Contact, named: Mapping[str, Any], custom: Mapping[str, Any]) -> Contact:
        """Replace the names and custom fields of the contact's row and return the contact."""
        contact_id, now = existing["id"], self._db.timestamp()
        names = [named.get(name) for name in NAMES]
        self._db.run(
            "UPDATE contacts SET first_name = ?, last_name = ?, user_id = ?, mobile = ?, custom_fields = ?,"
            " updated_at = ? WHERE id = ?",
            *names,
            json.dumps(custom),
            now,
            contact_id,
        )
        created, project = existing["createdAt"], existing["projectId"]
        values = (contact_id, project, existing["email"], *names, None, created, now)
        return contact_of(dict(zip(_COLUMNS, values, strict=True)), custom)

    def delete(self, contacts: Iterable[Contact]) -> int:
        """Delete the contacts and their memberships; return how many there were."""
        count = 0
        for contact in contacts:
            count += self._db.run("DELETE FROM contacts WHERE id = ?", contact["id"])
            self._db.announce("contact.deleted", contact)
        return count

    def delete_by_id(self, project: str, contact_id: str) -> int:
        """Delete the contact with this id; return how many there were."""
        with self._db.transaction():
            return self.delete(self.by_ids(project, [contact_id]).values())

    def delete_by_user_id(self, project: str, user_id: str, *, only_first: bool) -> int:
        """Delete the contacts with this user id, or the oldest of them; return how many there were."""
        sql = "SELECT * FROM contacts WHERE project = ? AND user_id = ? ORDER BY rowid"
        with self._db.transaction():
            found = [contact_of(row) for row in self._db.rows(sql, project, user_id)]
            return self.delete(found[:1] if only_first else found)

    def delete_by_emails(self, project: str, emails: Iterable[str], *, all_or_none: bool) -> int:
        """Delete the contacts with these addresses; return how many. `all_or_none`: none, if an address has none."""
        emails = dict.fromkeys(emails)
        with self._db.transaction():
            found = self.find(project, emails)
            return 0 if all_or_none and len(found) < len(emails) else self.delete(found)
