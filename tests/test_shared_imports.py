"""Imports that any worker does, with a true redis-server; the workers are in this process."""

import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT
from tests.support.importing import people, report_of
from tests.support.line import Forward, Line, answering
from tests.support.redis import RedisServer, connection, redis_server, until
from tests.support.requests import BULK, FIND
from tests.support.serving import Served, served
from tests.support.worlds import KEY, answer_of, error_of, text_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROWS = "email,firstName\njane@example.com,Jane\nwrong,Wrong\n"
PEOPLE = people(350)
BATCHES = 4  # of which two are sent at a time
UNDER_WAY = {"reading", "defining_fields", "sending"}
TEXT = "\n".join(["email,firstName", *(f"{row['email']},{row['firstName']}" for row in PEOPLE)])
GIVEN = {"text": {"text": TEXT}, "file": {"file": "people.csv"}}
EITHER = pytest.mark.parametrize("source", GIVEN)


class Gate:
    """Holds requests until it is opened."""

    def __init__(self) -> None:
        self.opened = anyio.Event()

    async def __call__(self, forward: Forward) -> httpx2.Response:
        await self.opened.wait()
        return await forward()


@dataclass
class Team:
    """Workers over one AutoSend and one Redis, each in a task of its own: it may end before those that came later.

    `answers`: what calls that were begun have returned.
    """

    line: Line
    redis: RedisServer
    folder: Path
    tasks: anyio.abc.TaskGroup
    caplog: pytest.LogCaptureFixture
    answers: list[Any] = field(default_factory=list[Any])

    async def worker(self, **settings: Any) -> tuple[Served, anyio.Event]:
        """Return a worker, and the event that asks it to end."""
        end = anyio.Event()
        return await self.tasks.start(self._serve, end, settings), end

    async def _serve(self, end: anyio.Event, settings: Any, *, task_status: anyio.abc.TaskStatus[Served]) -> None:
        given: dict[str, Any] = {"import_dir": self.folder, "http": {"redis_url": self.redis.url}, **settings}
        async with served(self.line, self.folder, **given) as app:
            task_status.started(app)
            await end.wait()

    def call(self, app: Served, token: str, tool: str, **arguments: Any) -> anyio.CancelScope:
        """Call a tool in the background; return what cancels that."""
        scope = anyio.CancelScope()

        async def called() -> None:
            with scope:
                async with app.client(token) as client:
                    self.answers.append(await client.call_tool(tool, arguments))

        self.tasks.start_soon(called)
        return scope

    async def held(self, app: Served, token: str, **arguments: Any) -> tuple[Gate, str]:
        """Start an import; return what holds its writes, once two are held, and its id."""
        gate = Gate()
        self.line.lose(BULK, gate)
        self.call(app, token, "start_import", **arguments)
        await until(lambda: self.line.count(BULK) == 2)
        return gate, await self.under_way()

    async def under_way(self) -> str:
        """Return the id of the import that is under way."""
        (import_id,) = await self.run("SMEMBERS", "autosend-mcp:imports")
        return import_id.decode()

    async def run(self, *command: str) -> Any:
        async with connection(self.redis) as client:
            return await client.execute_command(*command)

    async def until_marked(self, import_id: str, mark: str) -> None:
        """Wait until all workers know this of it."""
        async with connection(self.redis) as client:
            while not await client.hexists(f"autosend-mcp:import:{import_id}", mark):  # noqa: ASYNC110 - see until
                await anyio.sleep(0.01)

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [record.__dict__.get("fields", {}) for record in self.caplog.records if record.msg == event]

    def check_sent_once(self) -> None:
        rows = [row["email"] for body in self.line.bodies(BULK) for row in body["contacts"]]
        assert Counter(rows) == dict.fromkeys([row["email"] for row in PEOPLE], 1)


@pytest.fixture
def redis() -> Generator[RedisServer]:
    with redis_server(durable=True) as server:
        yield server


