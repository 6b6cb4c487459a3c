"""The sandbox's webhooks: delivered in order, signed, and tried again."""

import json
import re
from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.webhooks.javascript import stringify
from manifests.exchanges import DELIVERIES, documented
from tests.support.contract import shape
from tests.support.http import expect_refusal, over
from tests.support.webhooks import Receiver, hurried, is_genuine, made, receiving, waited_for

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    async with receiving() as made:
        yield made


async def test_contact_events_are_delivered_as_documented(receiver: Receiver) -> None:
    contact = {"email": "zoë@example.com", "firstName": "Zoë", "lastName": "Doe \u2028 \U0001f600"}
    async with over(webhook_url=receiver.url, webhook_secret="whsec_x") as (http, _):
        created = (await http.post("/contacts", json=contact)).json()["data"]
        await http.post("/contacts/email", json={"email": "zoë@example.com", "firstName": "Zoë"})
        changes = {"firstName": "Zoe", "userId": "u", "customFields": {"plan": "pro"}}
        await http.post("/contacts/email", json={"email": "zoë@example.com", **changes})
        await http.post("/contacts", json={"email": "wrong"})
        await http.delete(f"/contacts/{created['id']}")
        await receiver.wait(3)
    kinds = ("created", "updated", "deleted")
    assert {f"deliveries/contact.{kind}" for kind in kinds} == {one for one in DELIVERIES if "/contact." in one}
    for number, (kind, (headers, body)) in enumerate(zip(kinds, receiver.seen, strict=True)):
        delivery = documented(f"deliveries/contact.{kind}")
        payload = json.loads(body)
        assert shape(payload) == shape(delivery["body"])
        assert list(payload) == ["type", "createdAt", "data"]
        assert {name.lower() for name in delivery["headers"]} <= headers.keys()
        assert (payload["type"], headers["x-webhook-event"]) == (f"contact.{kind}", f"contact.{kind}")
        assert (payload["data"]["contactId"], payload["data"]["email"]) == (created["id"], "zoë@example.com")
        assert is_genuine(headers, body, "whsec_x")
        assert headers["x-webhook-delivery-id"] == f"deliver-webhook-{number + 1}"
        assert headers["user-agent"] == "AutoSend-Webhooks/1.0"
        assert len(headers["x-webhook-timestamp"]) == 13
    assert json.loads(receiver.seen[0][1])["data"]["name"] == "Zoë Doe \u2028 \U0001f600"
    assert json.loads(receiver.seen[1][1])["data"]["changedFields"] == ["name", "userId", "plan"]


async def test_a_failed_delivery_is_tried_three_times_more_under_its_id(receiver: Receiver) -> None:
    receiver.failures = 4
    async with over(now=hurried) as (http, _):
        webhook = (await made(http, receiver.url, "contact.created"))["id"]
        assert (await http.post("/contacts", json={"email": "a@b.co"})).status_code == 200
        (failed,) = await waited_for(http, webhook, 4)
        shown = (await http.get(f"/webhooks/{webhook}")).json()["data"]
        assert (shown["failureCount"], shown["status"], shown["lastSuccessAt"]) == (1, "active", None)
        assert shown["lastFailedAt"] == failed["updatedAt"]
        assert (failed["statusCode"], failed["success"], failed["deliveredAt"]) == (500, False, None)
        assert failed["errorMessage"] == "Request failed with status code 500"
        await http.post("/contacts", json={"email": "c@d.co"})
        newest, _ = await waited_for(http, webhook, 1)
        assert (newest["statusCode"], newest["success"], "errorMessage" in newest) == (200, True, False)
        shown = (await http.get(f"/webhooks/{webhook}")).json()["data"]
        assert shown["failureCount"] == 0
        assert shown["lastSuccessAt"] == shown["lastDeliveredAt"] == newest["deliveredAt"]
    ids = [headers["x-webhook-delivery-id"] for headers, _ in receiver.seen]
    assert ids == ["deliver-webhook-1"] * 4 + ["deliver-webhook-2"]
    stamps = [int(headers["x-webhook-timestamp"]) / 1_000 for headers, _ in receiver.seen]
    waits = [later - earlier for earlier, later in pairwise(stamps[:4])]
    assert [wait >= least for wait, least in zip(waits, (5, 10, 20), strict=True)] == [True] * 3


