"""The bodies of writes of contacts: what is wrong with them, and how they are written.

Sources: the pages "Create contact", "Upsert contact" and "Bulk update contacts"; the changelog of 2026-06-26
(`contactProperties`).
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any, cast

from autosend_mcp.sandbox.contacts.records import NAMES
from autosend_mcp.sandbox.validation import (
    Details,
    email_problems,
    is_email,
    is_strings,
    normalized,
    problem,
    text_problems,
)

MAX_ROWS = 100
"""How many contacts one bulk update may hold; page "Bulk update contacts"."""

PROPERTIES = ("customFields", "contactProperties")
"""The older name of the properties, and the newer."""

_OBJECTS = frozenset(PROPERTIES)
_TEXTS = dict.fromkeys(NAMES)
_VALUE = (str, int, float, NoneType)
_VALUES = {*_VALUE, bool}


def contact_problems(body: Mapping[str, Any]) -> Details:
    """Return what is wrong with the body of a create or an upsert. Unknown members are ignored."""
    return [] if _is_plain(body) else _problems(body)


def _problems(body: Mapping[str, Any]) -> Details:
    problems = [
        *email_problems(body.get("email")),
        *text_problems(body, _TEXTS),
    ]
    if body.get("listIds") is not None and not is_strings(body["listIds"]):
        problems.append(problem("listIds", "listIds must be an array of strings"))
    for key in PROPERTIES:
        custom: object = body.get(key)
        if isinstance(custom, dict):
            for name, value in cast("dict[str, Any]", custom).items():
                if not isinstance(value, _VALUE):
                    problems.append(problem(f"{key}.{name}", "Value must be a string, number, boolean or date"))
        elif custom is not None:
            problems.append(problem(key, f"{key} must be an object"))
    return problems


def _is_plain(body: Mapping[str, Any]) -> bool:
    """Return whether nothing is wrong with the body: what is true of most rows of a bulk update, and soon said."""
    for name, value in body.items():
        if isinstance(value, str):
            if name in _OBJECTS:
                return False
        elif name in _OBJECTS:
            if not isinstance(value, dict) or not _VALUES.issuperset(map(type, cast("dict[str, Any]", value).values())):
                return False
        elif name in _TEXTS:
            return False
    return "listIds" not in body and is_email(body.get("email"))


def normalized_body(body: dict[str, Any]) -> dict[str, Any]:
    """Give the valid body a normalized address, and its properties under the older name; the newer name's win."""
    if newer := body.get("contactProperties"):
        body["customFields"] = {**(body.get("customFields") or {}), **newer}
    body["email"] = normalized(body["email"])
    return body


def bulk_problems(body: Mapping[str, Any]) -> Details:
    """Return what is wrong with a bulk update as a whole; its rows are judged one by one."""
    rows = body.get("contacts")
    if not isinstance(rows, list) or not 1 <= len(cast("list[object]", rows)) <= MAX_ROWS:
        return [problem("contacts", f"contacts must be an array of 1 to {MAX_ROWS} contacts")]
    if not isinstance(body.get("runWorkflow"), bool | None):
        return [problem("runWorkflow", "runWorkflow must be a boolean")]
    return []


def valid_rows(rows: list[object]) -> list[dict[str, Any]]:
    """Return the rows of a bulk update that are contacts, with normalized addresses. Rows have no `listIds`."""
    valid: list[dict[str, Any]] = []
    for row in rows:
        if isinstance(row, dict):
            body = cast("dict[str, Any]", row)
            body.pop("listIds", None)
            if _is_plain(body) or not _problems(body):
                valid.append(normalized_body(body))
    return valid
