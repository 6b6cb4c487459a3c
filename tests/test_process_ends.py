"""How a process ends: by a signal, by a pipe that breaks, by a kill. What had begun is finished, or recorded."""

import json
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import anyio
import httpx2
import pytest

from autosend_mcp.sandbox.app import KEY as SANDBOX_KEY
from autosend_mcp.sandbox.app import PROJECT, Sandbox
from tests.support.faulty import Exchange, create_well, faulty_autosend
from tests.support.importing import csv_of, people, report_of
from tests.support.line import Forward, Line, empty_sandbox, forwarded
from tests.support.port import on_a_port
from tests.support.processes import COMMAND, PATIENCE, ROOT, Child, at, line_of, rest_of, started
from tests.support.records import members_of, starts_of
from tests.support.requests import BULK
from tests.support.worlds import connected, error_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


JANE = {"email": "jane@example.com"}


ONE_AT_A_TIME = {"AUTOSEND_RATE_LIMIT": "0.05"}  # one in 20 s: the next waits for its turn


async def test_a_sandbox_in_a_file_is_there_again_after_a_kill(tmp_path: Path) -> None:
    file = str(tmp_path / "contacts.sqlite3")
    async with started("--sandbox", file) as child:
        await child.initialize()
        child.call(1, JANE)
        assert (await child.read())["result"]["structuredContent"]["outcome"] == "created"
        child.signal(signal.SIGKILL)
        await child.ended()
    with closing(Sandbox(file=file)) as sandbox:
        async with connected(Line(sandbox)) as client:
            assert "already exists" in error_of(await client.call_tool("create_contact", JANE))


async def test_a_host_that_stops_reading_is_outlived_without_a_traceback() -> None:
    async with started("--sandbox") as child:
        await child.initialize()
        child.stop_reading()
        child.call(1, JANE)
        child.end_stdin()
        code, log = await child.ended()
    assert code == 0
    assert "Traceback" not in log


async def test_a_host_that_keeps_the_pipe_and_does_not_read_is_left() -> None:
    async with started() as child:
        await child.initialize()
        for number in range(30):  # more than a pipe holds
            child.request(number, "tools/list", {})
        child.end_stdin()
        code, _ = await child.ended()
    assert code == 0


async def test_interrupted_while_idle_it_ends_and_says_nothing() -> None:
    async with started() as child:
        await child.initialize()
        child.signal(signal.SIGINT)
        assert await child.ended() == (130, "")


async def told_to_end(child: Child, how: str) -> None:
    if how == "eof":
        child.end_stdin()
    else:
        child.signal(signal.Signals[how])


@pytest.mark.parametrize(
    ("how", "finishes", "code"),
    [("eof", True, 0), ("SIGTERM", False, 143), ("SIGINT", True, 130), ("SIGHUP", True, 129)],
)
async def test_asked_to_end_it_finishes_or_records_each_call(how: str, finishes: bool, code: int) -> None:
    """One call is with AutoSend, the next waits for its turn."""
    async with faulty_autosend(tcp=True) as faulty:
        arrived, go_on = anyio.Event(), anyio.Event()

        async def slow(exchange: Exchange) -> None:
            arrived.set()
            await (go_on.wait() if finishes else anyio.sleep_forever())
            await create_well(exchange)

        faulty.create = slow
        async with started(env=at(faulty.url, **ONE_AT_A_TIME)) as child:
            await child.initialize()
            child.call(1, JANE)
            child.call(2, {"email": "waits@example.com"})
            await arrived.wait()
            await told_to_end(child, how)
            go_on.set()
            ended, log = await child.ended()
    outcomes = sorted(json.loads(line)["outcome"] for line in log.splitlines())
    assert (ended, outcomes) == (code, ["created" if finishes else "cut_off", "not_sent"])
    assert (faulty.creates, len(faulty.applied)) == (1, int(finishes))