@pytest.fixture
async def team(
    line: Line, redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncGenerator[Team]:
    caplog.set_level(logging.INFO, "autosend_mcp")
    (tmp_path / "people.csv").write_text(TEXT)
    async with anyio.create_task_group() as tasks:
        yield Team(line, redis, tmp_path, tasks, caplog)
        tasks.cancel_scope.cancel()


async def ended(app: Served, token: str, import_id: str) -> dict[str, Any]:
    """Return what the import has become, once it has ended."""
    async with app.client(token) as client:
        with anyio.fail_after(60):
            while True:
                result = await client.call_tool("get_import", {"importId": import_id})
                if not result.is_error and answer_of(result)["outcome"] not in UNDER_WAY:
                    return answer_of(result)
                await anyio.sleep(0.1)  # Redis is asked in true time


async def test_an_import_is_asked_for_at_any_worker(team: Team) -> None:
    one, _ = await team.worker()
    other, _ = await team.worker()
    ana, ben = one.tokens.create("ana"), one.tokens.create("ben")
    async with one.client(ana) as here, other.client(ana) as there, other.client(ben) as foreign:
        dry = answer_of(await here.call_tool("start_import", {"text": ROWS, "dryRun": True}))
        assert (dry["outcome"], dry["counts"]) == ("dry_run", {"wouldCreate": 1, "invalid": 1})
        assert dry["readAs"]["columns"] == {"email": "email", "firstName": "firstName"}
        for tool in ("get_import", "stop_import", "start_import"):
            refused = await foreign.call_tool(tool, {"importId": dry["importId"]})
            assert "no import with this id" in error_of(refused)
        done = answer_of(await there.call_tool("start_import", {"importId": dry["importId"]}))
        assert done["counts"] == {"created": 1, "invalid": 1}
        seen = answer_of(await here.call_tool("get_import", {"importId": done["importId"]}))
        assert [row["line"] for row in seen["problems"]] == [3]
        assert "email" in error_of(await there.call_tool("start_import", {"text": "a,b\n1,2\n"}))
    assert team.line.count(BULK) == 1


async def test_a_dry_run_of_a_file_is_done_by_its_id(team: Team) -> None:
    file = team.folder / "people.csv"
    given: dict[str, Any] = {"http": {"redis_url": team.redis.url}, "import_dir": team.folder}
    async with served(team.line, **given) as one, one.client() as client:  # nobody is asked for a token
        dry = answer_of(await client.call_tool("start_import", {"file": file.name, "dryRun": True}))
        assert dry["counts"] == {"wouldCreate": len(PEOPLE)}
        file.write_text(ROWS)
        changed = await client.call_tool("start_import", {"importId": dry["importId"]})
        assert "has changed since its dry run" in error_of(changed)
        file.write_text(TEXT)
        done = answer_of(await client.call_tool("start_import", {"importId": dry["importId"]}))
        assert (done["outcome"], done["files"]) == ("done", ["people.report.csv"])
        again = await client.call_tool("start_import", {"importId": done["importId"]})
        assert "not the importId of a dry run" in error_of(again)
    assert not [*team.folder.glob("*.journal*")]
    team.check_sent_once()


async def test_an_import_is_stopped_at_another_worker(team: Team) -> None:
    one, _ = await team.worker()
    ana = one.tokens.create("ana")
    team.line.lose(BULK, answering(429, {"success": False, "error": {"retryAfter": 30}}))
    team.call(one, ana, "start_import", **GIVEN["text"])
    await until(lambda: team.line.count(BULK) > 0)
    other, _ = await team.worker()
    async with other.client(ana) as client:
        stopped = await client.call_tool("stop_import", {"importId": await team.under_way()})
    assert answer_of(stopped)["outcome"] == "stopped"
    assert not team.line.sandbox.store.contacts.all(PROJECT)


@EITHER
async def test_a_worker_that_lost_its_lease_writes_no_more(team: Team, source: str) -> None:
    one, _ = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, **GIVEN[source])
    lease = f"autosend-mcp:import-lease:{import_id}"
    await team.run("SET", lease, "of another worker")
    gate.opened.set()
    await until(lambda: bool(team.logged("import")))
    assert team.line.count(BULK) == 2
    await team.run("DEL", lease)  # as if that one had ended
    assert (await ended(one, ana, import_id))["outcome"] == "done"
    team.check_sent_once()


