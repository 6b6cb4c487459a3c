"""The sandbox judged by the documentation: it answers each documented request with the documented response."""

import json
from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.store import Store
from manifests.exchanges import NAMES, contract, documented
from tests.support.contract import shape
from tests.support.openapi import faults_of, operation_of, response_of

pytestmark = pytest.mark.anyio

FEBRUARY = 1_770_000_000.0  # of 2026: between the dates of the documented search for entries


def seeded(store: Store) -> dict[str, str]:
    """Store what the documentation's examples take for granted; return the ids by their placeholders."""
    for name in ("planTier", "company", "role", "plan"):
        store.contact_properties.define(PROJECT, name, "string", "The user's subscription tier", "free")
    lists, segment = contract("list_contact_lists")[1]["body"]["data"]["lists"][1:]
    list_id = store.contact_lists.insert(PROJECT, lists["name"], "list", list_id=lists["id"])
    store.contact_lists.insert(PROJECT, segment["name"], "segment", criteria=segment["filterCriteria"])
    john = writes.create(store, PROJECT, contract("create_contact")[0]["body"] | {"listIds": [list_id]})
    jane = contract("search_list_contacts")[1]["body"]["data"]["contacts"][0]
    writes.create(
        store, PROJECT, {name: jane[name] for name in ("email", "firstName", "lastName")} | {"listIds": [list_id]}
    )
    for email in ("email1@gmail.com", "user@example.com"):
        writes.create(store, PROJECT, {"email": email})
    group_id = store.suppression_groups.seed(PROJECT, "Our blog")
    global_id = store.suppression_groups.seed(PROJECT, "Bounced Addresses", is_global=True)
    store.suppression_groups.suppress(PROJECT, [john["email"], "user@example.com"], group_id, "UNSUBSCRIBE")
    webhook = store.webhooks.create(PROJECT, contract("create_webhook")[0]["body"])
    assert webhook
    row = store.webhooks.row(PROJECT, webhook["id"])
    mail_id, _ = store.sending.send(PROJECT, contract("send_mail")[0]["body"] | {"to": {"email": "click@example.com"}})
    store.webhooks.tried(store.webhooks.queue(row, "email.delivered"), 200, None, 142, last=True)
    return {
        "{webhookId}": webhook["id"],
        "{mailId}": mail_id,
        "{id}": john["id"],
        "{listId}": list_id,
        "{groupId}": group_id,
        "{globalGroupId}": global_id,
    }


def brought_by(name: str) -> dict[str, Any]:
    """Return what brings the sandbox to the documented response; a request of None where nothing can."""
    exchange = documented(name)
    return {"request": exchange["request"], "options": {}, "key": KEY, "times": 1} | exchange.get("sandbox", {})


@pytest.mark.parametrize("name", [name for name in NAMES if brought_by(name)["request"]])
async def test_the_sandbox_answers_as_documented_or_says_why_not(name: str) -> None:
    """The status, the keys and the types are compared, of the documented headers that they are numbers."""
    exchange, response, brought = documented(name), contract(name)[1], brought_by(name)
    defaults: dict[str, Any] = {"rate_limit": 0}
    defaults |= {"automations": [contract("get_automation")[1]["body"]["data"]]}
    sandbox = Sandbox(Options(**defaults | brought["options"]), now=lambda: FEBRUARY)
    text = json.dumps(brought["request"])
    if not name.startswith("create_"):
        for placeholder, value in seeded(sandbox.store).items():
            text = text.replace(placeholder, value)
    asked = json.loads(text)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(sandbox.app),
        base_url="http://127.0.0.1",
        headers={"Authorization": f"Bearer {brought['key']}"},
    ) as http:
        method, path, query = asked["method"], asked["path"], asked.get("query")
        replies = [await http.request(method, path, json=asked["body"], params=query) for _ in range(brought["times"])]
    sandbox.close()
    answered = replies[-1]
    is_right = answered.status_code == response["status"]
    if is_right and response["body"] is not None:
        is_right = shape(answered.json()) == shape(response["body"])
    is_right = is_right and all(answered.headers.get(header, "").isdigit() for header in response.get("headers", ()))
    assert is_right is ("no_sandbox" not in exchange), answered.text
    if is_right and response["body"] is not None and asked["path"] != "/v1/nothing":
        described = response_of(operation_of(asked["method"], asked["path"].partition("?")[0]), response["status"])
        assert faults_of(described, answered.json()) == []
