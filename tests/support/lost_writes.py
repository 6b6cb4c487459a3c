"""A sandbox in which one write is lost, late, cut or falsely refused, and a look at what AutoSend then has."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import httpx2
from mcp import Client

from autosend_mcp.sandbox.app import KEY as SANDBOX_KEY
from tests.support.line import Forward, Line, Loss, saying


class World:
    """A sandbox, the client of our server over it, and a look at what AutoSend has that is not our client's."""

    def __init__(self, client: Client, line: Line, rng: random.Random) -> None:
        self.client = client
        self.line = line
        self.rng = rng
        self.number = 0
        self._late = set[asyncio.Task[None]]()
        self._direct = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(line.sandbox.app),
            base_url="http://127.0.0.1/v1",
            headers={"Authorization": f"Bearer {SANDBOX_KEY}"},
        )

    def name(self) -> str:
        """Return a name that was not given before."""
        self.number += 1
        return f"n{self.number}"

    def emails(self, most: int) -> list[str]:
        """Return some new addresses."""
        return [f"{self.name()}@example.com" for _ in range(self.rng.choice([1, 1, 1, 2, 3, 4, 5, 20, most]))]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the data of AutoSend's answer, past the line."""
        reply = await self._direct.request(method, path, json=body)
        return reply.json().get("data")

    async def found(self, emails: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the contacts at these addresses."""
        data = await self.ask("POST", "contacts/search/emails", {"emails": list(emails)})
        return {contact["email"]: contact for contact in data["contacts"]}

    async def members(self, list_id: str) -> set[str]:
        """Return the addresses in a list."""
        inside: set[str] = set()
        page, pages = 0, 1
        while page < pages:
            page += 1
            body = {"contactListId": list_id, "page": page, "limit": 100}
            data = await self.ask("POST", "contact-lists/contacts/search", body)
            inside |= {contact["email"] for contact in data["contacts"]}
            pages = data["pagination"]["pages"]
        return inside

    async def suppressed(self) -> set[str]:
        """Return the addresses that are in any group."""
        inside: set[str] = set()
        page, pages = 0, 1
        while page < pages:
            page += 1
            data = await self.ask("POST", "suppression-groups/entries", {"page": page, "limit": 100})
            inside |= {entry["email"] for entry in data["entries"]}
            pages = data["pagination"]["pages"]
        return inside

    async def make_list(self, emails: Sequence[str] = ()) -> tuple[str, str]:
        """Return the id and the name of a new list with these people and a few hundred others."""
        name = f"list {self.name()}"
        made = await self.ask("POST", "contact-lists", {"name": name})
        people = [*emails, *(f"other{number}@example.com" for number in range(self.rng.choice([0, 3, 3, 3, 250])))]
        for start in range(0, len(people), 100):
            body = {"contactListId": made["id"], "emails": people[start : start + 100]}
            await self.ask("POST", "contact-lists/contacts/bulk-add", body)
        return made["id"], name

    async def make_people(self, most: int) -> list[str]:
        """Return the addresses of new contacts."""
        emails = self.emails(most)
        rows = [{"email": email, "firstName": "Jane", "customFields": {"logins": 1}} for email in emails]
        await self.ask("POST", "contacts/bulk-update", {"contacts": rows})
        return emails

    def faults(self, kind: str) -> Loss:
        """Return the fault: what becomes of one write, and of the reply to it."""

        async def fault(forward: Forward) -> httpx2.Response:
            if kind.startswith("late"):
                delay = self.rng.uniform(0.1, 4.5)
                task = asyncio.create_task(self._apply_late(forward, delay))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
                raise httpx2.ReadError("reset")
            reply = await forward() if "applied" in kind else None
            if kind.endswith("silence"):
                await asyncio.sleep(3600)
            if kind.endswith("reset"):
                raise httpx2.ReadError("reset")
            if kind.endswith("5xx"):
                return saying(self.rng.choice([500, 502, 503, 504, 408]), {"success": False, "error": "failed"})
            text = (await reply.aread()).decode() if reply else '{"success":true}'
            if kind.endswith("cut"):
                return saying(200, text[: self.rng.randrange(len(text))])
            return saying(200, text.replace('"success":true', f'"success":{self.rng.choice(ODD)}'))

        return fault

    @staticmethod
    async def _apply_late(forward: Forward, delay: float) -> None:
        await asyncio.sleep(delay)
        await forward()

    async def settle(self) -> None:
        """Wait for what is still to be applied."""
        while self._late:
            await asyncio.gather(*self._late)


ODD = ['"true"', "1", '"yes"', "null", "0", '""', "[]", "{}"]
KINDS = [
    "reset", "silence", "5xx",
    "late reset", "late reset",
    "applied reset", "applied silence", "applied 5xx", "applied cut", "applied odd success",
]  # fmt: skip
