"""The automations of every project, and the log of what they would have done: who started which, and the mail.

Sources: the pages "Automations" (triggers), "Get automation" (`allowReentry`) and "Suppressions". Where none is
declared, each list, segment and project has one of its own, so that whatever may start an automation shows as a start.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from autosend_mcp.sandbox.automations.definitions import (
    ADDED,
    CHANGES,
    CREATED,
    MATCHES,
    Automation,
    added_to_list,
    declared,
    id_of,
)
from autosend_mcp.sandbox.contact_lists.records import GLOBAL, ContactList, ContactLists
from autosend_mcp.sandbox.contacts.records import Contact
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.suppression_groups.records import SuppressionGroups

_COLUMNS = (
    *("project", "at", "automation_id", "automation", '"trigger"', "list", "contact", "email", "subject", "reason"),
)


class Automations:
    """The automations of the options, those of lists without one, and the starts of every project."""

    def __init__(
        self, db: Database, contact_lists: ContactLists, suppression_groups: SuppressionGroups, options: Options
    ) -> None:
        """Read the declared automations.

        Raises:
            ValueError: One of them is no definition of an automation.
        """
        self._db = db
        self._contact_lists = contact_lists
        self._suppression_groups = suppression_groups
        self._reentry = options.allow_reentry
        self._declared = [declared(definition, reentry=self._reentry) for definition in options.automations]
        self._by_default = options.default_automations
        self.since = db.timestamp()

    def all(self, project: str) -> list[tuple[Automation, ContactList | None]]:
        """Return the project's automations with their lists: those declared, and those of what has none declared."""
        known = self._contact_lists.known(project).values()
        listed = [(one, next(filter(one.is_about, known), None)) for one in self._declared]
        made = [(one, None) for one in self._made_for_new_contacts(project)]
        return [*listed, *made, *((one, found) for found in known for one in self._made_for(found))]

    def using(self, found: ContactList) -> list[Automation]:
        """Return the declared active automations that are about this list."""
        return [one for one in self._active() if one.is_about(found)]

    def created(self, contact: Contact) -> None:
        """Start what starts for each new contact, which is in All Contacts from then on."""
        for automation in [*self._active(CREATED), *self._made_for_new_contacts(contact["projectId"])]:
            self._start(contact, automation, {"type": CREATED})
        for automation in self._active(ADDED):
            if automation.about == GLOBAL:
                self._start(contact, automation, {"type": ADDED, "contactListId": GLOBAL}, GLOBAL)

    def joined(self, contact: Contact, joined: ContactList) -> None:
        """Start the automations of a list or segment that the contact is newly in."""
        trigger = {"type": ADDED, "contactListId": joined.id, "listName": joined.name}
        declared_for = (one for one in self._active(ADDED) if one.is_about(joined))
        for automation in [*declared_for, *self._made_for(joined)]:
            self._start(contact, automation, trigger, joined.id)

    def changed(self, contact: Contact, before: Contact | None, known: Mapping[str, ContactList]) -> None:
        """Start the automations of changed properties for a contact in their list, which `before` had others."""
        for automation in self._active(MATCHES, CHANGES):
            change = automation.change(before, contact)
            if change and self._in_scope(automation, contact, known):
                self._start(contact, automation, {"type": automation.type, "changes": change})

    def starts(self, page: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return a page of the starts, oldest first, as GET /sandbox/automations shows them, and how many there are."""
        rows = self._db.rows("SELECT * FROM starts ORDER BY number LIMIT ? OFFSET ?", limit, (page - 1) * limit)
        return [_start_of(row) for row in rows], self._db.row("SELECT COUNT(*) AS n FROM starts")["n"]

    def counts(self, project: str) -> dict[str, tuple[int, int]]:
        """Return, by the id of each automation that was started, how often, and how many mails it sent."""
        rows = self._db.rows(
            "SELECT automation_id, COUNT(*) AS started, COUNT(subject) AS sent FROM starts WHERE project = ?"
            " GROUP BY automation_id",
            project,
        )
        return {row["automation_id"]: (row["started"], row["sent"]) for row in rows}

    def _active(self, *types: str) -> Iterator[Automation]:
        return (one for one in self._declared if one.status == "active" and (not types or one.type in types))

    def _made_for_new_contacts(self, project: str) -> list[Automation]:
        """Return the project's own automation for new contacts, unless one is declared."""
        if not self._by_default or any(one.type == CREATED for one in self._declared):
            return []
        return [declared({"name": "Welcome"}, reentry=self._reentry, automation_id=id_of(project, CREATED))]

    def _made_for(self, found: ContactList) -> list[Automation]:
        """Return the list's own automation for those who join it, unless one is declared."""
        if not self._by_default or any(one.type == ADDED and one.is_about(found) for one in self._declared):
            return []
        definition = added_to_list(f"Welcome to {found.name}", found.id)
        return [declared(definition, reentry=self._reentry, automation_id=id_of(found.row["project"], found.id))]

    def _in_scope(self, automation: Automation, contact: Contact, known: Mapping[str, ContactList]) -> bool:
        if automation.about in (None, GLOBAL):
            return True
        about = filter(automation.is_about, known.values())
        return any(
            self._contact_lists.within(known, found.id, contact)
            if found.type == "segment"
            else self._contact_lists.holds(found.id, contact)
            for found in about
        )

    def _start(
        self, contact: Contact, automation: Automation, trigger: dict[str, Any], list_id: str | None = None
    ) -> None:
        """Log a start, unless the contact does not meet the conditions, or started it before and may not again."""
        project, email = contact["projectId"], contact["email"]
        again = "SELECT 1 FROM starts WHERE contact = ? AND automation_id = ?"
        if not automation.admits(contact):
            return
        if not automation.reentry and self._db.row(again, contact["id"], automation.id):
            return
        suppressed = email in self._suppression_groups.suppressed(project, [email])
        mail = (None, "the address is suppressed") if suppressed else (automation.name, None)
        about = (automation.id, automation.name, json.dumps(trigger), list_id, contact["id"], email)
        self._db.insert("starts", _COLUMNS, project, self._db.timestamp(), *about, *mail)


def _start_of(row: Any) -> dict[str, Any]:
    sent = row["subject"] is not None
    return {
        "at": row["at"],
        "automationId": row["automation_id"],
        "automation": row["automation"],
        "trigger": json.loads(row["trigger"]),
        "contact": {"id": row["contact"], "email": row["email"]},
        "mail": {"to": row["email"], "subject": row["subject"]} if sent else None,
        **({} if sent else {"reason": row["reason"]}),
    }
