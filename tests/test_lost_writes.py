"""Every write tool over a line that loses, delays, cuts and falsely fails its writes, and records what was applied.

No write is sent twice, every answer agrees with what AutoSend has, and "not known" is said only where no look-up helps.
`python -m tests.test_lost_writes` runs a thousand faults for each tool and prints the figures; CI runs 300.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
import pytest
from mcp import Client

from autosend_mcp.sandbox.app import KEY as SANDBOX_KEY
from autosend_mcp.sandbox.app import Options
from tests.support import clock
from tests.support.line import Forward, Line, Loss, forwarded, over_a_line, saying
from tests.support.worlds import text_of

pytestmark = pytest.mark.anyio

CALLS_A_WORLD = 25


@dataclass
class Figures:
    """What came of the calls; `unknown`: answers that say "not known"."""

    calls: int = 0
    applied: int = 0
    succeeded: int = 0
    refuted: int = 0
    unknown: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])


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


@dataclass
class Try:
    """One call, and how much of it is so in AutoSend: 1.0 for all of it. `requests`: how many it sends that write."""

    tool: str
    arguments: dict[str, Any]
    request: str
    share: Callable[[], Awaitable[float]]
    requests: int = 1


def confirm_of(emails: Sequence[str]) -> str:
    return emails[0] if len(emails) == 1 else str(len(emails))


def share_of(done: Sequence[bool]) -> float:
    return sum(done) / len(done)


async def creating(world: World) -> Try:
    (email,) = world.emails(1)[:1]
    lists = [await world.make_list() for _ in range(world.rng.randrange(3))]
    values = {"email": email, "firstName": "Ann", "customFields": {"plan": "pro"}}

    async def share() -> float:
        contact = (await world.found([email])).get(email, {})
        return float(contact.get("firstName") == "Ann")

    return Try("create_contact", values | {"listIds": [name for _, name in lists]}, "POST /contacts ", share)


async def upserting(world: World) -> Try:
    emails = await world.make_people(1) if world.rng.random() < 0.7 else world.emails(1)
    email = emails[0]
    lists = [await world.make_list() for _ in range(world.rng.randrange(3))]
    first_name, logins = world.rng.choice(["Jane", "Ann"]), world.rng.choice([1, 2])

    async def share() -> float:
        contact = (await world.found([email])).get(email, {})
        custom: dict[str, Any] = contact.get("customFields") or contact.get("contactProperties") or {}
        done = [contact.get("firstName") == first_name, custom.get("logins") == logins]
        if not lists or (first_name, logins) != ("Jane", 1):
            return float(all(done))
        inside = [email in await world.members(list_id) for list_id, _ in lists]
        return float(all(done) and any(inside))

    asked: dict[str, Any] = {"email": email, "firstName": first_name, "customFields": {"logins": logins}}
    asked["listIds"] = [name for _, name in lists]
    return Try("upsert_contact", asked, "POST /contacts/email ", share)


async def upserting_many(world: World) -> Try:
    emails = await world.make_people(50) + world.emails(50)
    rows = [{"email": email, "firstName": "Ann", "customFields": {"logins": 2}} for email in emails]

    async def share() -> float:
        found = await world.found(emails)
        return share_of([found.get(email, {}).get("firstName") == "Ann" for email in emails])

    return Try("upsert_contacts", {"contacts": rows}, "POST /contacts/bulk-update ", share)


async def deleting(world: World) -> Try:
    emails = await world.make_people(100)

    async def share() -> float:
        found = await world.found(emails)
        return share_of([email not in found for email in emails])

    request = "DELETE /contacts/" if len(emails) == 1 else "POST /contacts/remove "
    return Try("delete_contacts", {"emails": emails, "confirm": confirm_of(emails)}, request, share)


async def adding(world: World) -> Try:
    emails = await world.make_people(100)
    list_id, name = await world.make_list()

    async def share() -> float:
        inside = await world.members(list_id)
        return share_of([email in inside for email in emails])

    people = await by_address_or_id(world, emails)
    return Try("add_to_list", {"list": name, **people}, "POST /contact-lists/contacts/bulk-add ", share)


async def removing(world: World) -> Try:
    emails = await world.make_people(100)
    list_id, name = await world.make_list(emails)

    async def share() -> float:
        inside = await world.members(list_id)
        return share_of([email not in inside for email in emails])

    people = await by_address_or_id(world, emails)
    return Try("remove_from_list", {"list": name, **people}, f"POST /contact-lists/{list_id}/contacts/remove ", share)


async def by_address_or_id(world: World, emails: list[str]) -> dict[str, Any]:
    if world.rng.random() < 0.5:
        return {"emails": emails}
    return {"contactIds": [contact["id"] for contact in (await world.found(emails)).values()]}


async def making_list(world: World) -> Try:
    name = f"list {world.name()}"

    async def share() -> float:
        return float(name in await list_names(world))

    return Try("create_contact_list", {"name": name}, "POST /contact-lists ", share)


async def deleting_list(world: World) -> Try:
    list_id, name = await world.make_list()

    async def share() -> float:
        return float(name not in await list_names(world))

    return Try("delete_contact_list", {"list": name, "confirm": name}, f"DELETE /contact-lists/{list_id}", share)


async def list_names(world: World) -> set[str]:
    data = await world.ask("GET", "contact-lists")
    return {row["name"] for row in data.get("lists", data.get("contacts"))}


async def field_names(world: World) -> set[str]:
    return {row["fieldName"] for row in (await world.ask("GET", "custom-fields"))["customFields"]}


async def making_field(world: World) -> Try:
    name = world.name()

    async def share() -> float:
        return float(name in await field_names(world))

    return Try("create_custom_field", {"fieldName": name, "fieldType": "string"}, "POST /contact-properties ", share)


async def deleting_field(world: World) -> Try:
    name = world.name()
    await world.ask("POST", "custom-fields", {"fieldName": name, "fieldType": "string"})

    async def share() -> float:
        return float(name not in await field_names(world))

    return Try("delete_custom_field", {"fieldName": name, "confirm": name}, "DELETE /contact-properties/", share)


WHERE: list[dict[str, Any]] = [{"everywhere": True}, {"group": "Default"}]


async def suppressing(world: World) -> Try:
    emails = world.emails(100)

    async def share() -> float:
        inside = await world.suppressed()
        return share_of([email in inside for email in emails])

    request = "POST /suppression-groups/emails/suppress "
    return Try("suppress_emails", {"emails": emails, **world.rng.choice(WHERE)}, request, share)


async def unsuppressing(world: World) -> Try:
    emails, where = world.emails(100), world.rng.choice(WHERE)
    if "everywhere" in where:
        await world.ask("POST", "suppression-groups/emails/suppress", {"emails": emails, "isGlobal": True})
    await world.ask(
        "POST", "suppression-groups/emails/suppress", {"emails": emails[: world.rng.randrange(3)] or emails}
    )

    async def share() -> float:
        inside = await world.suppressed()
        return share_of([email not in inside for email in emails])

    request = "POST /suppression-groups/emails/unsuppress "
    return Try(
        "unsuppress_emails", {"emails": emails, **where}, request, share, requests=2 if "everywhere" in where else 1
    )


async def groups(world: World) -> dict[str, Any]:
    data = await world.ask("GET", "suppression-groups")
    return {row["name"]: row for row in data["groups"]}


async def making_group(world: World) -> Try:
    name = f"group {world.name()}"

    async def share() -> float:
        return float(name in await groups(world))

    return Try("create_suppression_group", {"name": name}, "POST /suppression-groups ", share)


async def changing_group(world: World) -> Try:
    name = f"group {world.name()}"
    made = await world.ask("POST", "suppression-groups", {"name": name, "isActive": world.rng.random() < 0.5})
    asked = world.rng.choice([{"name": f"{name}x"}, {"description": "d"}, {"isActive": not made["isActive"]}])

    async def share() -> float:
        now = await world.ask("GET", f"suppression-groups/{made['groupId']}")
        return float(all(now[key] == value for key, value in ({"isActive": made["isActive"]} | asked).items()))

    request = f"PUT /suppression-groups/{made['groupId']}"
    return Try("update_suppression_group", {"group": name, **asked}, request, share)


async def deleting_group(world: World) -> Try:
    name = f"group {world.name()}"
    made = await world.ask("POST", "suppression-groups", {"name": name})

    async def share() -> float:
        return float(name not in await groups(world))

    request = f"DELETE /suppression-groups/{made['groupId']}"
    return Try("delete_suppression_group", {"group": name, "confirm": name}, request, share)


MAKERS: dict[str, Callable[[World], Awaitable[Try]]] = {
    "create_contact": creating,
    "upsert_contact": upserting,
    "upsert_contacts": upserting_many,
    "delete_contacts": deleting,
    "create_contact_list": making_list,
    "delete_contact_list": deleting_list,
    "add_to_list": adding,
    "remove_from_list": removing,
    "create_custom_field": making_field,
    "delete_custom_field": deleting_field,
    "suppress_emails": suppressing,
    "unsuppress_emails": unsuppressing,
    "create_suppression_group": making_group,
    "update_suppression_group": changing_group,
    "delete_suppression_group": deleting_group,
}
WRITING = ("DELETE ", "POST /", "PUT /")
READING = ("/search", "/entries")


def writes(line: Line) -> list[str]:
    """Return the requests that change something, with their bodies."""
    return [
        f"{asked} {body}"
        for asked, body in line.seen
        if asked.startswith(WRITING) and not any(part in asked for part in READING)
    ]


@asynccontextmanager
async def a_world(seed: int) -> AsyncGenerator[World]:
    """Yield a world in which AutoSend shows the lists of each contact, and one in which it does not, in turn."""
    settings: dict[str, Any] = {"toolsets": "contacts,lists,fields,suppressions,groups", "rate_limit": 2}
    options = Options(rate_limit=0, list_ids_in_replies=seed % 2 == 0)
    async with over_a_line(options=options, **settings) as (client, line):
        yield World(client, line, random.Random(seed))


async def call(world: World, name: str, figures: Figures) -> None:
    """Call the tool once with a fault, and hold its answer against what AutoSend has."""
    made = await MAKERS[name](world)
    if await made.share() == 1.0:
        return  # so already: nothing would be sent
    kind = KINDS[3 * figures.calls % len(KINDS)]  # six calls are a mixture, ten are each once
    before = [forwarded] * world.rng.randrange(made.requests)
    after = [forwarded] * (made.requests - len(before) - 1)
    world.line.seen.clear()
    world.line.faults = {
        "POST /contacts/search": [forwarded],
        made.request.strip(): [*before, world.faults(kind), *after, world.faults("unexpected second write")],
    }
    result = await world.client.call_tool(made.tool, made.arguments)
    text, share = text_of(result), await made.share()
    world.line.faults = {}
    about = f"{name} {kind} {share} {json.dumps(made.arguments)[:200]}\n{text[:600]}"
    sent = writes(world.line)
    assert len(before) < len(sent) == len(set(sent)) <= made.requests, about
    figures.calls += 1
    figures.faults[kind] += 1
    figures.applied += share == 1.0
    if "not known" in text:
        figures.unknown += 1
    elif not result.is_error and '"partly_done"' not in text:
        figures.succeeded += 1
        assert share == 1.0, about
    else:
        figures.refuted += 1
        assert share < 1.0, about
        assert "probably not applied" in text, about
    await world.settle()


async def run(name: str, number: int, seed: int = 0) -> Figures:
    """Call the tool so many times."""
    figures = Figures()
    while figures.calls < number:
        seed += 1
        async with a_world(seed) as world:
            for _ in range(min(CALLS_A_WORLD, (number + 1) // 2, number - figures.calls)):
                await call(world, name, figures)
    return figures


@pytest.mark.parametrize("name", MAKERS)
async def test_a_lost_write_is_sent_once_and_reported_truly(name: str) -> None:
    figures = await run(name, 6)
    assert figures.unknown == 0
    assert figures.succeeded
    assert figures.refuted


def line_of(name: str, figures: Figures) -> str:
    share = figures.unknown / figures.calls
    return (
        f"{name:<24} {figures.calls:>5} faults, {figures.applied:>4} applied, {figures.succeeded:>4} found applied, "
        f"{figures.refuted:>4} found not applied, {share:.1%} unknown, 0 second writes, 0 wrong answers"
    )


def main(number: int, names: Sequence[str]) -> int:
    """Print the figures of each tool; return how many answers said "not known"."""
    unknown = 0

    async def report(name: str) -> None:
        nonlocal unknown
        figures = await run(name, number)
        unknown += figures.unknown
        print(line_of(name, figures), flush=True)

    for name in names:
        clock.run(partial(report, name))
    return unknown


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(1 if main(int(given[0]) if given else 1000, given[1:] or list(MAKERS)) else 0)
