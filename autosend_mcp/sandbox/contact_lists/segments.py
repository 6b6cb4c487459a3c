"""Who is in the segments: kept in rows like those of lists, and changed by the writes that touch a contact.

So nothing is counted or judged when a segment is read, however many contacts there are.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from autosend_mcp.sandbox.contact_lists.contact_list import GLOBAL, ContactList, known_lists
from autosend_mcp.sandbox.contact_lists.criteria import bare_name
from autosend_mcp.sandbox.contact_lists.judging import judging
from autosend_mcp.sandbox.contact_lists.places import forget, forget_all
from autosend_mcp.sandbox.contacts.records import SELECT, Contact, contact_of
from autosend_mcp.sandbox.database import Database

Memberships = dict[str, set[str]]
"""The ids of the lists and segments that each contact is in, by its id."""


class Segments:
    """The memberships in segments, and in the lists above them. Each method is a part of a transaction."""

    def __init__(self, db: Database, *, exact: bool) -> None:
        """`exact`: text is compared with regard to case."""
        self._db = db
        self._exact = exact

    def known(self, project: str) -> Mapping[str, ContactList]:
        """Return the project's lists and segments by id, oldest first; without the global list."""
        return known_lists(self._db, project, exact=self._exact)

    def memberships(self, contacts: Iterable[Contact]) -> Memberships:
        """Return which lists and segments each of the contacts is in."""
        found: Memberships = {contact["id"]: set() for contact in contacts}
        for row in self._db.among("SELECT contact, list FROM members WHERE contact IN (?)", found):
            found[row["contact"]].add(row["list"])
        return found

    def join(self, project: str, pairs: Collection[tuple[str, str]]) -> None:
        """Put contacts into lists or segments that they are not in: the ids of both."""
        forget(self._db, project, pairs)
        self._db.add("members", ("contact", "list"), [*pairs])
        self._db.resize(project, Counter(list_id for _, list_id in pairs))

    def leave(self, project: str, pairs: Collection[tuple[str, str]]) -> None:
        """Take contacts out of lists or segments that they are in: the ids of both."""
        forget(self._db, project, pairs)
        self._db.many("DELETE FROM members WHERE contact = ? AND list = ?", pairs)
        self._db.resize(project, {name: -count for name, count in Counter(one for _, one in pairs).items()})

    def refresh(
        self, project: str, known: Mapping[str, ContactList], contacts: Iterable[Contact], within: Memberships
    ) -> dict[str, list[str]]:
        """Put the contacts into the segments that they are in by now, and out of the others.

        Args:
            project: The project.
            known: Its lists and segments.
            contacts: Who was written, or joined or left a list.
            within: The lists and segments that each of them is in.

        Returns:
            The segments that are new to a contact, by its id.
        """
        segments = [one for one in known.values() if one.type == "segment"]
        joined: dict[str, list[str]] = {}
        left: list[tuple[str, str]] = []
        for contact in contacts if segments else ():
            inside = within[contact["id"]].copy()
            for segment in segments:  # a parent is older, and so comes first
                if not (_is_in_parent(segment, known, inside) and segment.is_met(contact)):
                    left += [(contact["id"], segment.id)] * (segment.id in inside)
                    inside.discard(segment.id)
                elif segment.id not in inside:
                    joined.setdefault(contact["id"], []).append(segment.id)
                    inside.add(segment.id)
        self.join(project, [(contact, segment) for contact, found in joined.items() for segment in found])
        self.leave(project, left)
        return joined

    def refill(self, project: str, *, about: str | None = None, under: str | None = None) -> None:
        """Judge all contacts anew: for every segment, for those about a property, or for those under a list."""
        known = self.known(project)
        changed = {under} if under else set[str]()
        for segment in (one for one in known.values() if one.type == "segment"):
            is_about = under is None and (about is None or about in _properties(segment))
            if is_about or segment.parent in changed:
                changed.add(segment.id)
                self._fill(project, known, segment)

    def judge(self, project: str, ids: Iterable[str]) -> tuple[list[Contact], dict[str, list[str]]]:
        """Judge these contacts as they are now; return them, and the segments that are new to a contact, by its id."""
        rows = self._db.among(f"{SELECT} WHERE c.project = ? AND c.id IN (?)", ids, project)
        contacts = [contact_of(row) for row in rows]
        within = self.memberships(contacts)
        return contacts, self.refresh(project, self.known(project), contacts, within)

    def fill(self, project: str, list_id: str) -> None:
        """Judge all contacts anew for one segment."""
        known = self.known(project)
        if segment := known.get(list_id):
            self._fill(project, known, segment)

    def _fill(self, project: str, known: Mapping[str, ContactList], segment: ContactList) -> None:
        self.empty(project, segment.id)
        if segment.parent not in (None, GLOBAL, *known):
            return
        arguments, is_met = judging(segment)
        self._db.function("is_met", is_met)
        sql = f"INSERT INTO members (contact, list) SELECT c.id, ? FROM contacts c WHERE is_met({arguments})"  # noqa: S608 - no values
        sql += " AND c.project = ?"
        values = (segment.id, project)
        if segment.parent not in (None, GLOBAL):
            sql += " AND EXISTS (SELECT 1 FROM members m WHERE m.contact = c.id AND m.list = ?)"
            values += (segment.parent,)
        self._db.resize(project, {segment.id: self._db.run(f"{sql} ORDER BY c.rowid", *values)})

    def empty(self, project: str, list_id: str) -> None:
        """Take everybody out of a list or segment."""
        forget_all(self._db, project)
        sql = "DELETE FROM members WHERE list = ?"
        if self.is_shared(project, list_id):
            sql += " AND contact IN (SELECT id FROM contacts WHERE project = ?)"
            left = self._db.run(sql, list_id, project)
        else:
            left = self._db.run(sql, list_id)
        self._db.resize(project, {list_id: -left})

    def is_shared(self, project: str, list_id: str) -> bool:
        """Return whether another project has a list of this id, which a write may have given it."""
        return self._db.row("SELECT 1 FROM lists WHERE id = ? AND project <> ?", list_id, project) is not None


def _is_in_parent(segment: ContactList, known: Mapping[str, ContactList], inside: set[str]) -> bool:
    parent = segment.parent
    return parent is None or parent == GLOBAL or (parent in known and parent in inside)


def _properties(segment: ContactList) -> set[str]:
    groups: list[dict[str, Any]] = (segment.criteria or {}).get("groups", [])
    return {bare_name(group["field"]) for group in groups}
