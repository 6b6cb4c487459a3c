"""A project with something in it: contacts, lists, a segment, fields; behind a client that may be asked questions."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from httpx2 import AsyncBaseTransport
from mcp import Client
from mcp.client.session import ElicitationFnT
from mcp_types import CallToolResult

from autosend_mcp.api.client import AutoSend
from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.store import Store
from autosend_mcp.server.app import open_server
from autosend_mcp.settings import load_settings
from tests.support.line import Line
from tests.support.worlds import KEY, UNLIMITED, error_of

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
    store = Store()
    for name, kind in (("plan", "string"), ("logins", "number")):
        store.fields.define(PROJECT, name, kind)
    newsletter = store.seed_list(PROJECT, "Newsletter", "list")
    store.seed_list(PROJECT, "Offers", "list")
    store.seed_list(PROJECT, "Pro", "segment", PRO)
    for email in PEOPLE:
        person = {"email": email, "firstName": email[:3].title(), "userId": f"user_{email[:3]}"}
        store.create(PROJECT, person | {"customFields": {"plan": "pro", "logins": 42}})
    store.bulk_add(PROJECT, {"contactListId": newsletter, "emails": [JANE, JOHN]})
    store.suppressions.suppress(PROJECT, [JANE], store.suppressions.seed_group(PROJECT, "Blog"))
    return store


@asynccontextmanager
async def client_of(
    transport: AsyncBaseTransport,
    era: str = "2026-07-28",
    *,
    timeout: float = 2.0,
    asked: ElicitationFnT | None = None,
    **settings: Any,
) -> AsyncGenerator[Client]:
    """A client of our server over this transport; `asked` answers for the person, if the client can ask one."""
    given = {"api_key": KEY, "base_url": "http://127.0.0.1/v1", "timeout": timeout, "rate_limit": UNLIMITED}
    autosend = AutoSend(load_settings(**given | settings), transport)
    async with (
        open_server(autosend) as (server, _),
        Client(server, mode=era, elicitation_callback=asked, cache=None) as client,
    ):
        yield client


@asynccontextmanager
async def seeded(
    era: str = "2026-07-28", *, options: Options | None = None, **more: Any
) -> AsyncGenerator[tuple[Client, Line]]:
    """A client over the seeded project, and the line between the two."""
    line = Line(Sandbox(seeded_store(), options or Options(rate_limit=0)))
    try:
        async with client_of(line, era, **more) as client:
            yield client, line
    finally:
        line.sandbox.store.close()


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
