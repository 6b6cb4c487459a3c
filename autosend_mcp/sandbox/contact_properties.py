"""Contact properties, whose older name is custom fields: their endpoints and their rows.

Sources: the pages of "Contact properties" and of "Custom fields" (types, reserved names). The second is the older name
of the same resource, deprecated since 2026-06-26.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox.contact_lists.segments import Segments
from autosend_mcp.sandbox.contacts.records import Contacts
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.envelope import Handler, Refused, body_of, check, not_found, parameter, success
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.validation import problem, text_problems

TYPES = ("string", "number", "boolean", "date")
RESERVED = {
    *("firstName", "first_name", "lastName", "last_name", "email", "mobile", "userId", "externalId", "contactLists"),
    *("unsubscribed", "unsubscribe", "unsubscribe_groups", "unsubscribe_preferences", "createdAt", "updatedAt"),
    *("address", "address_line_1", "address_line_2", "city", "state", "zip", "country"),
}
# What the list shows of them by default; page "List custom fields" of 2026-03-25.
_BUILT_IN: tuple[dict[str, Any], ...] = (
    {"id": "RESERVED_EMAIL", "fieldName": "email", "disabled": True},
    {"id": "RESERVED_FIRST_NAME", "fieldName": "firstName"},
    {"id": "RESERVED_LAST_NAME", "fieldName": "lastName"},
    {"id": "RESERVED_CREATED_AT", "fieldName": "createdAt", "fieldType": "date", "disabled": True},
    {"id": "RESERVED_USER_ID", "fieldName": "userId", "disabled": False},
)
_COLUMNS = ("id", "project", "name", "type", "description", "default_value", "created_at", "updated_at")


class ContactProperties:
    """The definitions of every project."""

    def __init__(self, db: Database, contacts: Contacts, segments: Segments) -> None:
        self._db = db
        self._contacts = contacts
        self._segments = segments

    def all(self, project: str) -> list[dict[str, Any]]:
        """Return the project's definitions, oldest first."""
        rows = self._db.rows("SELECT * FROM fields WHERE project = ? ORDER BY rowid", project)
        return [_property_of(row) for row in rows]

    def types(self, project: str) -> dict[str, str]:
        """Return the type of each defined property, by name."""
        sql = "SELECT name, type FROM fields WHERE project = ?"
        return self._db.kept("types", project, lambda: dict(map(tuple, self._db.rows(sql, project)))).copy()

    def define(
        self, project: str, name: str, kind: str, description: str | None = None, default: str | None = None
    ) -> dict[str, Any] | None:
        """Add a definition and return it; None if the project has one of that name."""
        now = self._db.timestamp()
        values = (self._db.new_id(), project, name, kind, description, default, now, now)
        with self._db.transaction():
            added = self._db.insert("fields", _COLUMNS, *values)
            self._db.define()
        return _property_of(dict(zip(_COLUMNS, values, strict=True))) if added else None

    def delete(self, project: str, name: str) -> bool:
        """Delete the definition and, as its page says, all contacts' values; return False if there is none."""
        with self._db.transaction():
            if not self._db.run("DELETE FROM fields WHERE project = ? AND name = ?", project, name):
                return False
            self._db.define()
            self._contacts.drop_property(project, name)
            self._segments.refill(project, about=name)
            return True


@dataclass(frozen=True)
class Resource:
    """One of the two names of the resource. `members`: of the name and the type in its rows; the newer has both."""

    path: str
    key: str
    by: str
    code: str
    one: str
    many: str
    members: tuple[tuple[str, str], ...]


_OLD_MEMBERS = ("fieldName", "fieldType")
RESOURCES = (
    Resource(
        *("/contact-properties", "contactProperties", "name", "CONTACT_PROPERTY_NOT_FOUND"),
        *("Contact property", "Contact properties"),
        (("name", "type"), _OLD_MEMBERS),
    ),
    Resource(
        *("/custom-fields", "customFields", "fieldName", "CUSTOM_FIELD_NOT_FOUND"),
        *("Custom field", "Custom fields"),
        (_OLD_MEMBERS,),
    ),
)


