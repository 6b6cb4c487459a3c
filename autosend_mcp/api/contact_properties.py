"""The endpoints of contact properties, by the older name that works everywhere: custom fields.

Sources: AutoSend's documentation, the pages of "Contact properties" and "Custom fields".
"""

from collections.abc import Mapping
from typing import Any

from autosend_mcp.api.envelope import Reply
from autosend_mcp.api.request import Request, nothing, parsed, path_to, rows_of
from autosend_mcp.models.contact_properties import CustomField

_RESOURCE = "custom-fields"  # since 2026-06-26 also contact-properties


def list_all() -> Request[list[CustomField]]:
    """Read all contact properties."""
    return Request("GET", path_to(_RESOURCE), _properties, many=True)


def create(body: Mapping[str, Any]) -> Request[CustomField]:
    """Define a contact property."""
    return Request("POST", path_to(_RESOURCE), _property, body)


def delete(name: str) -> Request[None]:
    """Delete the contact property of this name, with its values in all contacts."""
    return Request("DELETE", path_to(_RESOURCE, "fieldName", name), nothing)


def _properties(reply: Reply) -> list[CustomField]:
    return [_seen(reply, row) for row in rows_of(reply, "customFields")]


def _property(reply: Reply) -> CustomField:
    return _seen(reply, reply.data)


def _seen(reply: Reply, data: object) -> CustomField:
    custom_field = parsed(CustomField, reply, data)
    custom_field.seen_at = reply.server_time
    return custom_field
