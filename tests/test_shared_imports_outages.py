"""Imports that any worker does, when a worker ends, Redis is away, or the key or the file has gone."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.importing import report_of
from tests.support.line import Line
from tests.support.redis import until
from tests.support.requests import BULK, FIND
from tests.support.team import GIVEN, PEOPLE, ROWS, Team, ended, team_over
from tests.support.worlds import answer_of, error_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


EITHER = pytest.mark.parametrize("source", GIVEN)


@pytest.fixture
async def team(line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncGenerator[Team]:
    async with team_over(line, tmp_path, caplog) as team:
        yield team


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
