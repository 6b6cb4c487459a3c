"""An import that is killed at any instant and started again: nothing is lost, nothing is done twice."""

import csv
import random
import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

import anyio
import pytest
from anyio import to_thread

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.forking import Forked
from tests.lossy import Lossy, lossy
from tests.support.records import members_of

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[1]
SEED = 20261124


class Kill(NamedTuple):
    """Kill the importer so many seconds after it has sent so many writes, or all of them."""

    stage: str
    writes: int
    seconds: float


def write_people(file: Path, rows: int) -> dict[str, dict[str, Any]]:
    """The file, with a row in a hundred that is wrong and one that stands twice; what each address is to become."""
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


def seed(server: Lossy, wanted: dict[str, dict[str, Any]]) -> str:
    """A list; contacts that are there before, some with other values, some as asked; the list's id."""
    for name, kind in (("plan", "string"), ("logins", "number"), ("color", "string")):
        server.store.contact_properties.define(PROJECT, name, kind)
    for place, (email, asked) in enumerate(list(wanted.items())[::35]):
        as_asked = place % 3 == 0
        custom = {"color": "red", "logins": asked["logins"], "plan": asked["plan"] if as_asked else "old"}
        writes.create(server.store, PROJECT, {"email": email, "firstName": asked["firstName"], "customFields": custom})
    newsletter = server.store.contact_lists.seed(PROJECT, "Newsletter", "list")
    server.joining = (newsletter, len(wanted))
    return newsletter


async def run(arguments: list[str], env: dict[str, str], output: IO[str], server: Lossy, kill: Kill | None) -> int:
    """The exit code of one import, negative where it was killed."""
    process = await to_thread.run_sync(partial(Forked, *arguments, env=env, stdout=output, stderr=output))
    ended = anyio.Event()

    async def end() -> None:
        await to_thread.run_sync(process.wait, 300)
        ended.set()
        server.tell()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end)
        if kill is not None:
            sent = server.writes
            at_the_end = kill.stage == "the end"
            await server.until(
                lambda: (
                    ended.is_set() or (server.everybody_joined if at_the_end else server.writes - sent >= kill.writes)
                )
            )
            with anyio.move_on_after(kill.seconds):
                await ended.wait()
            process.kill()
    return process.wait()


def instants(dice: random.Random, kills: int) -> Iterator[Kill]:
    """When to kill: while the file is read, while rows are sent and joined, and while the report is written."""
    tenth = -(-kills // 10)
    for _ in range(tenth):
        yield Kill("reading", 0, dice.uniform(0, 0.3))
    for _ in range(kills - 2 * tenth):
        yield Kill("sending", dice.randint(1, 12), dice.uniform(0, 0.02))
    for _ in range(tenth):
        yield Kill("the end", 0, dice.uniform(0, 0.1))


async def killed_again_and_again(server: Lossy, url: str, file: Path, kills: Iterator[Kill]) -> Counter[str]:
    """Start the import until it ends, and kill it as often; at which stages it was killed."""
    arguments = ["import", str(file), "--list", "Newsletter", "--run-workflow"]
    env = {
        "AUTOSEND_BASE_URL": url,
        "AUTOSEND_API_KEY": "AS_sandbox",
        "AUTOSEND_RATE_LIMIT": "100000",
        "AUTOSEND_TIMEOUT": "5",  # what waits for a time, waits for less
    }
    killed: Counter[str] = Counter()
    with file.with_name("output.txt").open("w+") as output:
        while True:
            kill = next(kills, None)
            code = await run(arguments, env, output, server, kill)
            # What had reached the server is applied before anybody starts again.
            await server.until(lambda: not server.busy)
            if kill is None or code != -signal.SIGKILL:
                output.seek(0)
                assert code == 1, output.read()[-2_000:]
                return killed
            killed[kill.stage] += 1
            if not file.with_name(f"{file.name}.journal").exists() and file.with_suffix(".report.csv").exists():
                return killed  # it had ended: another one would be another import


@pytest.mark.parametrize(("rows", "kills", "lists_shown"), [(25_000, 50, True), (800, 4, False)])
async def test_an_import_killed_again_and_again_loses_no_row_and_starts_no_automation_twice(
    rows: int, kills: int, lists_shown: bool, tmp_path: Path
) -> None:
    await import_killed(rows, kills, lists_shown=lists_shown, directory=tmp_path)


async def import_killed(rows: int, kills: int, *, lists_shown: bool, directory: Path) -> None:
    """Kill an import so often, and count at the server. `lists_shown`: AutoSend says in which lists a contact is."""
    dice = random.Random(SEED)
    killed: Counter[str] = Counter()
    while killed.total() < kills:  # on a slow machine one import may end before that
        file = directory / f"people{killed.total()}.csv"
        wanted = write_people(file, rows)
        async with lossy(SEED + killed.total(), lists_shown=lists_shown) as (server, url):
            newsletter = seed(server, wanted)
            before = {one["email"]: one for one in server.store.contacts.find(PROJECT, wanted)}
            killed += await killed_again_and_again(server, url, file, instants(dice, kills))
            again = server.resent.total(), server.readded.total()
            print(f"killed {dict(killed)}; lost {dict(server.lost)} of {server.writes} writes; sent again {again}")
            check(server, wanted, before, newsletter)
        check_report(file, wanted, rows)


def check(server: Lossy, wanted: dict[str, Any], before: dict[str, Any], newsletter: str) -> None:
    """What the server holds, and what was started there."""
    held = {one["email"]: one for one in server.store.contacts.find(PROJECT, wanted)}
    assert held.keys() == wanted.keys()
    for email, asked in wanted.items():
        now = held[email]
        color = {"color": "red"} if email in before else {}
        assert now["customFields"] == color | {"plan": asked["plan"], "logins": asked["logins"]}
        assert now["firstName"] == asked["firstName"]
    starts = Counter((one["contact"]["email"], one["automation"]) for one in server.store.automations.all())
    assert set(starts.values()) == {1}
    joined = {email for email, automation in starts if automation == "Welcome to Newsletter"}
    assert joined == wanted.keys()
    assert len(members_of(server.store, newsletter)) == len(wanted)
    changed = {email for email, automation in starts if automation == "plan changed"}
    assert changed - before.keys() == wanted.keys() - before.keys()
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
