"""The contacts' rows: how they are kept, found and shown."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from autosend_mcp.sandbox.database import Database

Contact = dict[str, Any]

_NAMES = {"firstName": "first_name", "lastName": "last_name", "userId": "user_id"}
_COLUMNS = ("id", "project", "email", *_NAMES.values(), "custom_fields", "created_at", "updated_at")


def contact_of(row: Any, custom: Mapping[str, Any] | None = None) -> Contact:
    """The contact as the documentation shows it; without what it has no value for. `custom`: the row's, if known."""
    named = {name: row[column] for name, column in _NAMES.items() if row[column] is not None}
    return {
        "id": row["id"],
        "email": row["email"],
        **named,
        "customFields": json.loads(row["custom_fields"]) if custom is None else dict(custom),
        "updatedAt": row["updated_at"],
        "createdAt": row["created_at"],
        "projectId": row["project"],
    }


class Contacts:
    """The contacts of every project."""

    def __init__(self, db: Database) -> None:
        """Over this database."""
        self._db = db

    def by_id(self, project: str, contact_id: str) -> Contact | None:
        """The contact with this id."""
        row = self._db.row("SELECT * FROM contacts WHERE project = ? AND id = ?", project, contact_id)
        return contact_of(row) if row else None

    def by_ids(self, project: str, ids: Iterable[str]) -> dict[str, Contact]:
        """The contacts with these ids, those that exist, by id."""
        rows = self._db.among("SELECT * FROM contacts WHERE project = ? AND id IN (?)", ids, project)
        return {row["id"]: contact_of(row) for row in rows}

    def by_emails(self, project: str, emails: Iterable[str]) -> dict[str, Contact]:
        """The contacts with these addresses, those that exist, by address."""
        rows = self._db.among("SELECT * FROM contacts WHERE project = ? AND email IN (?)", emails, project)
        return {row["email"]: contact_of(row) for row in rows}

    def by_user(self, project: str, user_id: str) -> list[Contact]:
        """The contacts with this id of the customer's own, oldest first."""
        sql = "SELECT * FROM contacts WHERE project = ? AND user_id = ? ORDER BY rowid"
        return [contact_of(row) for row in self._db.rows(sql, project, user_id)]

    def all(self, project: str) -> list[Contact]:
        """Every contact of the project, oldest first."""
        rows = self._db.rows("SELECT * FROM contacts WHERE project = ? ORDER BY rowid", project)
        return [contact_of(row) for row in rows]

    def insert(self, project: str, email: str, named: Mapping[str, Any], custom: Mapping[str, Any]) -> Contact:
        """A new row."""
        contact_id, now = self._db.new_id(), self._db.timestamp()
        row = dict(
            zip(_COLUMNS, (contact_id, project, email, None, None, None, json.dumps(custom), now, now), strict=True)
        )
        row |= {column: named.get(name) for name, column in _NAMES.items()}
        self._db.insert("contacts", _COLUMNS, *row.values())
        return contact_of(row, custom)

    def update(self, held: Contact, named: Mapping[str, Any], custom: Mapping[str, Any]) -> Contact:
        """The row with `named` and `custom` instead of what it had."""
        values = [named.get(name) for name in _NAMES]
        now = self._db.timestamp()
        self._db.run(
            "UPDATE contacts SET first_name = ?, last_name = ?, user_id = ?, custom_fields = ?, updated_at = ?"
            " WHERE id = ?",
            *values,
            json.dumps(custom),
            now,
            held["id"],
        )
        row = {
            "id": held["id"],
            "email": held["email"],
            **dict(zip(_NAMES.values(), values, strict=True)),
            "custom_fields": json.dumps(custom),
            "updated_at": now,
            "created_at": held["createdAt"],
            "project": held["projectId"],
        }
        return contact_of(row, custom)

    def delete(self, contacts: Iterable[Contact]) -> int:
        """Delete these and their memberships; how many."""
        count = 0
        for contact in contacts:
            count += self._db.run("DELETE FROM contacts WHERE id = ?", contact["id"])
            self._db.announce("contact.deleted", contact)
        return count
