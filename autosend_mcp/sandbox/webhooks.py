"""Webhook deliveries to one URL on this machine, in a thread of their own: no answer waits for them.

Source: the pages "Webhooks" (headers, signature, answers within 10 s) and "Webhook retries" (5, 10 and 20 s).
"""

import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from heapq import heappop, heappush
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.options import Options


@dataclass(order=True)
class _Delivery:
    due: float
    number: int
    event: str = field(compare=False)
    content: bytes = field(compare=False)
    id: str = field(compare=False)
    failures: int = field(compare=False, default=0)


class Webhooks:
    """What is to be delivered, in order; a delivery that fails is tried again later under the same id."""

    def __init__(self, options: Options, db: Database) -> None:
        """To the URL of the options, which is on this machine."""
        self._url = urlsplit(options.webhook_url)
        self._secret = options.webhook_secret.encode()
        self._db = db
        self._delays = options.webhook_delays
        self._waiting: list[_Delivery] = []
        self._changed = threading.Condition()
        self._number = 0
        self._thread: threading.Thread | None = None

    def announce(self, event: str, data: dict[str, Any]) -> None:
        """Deliver an event soon."""
        content = json.dumps({"type": event, "createdAt": self._db.timestamp(), "data": data}).encode()
        with self._changed:
            self._number += 1
            heappush(self._waiting, _Delivery(0, self._number, event, content, str(uuid4())))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            delivery = self._next()
            if not self._deliver(delivery) and delivery.failures < len(self._delays):
                delivery.due = time.monotonic() + self._delays[delivery.failures]
                delivery.failures += 1
                with self._changed:
                    heappush(self._waiting, delivery)

    def _next(self) -> _Delivery:
        with self._changed:
            while not self._waiting or self._waiting[0].due > time.monotonic():
                self._changed.wait(self._waiting[0].due - time.monotonic() if self._waiting else None)
            return heappop(self._waiting)

    def _deliver(self, delivery: _Delivery) -> bool:
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Signature": hmac.new(self._secret, delivery.content, hashlib.sha256).hexdigest(),
            "X-Webhook-Event": delivery.event,
            "X-Webhook-Delivery-Id": delivery.id,
            "X-Webhook-Timestamp": str(int(self._db.now() * 1_000)),
        }
        try:
            connection = HTTPConnection(self._url.hostname or "", self._url.port or 80, timeout=10)
            try:
                connection.request("POST", path, delivery.content, headers)
                return connection.getresponse().status // 100 == 2
            finally:
                connection.close()
        except (OSError, HTTPException):
            return False
