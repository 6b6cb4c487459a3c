"""Contact properties, whose older name is custom fields: their endpoints, their rows, and what values they take.

Sources: the pages "Custom fields" (types, reserved names), "Create custom field" and "Delete custom field".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox.contact_lists.criteria import as_date
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.envelope import Handler, Refused, body_of, check, not_found, parameter, success
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.validation import Details, problem, text_problems

TYPES = ("string", "number", "boolean", "date")
RESERVED = {
    *("firstName", "first_name", "lastName", "last_name", "email", "mobile", "userId", "externalId", "contactLists"),
    *("unsubscribed", "unsubscribe", "unsubscribe_groups", "unsubscribe_preferences", "createdAt", "updatedAt"),
    *("address", "address_line_1", "address_line_2", "city", "state", "zip", "country"),
}
_COLUMNS = ("id", "project", "name", "type", "description", "default_value", "created_at", "updated_at")


class ContactProperties:
    """The definitions of every project."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self, project: str) -> list[dict[str, Any]]:
        """Return the project's definitions, oldest first."""
        rows = self._db.rows("SELECT * FROM fields WHERE project = ? ORDER BY rowid", project)
        return [_property_of(row) for row in rows]

    def types(self, project: str) -> dict[str, str]:
        """Return the type of each defined property, by name."""
        rows = self._db.rows("SELECT name, type FROM fields WHERE project = ?", project)
        return {row["name"]: row["type"] for row in rows}

    def define(
        self, project: str, name: str, kind: str, description: str | None = None, default: str | None = None
    ) -> dict[str, Any] | None:
        """Add a definition and return it; None if the project has one of that name."""
        now = self._db.timestamp()
        values = (self._db.new_id(), project, name, kind, description, default, now, now)
        with self._db.transaction():
            added = self._db.insert("fields", _COLUMNS, *values)
        return _property_of(dict(zip(_COLUMNS, values, strict=True))) if added else None

    def delete(self, project: str, name: str) -> bool:
        """Delete the definition and, as its page says, all contacts' values; return False if there is none."""
        with self._db.transaction():
            for row in self._db.rows("SELECT id, custom_fields FROM contacts WHERE project = ?", project):
                values = json.loads(row["custom_fields"])
                if name in values:
                    del values[name]
                    self._db.run("UPDATE contacts SET custom_fields = ? WHERE id = ?", json.dumps(values), row["id"])
            return self._db.run("DELETE FROM fields WHERE project = ? AND name = ?", project, name) > 0


class ContactPropertyEndpoints:
    """Each method answers one endpoint under /custom-fields."""

    def __init__(self, properties: ContactProperties, options: Options) -> None:
        self._properties = properties
        self._options = options

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        return {
            ("GET", "/custom-fields"): self.all,
            ("POST", "/custom-fields"): self.create,
            ("DELETE", "/custom-fields/fieldName/{name}"): self.delete,
        }

    async def all(self, _request: Request, project: str) -> Response:
        """Return every definition."""
        found = self._properties.all(project)
        return success({"customFields": found}, message="Custom fields retrieved successfully")

    async def create(self, request: Request, project: str) -> Response:
        """Define a property, unless the project has one of the name."""
        body = await body_of(request)
        check(_definition_problems(body))
        name, kind, description, default = (
            body.get(member) for member in ("fieldName", "fieldType", "description", "defaultValue")
        )
        created = self._properties.define(project, str(name), str(kind), description, default)
        if created is None:
            message = "Custom field with this name already exists in the project"
            raise Refused(self._options.property_exists_status, "FIELD_ALREADY_EXISTS", message)
        return success(created | {"projectId": project}, message="Custom field created successfully")

    async def delete(self, request: Request, project: str) -> Response:
        """Delete the definition and all contacts' values."""
        if not self._properties.delete(project, parameter(request, "name")):
            raise not_found("Custom field", "CUSTOM_FIELD_NOT_FOUND")
        return success(message="Custom field deleted successfully")


@dataclass
class CheckedValues:
    """What a write does to a contact's values: those to set, properties to define first, what is wrong."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    defined: dict[str, str] = field(default_factory=dict[str, str])
    problems: Details = field(default_factory=list[dict[str, str]])


def checked_values(custom: Mapping[str, Any], types: Mapping[str, str], options: Options) -> CheckedValues:
    """Judge each value by the defined types and the switches."""
    checked = CheckedValues()
    for name, value in custom.items():
        kind = types.get(name)
        if kind is None and name not in RESERVED and value is not None:
            if options.unknown_fields == "refuse":
                checked.problems.append(problem(f"customFields.{name}", "Unknown custom field"))
            elif options.unknown_fields == "create":
                checked.defined[name] = _type_of(value)
            elif options.unknown_fields == "ignore":
                continue
        elif kind is not None and not _fits(value, kind) and options.wrong_types == "refuse":
            checked.problems.append(problem(f"customFields.{name}", f"Value must be a {kind}"))
        checked.values[name] = value
    return checked


def _type_of(value: object) -> str:
    """Return the type that a value would have as a property of its own."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "date" if as_date(value) else "string"


def _fits(value: object, kind: str) -> bool:
    """Return whether a property of this type may hold the value. Any text fits a string, also one that is a date."""
    return value is None or _type_of(value) == kind or (kind == "string" and isinstance(value, str))


def _definition_problems(body: Mapping[str, Any]) -> Details:
    problems = text_problems(body, {"description": None, "defaultValue": None})
    name = body.get("fieldName")
    if not isinstance(name, str) or not name.strip():
        problems.append(problem("fieldName", "fieldName is required"))
    elif name in RESERVED:
        problems.append(problem("fieldName", f"{name} is a reserved field name"))
    if body.get("fieldType") not in TYPES:
        problems.append(problem("fieldType", f"fieldType must be one of {', '.join(TYPES)}"))
    return problems


def _property_of(row: Any) -> dict[str, Any]:
    given = {"description": row["description"], "defaultValue": row["default_value"]}
    return {
        "id": row["id"],
        "fieldName": row["name"],
        "fieldType": row["type"],
        **{name: value for name, value in given.items() if value is not None},
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
