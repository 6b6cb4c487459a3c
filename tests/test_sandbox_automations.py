"""What would have been sent: automations started by lists, segments and properties, never twice, and webhooks."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import anyio
import httpx2
import pytest
from anyio.abc import ByteStream, SocketAttribute

from autosend_mcp.sandbox.app import PROJECT, Options, PropertyAutomation
from tests.support.records import starts_of
from tests.test_sandbox import over

pytestmark = pytest.mark.anyio

BEGUN = time.monotonic()
PRO = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}


async def started(http: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """Return the log, which needs no key."""
    response = await http.get("http://127.0.0.1/sandbox/automations", headers={"Authorization": ""})
    return response.json()["automations"]


async def test_joining_a_list_starts_its_automation_once_whichever_way_and_however_often() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        body = {"email": "a@b.co", "listIds": [news, news]}
        contact = (await http.post("/contacts", json=body)).json()["data"]
        await http.post("/contacts/email", json=body)
        await http.post("/contact-lists/contacts/bulk-add", json={"contactListId": news, "emails": ["a@b.co"]})
        (start,) = await started(http)
        assert start.pop("at").endswith("Z")
        assert start == {
            "automation": "Welcome to News",
            "trigger": {"type": "list_joined", "listId": news, "listName": "News"},
            "contact": {"id": contact["id"], "email": "a@b.co"},
            "mail": {"to": "a@b.co", "subject": "Welcome to News"},
        }
        assert starts_of(store) == {(contact["id"], news): 1}


async def test_many_at_once_start_nothing_twice() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        emails = [f"p{number}@x.co" for number in range(10)]

        async def post(path: str, **body: Any) -> None:
            assert (await http.post(path, json=body)).status_code == 200

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(partial(post, "/contact-lists/contacts/bulk-add", contactListId=news, emails=emails))
                for email in emails:
                    tasks.start_soon(partial(post, "/contacts/email", email=email, listIds=[news]))
        assert list(starts_of(store).values()) == [1] * 10


async def test_the_global_list_starts_nothing() -> None:
    async with over() as (http, _):
        await http.post("/contacts", json={"email": "a@b.co", "listIds": ["GLOBAL_CONTACT_LIST"]})
        assert await started(http) == []


async def test_a_suppressed_address_starts_but_gets_no_mail() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        await http.post("/suppression-groups/emails/suppress", json={"emails": ["A@b.co"], "isGlobal": True})
        await http.post("/contacts", json={"email": "a@b.co", "listIds": [news]})
        (start,) = await started(http)
        assert (start["mail"], start["reason"]) == (None, "the address is suppressed")


async def test_a_property_change_that_moves_a_contact_into_a_segment_starts_it_once() -> None:
    async with over() as (http, store):
        segment = store.contact_lists.seed(PROJECT, "Pros", "segment", PRO)
        for plan in ("free", "pro", "pro"):
            await http.post("/contacts/email", json={"email": "a@b.co", "customFields": {"plan": plan}})
        (start,) = await started(http)
        assert start["trigger"] == {"type": "segment_joined", "listId": segment, "listName": "Pros"}
        contact = store.contacts.find(PROJECT, ["a@b.co"])[0]
        assert starts_of(store) == {(contact["id"], segment): 1}


async def test_joining_a_list_also_joins_the_segment_under_it() -> None:
    async with over() as (http, store):
        news = store.contact_lists.seed(PROJECT, "News", "list")
        under = {"name": "Under", "type": "segment", "filterCriteria": PRO, "parentId": news}
        await http.post("/contact-lists", json=under)
        await http.post("/contacts", json={"email": "a@b.co", "customFields": {"plan": "pro"}})
        await http.post("/contact-lists/contacts/bulk-add", json={"contactListId": news, "emails": ["a@b.co"]})
        assert [start["trigger"]["type"] for start in await started(http)] == ["list_joined", "segment_joined"]


@pytest.mark.parametrize(
    ("automation", "starts"),
    [
        (PropertyAutomation("plan"), [(None, "free"), ("free", "pro"), ("pro", None)]),
        (PropertyAutomation("plan", "free", "pro"), [("free", "pro")]),
        (PropertyAutomation("plan", to_value="pro"), [("free", "pro")]),
        (PropertyAutomation("firstName"), []),
    ],
)
async def test_a_property_automation_starts_at_its_change(
    automation: PropertyAutomation, starts: list[tuple[str | None, str | None]]
) -> None:
    async with over(automations=(automation,)) as (http, _):
        for plan in ("free", "free", "pro", None):
            await http.post("/contacts/email", json={"email": "a@b.co", "customFields": {"plan": plan}})
        triggers = [start["trigger"] for start in await started(http)]
        assert [(trigger["from"], trigger["to"]) for trigger in triggers] == starts
        assert all((one["type"], one["property"]) == ("property_changed", "plan") for one in triggers)


@pytest.mark.parametrize(("asked", "starts"), [(None, 0), (False, 0), (True, 1)])
async def test_a_bulk_update_starts_property_and_segment_automations_only_with_run_workflow(
    asked: bool | None, starts: int
) -> None:
    async with over(automations=(PropertyAutomation("plan"),)) as (http, store):
        store.contact_lists.seed(PROJECT, "Pros", "segment", PRO)
        body: dict[str, Any] = {"contacts": [{"email": "a@b.co", "customFields": {"plan": "pro"}}]}
        await http.post("/contacts/bulk-update", json=body | ({} if asked is None else {"runWorkflow": asked}))
        assert len(await started(http)) == 2 * starts


class Receiver:
    """A webhook's receiver on loopback; it fails as often as `failures` says."""

    def __init__(self) -> None:
        self.url = ""
        self.failures = 0
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self._sent, self._received = anyio.create_memory_object_stream[None](100)

    async def take(self, stream: ByteStream) -> None:
        async with stream:
            head, body = b"", b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive()
            head, _, body = head.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")[1:]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            while len(body) < int(headers["content-length"]):
                body += await stream.receive()
            self.seen.append((headers, body))
            self.failures -= 1
            status = b"500 Oh" if self.failures >= 0 else b"200 OK"
            await stream.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await self._sent.send(None)

    async def wait(self, count: int) -> None:
        with anyio.fail_after(5):
            while len(self.seen) < count:
                await self._received.receive()

    def close(self) -> None:
        self._sent.close()
        self._received.close()


