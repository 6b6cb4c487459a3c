"""The custom field catalogue: names, types, and what a contact's values must be.

Source: the pages "Custom fields" (types, reserved names), "Create custom field" and "Delete custom field".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autosend_mcp.sandbox.criteria import Details, as_date
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.options import Options

TYPES = ("string", "number", "boolean", "date")
RESERVED = {
    *("firstName", "first_name", "lastName", "last_name", "email", "mobile", "userId", "externalId", "contactLists"),
    *("unsubscribed", "unsubscribe", "unsubscribe_groups", "unsubscribe_preferences", "createdAt", "updatedAt"),
    *("address", "address_line_1", "address_line_2", "city", "state", "zip", "country"),
}
_COLUMNS = ("id", "project", "name", "type", "description", "default_value", "created_at", "updated_at")


def type_of(value: object) -> str:
    """The type a value would have as a field of its own."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "date" if as_date(value) else "string"


def fits(value: object, kind: str) -> bool:
    """Whether a field of this type may hold the value. Any text fits a string, also one that looks like a date."""
    return value is None or type_of(value) == kind or (kind == "string" and isinstance(value, str))


@dataclass
class Settled:
    """What becomes of a contact's `customFields`: those to set, fields to define first, what is wrong."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    defined: dict[str, str] = field(default_factory=dict[str, str])
    problems: Details = field(default_factory=list[dict[str, str]])


def settle(custom: Mapping[str, Any], types: Mapping[str, str], options: Options) -> Settled:
    """Judge each value by the catalogue's types and the switches."""
    settled = Settled()
    for name, value in custom.items():
        kind = types.get(name)
        if kind is None and name not in RESERVED and value is not None:
            if options.unknown_fields == "refuse":
                settled.problems.append(_problem(name, "Unknown custom field"))
            elif options.unknown_fields == "create":
                settled.defined[name] = type_of(value)
            elif options.unknown_fields == "ignore":
                continue
        elif kind is not None and not fits(value, kind) and options.wrong_types == "refuse":
            settled.problems.append(_problem(name, f"Value must be a {kind}"))
        settled.values[name] = value
    return settled


def _problem(name: str, message: str) -> dict[str, str]:
    return {"field": f"customFields.{name}", "message": message}


class Fields:
    """The definitions of every project."""

    def __init__(self, db: Database) -> None:
        """Over this database."""
        self._db = db

    def all(self, project: str) -> list[dict[str, Any]]:
        """The project's definitions, oldest first."""
        rows = self._db.rows("SELECT * FROM fields WHERE project = ? ORDER BY rowid", project)
        return [_field_of(row) for row in rows]

    def types(self, project: str) -> dict[str, str]:
        """The type of each defined field, by name."""
        rows = self._db.rows("SELECT name, type FROM fields WHERE project = ?", project)
        return {row["name"]: row["type"] for row in rows}

    def define(
        self, project: str, name: str, kind: str, description: str | None = None, default: str | None = None
    ) -> dict[str, Any] | None:
        """A new definition; None if the project has one of that name."""
        now = self._db.timestamp()
        row = dict(zip(_COLUMNS, (self._db.new_id(), project, name, kind, description, default, now, now), strict=True))
        with self._db.transaction():
            return _field_of(row) if self._db.insert("fields", _COLUMNS, *row.values()) else None

    def delete(self, project: str, name: str) -> bool:
        """Drop the definition and, as its page says, all contacts' values; whether there was a definition."""
        with self._db.transaction():
            for row in self._db.rows("SELECT id, custom_fields FROM contacts WHERE project = ?", project):
                values = json.loads(row["custom_fields"])
                if name in values:
                    del values[name]
                    self._db.run("UPDATE contacts SET custom_fields = ? WHERE id = ?", json.dumps(values), row["id"])
            return self._db.run("DELETE FROM fields WHERE project = ? AND name = ?", project, name) > 0


def _field_of(row: Any) -> dict[str, Any]:
    given = {"description": row["description"], "defaultValue": row["default_value"]}
    return {
        "id": row["id"],
        "fieldName": row["name"],
        "fieldType": row["type"],
        **{name: value for name, value in given.items() if value is not None},
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