async def test_each_webhook_gets_its_events_of_its_project(receiver: Receiver) -> None:
    other = {"Authorization": "Bearer ASA_x", "x-project-id": "other"}
    async with over() as (http, _):
        both = await made(http, receiver.url, "contact.created", "contact.deleted", metadata={"team": "growth"})
        await made(http, f"{receiver.url}&deleted", "contact.deleted")
        resting = await made(http, f"{receiver.url}&resting", "contact.created")
        await http.put(f"/webhooks/{resting['id']}", json={"isActive": False})
        await http.post("/contacts", json={"email": "their@b.co"}, headers=other)
        contact = (await http.post("/contacts", json={"email": "our@b.co"})).json()["data"]
        await receiver.wait(1)
        await http.delete(f"/contacts/{contact['id']}")
        await receiver.wait(3)
        sent = {"messageId": "msg_abc123", "10": 1.0, "2": 1e21}
        asked = {"event": "contact.created", "data": sent}
        resent = (await http.post(f"/webhooks/{both['id']}/resend", json=asked)).json()
        await receiver.wait(4)
        assert resent["data"] == {
            "jobId": receiver.seen[3][0]["x-webhook-delivery-id"].removeprefix("deliver-webhook-")
        }
        listed = (await http.get("/webhooks", params={"isActive": "true", "limit": 1})).json()["data"]
        theirs = (await http.get("/webhooks", headers=other)).json()["data"]
    assert receiver.seen[3][1].endswith(b'"data":{"2":1e+21,"10":1,"messageId":"msg_abc123"}}')
    assert receiver.seen[0][0]["x-webhook-event"] == "contact.created"
    assert [headers["x-webhook-event"] for headers, _ in receiver.seen[1:3]] == ["contact.deleted"] * 2
    assert listed == {"webhooks": [listed["webhooks"][0]], "total": 2, "page": 1, "limit": 1, "totalPages": 2}
    assert (listed["webhooks"][0]["id"], listed["webhooks"][0]["metadata"]) == (both["id"], {"team": "growth"})
    assert theirs == {"webhooks": [], "total": 0, "page": 1, "limit": 50, "totalPages": 0}


@pytest.mark.parametrize(
    ("properties", "more"),
    [
        ("none", {}),
        ("flat", {"firstName": "A", "plan": "pro", "seats": 1.5}),
        ("nested", {"firstName": "A", "customFields": {"plan": "pro", "seats": 1.5}}),
    ],
)
@pytest.mark.parametrize("bulk", [True, False])
async def test_the_switches_say_what_contact_events_show_and_when(
    receiver: Receiver, properties: str, more: dict[str, Any], bulk: bool
) -> None:
    switches: Any = {"webhook_properties": properties, "webhook_bulk_update": bulk}
    contact = {"firstName": "A", "customFields": {"plan": "pro", "seats": 1.5}}
    async with over(webhook_url=receiver.url, **switches) as (http, _):
        for _ in range(2):  # the second changes nothing
            await http.post("/contacts/bulk-update", json={"contacts": [{"email": "bulk@b.co", **contact}]})
        await http.post("/contacts", json={"email": "one@b.co", **contact})
        await receiver.wait(1 + bulk)
    data = [json.loads(body)["data"] for _, body in receiver.seen]
    assert [one["email"] for one in data] == ["bulk@b.co"] * bulk + ["one@b.co"]
    assert data[0] == {"contactId": data[0]["contactId"], "email": data[0]["email"], "name": "A"} | more


async def test_a_secret_is_shown_when_a_webhook_is_made_and_revealed() -> None:
    async with over() as (http, _):
        webhook = await made(http, "http://127.0.0.1:1/", "contact.created")
        path = f"/webhooks/{webhook['id']}"
        assert re.fullmatch("whsec_[0-9a-f]{32}", webhook["secret"])
        assert (await http.get(f"{path}/reveal")).json()["data"] == {"secret": webhook["secret"]}
        changed = await http.put(path, json={"url": "http://127.0.0.1:2/", "isActive": False})
        for shown in (changed, await http.get(path)):
            data = shown.json()["data"]
            assert (data["secret"], data["url"], data["status"]) == ("***hidden***", "http://127.0.0.1:2/", "inactive")
        assert (await http.delete(path)).json() == {"success": True, "message": "Webhook deleted successfully"}
        expect_refusal(await http.get(path), 404, "WEBHOOK_NOT_FOUND")


