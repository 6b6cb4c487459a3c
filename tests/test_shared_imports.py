"""Imports that any worker does: asked for, stopped and bounded at any of them, with a true redis-server."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from autosend_mcp.sandbox.app import PROJECT
from tests.support.line import Line, answering
from tests.support.redis import connection, until
from tests.support.requests import BULK
from tests.support.serving import served
from tests.support.team import GIVEN, PEOPLE, ROWS, TEXT, Gate, Team, ended, team_over
from tests.support.worlds import KEY, answer_of, error_of, text_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def team(line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncGenerator[Team]:
    async with team_over(line, tmp_path, caplog) as team:
        yield team


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
