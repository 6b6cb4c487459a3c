"""The rows of contacts: stored, found, deleted, and shown as the documentation shows a contact."""

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import from_json, to_json

from autosend_mcp.sandbox.contact_lists.places import forget_all
from autosend_mcp.sandbox.database import Database

Contact = dict[str, Any]

# The system properties since 2026-07-24 (changelog); their keys are not documented.
SYSTEM: tuple[str, str] = ("source", "emailLastOpenedAt")

MOBILE = "mobile"
NAMES = {"firstName": "first_name", "lastName": "last_name", "userId": "user_id", MOBILE: "mobile"}
FIELDS = {
    "id": "id",
    "email": "email",
    **NAMES,
    "customFields": "custom_fields",
    "updatedAt": "updated_at",
    "createdAt": "created_at",
    "projectId": "project",
}  # the members of a contact, with their columns
_COLUMNS = tuple(FIELDS.values())
DROPPED = """CASE WHEN c.epoch < (SELECT MAX(epoch) FROM dropped) THEN
    (SELECT json_group_array(d.name) FROM dropped d WHERE d.epoch > c.epoch AND d.project = c.project) END"""
"""The names of properties that were deleted since the contact was written, as SQL: null, or an array as JSON."""
SELECT = f"SELECT {', '.join(f'c.{column}' for column in _COLUMNS)}, {DROPPED} AS hidden FROM contacts c"  # noqa: S608 - constants
"""Begins a query of rows for `contact_of`."""
_READ = (*FIELDS, "hidden")  # what `contact_of` makes of the columns


def contact_of(row: Iterable[Any]) -> Contact:
    """Return the contact of a row, without what it has no value for."""
    contact: Contact = dict(zip(_READ, row, strict=True))
    contact["customFields"] = custom = from_json(contact["customFields"])
    if hidden := contact.pop("hidden"):
        for name in from_json(hidden):
            custom.pop(name, None)
    for name in NAMES:
        if contact[name] is None:
            del contact[name]
    return contact


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
        rows = self._db.among(f"{SELECT} WHERE project = ? AND id IN (?)", ids, project)
        return {row[0]: contact_of(row) for row in rows}

    def by_emails(self, project: str, emails: Iterable[str]) -> dict[str, Contact]:
        """Return the contacts with these addresses, those that exist, by address."""
        rows = self._db.among(f"{SELECT} WHERE project = ? AND email IN (?)", emails, project)
        return {row[1]: contact_of(row) for row in rows}

    def find(self, project: str, emails: Iterable[str]) -> list[Contact]:
        """Return the contacts with these addresses, those that exist, in the order of the addresses."""
        emails = list(dict.fromkeys(emails))
        found = self.by_emails(project, emails)
        return [found[email] for email in emails if email in found]

    def all(self, project: str) -> list[Contact]:
        """Return every contact of the project, oldest first."""
        rows = self._db.rows(f"{SELECT} WHERE project = ? ORDER BY rowid", project)
        return [contact_of(row) for row in rows]

    def store(self, new: Collection[Contact], changed: Iterable[Contact], names: Container[str]) -> None:
        """Add the new contacts of a project, and replace the changed ones. `names`: those of `NAMES` that changed."""
        epoch = self._db.row("SELECT MAX(epoch) FROM dropped")[0] or 0
        if new:
            members = [name for name in FIELDS if name != "customFields"]
            columns = (*map(FIELDS.__getitem__, members), "custom_fields", "epoch")
            rows = [(*map(one.get, members), to_json(one["customFields"]).decode(), epoch) for one in new]
            self._db.add("contacts", columns, rows)
            self._db.resize(next(iter(new))["projectId"], {"GLOBAL_CONTACT_LIST": len(new)})
        members = [*(name for name in NAMES if name in names), "updatedAt", "id"]
        columns = ", ".join(f"{FIELDS[name]} = ?" for name in members[:-1])
        sql = f"UPDATE contacts SET custom_fields = ?, epoch = ?, {columns} WHERE id = ?"  # noqa: S608 - constants
        rows = [(to_json(one["customFields"]).decode(), epoch, *map(one.get, members)) for one in changed]
        self._db.many(sql, rows)

    def drop_property(self, project: str, name: str) -> None:
        """Take the values of a property out of all contacts: those written before now are not shown from now on."""
        self._db.run("INSERT INTO dropped (project, name) VALUES (?, ?)", project, name)

    def delete(self, project: str, contacts: Sequence[Contact]) -> int:
        """Delete contacts of the project and their memberships; return how many there were."""
        ids = [contact["id"] for contact in contacts]
        inside = self._db.among("SELECT list FROM members WHERE contact IN (?)", ids)
        sizes = {list_id: -count for list_id, count in Counter(row["list"] for row in inside).items()}
        self._db.resize(project, sizes | {"GLOBAL_CONTACT_LIST": -len(ids)})
        forget_all(self._db, project)
        self._db.many("DELETE FROM contacts WHERE id = ?", [(one,) for one in ids])
        for contact in contacts:
            self._db.announce("contact.deleted", {"contact": contact})
        return len(ids)

    def delete_by_id(self, project: str, contact_id: str) -> int:
        """Delete the contact with this id; return how many there were."""
        with self._db.transaction():
            return self.delete(project, list(self.by_ids(project, [contact_id]).values()))

    def delete_by_user_id(self, project: str, user_id: str, *, only_first: bool) -> int:
        """Delete the contacts with this user id, or the oldest of them; return how many there were."""
        sql = f"{SELECT} WHERE project = ? AND user_id = ? ORDER BY rowid"
        with self._db.transaction():
            found = [contact_of(row) for row in self._db.rows(sql, project, user_id)]
            return self.delete(project, found[:1] if only_first else found)

    def delete_by_emails(self, project: str, emails: Iterable[str], *, all_or_none: bool) -> int:
        """Delete the contacts with these addresses; return how many. `all_or_none`: none, if an address has none."""
        emails = dict.fromkeys(emails)
        with self._db.transaction():
            found = self.find(project, emails)
            return 0 if all_or_none and len(found) < len(emails) else self.delete(project, found)
