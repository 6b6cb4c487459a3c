"""The sandbox's records per project, in SQLite (in memory or in a file): contacts, and what surrounds them."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autosend_mcp.sandbox.automations import Automations
from autosend_mcp.sandbox.contacts import Contact, Contacts
from autosend_mcp.sandbox.database import Clock, Database
from autosend_mcp.sandbox.fields import Fields
from autosend_mcp.sandbox.joining import bulk_add, bulk_leave
from autosend_mcp.sandbox.lists import Lists
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.suppressions import Suppressions
from autosend_mcp.sandbox.writing import RefusedError, Writing

_DEFAULT = Options()
_TABLES = {
    "contacts": "SELECT * FROM contacts WHERE project = ? ORDER BY id",
    "lists": "SELECT * FROM lists WHERE project = ? ORDER BY id",
    "members": (
        "SELECT m.* FROM members m JOIN contacts c ON c.id = m.contact WHERE c.project = ? ORDER BY m.contact, m.list"
    ),
    "fields": "SELECT * FROM fields WHERE project = ? ORDER BY id",
    "suppression_groups": "SELECT * FROM suppression_groups WHERE project = ? ORDER BY id",
    "suppressions": "SELECT * FROM suppressions WHERE project = ? ORDER BY email, group_id",
    "starts": "SELECT * FROM starts WHERE project = ? ORDER BY number",
}


class AlreadyExistsError(Exception):
    """The project has a contact with this address."""


class Store:
    """All records. Every method is one transaction and may be called from any thread.

    `lists`, `fields`, `suppressions` and `automations` hold what is not contacts. Writes take the switches of the
    sandbox they come through; without them, the default ones hold.
    """

    def __init__(self, file: str | os.PathLike[str] | None = None, now: Clock = time.time) -> None:
        """Open or make the file; in memory without one. `now`: the clock that all times of this sandbox come from.

        Raises:
            OSError: The file cannot be opened, or is no SQLite database.
        """
        self.db = Database(file, now)
        self.lists = Lists(self.db)
        self.fields = Fields(self.db)
        self.suppressions = Suppressions(self.db)
        self.automations = Automations(self.db)
        self._contacts = Contacts(self.db)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def seed_list(self, project: str, name: str, kind: str, criteria: Mapping[str, Any] | None = None) -> str:
        """Make a list or segment, unless one of that name is there; its id. A segment without criteria is empty."""
        with self.db.transaction():
            sql = "SELECT id FROM lists WHERE project = ? AND name = ? AND type = ?"
            known = self.db.row(sql, project, name, kind)
            return str(known["id"]) if known else self.lists.insert(project, name, kind, criteria=criteria)

    def create(self, project: str, body: Mapping[str, Any], options: Options = _DEFAULT) -> Contact:
        """A new contact.

        Raises:
            AlreadyExistsError: The project has one with this address.
            RefusedError: Something in the body is not allowed.
        """
        with self.db.transaction():
            writing = Writing(self.db, project, options)
            writing.check(body)
            if self._contacts.by_emails(project, [body["email"]]):
                raise AlreadyExistsError
            return writing.write(body, None)

    def upsert(self, project: str, body: Mapping[str, Any], options: Options = _DEFAULT) -> Contact:
        """A new contact, or the one with this address changed.

        Raises:
            RefusedError: Something in the body is not allowed.
        """
        with self.db.transaction():
            held = self._contacts.by_emails(project, [body["email"]]).get(body["email"])
            return Writing(self.db, project, options).write(body, held)

    def bulk_upsert(
        self, project: str, bodies: Sequence[Mapping[str, Any]], options: Options = _DEFAULT, *, run_workflow: bool
    ) -> int:
        """Upsert each body that is allowed, in one transaction and in their order; how many were."""
        applied = 0
        with self.db.transaction():
            writing = Writing(self.db, project, options, run_workflow=run_workflow)
            held = self._contacts.by_emails(project, [body["email"] for body in bodies])
            seen: set[str] = set()
            for body in bodies:
                email = body["email"]
                if email in seen and options.repeated_rows == "first":
                    continue
                try:
                    held[email] = writing.write(body, held.get(email))
                except RefusedError:
                    continue
                seen.add(email)
                applied += 1
        return applied

    def get(self, project: str, contact_id: str) -> Contact | None:
        """The contact with this id."""
        return self._contacts.by_id(project, contact_id)

    def find(self, project: str, emails: Iterable[str]) -> list[Contact]:
        """The contacts with these addresses, those that exist."""
        wanted = list(emails)
        found = self._contacts.by_emails(project, wanted)
        return [found[email] for email in dict.fromkeys(wanted) if email in found]

    def delete(self, project: str, contact_id: str) -> bool:
        """Delete the contact; whether there was one."""
        with self.db.transaction():
            return self._contacts.delete(self._contacts.by_ids(project, [contact_id]).values()) > 0

    def delete_by_user(self, project: str, user_id: str, *, only_first: bool = False) -> int:
        """Delete the contacts with this id of the customer's own, or the oldest of them; how many."""
        with self.db.transaction():
            found = self._contacts.by_user(project, user_id)
            return self._contacts.delete(found[:1] if only_first else found)

    def remove(self, project: str, emails: Sequence[str], *, all_or_none: bool = False) -> int:
        """Delete the contacts with these addresses; how many. `all_or_none`: nothing, if one has no contact."""
        with self.db.transaction():
            found = self.find(project, emails)
            return 0 if all_or_none and len(found) < len(set(emails)) else self._contacts.delete(found)

    def bulk_add(self, project: str, body: Mapping[str, Any], options: Options = _DEFAULT) -> dict[str, Any]:
        """Put contacts into a list; the documented answer."""
        return bulk_add(self.db, project, body, options)

    def bulk_leave(self, project: str, list_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take contacts out of a list; the documented answer."""
        return bulk_leave(self.db, project, list_id, body)

    def members(self, list_id: str) -> list[str]:
        """The ids of the contacts in the list, or in the segment as it is computed now."""
        with self.db.transaction():
            sql = "SELECT project FROM lists WHERE id = ? AND type = 'segment'"
            segments = self.db.rows(sql, list_id)
            found = [one["id"] for row in segments for one in self.lists.contacts(row["project"], list_id)]
            rows = self.db.rows("SELECT contact FROM members WHERE list = ?", list_id)
            return sorted([*found, *(row["contact"] for row in rows)])

    def starts(self, project: str) -> dict[tuple[str, str], int]:
        """How often each contact started the automation of each list or segment, by the two ids."""
        return self.automations.starts(project)

    def snapshot(self, project: str) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table of the project as plain data, in a stable order."""
        with self.db.transaction():
            return {table: [dict(row) for row in self.db.rows(sql, project)] for table, sql in _TABLES.items()}
