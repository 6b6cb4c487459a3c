"""The endpoints of contact properties, which older pages call custom fields.

Sources: AutoSend's documentation, the pages of "Contact properties" and "Custom fields". Both names work since
2026-06-26; the older one is deprecated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from autosend_mcp.api.envelope import Reply
from autosend_mcp.api.request import Request, nothing, parsed, path_to, rows_of
from autosend_mcp.models.contact_properties import CustomField
from autosend_mcp.models.values import RESERVED


@dataclass(frozen=True, slots=True)
class Resource:
    """One of the two names: of the path, and of the members of a row."""

    path: str
    name: str
    kind: str


NEWER = Resource("contact-properties", "name", "type")
OLDER = Resource("custom-fields", "fieldName", "fieldType")


def list_all(resource: Resource = NEWER) -> Request[list[CustomField]]:
    """Read all contact properties but the built-in ones, which are in the reply unless it is asked for without."""
    path = f"/{resource.path}?includeReservedFields=false"
    return Request("GET", path, _properties, many=True)


def create(body: Mapping[str, Any], resource: Resource = NEWER) -> Request[CustomField]:
    """Define a contact property. `body`: with the members of the older name."""
    names = {OLDER.name: resource.name, OLDER.kind: resource.kind}
    sent = {names.get(name, name): value for name, value in body.items()}
    return Request("POST", f"/{resource.path}", _property, sent)


def delete(name: str, resource: Resource = NEWER) -> Request[None]:
    """Delete the contact property of this name, with its values in all contacts."""
    return Request("DELETE", path_to(f"/{resource.path}/{resource.name}/{{name}}", name), nothing)


def _properties(reply: Reply) -> list[CustomField]:
    rows = [_seen(reply, row) for row in rows_of(reply, "contactProperties", "customFields")]
    return [row for row in rows if not _is_built_in(row)]


def _property(reply: Reply) -> CustomField:
    return _seen(reply, reply.data)


def _seen(reply: Reply, data: object) -> CustomField:
    custom_field = parsed(CustomField, reply, _under_one_name(data))
    custom_field.seen_at = reply.server_time
    return custom_field


def _under_one_name(data: object) -> object:
    """Return the row with its name and type under the older names; rows may have either, or both."""
    if not isinstance(data, dict):
        return data
    row = cast("dict[str, Any]", data)
    pairs = ((OLDER.name, NEWER.name), (OLDER.kind, NEWER.kind))
    return row | {older: row[newer] for older, newer in pairs if row.get(newer) is not None}


def _is_built_in(row: CustomField) -> bool:
    """Return whether it is AutoSend's own: nobody can set, define or delete it. Page "List custom fields"."""
    return row.raw.get("isReserved") is True or (row.id or "").startswith("RESERVED_") or row.stored_name in RESERVED
