"""An import that is killed at any instant and started again: nothing is lost, nothing is done twice."""

import csv
import random
import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import anyio
import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.sandbox.automations.definitions import changes_from_to
from tests.support.killed_imports import SEED, Losses, check, check_report, seed, write_people
from tests.support.line import Forward, Line, forwarded
from tests.support.port import on_a_port
from tests.support.processes import rest_of, started
from tests.support.requests import SUPPRESS

pytestmark = pytest.mark.anyio


class Kill(NamedTuple):
    """Kill the importer so many seconds after it has asked for the fields, sent so many writes, or all of them."""

    stage: str
    writes: int
    seconds: float


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


if __name__ == "__main__":  # where AutoSend does not show the lists, each crash costs many look-ups: 40 s
    with TemporaryDirectory() as scratch:
        anyio.run(partial(import_killed, 25_000, 50, lists_shown=False, directory=Path(scratch)))
