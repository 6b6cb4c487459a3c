"""A project with something in it: contacts, lists, a segment, fields; behind a client that may be asked questions."""

import json
from contextlib import AbstractAsyncContextManager
from typing import Any

from mcp import Client
from mcp_types import CallToolResult

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.store import Store
from tests.support.line import Line, empty_store, over_a_line
from tests.support.worlds import error_of

JANE, JOHN, ANN = "jane@example.com", "john@example.com", "ann@example.com"
PEOPLE = [JANE, JOHN, ANN]
EVERYBODYS_LIST = "Newsletter"
PRO = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}

# One fitting call of each tool; each of those that write changes something.
CALLS: dict[str, dict[str, Any]] = {
    "create_contact": {"email": "new@example.com", "customFields": {"plan": "pro"}, "listIds": ["Newsletter"]},
    "upsert_contact": {"email": JANE, "firstName": "Janet", "customFields": {"plan": "free"}, "listIds": ["Offers"]},
    "upsert_contacts": {
        "contacts": [{"email": JANE, "firstName": "Janet"}, {"email": "new@example.com"}],
        "listIds": ["Offers"],
        "runWorkflow": True,
    },
    "get_contact": {"email": JANE, "unsubscribeGroups": True},
    "find_contacts": {"list": "Newsletter", "emailContains": "example", "fields": ["firstName", "customFields"]},
    "delete_contacts": {"emails": [JANE, JOHN], "confirm": "2"},
    "list_contact_lists": {},
    "create_contact_list": {"name": "Pro users", "type": "segment", "filterCriteria": PRO},
    "add_to_list": {"list": "Offers", "emails": [JANE, "new@example.com"]},
    "remove_from_list": {"list": "Newsletter", "emails": [JANE]},
    "delete_contact_list": {"list": "Newsletter", "confirm": "Newsletter"},
    "list_custom_fields": {},
    "create_custom_field": {"fieldName": "birthday", "fieldType": "date"},
    "delete_custom_field": {"fieldName": "plan", "confirm": "plan"},
}


def seeded_store() -> Store:
    """Three contacts, two of them in the Newsletter; Jane has opted out of the blog."""
    store = empty_store()
    newsletter = store.seed_list(PROJECT, "Newsletter", "list")
    store.seed_list(PROJECT, "Offers", "list")
    store.seed_list(PROJECT, "Pro", "segment", PRO)
    for email in PEOPLE:
        person = {"email": email, "firstName": email[:3].title(), "userId": f"user_{email[:3]}"}
        store.create(PROJECT, person | {"customFields": {"plan": "pro", "logins": 42}})
    store.bulk_add(PROJECT, {"contactListId": newsletter, "emails": [JANE, JOHN]})
    store.suppressions.suppress(PROJECT, [JANE], store.suppressions.seed_group(PROJECT, "Blog"))
    return store


def seeded(era: str = "2026-07-28", **more: Any) -> AbstractAsyncContextManager[tuple[Client, Line]]:
    """Return a client over the seeded project, and the line between the two."""
    return over_a_line(era, store=seeded_store(), **more)


def held(line: Line) -> dict[str, list[dict[str, Any]]]:
    """Everything that the project holds."""
    return line.sandbox.store.snapshot(PROJECT)


def fact(result: CallToolResult, label: str) -> Any:
    """The data behind this label in an error."""
    for text in error_of(result).splitlines():
        if text.startswith(f"{label}: "):
            return json.loads(text.removeprefix(f"{label}: "))
    raise AssertionError(f"the error has no {label}: {error_of(result)}")


def wrote(line: Line) -> list[str]:
    """The requests that change something."""
    return [asked for asked, _ in line.seen if not asked.startswith("GET ") and "/search" not in asked]
