"""The rows of contact lists and segments: both kinds are one resource, told apart by `type`.

Source: the pages "List contact lists", "Get contact list", "Create contact list" and "Segments".
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from autosend_mcp.sandbox.contact_lists.contact_list import COLUMNS, GLOBAL, ContactList
from autosend_mcp.sandbox.contact_lists.places import Found, keys_of_page
from autosend_mcp.sandbox.contact_lists.segments import Segments
from autosend_mcp.sandbox.contacts.records import SELECT, Contact, contact_of
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.tables import VERSION
from autosend_mcp.sandbox.upgrades import count_anew

_MANY = 2**63 - 1  # where it is not known how many there are


class ContactLists:
    """The lists and segments of every project, and who is in them."""

    def __init__(self, db: Database, *, exact: bool) -> None:
        """Fill the segments of a file that does not keep who is in them, and count what it does not count.

        `exact`: segments compare text with regard to case.
        """
        self._db = db
        self.segments = Segments(db, exact=exact)
        if db.version < VERSION:
            with db.transaction():
                for row in db.rows("SELECT DISTINCT project FROM lists") if db.version < 1 else ():
                    self.segments.refill(row["project"])
                count_anew(db)

    def known(self, project: str) -> Mapping[str, ContactList]:
        """Return the project's lists and segments by id, oldest first; without the global list."""
        return self.segments.known(project)

    def kind(self, project: str, list_id: str) -> str | None:
        """Return "list" or "segment", or None if there is no such list."""
        row = self._db.row("SELECT type FROM lists WHERE project = ? AND id = ?", project, list_id)
        return "list" if list_id == GLOBAL else row and row["type"]

    def all(self, project: str, kind: str | None = None) -> list[dict[str, Any]]:
        """Return what GET /contact-lists shows, the global list first; of one type, if it is given."""
        with self._db.transaction():
            sizes = self._db.tally(project, "list")
            shown = [found.shown(sizes.get(found.id, 0)) for found in self.known(project).values()]
            return [one for one in [_everybody(sizes.get(GLOBAL, 0)), *shown] if kind in (None, one["type"])]

    def get(self, project: str, list_id: str) -> dict[str, Any] | None:
        """Return what GET /contact-lists/{id} shows, or None if there is no such list."""
        with self._db.transaction():
            found = self.known(project).get(list_id)
            if list_id == GLOBAL:
                return _everybody(self.count(project, GLOBAL))
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
            self._db.insert("lists", COLUMNS, list_id, project, name, kind, description, stored, parent, now, now)
            self._db.define()
            if criteria:
                self._db.later(partial(self.segments.fill, project, list_id))
        return list_id

    def rename(self, project: str, list_id: str, name: str) -> bool:
        """Give the list another name; return False if there is none."""
        with self._db.transaction():
            sql = "UPDATE lists SET name = ?, updated_at = ? WHERE project = ? AND id = ?"
            renamed = self._db.run(sql, name, self._db.timestamp(), project, list_id) > 0
            self._db.define()
            return renamed

    def delete(self, project: str, list_id: str) -> bool:
        """Delete the list, not its contacts; return False if there is none. Segments under it are empty afterwards."""
        with self._db.transaction():
            self.segments.empty(project, list_id)
            deleted = self._db.run("DELETE FROM lists WHERE project = ? AND id = ?", project, list_id) > 0
            self._db.define()
            self._db.later(partial(self.segments.refill, project, under=list_id))
            return deleted

    def page(self, project: str, list_id: str, part: str, start: int, limit: int) -> tuple[list[Contact], int]:
        """Return a page of those in the list whose address holds `part`, oldest first, and how many there are."""
        with self._db.transaction():
            found = self._found(project, list_id, part)
            total = _MANY if part or self._db.delay else self.count(project, list_id)
            keys = keys_of_page(self._db, project, list_id, found._replace(total=total), (start, limit))
            if total == _MANY and len(keys) < limit and (keys or not start):
                total = start + len(keys)
            elif total == _MANY:
                total = self._db.row(f"SELECT COUNT(*) {found.rest}", *found.values)[0]
            column = found.key.rpartition(".")[2].replace("contact", "id")
            sql = f"{SELECT} WHERE c.{column} IN (?) ORDER BY c.{column}"
            return [contact_of(row) for row in self._db.among(sql, keys)], total

    def _found(self, project: str, list_id: str, part: str) -> Found:
        """Return the query of those in the list, which reads an index alone."""
        if not part and list_id == GLOBAL:
            return Found("c.rowid", "FROM contacts c WHERE c.project = ?", (project,))
        if not part and not self.segments.is_shared(project, list_id):
            return Found("m.contact", "FROM members m WHERE m.list = ?", (list_id,))
        rest = "FROM contacts c WHERE c.project = ? AND instr(c.email, ?)"
        if list_id == GLOBAL:
            return Found("+c.rowid", rest, (project, part))  # with the sign, no index is read in this order
        rest += " AND EXISTS (SELECT 1 FROM members m WHERE m.contact = c.id AND m.list = ?)"
        return Found("+c.rowid", rest, (project, part, list_id))

    def count(self, project: str, list_id: str) -> int:
        """Return how many contacts are in the list or segment."""
        return self._db.tally(project, "list").get(list_id, 0)

    def groups_of(self, contacts: Sequence[Contact]) -> list[dict[str, list[str]]]:
        """Return, for each of the contacts of a project, the `listIds` and `segmentIds` that replies show."""
        groups: dict[str, dict[str, list[str]]] = {one["id"]: {"listIds": [], "segmentIds": []} for one in contacts}
        project = contacts[0]["projectId"] if contacts else ""
        sql = (
            "SELECT m.contact, m.list, l.type FROM members m JOIN lists l ON l.project = ? AND l.id = m.list"
            " WHERE m.contact IN (?) ORDER BY m.rowid"
        )
        for contact_id, list_id, kind in self._db.among(sql, groups, project):
            groups[contact_id][f"{kind}Ids"].append(list_id)
        return [groups[contact["id"]] for contact in contacts]

    def holds(self, list_id: str, contact: Contact) -> bool:
        """Return whether the contact is in the list or segment."""
        sql = "SELECT 1 FROM members WHERE contact = ? AND list = ?"
        return self._db.row(sql, contact["id"], list_id) is not None

    def leave(self, project: str, contacts: Sequence[Contact], list_id: str) -> int:
        """Take the contacts out of the list, and out of the segments under it; return how many were in the list."""
        within = self.segments.memberships(contacts)
        inside = [(contact_id, list_id) for contact_id, lists in within.items() if list_id in lists]
        self.segments.leave(project, inside)
        for lists in within.values():
            lists.discard(list_id)
        if self._db.delay:
            self._db.later(partial(self._judge_later, project, [contact["id"] for contact in contacts]))
        else:
            self.segments.refresh(project, self.known(project), contacts, within)
        return len(inside)

    def _judge_later(self, project: str, ids: list[str]) -> None:
        self.segments.judge(project, ids)


def _everybody(count: int) -> dict[str, Any]:
    texts = {"name": "All Contacts", "description": "All contacts in the project"}
    return {"id": GLOBAL, **texts, "type": "list", "contactCount": count}
