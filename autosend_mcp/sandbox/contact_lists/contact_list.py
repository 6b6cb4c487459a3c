"""What a contact list or segment is: both kinds are one resource, told apart by `type`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autosend_mcp.sandbox.contact_lists.criteria import condition
from autosend_mcp.sandbox.contacts.records import Contact
from autosend_mcp.sandbox.database import Database

GLOBAL = "GLOBAL_CONTACT_LIST"
COLUMNS: tuple[str, ...] = (
    "id",
    "project",
    "name",
    "type",
    "description",
    "criteria",
    "parent",
    "created_at",
    "updated_at",
)


@dataclass(frozen=True)
class ContactList:
    """A list or segment; `is_met` judges a contact by the conditions of a segment, `row` is how it is stored."""

    id: str
    name: str
    type: str
    criteria: dict[str, Any] | None
    parent: str | None
    is_met: Callable[[Contact], bool]
    row: dict[str, Any]

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


def known_lists(db: Database, project: str, *, exact: bool) -> Mapping[str, ContactList]:
    """Return the project's lists and segments by id, oldest first; without the global list.

    `exact`: segments compare text with regard to case.
    """
    sql = f"SELECT {', '.join(COLUMNS)} FROM lists WHERE project = ? ORDER BY rowid"  # noqa: S608 - constants
    return db.kept("lists", project, lambda: {row["id"]: _list_of(row, exact=exact) for row in db.rows(sql, project)})


def _list_of(values: Any, *, exact: bool) -> ContactList:
    row = dict(zip(COLUMNS, values, strict=True))
    criteria = json.loads(row["criteria"]) if row["criteria"] else None
    is_met = condition(criteria, exact=exact)
    return ContactList(row["id"], row["name"], row["type"], criteria, row["parent"], is_met, row)
