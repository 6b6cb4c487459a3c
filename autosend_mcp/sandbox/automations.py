"""The log of what AutoSend's live automations would have done: who started which, and the mail it would have sent.

Sources: the pages "Automations" (triggers: added to a list or segment, a property changes) and "Suppressions".
"""

import json
from typing import Any

from autosend_mcp.sandbox.contact_lists.criteria import property_of
from autosend_mcp.sandbox.contact_lists.records import ContactList
from autosend_mcp.sandbox.contacts.records import Contact
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.options import PropertyAutomation
from autosend_mcp.sandbox.suppression_groups.records import SuppressionGroups

_COLUMNS = ("project", "at", "automation", '"trigger"', "list", "contact", "email", "subject", "reason")


class Automations:
    """The starts of every project."""

    def __init__(self, db: Database, suppression_groups: SuppressionGroups) -> None:
        self._db = db
        self._suppression_groups = suppression_groups

    def joined(self, contact: Contact, joined: ContactList) -> None:
        """Start the automation of a list or segment that the contact is newly in."""
        trigger = {"type": f"{joined.type}_joined", "listId": joined.id, "listName": joined.name}
        self._start(contact, f"Welcome to {joined.name}", trigger, joined.id)

    def changed(self, contact: Contact, before: Contact | None, automation: PropertyAutomation) -> None:
        """Start the automation if its property changed from its `from_value` to its `to_value`."""
        was = property_of(before, automation.field) if before else None
        now = property_of(contact, automation.field)
        wanted = ((automation.from_value, was), (automation.to_value, now))
        if _text(was) != _text(now) and all(value is None or value == _text(found) for value, found in wanted):
            trigger = {"type": "property_changed", "property": automation.field, "from": was, "to": now}
            self._start(contact, automation.name, trigger, None)

    def all(self) -> list[dict[str, Any]]:
        """Return every start, oldest first, as GET /sandbox/automations shows it."""
        return [_start_of(row) for row in self._db.rows("SELECT * FROM starts ORDER BY number")]

    def _start(self, contact: Contact, automation: str, trigger: dict[str, Any], list_id: str | None) -> None:
        project, email = contact["projectId"], contact["email"]
        suppressed = email in self._suppression_groups.suppressed(project, [email])
        mail = (None, "the address is suppressed") if suppressed else (automation, None)
        values = (project, self._db.timestamp(), automation, json.dumps(trigger), list_id, contact["id"], email, *mail)
        self._db.insert("starts", _COLUMNS, *values)


def _start_of(row: Any) -> dict[str, Any]:
    sent = row["subject"] is not None
    return {
        "at": row["at"],
        "automation": row["automation"],
        "trigger": json.loads(row["trigger"]),
        "contact": {"id": row["contact"], "email": row["email"]},
        "mail": {"to": row["email"], "subject": row["subject"]} if sent else None,
        **({} if sent else {"reason": row["reason"]}),
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