def hurried() -> float:
    """Return a clock on which a millisecond is a second."""
    return 1_700_000_000 + (time.monotonic() - BEGUN) * 1_000


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    async with receiving() as made:
        yield made


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    made = Receiver()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        made.url = f"http://127.0.0.1:{listener.extra_attributes[SocketAttribute.local_port]()}/hook?x=1"
        tasks.start_soon(listener.serve, made.take)
        yield made
        tasks.cancel_scope.cancel()
    made.close()


async def test_contact_events_are_delivered_signed_and_in_order(receiver: Receiver) -> None:
    async with over(webhook_url=receiver.url, webhook_secret="whsec_x") as (http, _):
        created = (await http.post("/contacts", json={"email": "a@b.co"})).json()["data"]
        updated = (await http.post("/contacts/email", json={"email": "a@b.co", "firstName": "A"})).json()["data"]
        await http.delete(f"/contacts/{created['id']}")
        await http.post("/contacts", json={"email": "wrong"})
        await receiver.wait(3)
    events = ["contact.created", "contact.updated", "contact.deleted"]
    for (headers, body), event, data in zip(receiver.seen, events, [created, updated, updated], strict=True):
        payload = json.loads(body)
        assert (payload["type"], payload["data"], headers["x-webhook-event"]) == (event, data, event)
        assert headers["x-webhook-signature"] == hmac.new(b"whsec_x", body, hashlib.sha256).hexdigest()
        assert headers["content-type"] == "application/json"
        assert len(headers["x-webhook-timestamp"]) == 13
    assert len({headers["x-webhook-delivery-id"] for headers, _ in receiver.seen}) == 3


async def test_a_failed_delivery_is_tried_again_under_its_id_and_then_given_up(receiver: Receiver) -> None:
    receiver.failures = 4
    async with over(now=hurried, webhook_url=receiver.url) as (http, _):
        assert (await http.post("/contacts", json={"email": "a@b.co"})).status_code == 200
        await receiver.wait(4)
        await http.post("/contacts", json={"email": "c@d.co"})
        await receiver.wait(5)
    ids = [headers["x-webhook-delivery-id"] for headers, _ in receiver.seen]
    assert len(set(ids[:4])) == 1
    assert ids[4] not in ids[:4]
    stamps = [int(headers["x-webhook-timestamp"]) / 1_000 for headers, _ in receiver.seen]
    waits = [later - earlier for earlier, later in pairwise(stamps[:4])]
    assert [wait >= least for wait, least in zip(waits, (5, 10, 20), strict=True)] == [True] * 3


async def test_nobody_listening_fails_no_answer() -> None:
    async with over(webhook_url="http://127.0.0.1:1/") as (http, _):
        for email in ("a@b.co", "c@d.co"):
            assert (await http.post("/contacts", json={"email": email})).status_code == 200


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
def test_a_webhook_leaves_this_machine_never(url: str) -> None:
    with pytest.raises(ValueError, match="webhook"):
        Options(webhook_url=url)
