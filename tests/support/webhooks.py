"""A receiver of the webhooks of the sandbox, and whether what it got is genuine."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
from anyio.abc import ByteStream, SocketAttribute

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


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    made = Receiver()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        made.url = f"http://127.0.0.1:{listener.extra_attributes[SocketAttribute.local_port]()}/hook?x=1"
        tasks.start_soon(listener.serve, made.take)
        yield made
        tasks.cancel_scope.cancel()
    made.close()


async def waited_for(http: httpx2.AsyncClient, webhook_id: str, attempts: int) -> list[dict[str, Any]]:
    """Return the webhook's log, once its newest delivery was tried so often."""
    with anyio.fail_after(20):
        while True:
            logs = (await http.get(f"/webhooks/{webhook_id}/logs")).json()["data"]["logs"]
            if logs and logs[0]["attempts"] == attempts:
                return logs
            await anyio.lowlevel.checkpoint()  # the receiver's turn


async def made(http: httpx2.AsyncClient, url: str, *events: str, **more: Any) -> dict[str, Any]:
    response = await http.post("/webhooks", json={"url": url, "events": events, **more})
    assert response.status_code == 201
    return response.json()["data"]["webhook"]


def is_genuine(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Verify a delivery in both ways of AutoSend's samples: over the raw body, and over the body parsed and written.

    Python writes as JSON.stringify does where nothing but text is in it; .ci/node has a receiver that is JavaScript.
    """
    written = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
    expected = [hmac.new(secret.encode(), content, hashlib.sha256).hexdigest() for content in (body, written)]
    return expected == [headers["x-webhook-signature"]] * 2
