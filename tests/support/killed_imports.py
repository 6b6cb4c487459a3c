"""An import whose process is killed, over a line that loses replies: its file, its contacts, and what must hold."""

import csv
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2

from autosend_mcp.sandbox.app import PROJECT, Sandbox
from autosend_mcp.sandbox.contacts import writes
from tests.support.line import Forward, Line
from tests.support.records import members_of, started_by
from tests.support.requests import ADD, BULK

SEED = 20261124


class Losses:
    """Cuts the line of one write in twenty, half of them after it was applied, and of one look-up in a hundred.

    `resent`: rows of a bulk update that were so already; `readded`: people who were in the list already. Both only of
    requests that were applied. `lost`: cuts by when. `busy`: requests being answered now. `writes`: how many have come.
    """

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self.line = Line(sandbox)
        self.line.lose("", self._lose)
        self.store = sandbox.store
        self.resent: Counter[str] = Counter()
        self.readded: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.busy = 0
        self.writes = 0
        self.joining: tuple[str, int] = ("", 1)  # a list, and how many are to be in it
        self.started_before = 0  # automations, before the import
        self._news = anyio.Event()
        self._random = random.Random(seed)

    def wake(self) -> None:
        """Let those who wait look again."""
        self._news.set()
        self._news = anyio.Event()

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until this is so."""
        while not happened():
            await self._news.wait()

    @property
    def everybody_joined(self) -> bool:
        """Whether the import has nothing more to send."""
        return self.store.contact_lists.count(PROJECT, self.joining[0]) >= self.joining[1]

    async def _lose(self, forward: Forward) -> httpx2.Response:
        self.busy += 1
        try:
            return await self._forward_or_lose(*self.line.seen[-1], forward)
        finally:
            self.busy -= 1
            self.wake()

    async def _forward_or_lose(self, asked: str, body: Any, forward: Forward) -> httpx2.Response:
        loss = self._random.random()
        chance = 0.05 if asked in {BULK, ADD} else 0.01
        if loss < chance / 2:
            self.lost["before"] += 1
            raise httpx2.ReadError("before")
        if asked in {BULK, ADD}:
            self.writes += 1
            self._note(asked, body)
        self.wake()
        response = await forward()
        if loss < chance:
            self.lost["after"] += 1
            raise httpx2.ReadError("after")
        return response

    def _note(self, asked: str, body: dict[str, Any]) -> None:
        """Count what is sent although it is so already."""
        rows: list[dict[str, Any]] = body.get("contacts", [])
        emails: list[str] = body.get("emails", [row["email"] for row in rows])
        held = {contact["email"]: contact for contact in self.store.contacts.find(PROJECT, emails)}
        if asked == ADD:
            into = body["contactListId"]
            self.readded.update(email for email, one in held.items() if self.store.contact_lists.holds(into, one))
            return
        for row in rows:
            now = held.get(row["email"])
            custom: dict[str, Any] = row.get("customFields", {})
            if now and all(now.get(name) == value for name, value in row.items() if name != "customFields"):
                self.resent[row["email"]] += all(now["customFields"].get(n) == value for n, value in custom.items())


def write_people(file: Path, rows: int) -> dict[str, dict[str, Any]]:
    """Return the file, a row in a hundred of it wrong and one there twice; and what each address is to become."""
    wanted: dict[str, dict[str, Any]] = {}
    with file.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["E-Mail", "First name", "plan", "logins"])
        for number in range(rows):
            email = f"p{number}@example.com"
            if number % 100 == 7:
                lines.writerow([f"p{number}", "Wrong", "pro", 1])
                continue
            if number % 100 == 8:
                email = f"p{number - 2}@example.com"  # the row before the last
            plan = ("free", "pro")[number % 100 == 8 or number % 3 == 0] if number % 100 not in {6, 8} else "team"
            lines.writerow([email, "Pat", plan, number % 100 if number % 100 not in {6, 8} else 6])
            wanted[email] = {"firstName": "Pat", "plan": plan, "logins": 6 if number % 100 in {6, 8} else number % 100}
    return wanted


def seed(server: Losses, wanted: dict[str, dict[str, Any]]) -> str:
    """Return a list; contacts that are there before, some with other values, some as asked; the list's id."""
    for name, kind in (("plan", "string"), ("logins", "number"), ("color", "string")):
        server.store.contact_properties.define(PROJECT, name, kind)
    for place, (email, asked) in enumerate(list(wanted.items())[::35]):
        as_asked = place % 3 == 0
        custom = {"color": "red", "logins": asked["logins"], "plan": asked["plan"] if as_asked else "old"}
        writes.create(server.store, PROJECT, {"email": email, "firstName": asked["firstName"], "customFields": custom})
    newsletter = server.store.contact_lists.seed(PROJECT, "Newsletter", "list")
    server.joining = (newsletter, len(wanted))
    server.started_before = len(started_by(server.store))
    return newsletter


def check(server: Losses, wanted: dict[str, Any], before: dict[str, Any], newsletter: str) -> None:
    """Check what the server holds, and what was started there."""
    held = {one["email"]: one for one in server.store.contacts.find(PROJECT, wanted)}
    assert held.keys() == wanted.keys()
    for email, asked in wanted.items():
        now = held[email]
        color = {"color": "red"} if email in before else {}
        assert now["customFields"] == color | {"plan": asked["plan"], "logins": asked["logins"]}
        assert now["firstName"] == asked["firstName"]
    starts = Counter(started_by(server.store)[server.started_before :])
    assert set(starts.values()) == {1}
    joined = {email for email, automation in starts if automation == "Welcome to Newsletter"}
    assert joined == wanted.keys()
    assert len(members_of(server.store, newsletter)) == len(wanted)
    new = {email for email, automation in starts if automation == "Welcome"}
    assert new == wanted.keys() - before.keys()
    changed = {email for email, automation in starts if automation == "plan changed"}
    assert changed == {email for email, was in before.items() if was["customFields"]["plan"] == "old"}
    assert {email: n for email, n in server.resent.items() if n} == {}
    assert {email: n for email, n in server.readded.items() if n} == {}
    assert server.lost.total() > 0


def check_report(file: Path, wanted: dict[str, Any], number: int) -> None:
    with file.with_suffix(".report.csv").open(encoding="utf-8-sig", newline="") as report:
        rows = list(csv.DictReader(report))
    assert [int(row["line"]) for row in rows] == list(range(2, number + 2))
    outcomes = Counter(row["outcome"] for row in rows)
    assert outcomes["invalid"] == outcomes["merged"] == number // 100
    assert outcomes["created"] + outcomes["updated"] + outcomes["unchanged"] == len(wanted)
    assert outcomes["failed"] == outcomes["unknown"] == 0
    assert not file.with_name(f"{file.name}.journal").exists()
