"""An import that is killed at any instant and started again: nothing is lost, nothing is done twice."""

import csv
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import anyio
import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.automations.definitions import changes_from_to
from autosend_mcp.sandbox.contacts import writes
from tests.support.importing import ADD, BULK
from tests.support.line import Forward, Line, forwarded
from tests.support.port import on_a_port
from tests.support.processes import rest_of, started
from tests.support.records import members_of, started_by

pytestmark = pytest.mark.anyio

SEED = 20261124
SUPPRESS = "POST /suppression-groups/emails/suppress"


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


class Kill(NamedTuple):
    """Kill the importer so many seconds after it has asked for the fields, sent so many writes, or all of them."""

    stage: str
    writes: int
    seconds: float


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


async def run(words: list[str], env: dict[str, str], server: Losses, kill: Kill | None) -> tuple[int, str]:
    """Return the exit code of one import, negative where it was killed, and what it printed."""
    async with started(*words, env=env) as child:
        ended = anyio.Event()

        async def end() -> None:
            await child.exit_code()
            ended.set()
            server.wake()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(end)
            if kill is not None:
                requests, sent = len(server.line.seen), server.writes

                def has_come_to_it() -> bool:
                    match kill.stage:
                        case "reading":
                            return len(server.line.seen) > requests
                        case "sending":
                            return server.writes - sent >= kill.writes
                        case _:
                            return server.everybody_joined

                await server.until(lambda: ended.is_set() or has_come_to_it())
                with anyio.move_on_after(kill.seconds):
                    await ended.wait()
                if not ended.is_set():
                    child.signal(signal.SIGKILL)
        return await child.exit_code(), await rest_of(child.out) + await rest_of(child.err)


def instants(dice: random.Random, kills: int) -> Iterator[Kill]:
    """Yield when to kill: while the file is read, while rows are sent and joined, and while the report is written."""
    tenth = -(-kills // 10)
    for _ in range(tenth):
        yield Kill("reading", 0, dice.uniform(0, 0.3))
    for _ in range(kills - 2 * tenth):
        yield Kill("sending", dice.randint(1, 6), dice.uniform(0, 0.02))
    for _ in range(tenth):
        yield Kill("the end", 0, dice.uniform(0, 0.1))


async def killed_again_and_again(server: Losses, url: str, file: Path, kills: Iterator[Kill]) -> Counter[str]:
    """Start the import until it ends, and kill it as often; at which stages it was killed."""
    words = ["import", str(file), "--list", "Newsletter", "--run-workflow"]
    env = {
        "AUTOSEND_BASE_URL": url,
        "AUTOSEND_API_KEY": "AS_sandbox",
        "AUTOSEND_RATE_LIMIT": "100000",
        "AUTOSEND_TIMEOUT": "15",  # what waits for a time, waits for a third of it
    }
    killed: Counter[str] = Counter()
    while True:
        kill = next(kills, None)
        code, printed = await run(words, env, server, kill)
        # What had reached the server is applied before anybody starts again.
        await server.until(lambda: not server.busy)
        if kill is None or code != -signal.SIGKILL:
            assert code == 1, printed[-2_000:]
            return killed
        killed[kill.stage] += 1
        if not file.with_name(f"{file.name}.journal").exists() and file.with_suffix(".report.csv").exists():
            return killed  # it had ended: another one would be another import


@pytest.mark.evidence
async def test_an_import_killed_fifty_times_loses_no_row_and_doubles_nothing(tmp_path: Path) -> None:
    await import_killed(25_000, 50, lists_shown=True, directory=tmp_path)


@pytest.mark.evidence
async def test_an_import_killed_twice_loses_no_row_and_doubles_nothing(tmp_path: Path) -> None:
    await import_killed(800, 2, lists_shown=False, directory=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("applied", [True, False])
async def test_an_import_killed_while_it_suppresses_loses_nobody(tmp_path: Path, *, applied: bool) -> None:
    left, stayed = ([f"{word}{number}@example.com" for number in range(size)] for word, size in (("l", 250), ("s", 5)))
    file = tmp_path / "people.csv"
    rows = [f"{email},unsubscribed" for email in left] + [f"{email},subscribed" for email in stayed]
    file.write_text("\n".join(["email,status", *rows]) + "\n")
    line, arrived, killed = Line(Sandbox(Options(rate_limit=0))), anyio.Event(), anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        if applied:
            await forward()
        arrived.set()
        await killed.wait()
        raise httpx2.ReadError("nobody is there")

    line.lose(SUPPRESS, forwarded, held, forwarded)
    words = ["import", str(file), "--opted-out", "suppress"]
    async with on_a_port(line) as url:
        env = {"AUTOSEND_BASE_URL": url, "AUTOSEND_API_KEY": "AS_sandbox", "AUTOSEND_RATE_LIMIT": "1000"}
        async with started(*words, env=env) as child:
            await arrived.wait()
            child.signal(signal.SIGKILL)
            await child.exit_code()
            killed.set()
        async with started(*words, env=env) as child:
            code, printed = await child.exit_code(), await rest_of(child.out) + await rest_of(child.err)
    sent = Counter(email for body in line.bodies(SUPPRESS) for email in body["emails"])
    again = {*line.bodies(SUPPRESS)[1]["emails"]}  # in the request that was held
    assert code == 0, printed
    assert sent == {email: 2 if email in again and not applied else 1 for email in left}
    assert line.sandbox.store.suppression_groups.suppressed(PROJECT, left + stayed) == {*left}
    assert [one["email"] for one in line.sandbox.store.contacts.find(PROJECT, left + stayed)] == stayed
    line.sandbox.close()
    with file.with_suffix(".report.csv").open(encoding="utf-8-sig", newline="") as report:
        outcomes = Counter(row["outcome"] for row in csv.DictReader(report))
    assert outcomes == {"opted out": len(left), "created": len(stayed)}


async def import_killed(rows: int, kills: int, *, lists_shown: bool, directory: Path) -> None:
    """Kill an import so often, and count at the server. `lists_shown`: AutoSend says in which lists a contact is."""
    dice = random.Random(SEED)
    killed: Counter[str] = Counter()
    while killed.total() < kills:  # on a slow machine one import may end before that
        file = directory / f"people{killed.total()}.csv"
        wanted = write_people(file, rows)
        plan = changes_from_to("plan")
        options = Options(rate_limit=0, automations=(plan,), allow_reentry=True, list_ids_in_replies=lists_shown)
        server = Losses(Sandbox(options), SEED + killed.total())
        async with on_a_port(server.line) as url:
            newsletter = seed(server, wanted)
            before = {one["email"]: one for one in server.store.contacts.find(PROJECT, wanted)}
            killed += await killed_again_and_again(server, url, file, instants(dice, kills))
            again = server.resent.total(), server.readded.total()
            print(f"killed {dict(killed)}; lost {dict(server.lost)} of {server.writes} writes; sent again {again}")
            check(server, wanted, before, newsletter)
        server.line.sandbox.close()
        check_report(file, wanted, rows)


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


if __name__ == "__main__":  # where AutoSend does not show the lists, each crash costs many look-ups: 40 s
    with TemporaryDirectory() as scratch:
        anyio.run(partial(import_killed, 25_000, 50, lists_shown=False, directory=Path(scratch)))
