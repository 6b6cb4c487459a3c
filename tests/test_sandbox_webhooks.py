"""The sandbox's webhooks: delivered in order, signed, and tried again."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute

from autosend_mcp.sandbox.app import Options
from tests.support.http import over

pytestmark = pytest.mark.anyio

BEGUN = time.monotonic()


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


async def test_a_failed_delivery_is_tried_three_times_more_under_its_id(receiver: Receiver) -> None:
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


async def test_a_write_succeeds_while_no_receiver_listens() -> None:
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
def test_a_webhook_to_another_machine_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="webhook"):
        Options(webhook_url=url)
