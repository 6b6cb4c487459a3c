"""Deliveries to webhooks on this machine, in threads of their own, so that no response waits for them.

Sources: the pages "Webhooks" (headers, signature, answers within 10 s) and "Webhook retries" (5, 10 and 20 s, the
number of deliveries at once, the delivery id).
"""

import hashlib
import hmac
import sched
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import httpx2

from autosend_mcp.sandbox.database import Clock, Database, Event
from autosend_mcp.sandbox.options import Options, is_loopback
from autosend_mcp.sandbox.webhooks.events import data_of
from autosend_mcp.sandbox.webhooks.javascript import stringify
from autosend_mcp.sandbox.webhooks.records import Webhooks

_RETRIES = (5.0, 10.0, 20.0)  # seconds before each further try
_MAX_AT_ONCE = 5
_MAX_WAIT = 0.1  # seconds between two looks at the clock, which a test may set forward
_ELSEWHERE = "The sandbox delivers to http:// on this machine alone"


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one webhook."""

    number: int
    url: str
    secret: str
    event: str
    content: bytes

    def headers(self, now: float) -> dict[str, str]:
        """Return the documented headers of a try at this time."""
        return {
            "Content-Type": "application/json",
            "User-Agent": "AutoSend-Webhooks/1.0",
            "X-Webhook-Signature": hmac.new(self.secret.encode(), self.content, hashlib.sha256).hexdigest(),
            "X-Webhook-Event": self.event,
            "X-Webhook-Delivery-Id": f"deliver-webhook-{self.number}",
            "X-Webhook-Timestamp": str(int(now * 1_000)),
        }


class Deliveries:
    """Sends events to the webhooks that are subscribed: to each in their order, and again later what failed."""

    def __init__(self, db: Database, webhooks: Webhooks, options: Options) -> None:
        self._db = db
        self._webhooks = webhooks
        self._options = options
        self._lines: dict[str, _Line] = {}
        self._at_once = threading.BoundedSemaphore(_MAX_AT_ONCE)

    @cached_property
    def _http(self) -> httpx2.Client:
        limits = httpx2.Limits(max_keepalive_connections=0)
        return httpx2.Client(timeout=10, trust_env=False, limits=limits, verify=False)  # for http:// alone

    def announce(self, events: Sequence[Event]) -> None:
        """Deliver soon what happened to each `contact`, which was `before`, to who is subscribed."""
        subscribed = cache(self._webhooks.subscribed)
        for event, change in events:
            contact = change["contact"]
            if webhooks := subscribed(contact["projectId"], event):
                data = data_of(event, contact, change.get("before"), self._options.webhook_properties)
                for webhook in webhooks:
                    if data is not None:
                        self.send(webhook, event, data)

    def announce_mail(self, project: str, at: float, event: str, data: dict[str, Any]) -> None:
        """Deliver an event of a mail, at its time, to who is subscribed by now."""
        for webhook in self._webhooks.subscribed(project, event):
            if at <= self._db.now():
                self.send(webhook, event, data)
            else:
                line = self._lines.setdefault(webhook["id"], _Line(self._db.now))
                line.at(at, self._send_later, webhook, event, data)

    def _send_later(self, webhook: Any, event: str, data: dict[str, Any]) -> None:
        with suppress(sqlite3.ProgrammingError):  # the sandbox was closed meanwhile
            self.send(webhook, event, data)

    def forget(self) -> None:
        """Drop what waits to be delivered."""
        for line in self._lines.values():
            line.clear()

    def send(self, webhook: Any, event: str, data: dict[str, Any]) -> int:
        """Deliver an event soon to one webhook, given by its row; return the number of the delivery."""
        content = stringify({"type": event, "createdAt": self._db.timestamp(), "data": data}).encode()
        number = self._webhooks.queue(webhook, event)
        delivery = Delivery(number, webhook["url"], webhook["secret"], event, content)
        line = self._lines.setdefault(webhook["id"], _Line(self._db.now))
        line.at(0, self._deliver, line, delivery, *_RETRIES)
        return number

    def _deliver(self, line: "_Line", delivery: Delivery, *retries: float) -> None:
        """Try once, and plan the next try if this one failed and there is one left."""
        began, here = self._db.now(), is_loopback(delivery.url)
        with self._at_once:
            status, error = self._post(delivery) if here else (None, _ELSEWHERE)
        last = not here or not retries
        try:
            self._webhooks.tried(delivery.number, status, error, int((self._db.now() - began) * 1_000), last=last)
        except sqlite3.ProgrammingError:
            return  # the sandbox was closed meanwhile
        if error and not last:
            line.at(self._db.now() + retries[0], self._deliver, line, delivery, *retries[1:])

    def _post(self, delivery: Delivery) -> tuple[int | None, str | None]:
        """Return the status of the answer, and what is wrong with it or with the way there."""
        headers = delivery.headers(self._db.now())
        try:
            with self._http.stream("POST", delivery.url, content=delivery.content, headers=headers) as response:
                status = response.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return None, type(error).__name__
        return status, None if response.is_success else f"Request failed with status code {status}"


class _Line:
    """What is to be done for one webhook, each at its time by a clock, in a thread while there is something."""

    def __init__(self, now: Clock) -> None:
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._busy = False
        self._scheduler = sched.scheduler(now, self._wait)

    def at(self, time: float, act: Callable[..., None], *arguments: object) -> None:
        """Do this at the time, or at once."""
        with self._lock:
            self._scheduler.enterabs(time, 0, act, arguments)
            self._woken.set()
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._run, daemon=True).start()

    def clear(self) -> None:
        """Do nothing of what waits."""
        with self._lock:
            for event in self._scheduler.queue:
                with suppress(ValueError):  # its turn has come
                    self._scheduler.cancel(event)

    def _run(self) -> None:
        while True:
            self._scheduler.run()
            with self._lock:
                if self._scheduler.empty():
                    self._busy = False
                    return

    def _wait(self, seconds: float) -> None:
        self._woken.wait(min(seconds, _MAX_WAIT))
        self._woken.clear()