async def test_a_signal_after_the_end_of_stdin_loses_no_record() -> None:
    async with faulty_autosend(tcp=True) as faulty:
        arrived = anyio.Event()

        async def hang(_exchange: Exchange) -> None:
            arrived.set()
            await anyio.sleep_forever()

        faulty.create = hang
        async with started(env=at(faulty.url, **ONE_AT_A_TIME)) as child:
            await child.initialize()
            child.call(1, JANE)
            await arrived.wait()
            child.call(2, {"email": "waits@example.com"})
            child.request(3, "ping", {})
            assert (await child.read())["id"] == 3  # so that the second call is under way
            child.end_stdin()
            assert (await child.read())["id"] in {1, 2}  # so that the end of stdin was seen
            child.signal(signal.SIGTERM)
            code, log = await child.ended()
    assert code == 143
    assert [json.loads(line)["outcome"] for line in log.splitlines()] == ["not_sent", "cut_off"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("call create_contact --sandbox --email a@b.co --firstName \u738b > /dev/full", 3),
        ("call create_contact --sandbox --email a@b.co | true", 141),
        ("--sandbox <&-", 2),
        ("--sandbox >&-", 2),
    ],
)
def test_a_stream_that_is_not_there_brings_no_traceback(command: str, code: int) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {' '.join(COMMAND)} {command}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)},
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr


async def test_an_interrupted_call_says_that_it_may_have_been_applied() -> None:
    async with faulty_autosend(tcp=True) as faulty:
        arrived = anyio.Event()

        async def hang(_exchange: Exchange) -> None:
            arrived.set()
            await anyio.sleep_forever()

        faulty.create = hang
        async with started("call", "create_contact", "--email", "jane@example.com", env=at(faulty.url)) as child:
            await arrived.wait()
            child.signal(signal.SIGINT)
            code, printed = await child.ended()
    assert code == 130
    assert "interrupted. If its request had left, it may have been applied" in printed
    assert '"outcome": "cut_off"' in printed
    assert "Traceback" not in printed


async def test_an_interrupted_import_settles_what_has_left_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(csv_of(people(1_500)))
    line = Line(empty_sandbox())
    store = line.sandbox.store
    list_id = store.contact_lists.seed(PROJECT, "Newsletter", "list")
    words = ("import", "people.csv", "--list", "Newsletter")
    arrived, go_on = anyio.Event(), anyio.Event()

    async def held(forward: Forward) -> httpx2.Response:
        arrived.set()
        await go_on.wait()
        return await forward()

    line.lose(BULK, forwarded, forwarded, held, forwarded)
    async with on_a_port(line) as url:
        async with started(*words, env=at(url), cwd=tmp_path) as child:
            await arrived.wait()
            child.signal(signal.SIGTERM)
            assert (await line_of(child.err)).startswith("stopping: ")
            go_on.set()
            assert "not settled" in await rest_of(child.out)
            code, printed = await child.ended()
        assert (code, printed) == (130, "autosend-mcp: interrupted. Run the same command again to go on\n")
        assert line.count(BULK) < 15
        assert (tmp_path / "people.csv.journal").exists()
        async with started(*words, env=at(url), cwd=tmp_path) as child:
            shown = await rest_of(child.out)
            code, printed = await child.ended()
    assert (code, printed) == (0, "")
    assert "Going on with the import that was interrupted." in shown
    assert "created            1,500" in shown
    assert len(members_of(store, list_id)) == 1_500
    assert set(starts_of(store).values()) == {1}
    assert {row["reason"] for row in report_of(tmp_path / "people.report.csv")} == {""}
    line.sandbox.close()


async def test_what_the_sandbox_answered_survives_a_kill(tmp_path: Path) -> None:
    """20 creates are under way when the process is killed; every one that was answered is there afterwards."""
    words = ("sandbox", "--port", "0", "--no-rate-limit", "--file", str(tmp_path / "contacts.sqlite3"))
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}"}
    answered: list[str] = []

    async def create(http: httpx2.AsyncClient, child: Child, number: int) -> None:
        try:
            response = await http.post("/contacts", json={"email": f"p{number}@example.com"})
            answered.append(response.json()["data"]["email"])
        except httpx2.HTTPError:
            return
        if len(answered) == 10:
            child.signal(signal.SIGKILL)

    async with started(*words) as child:
        url = (await line_of(child.out)).split()[3]
        async with httpx2.AsyncClient(headers=headers, base_url=url) as http, anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(create, http, child, number)
    async with started(*words) as child:
        url = (await line_of(child.out)).split()[3]
        async with httpx2.AsyncClient(headers=headers, base_url=url) as http:
            found = await http.post("/contacts/search/emails", json={"emails": answered})
    assert len(answered) >= 10
    assert sorted(contact["email"] for contact in found.json()["data"]["contacts"]) == sorted(answered)