@EITHER
@pytest.mark.parametrize("back", ["at_once", "after_the_lease"])
async def test_an_import_outlives_a_redis_that_was_away(team: Team, source: str, back: str) -> None:
    one, _ = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, **GIVEN[source])
    team.redis.stop()
    gate.opened.set()
    await until(lambda: bool(team.logged("redis_gone")))
    if back == "after_the_lease":
        await until(lambda: bool(team.logged("import")), 20)
        assert team.line.count(BULK) == 2
    await until(lambda: bool(team.answers))
    assert "Redis, which all workers share, cannot be reached now" in error_of(team.answers[0])
    team.redis.start()
    assert (await ended(one, ana, import_id))["outcome"] == "done"
    team.check_sent_once()


async def test_nothing_is_started_while_redis_is_gone(team: Team) -> None:
    one, _ = await team.worker()
    async with one.client(one.tokens.create("ana")) as client:
        dry = answer_of(await client.call_tool("start_import", {"text": ROWS, "dryRun": True}))
        team.redis.stop()
        for tool, arguments in (
            ("start_import", {"text": ROWS}),
            ("start_import", {"text": ROWS, "dryRun": True}),
            ("start_import", {"importId": dry["importId"]}),
            ("get_import", {"importId": dry["importId"]}),
            ("stop_import", {"importId": dry["importId"]}),
        ):
            error = error_of(await client.call_tool(tool, arguments))
            assert "Redis" in error
            assert "cannot be reached" in error
        team.redis.start()
        await until(lambda: bool(team.logged("redis_there")[1:]))
        await team.run("SET", "autosend-mcp:imports", "of a Redis that takes no import")
        unknown = error_of(await client.call_tool("start_import", {"text": ROWS}))
        assert "not known whether the import was started" in unknown
    assert not team.line.count(BULK)


@EITHER
async def test_a_worker_that_ends_hands_its_import_back_at_once(team: Team, source: str) -> None:
    one, end = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, **GIVEN[source])
    other, _ = await team.worker()
    looked, began = team.line.count(FIND), anyio.current_time()
    end.set()
    gate.opened.set()
    await until(lambda: team.line.count(FIND) > looked, 30)
    assert anyio.current_time() - began < 7  # the lease lasts ten seconds
    assert (await ended(other, ana, import_id))["counts"] == {"created": len(PEOPLE)}
    team.check_sent_once()
    if source == "file":
        assert {row["outcome"] for row in report_of(team.folder / "people.report.csv")} == {"created"}


async def test_an_import_whose_file_has_gone_says_what_was_sent(team: Team) -> None:
    one, end = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, **GIVEN["file"])
    other, _ = await team.worker()
    (team.folder / "people.csv").unlink()
    end.set()
    gate.opened.set()
    failed = await ended(other, ana, import_id)
    assert failed["outcome"] == "failed"
    assert "no file of this name" in failed["nextStep"]
    assert "What was sent before stays." in failed["nextStep"]


async def test_a_file_is_imported_by_one_import_at_a_time(team: Team) -> None:
    one, _ = await team.worker()
    ana, ben = one.tokens.create("ana"), one.tokens.create("ben")
    gate, import_id = await team.held(one, ana, **GIVEN["file"])
    async with one.client(ana) as client, one.client(ben) as another:
        for other in (client, another):
            refused = await other.call_tool("start_import", GIVEN["file"] | {"runWorkflow": True})
            assert "being imported already" in error_of(refused)
        missing = await client.call_tool("start_import", {"file": "nobody.csv"})
        assert "no file of this name" in error_of(missing)
    gate.opened.set()
    assert (await ended(one, ana, import_id))["outcome"] == "done"
    team.check_sent_once()


