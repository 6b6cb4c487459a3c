"""Webhooks: deliveries to one URL on this machine, in a thread of their own, so that no response waits for them.

Sources: the pages "Webhooks" (headers, signature, answers within 10 s) and "Webhook retries" (5, 10 and 20 s).
"""

import hashlib
import hmac
import json
import sched
import threading
from typing import Any
from uuid import uuid4

import httpx2

from autosend_mcp.sandbox.database import Database

_RETRIES = (5.0, 10.0, 20.0)  # seconds before each further try
_MAX_WAIT = 0.1  # seconds between two looks at the clock, which a test may set forward


class Webhooks:
    """Deliveries in their order; one that fails is tried again later under the same id, by the database's clock."""

    def __init__(self, url: str, secret: str, db: Database) -> None:
        self._url = url
        self._secret = secret.encode()
        self._db = db
        self._http = httpx2.Client(timeout=10, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))
        self._woken = threading.Event()
        self._scheduler = sched.scheduler(db.now, lambda seconds: self._wait(min(seconds, _MAX_WAIT)))
        threading.Thread(target=self._run, daemon=True).start()

    def announce(self, event: str, data: dict[str, Any]) -> None:
        """Deliver an event soon."""
        content = json.dumps({"type": event, "createdAt": self._db.timestamp(), "data": data}).encode()
        self._scheduler.enterabs(0, 0, self._deliver, (event, content, str(uuid4()), *_RETRIES))
        self._woken.set()

    def _run(self) -> None:
        while True:
            self._wait(None)
            self._scheduler.run()

    def _wait(self, seconds: float | None) -> None:
        self._woken.wait(seconds)
        self._woken.clear()

    def _deliver(self, event: str, content: bytes, delivery_id: str, *retries: float) -> None:
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Signature": hmac.new(self._secret, content, hashlib.sha256).hexdigest(),
            "X-Webhook-Event": event,
            "X-Webhook-Delivery-Id": delivery_id,
            "X-Webhook-Timestamp": str(int(self._db.now() * 1_000)),
        }
        try:
            delivered = self._http.post(self._url, content=content, headers=headers).is_success
        except httpx2.HTTPError:
            delivered = False
        if retries and not delivered:
            self._scheduler.enter(retries[0], 0, self._deliver, (event, content, delivery_id, *retries[1:]))
