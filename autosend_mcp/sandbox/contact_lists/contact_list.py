"""What a contact list or segment is: both kinds are one resource, told apart by `type`."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autosend_mcp.sandbox.contact_lists.criteria import condition
from autosend_mcp.sandbox.contacts.records import Contact
from autosend_mcp.sandbox.database import Database

GLOBAL = "GLOBAL_CONTACT_LIST"


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

    def is_met(self, contact: Contact) -> bool:
        """Return whether the contact meets the conditions of this segment."""
        return _condition(self.row["criteria"])(contact)


def known_lists(db: Database, project: str) -> dict[str, ContactList]:
    """Return the project's lists and segments by id, oldest first; without the global list."""
    rows = db.rows("SELECT * FROM lists WHERE project = ? ORDER BY rowid", project)
    return {row["id"]: _list_of(row) for row in rows}


def _list_of(row: Any) -> ContactList:
    return ContactList(row["id"], row["name"], row["type"], _criteria(row["criteria"]), row["parent"], row)


@lru_cache(maxsize=1_000)
def _criteria(stored: str | None) -> dict[str, Any] | None:
    return json.loads(stored) if stored else None


@lru_cache(maxsize=1_000)
def _condition(stored: str | None) -> Callable[[Contact], bool]:
    return condition(_criteria(stored))