class ContactPropertyEndpoints:
    """Each method answers one endpoint, under one of the two names of the resource."""

    def __init__(self, properties: ContactProperties, options: Options, resource: Resource) -> None:
        self._properties = properties
        self._options = options
        self._resource = resource

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        path, by = self._resource.path, self._resource.by
        return {
            ("GET", path): self.all,
            ("POST", path): self.create,
            ("GET", f"{path}/{by}/{{name}}"): self.get,
            ("DELETE", f"{path}/{by}/{{name}}"): self.delete,
        }

    async def all(self, request: Request, project: str) -> Response:
        """Return every definition, after those of the built-in fields unless they are not wanted."""
        with_reserved = request.query_params.get("includeReservedFields") != "false"
        rows = [*map(_reserved, _BUILT_IN)] * with_reserved + self._properties.all(project)
        found = {self._resource.key: [self._shown(row) for row in rows]}
        return success(found, message=f"{self._resource.many} retrieved successfully")

    async def get(self, request: Request, project: str) -> Response:
        """Return the definition with this name."""
        name = parameter(request, "name")
        found = [row for row in self._properties.all(project) if row["fieldName"] == name]
        if not found:
            raise not_found(self._resource.one, self._resource.code)
        return success(self._shown(found[0]), message=f"{self._resource.one} retrieved successfully")

    async def create(self, request: Request, project: str) -> Response:
        """Define a property, unless the project has one of the name."""
        body = await body_of(request)
        name, kind = (
            body.get(newer, body.get(older)) for newer, older in (("name", "fieldName"), ("type", "fieldType"))
        )
        _check_definition(body, name, kind)
        created = self._properties.define(
            project, str(name), str(kind), body.get("description"), body.get("defaultValue")
        )
        if created is None:
            message = "Custom field with this name already exists in the project"
            raise Refused(self._options.property_exists_status, "FIELD_ALREADY_EXISTS", message)
        shown = self._shown(created)
        if self._resource.key == "customFields" and self._options.property_rows == "newest":
            shown["projectId"] = project
        return success(shown, status=self._options.created_status, message=f"{self._resource.one} created successfully")

    async def delete(self, request: Request, project: str) -> Response:
        """Delete the definition and all contacts' values."""
        if not self._properties.delete(project, parameter(request, "name")):
            raise not_found(self._resource.one, self._resource.code)
        return success(message=f"{self._resource.one} deleted successfully")

    def _shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row as the newest pages show it, or as the first did, with all that is known of it."""
        named: dict[str, Any] = {}
        for name, kind in self._resource.members:
            named |= {name: row["fieldName"], kind: row["fieldType"]}
        rest = {name: value for name, value in row.items() if name not in _OLD_MEMBERS}
        if "isReserved" not in rest and self._options.property_rows == "first":
            rest["isReserved"] = False
        elif "isReserved" not in rest:
            rest = {name: value for name, value in rest.items() if name not in ("description", "defaultValue")}
        return {"id": rest.pop("id"), **named, **rest}


def _check_definition(body: Mapping[str, Any], name: object, kind: object) -> None:
    """Refuse a definition that is not allowed, in the words of the page "Create custom field" of 2026-03-25."""
    problems = text_problems(body, {"description": None, "defaultValue": None})
    if not isinstance(name, str) or not name.strip():
        problems.append(problem("fieldName", "fieldName is required"))
    check(problems)
    if name in RESERVED:
        message = "Cannot create custom field with reserved name. Please use a different field name."
        raise Refused(400, "RESERVED_FIELD_NAME", message)
    if kind not in TYPES:
        raise Refused(400, "INVALID_FIELD_TYPE", f"Invalid field type. Must be one of: {', '.join(TYPES)}")


def _reserved(built_in: Mapping[str, Any]) -> dict[str, Any]:
    return {"fieldType": "string", "isReserved": True, **built_in}


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