async def test_a_caller_has_three_imports_under_way_at_most(team: Team) -> None:
    one, _ = await team.worker()
    ana, ben = one.tokens.create("ana"), one.tokens.create("ben")
    gate, first = await team.held(one, ana, **GIVEN["text"])
    for number in (1, 2):
        team.call(one, ana, "start_import", text=f"email\nq{number}@example.com\n")
    await until(lambda: team.line.count(BULK) == 4)
    async with one.client(ana) as client, one.client(ben) as another:
        assert "Too many imports" in error_of(await client.call_tool("start_import", {"text": ROWS}))
        team.call(one, ana, "start_import", dryRun=False, **GIVEN["text"])  # the same one
        gate.opened.set()
        await until(lambda: len(team.answers) == 4)
        assert answer_of(await another.call_tool("start_import", {"text": ROWS}))["counts"]["created"] == 1
    assert [answer_of(answer)["importId"] for answer in team.answers].count(first) == 2
    assert sum("was under way" in text_of(answer) for answer in team.answers) == 1


async def test_an_import_is_stopped_whose_start_was_cancelled(team: Team) -> None:
    one, _ = await team.worker()
    other, _ = await team.worker(timeout=6)  # a call waits for two seconds
    ana, gate = one.tokens.create("ana"), Gate()
    team.line.lose(BULK, gate)
    scope = team.call(one, ana, "start_import", **GIVEN["text"])
    await until(lambda: team.line.count(BULK) == 2)
    scope.cancel()
    import_id = await team.under_way()
    await team.until_marked(import_id, "stop")
    team.call(other, ana, "start_import", **GIVEN["text"])  # waits for the end of the first one, in vain
    await until(lambda: bool(team.answers))
    assert answer_of(team.answers[0])["importId"] == import_id
    team.call(other, ana, "start_import", **GIVEN["text"])
    while not await team.run("KEYS", "autosend-mcp:lease:*"):
        await anyio.lowlevel.checkpoint()
    gate.opened.set()
    await until(lambda: len(team.answers) == 2)
    again = answer_of(team.answers[1])["importId"]
    assert (await ended(one, ana, import_id))["outcome"] == "stopped"
    assert (await ended(one, ana, again))["counts"] == {"created": 150, "unchanged": 200}
    team.check_sent_once()


async def test_redis_holds_nothing_that_can_be_read_without_the_key(team: Team) -> None:
    one, _ = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, text=f"{TEXT}\nwrong,Wrong")
    kept = await team.run("HGETALL", f"autosend-mcp:import:{import_id}")
    assert {b"asked", b"shown", b"journal"} <= kept.keys()
    gate.opened.set()
    assert (await ended(one, ana, import_id))["outcome"] == "partly_done"
    async with connection(team.redis) as client:
        values = [await client.dump(name) async for name in client.scan_iter("*")]
    whole = b"".join([*kept.values(), *values]).lower()
    assert b'"ana"' in whole
    for hidden in (KEY.lower().encode(), b"p1@example", b"firstname", b"wrong"):
        assert hidden not in whole


async def test_an_import_is_done_with_its_callers_own_key(team: Team) -> None:
    key = team.folder / "key"
    key.write_text("AS_the-own-key-of-ana")
    key.chmod(0o600)
    one, end = await team.worker()
    ana = one.tokens.create("ana", key_file=str(key))
    gate, import_id = await team.held(one, ana, **GIVEN["text"])
    other, _ = await team.worker(api_key="AS_of-another-process")
    end.set()
    gate.opened.set()
    assert (await ended(other, ana, import_id))["outcome"] == "done"
    team.check_sent_once()


async def test_a_stopped_import_says_that_its_worker_ended_before(team: Team) -> None:
    one, _ = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, **GIVEN["text"])
    lease = f"autosend-mcp:import-lease:{import_id}"
    await team.run("SET", lease, "of another worker")
    gate.opened.set()
    await until(lambda: bool(team.logged("import")))
    await team.run("HSET", f"autosend-mcp:import:{import_id}", "stop", "1")
    await team.run("DEL", lease)
    state = await ended(one, ana, import_id)
    assert (state["outcome"], "may be in AutoSend" in str(state["notes"])) == ("stopped", True)


