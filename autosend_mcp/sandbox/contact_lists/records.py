"""The rows of contact lists and segments: both kinds are one resource, told apart by `type`.

Source: the pages "List contact lists", "Get contact list", "Create contact list" and "Segments".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autosend_mcp.sandbox.contact_lists.criteria import meets
from autosend_mcp.sandbox.contacts.records import Contact, Contacts, contact_of
from autosend_mcp.sandbox.database import Database

GLOBAL = "GLOBAL_CONTACT_LIST"
_COLUMNS = ("id", "project", "name", "type", "description", "criteria", "parent", "created_at", "updated_at")


@dataclass(frozen=True)
class ContactList:
    """A list or segment; `row` is how it is stored."""

    id: str
    name: str
    type: str
    criteria: dict[str, Any] | None
    parent: str | None
    row: Any

    def shown(self, count: int) -> dict[str, Any]:
        """Return it as the documentation shows it, with this number of contacts."""
        criteria = {"filterCriteria": self.criteria} if self.type == "segment" else {}
        parent = {"parentId": self.parent} if self.parent else {}
        return {
            "id": self.id,
            "name": self.name,
            "description": self.row["description"] or "",
            "type": self.type,
            "contactCount": count,
            **criteria,
            **parent,
            "createdAt": self.row["created_at"],
            "updatedAt": self.row["updated_at"],
        }


class ContactLists:
    """The lists and segments of every project, and who is in them."""

    def __init__(self, db: Database, contacts: Contacts) -> None:
        self._db = db
        self._contacts = contacts

    def known(self, project: str) -> dict[str, ContactList]:
        """Return the project's lists and segments by id, oldest first; without the global list."""
        rows = self._db.rows("SELECT * FROM lists WHERE project = ? ORDER BY rowid", project)
        return {row["id"]: _list_of(row) for row in rows}

    def kind(self, project: str, list_id: str) -> str | None:
        """Return "list" or "segment", or None if there is no such list."""
        row = self._db.row("SELECT type FROM lists WHERE project = ? AND id = ?", project, list_id)
        return "list" if list_id == GLOBAL else row and row["type"]

    def all(self, project: str, kind: str | None = None) -> list[dict[str, Any]]:
        """Return what GET /contact-lists shows, the global list first; of one type, if it is given."""
        with self._db.transaction():
            known = self.known(project)
            segments = [found for found in known.values() if found.type == "segment"]
            contacts = self._contacts.all(project) if segments else []
            counts = self._counts(project)
            for segment in segments:
                counts[segment.id] = sum(self.within(known, segment.id, contact) for contact in contacts)
            shown = [found.shown(counts.get(found.id, 0)) for found in known.values()]
            return [found for found in [self._global(project), *shown] if kind in (None, found["type"])]

    def get(self, project: str, list_id: str) -> dict[str, Any] | None:
        """Return what GET /contact-lists/{id} shows, or None if there is no such list."""
        with self._db.transaction():
            found = self.known(project).get(list_id)
            if list_id == GLOBAL:
                return self._global(project)
            return found.shown(self.count(project, list_id)) if found else None

    def create(self, project: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Create a list or segment and return it; None if the project has one of that name."""
        kind = body.get("type") or "list"
        segment = kind == "segment"
        with self._db.transaction():
            if self._db.row("SELECT 1 FROM lists WHERE project = ? AND name = ?", project, body["name"]):
                return None
            list_id = self.insert(
                project,
                body["name"],
                kind,
                description=body.get("description"),
                criteria=body["filterCriteria"] if segment else None,
                parent=body.get("parentId") if segment else None,
            )
            return self.get(project, list_id)

    def seed(self, project: str, name: str, kind: str = "list", criteria: Mapping[str, Any] | None = None) -> str:
        """Return the id of the list or segment of this name, made if there is none. Without criteria it is empty."""
        with self._db.transaction():
            sql = "SELECT id FROM lists WHERE project = ? AND name = ? AND type = ?"
            found = self._db.row(sql, project, name, kind)
            return str(found["id"]) if found else self.insert(project, name, kind, criteria=criteria)

    def insert(
        self,
        project: str,
        name: str,
        kind: str,
        *,
        list_id: str | None = None,
        description: str | None = None,
        criteria: Mapping[str, Any] | None = None,
        parent: str | None = None,
    ) -> str:
        """Add a row and return its id."""
        list_id, now = list_id or self._db.new_id(), self._db.timestamp()
        stored = json.dumps(criteria) if criteria else None
        with self._db.transaction():
            self._db.insert("lists", _COLUMNS, list_id, project, name, kind, description, stored, parent, now, now)
        return list_id

    def delete(self, project: str, list_id: str) -> bool:
        """Delete the list, not its contacts; return False if there is none. Segments under it are empty afterwards."""
        with self._db.transaction():
            ours = "contact IN (SELECT id FROM contacts WHERE project = ?)"
            self._db.run(f"DELETE FROM members WHERE list = ? AND {ours}", list_id, project)  # noqa: S608 - a constant
            return self._db.run("DELETE FROM lists WHERE project = ? AND id = ?", project, list_id) > 0

    def contacts(self, project: str, segment_id: str) -> list[Contact]:
        """Return who is in the segment now, oldest contact first."""
        with self._db.transaction():
            known = self.known(project)
            return [contact for contact in self._contacts.all(project) if self.within(known, segment_id, contact)]

    def page(self, project: str, list_id: str, part: str, start: int, limit: int) -> tuple[list[Contact], int]:
        """Return a page of those in the list whose address holds `part`, oldest first, and how many there are."""
        with self._db.transaction():
            if self.kind(project, list_id) == "segment":
                found = [contact for contact in self.contacts(project, list_id) if part in contact["email"]]
                return found[start : start + limit], len(found)
            sql = (  # in the order of the table, so that nothing is sorted and a page ends the search
                "FROM contacts c NOT INDEXED WHERE c.project = ? AND instr(c.email, ?)"
                " AND (? OR EXISTS (SELECT 1 FROM members m WHERE m.contact = c.id AND m.list = ?))"
            )
            values = (project, part, list_id == GLOBAL, list_id)
            count = self.count(project, list_id)
            if part:
                count = self._db.row(f"SELECT COUNT(*) AS n {sql}", *values)["n"]
            rows = self._db.rows(f"SELECT c.* {sql} ORDER BY c.rowid LIMIT ? OFFSET ?", *values, limit, start)
            return [contact_of(row) for row in rows], count

    def count(self, project: str, list_id: str) -> int:
        """Return how many contacts are in the list or segment."""
        known = self.known(project).get(list_id)
        if list_id == GLOBAL:
            return self._db.row("SELECT COUNT(*) AS n FROM contacts WHERE project = ?", project)["n"]
        if known and known.type == "segment":
            return len(self.contacts(project, list_id))
        if self._db.row("SELECT 1 FROM lists WHERE id = ? AND project <> ?", list_id, project):
            return self._counts(project).get(list_id, 0)
        row = self._db.row("SELECT size FROM list_sizes WHERE list = ?", list_id)  # counting a million takes too long
        return row["size"] if row else 0

    def of(self, contacts: Sequence[Contact]) -> list[list[str]]:
        """Return, for each of the contacts, the ids of the lists that it is in; not of segments."""
        lists: dict[str, list[str]] = {contact["id"]: [] for contact in contacts}
        for row in self._db.among("SELECT contact, list FROM members WHERE contact IN (?) ORDER BY rowid", lists):
            lists[row["contact"]].append(row["list"])
        return [lists[contact["id"]] for contact in contacts]

    def within(self, known: Mapping[str, ContactList], segment_id: str, contact: Contact) -> bool:
        """Return whether the contact is in the segment: it meets the criteria, and is in the segment's parent."""
        segment = known[segment_id]
        if not meets(contact, segment.criteria):
            return False
        if segment.parent is None or segment.parent == GLOBAL:
            return True
        parent = known.get(segment.parent)
        if parent is None:
            return False
        return self.within(known, parent.id, contact) if parent.type == "segment" else self.holds(parent.id, contact)

    def holds(self, list_id: str, contact: Contact) -> bool:
        """Return whether the contact was put into the list."""
        sql = "SELECT 1 FROM members WHERE contact = ? AND list = ?"
        return self._db.row(sql, contact["id"], list_id) is not None

    def join(self, contact_id: str, list_id: str) -> bool:
        """Put the contact into the list; return False if it was there already."""
        return self._db.insert("members", ("contact", "list"), contact_id, list_id)

    def leave(self, contacts: Iterable[Contact], list_id: str) -> int:
        """Take the contacts out of the list; return how many were in it."""
        sql = "DELETE FROM members WHERE contact = ? AND list = ?"
        return sum(self._db.run(sql, contact["id"], list_id) for contact in contacts)

    def _counts(self, project: str) -> dict[str, int]:
        rows = self._db.rows(
            "SELECT m.list, COUNT(*) AS n FROM members m JOIN contacts c ON c.id = m.contact"
            " WHERE c.project = ? GROUP BY m.list",
            project,
        )
        return {row["list"]: row["n"] for row in rows}

    def _global(self, project: str) -> dict[str, Any]:
        count = self.count(project, GLOBAL)
        texts = {"name": "All Contacts", "description": "All contacts in the project"}
        return {"id": GLOBAL, **texts, "type": "list", "contactCount": count}


def _list_of(row: Any) -> ContactList:
    criteria = json.loads(row["criteria"]) if row["criteria"] else None
    return ContactList(row["id"], row["name"], row["type"], criteria, row["parent"], row)