async def test_what_a_webhook_cannot_have_is_refused() -> None:
    right: dict[str, Any] = {"url": "https://example.com/", "events": ["contact.created"]}
    wrong: list[dict[str, Any]] = [{"url": "x"}, {"url": None}, {"url": "ftp://x/"}, {"url": "http://[/"}]
    wrong += [{"events": []}, {"events": ["contact.gone"]}, {"events": "contact.created"}]
    wrong += [{"isActive": 1}, {"metadata": "x"}]
    async with over() as (http, store):
        path = f"/webhooks/{(await made(http, right['url'], *right['events']))['id']}"
        for part in wrong:
            expect_refusal(await http.post("/webhooks", json=right | part), 400, "VALIDATION_ERROR")
            expect_refusal(await http.put(path, json=part), 400, "VALIDATION_ERROR")
        expect_refusal(await http.put(path, json={"secret": "whsec_y"}), 400, "VALIDATION_ERROR")
        asked: dict[str, Any] = {"event": "contact.deleted", "data": {}}
        for body in (asked | {"event": 1}, asked | {"data": "x"}):
            expect_refusal(await http.post(f"{path}/resend", json=body), 400, "VALIDATION_ERROR")
        expect_refusal(await http.post(f"{path}/resend", json=asked), 400, "WEBHOOK_NOT_SUBSCRIBED")
        with store.db.transaction():
            for _ in range(99):
                assert store.webhooks.create(PROJECT, right)
        expect_refusal(await http.post("/webhooks", json=right), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("url", ["https://example.com/hook", "http://10.0.0.1/", "http://127.0.0.1@example.com/"])
async def test_nothing_is_delivered_to_another_machine(url: str) -> None:
    async with over() as (http, _):
        webhook = (await made(http, url, "contact.created"))["id"]
        await http.post("/contacts", json={"email": "a@b.co"})
        (log,) = await waited_for(http, webhook, 1)
        assert (log["statusCode"], log["errorMessage"]) == (
            None,
            "The sandbox delivers to http:// on this machine alone",
        )
        assert (await http.get(f"/webhooks/{webhook}")).json()["data"]["failureCount"] == 1


@pytest.mark.parametrize(("path", "error"), [("", "ConnectError"), ("\x01", "InvalidURL")])
async def test_a_write_succeeds_while_no_receiver_listens(path: str, error: str) -> None:
    async with over() as (http, _):
        webhook = (await made(http, f"http://127.0.0.1:1/{path}", "contact.created"))["id"]
        for email in ("a@b.co", "c@d.co"):
            assert (await http.post("/contacts", json={"email": email})).status_code == 200
        log, _ = await waited_for(http, webhook, 1)
        assert log["errorMessage"] == error


def test_logs_are_kept_a_day_or_two_and_a_thousand_of_what_arrived() -> None:
    now = [1_700_000_000.0]
    store = Store(now=lambda: now[0])
    webhook = store.webhooks.create(PROJECT, {"url": "http://localhost/", "events": ["contact.created"]})
    assert webhook
    row = store.webhooks.row(PROJECT, webhook["id"])

    def delivered(error: str | None = None) -> int:
        store.webhooks.tried(store.webhooks.queue(row, "contact.created"), None, error, 1, last=True)
        return store.webhooks.logs(webhook["id"], 1, 10)[1]

    assert [delivered("lost"), delivered()] == [1, 2]
    now[0] += 24 * 3600 + 1
    assert delivered() == 2
    now[0] += 24 * 3600
    with store.db.transaction():
        for _ in range(1_005):
            store.webhooks.queue(row, "contact.created")
        store.db.run("UPDATE webhook_logs SET delivered_at = created_at, ended = ?", now[0])
    assert delivered() == 1_000


def test_the_webhook_of_the_options_is_one_however_often_a_file_is_opened(tmp_path: Path) -> None:
    for secret in ("whsec_a", "whsec_b"):
        sandbox = Sandbox(Options(webhook_url="http://localhost:9/", webhook_secret=secret), tmp_path / "kept.sqlite3")
        (webhook,) = sandbox.store.webhooks.all(PROJECT)
        assert sandbox.store.webhooks.row(PROJECT, webhook["id"])["secret"] == secret
        sandbox.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "http://127.0.0.1@example.com/",
        "http://10.0.0.1/",
        "http://[/",
        "x",
    ],
)
def test_a_webhook_to_another_machine_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="webhook"):
        Options(webhook_url=url)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (100, "100"),
        (-1.5e-6, "-0.0000015"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (123456789012345680000, "123456789012345680000"),
        (1e21, "1e+21"),
        (2**53 + 1, "9007199254740992"),
        (10**400, "null"),
        (float("nan"), "null"),
        ([True, None, 'é\u2028\x7f\x1f\n/"\\'], '[true,null,"é\u2028\x7f\\u001f\\n/\\"\\\\"]'),
        (["\ud800x", "\udc00", "\ud83d\ude00"], '["\\ud800x","\\udc00","\U0001f600"]'),
        ({"b": {}, "10": 1, "2": [], "01": 0, "4294967295": 2}, '{"2":[],"10":1,"b":{},"01":0,"4294967295":2}'),
    ],
    ids=ascii,
)
def test_json_is_written_as_javascript_writes_it(value: Any, written: str) -> None:
    assert stringify(value) == written