async def test_who_has_another_key_now_is_told_so(team: Team) -> None:
    one, _ = await team.worker()
    ana, ben = one.tokens.create("ana"), one.tokens.create("ben")
    gate, import_id = await team.held(one, ana, **GIVEN["text"])
    other, _ = await team.worker(api_key="AS_of-another-process")
    async with other.client(ana) as client, other.client(ben) as foreign:
        refused = error_of(await client.call_tool("get_import", {"importId": import_id}))
        assert "started with another AutoSend key" in refused
        assert "start_import with the same arguments" in refused
        assert "no import with this id" in error_of(await foreign.call_tool("get_import", {"importId": import_id}))
    gate.opened.set()
    assert (await ended(one, ana, import_id))["outcome"] == "done"


async def test_what_an_import_is_about_is_said_once_until_its_end(team: Team) -> None:
    one, _ = await team.worker(timeout=6)  # a call waits for two seconds
    other, _ = await team.worker(timeout=6)
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, text=f"{TEXT}\nwrong,Wrong")
    await until(lambda: bool(team.answers))
    states = [answer_of(team.answers[0])]
    async with other.client(ana) as client, one.client(ana) as here:
        about = {"importId": import_id}
        states += [answer_of(await each.call_tool("get_import", about)) for each in (client, here, client)]
    assert ["problems" in state for state in states].count(True) == 1
    gate.opened.set()
    assert (await ended(other, ana, import_id))["problems"]


LATER: dict[str, Any] = {"client_id": "ana", "scopes": [], "claims": {"settings": {"toolsets": "of a later version"}}}


@pytest.mark.parametrize("wrong", ["another_key", "no_key", "settings"])
async def test_an_import_waits_for_a_worker_with_the_right_settings(team: Team, wrong: str) -> None:
    one, end = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, **GIVEN["text"])
    record = f"autosend-mcp:import:{import_id}"
    access = await team.run("HGET", record, "access")
    if wrong == "settings":
        await team.run("HSET", record, "access", json.dumps(LATER))
    await team.worker(api_key="" if wrong == "no_key" else "AS_of-another-process")
    end.set()
    gate.opened.set()
    await until(lambda: bool(team.logged("import_waits")), 20)
    await team.until_marked(import_id, "waits")
    lease = f"autosend-mcp:import-lease:{import_id}"
    await team.run("SET", lease, "of nobody")  # so that what is said of it can be seen
    await team.run("HSET", record, "access", access)
    right, _ = await team.worker(timeout=6)  # a call waits for two seconds
    async with right.client(ana) as client:
        state = answer_of(await client.call_tool("get_import", {"importId": import_id}))
        assert "It waits: a worker of this server has not the AutoSend key" in state["nextStep"]
    await team.run("DEL", lease)
    assert (await ended(right, ana, import_id))["outcome"] == "done"
    team.check_sent_once()


async def test_an_import_that_ends_its_workers_is_given_up(team: Team) -> None:
    one, _ = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, **GIVEN["text"])
    await team.run("HSET", f"autosend-mcp:import:{import_id}", "claims", "10")
    await team.run("DEL", f"autosend-mcp:import-lease:{import_id}")
    gate.opened.set()
    failed = await ended(one, ana, import_id)
    assert failed["outcome"] == "failed"
    assert "10 workers have ended" in failed["nextStep"]
    assert team.line.count(BULK) == 2


async def test_a_worker_outlives_a_record_that_it_cannot_use(team: Team) -> None:
    one, _ = await team.worker()
    ana = one.tokens.create("ana")
    gate, import_id = await team.held(one, ana, **GIVEN["text"])
    await team.run("HSET", f"autosend-mcp:import:{import_id}", "asked", "")
    await team.run("DEL", f"autosend-mcp:import-lease:{import_id}")
    gate.opened.set()
    await until(lambda: bool(team.logged("import_failed")), 20)
    async with one.client(ana) as client:
        assert answer_of(await client.call_tool("start_import", {"text": ROWS}))["counts"]["created"] == 1
