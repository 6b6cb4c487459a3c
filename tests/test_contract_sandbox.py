"""The sandbox judged by the documentation: it answers each documented request with the documented response."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from autosend_mcp.sandbox.app import KEY, PROJECT, Options, Sandbox
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.store import Store

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent / "contract"
FEBRUARY = 1_770_000_000.0  # of 2026: between the dates of the documented search for entries
NEWER = "_with_contact_properties"  # the version of a page in which custom fields are called contact properties
NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))


def documented(name: str) -> dict[str, Any]:
    """Return the documented exchange: its source, request, response, and the call that makes our client send it.

    Its `call` names the tool and the arguments, which are the documented body where they are left out; `no_call` says
    why our client never sends that request, or where another test has it do so. `no_sandbox` says why the sandbox does
    not answer so; `sandbox_lacks`: members that it does not have.
    """
    exchange = json.loads((FOLDER / f"{name}.json").read_text())
    assert exchange["source"].startswith("AutoSend documentation, ")
    return exchange


def contract(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the documented request and response."""
    exchange = documented(name)
    return exchange["request"], exchange["response"]


def shape(value: object, without: Collection[str] = ()) -> object:
    """Return the keys and types of a JSON value, whatever the order; of a list, the different ones in it."""
    if isinstance(value, dict):
        members = sorted(cast("dict[str, object]", value).items())
        return {name: shape(inner, without) for name, inner in members if name not in without}
    if isinstance(value, list):
        shapes = [shape(inner, without) for inner in cast("list[object]", value)]
        return [one for place, one in enumerate(shapes) if one not in shapes[:place]]
    return type(value).__name__


def seeded(store: Store) -> dict[str, str]:
    """Store what the documentation's examples take for granted; return the ids by their placeholders."""
    for name in ("planTier", "company", "role", "plan"):
        store.contact_properties.define(PROJECT, name, "string", "The user's subscription tier", "free")
    john = writes.create(store, PROJECT, contract("create_contact")[0]["body"])
    lists, segment = contract("list_contact_lists")[1]["body"]["data"]["lists"][1:]
    list_id = store.contact_lists.insert(PROJECT, lists["name"], "list", list_id=lists["id"])
    store.contact_lists.insert(PROJECT, segment["name"], "segment", criteria=segment["filterCriteria"])
    jane = contract("search_list_contacts")[1]["body"]["data"]["contacts"][0]
    writes.create(
        store, PROJECT, {name: jane[name] for name in ("email", "firstName", "lastName")} | {"listIds": [list_id]}
    )
    for email in ("email1@gmail.com", "user@example.com"):
        writes.create(store, PROJECT, {"email": email})
    group_id = store.suppression_groups.seed(PROJECT, "Our blog")
    global_id = store.suppression_groups.seed(PROJECT, "Bounced Addresses", is_global=True)
    store.suppression_groups.suppress(PROJECT, [john["email"], "user@example.com"], group_id, "UNSUBSCRIBE")
    writes.create(store, PROJECT, {"email": "john.doe@example.com", "firstName": "John", "lastName": "Doe"} | {
        "userId": "user_12345", "customFields": {"company": "Acme Corp", "role": "Developer", "plan": "premium"}
    })  # fmt: skip
    webhook = store.webhooks.create(PROJECT, contract("create_webhook")[0]["body"])
    assert webhook
    row = store.webhooks.row(PROJECT, webhook["id"])
    store.webhooks.tried(store.webhooks.queue(row, "email.delivered"), 200, None, 142, last=True)
    return {
        "{webhookId}": webhook["id"],
        "{id}": john["id"],
        "{listId}": list_id,
        "{groupId}": group_id,
        "{globalGroupId}": global_id,
    }


@pytest.mark.parametrize("name", [name for name in NAMES if "no_sandbox" not in documented(name)])
async def test_the_sandbox_answers_with_the_documented_status_keys_and_types(name: str) -> None:
    request, response = contract(name)
    data: Any = response["body"].get("data", {})
    options = Options(
        rate_limit=0,
        lists_key="contacts" if name.endswith("_under_contacts") else "lists",
        bulk_add_contacts="totalContactsInList" in data and "contacts" in data,
        properties_key="contactProperties" if name.endswith(NEWER) else "customFields",
        property_rows="first" if name.endswith("_first") else "newest",
        automations=(contract("get_automation")[1]["body"]["data"],),
        created_status=201 if response["status"] == 201 else 200,
    )
    sandbox = Sandbox(options, now=lambda: FEBRUARY)
    text = json.dumps(request)
    if not name.startswith("create_"):
        for placeholder, value in seeded(sandbox.store).items():
            text = text.replace(placeholder, value)
    asked = json.loads(text)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(sandbox.app),
        base_url="http://127.0.0.1",
        headers={"Authorization": f"Bearer {KEY}"},
    ) as http:
        answered = await http.request(asked["method"], asked["path"], json=asked["body"], params=asked.get("query"))
    sandbox.close()
    assert answered.status_code == response["status"]
    lacking = documented(name).get("sandbox_lacks", ())
    assert shape(answered.json(), lacking) == shape(response["body"], lacking)
