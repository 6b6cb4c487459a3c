"""An import after start_import has answered: progress, problems, stopping, and how long it is remembered."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest

from autosend_mcp.errors import Unknown
from autosend_mcp.imports.background import NO_UNDO, UNDER_WAY
from autosend_mcp.imports.job import ImportJob
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.run import Import
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.tools.jobs import Jobs
from tests.support.import_tools import ROWS, ended, importing, people, started, state
from tests.support.line import Forward, Line, empty_sandbox, forwarded, saying, unreachable
from tests.support.records import starts_of
from tests.support.seeded import seeded, wrote
from tests.support.worlds import answer_of, autosend_over, error_of

pytestmark = pytest.mark.anyio


async def test_how_far_an_import_is_is_short_until_its_end() -> None:
    async with importing(rate_limit=0.5) as (client, _):
        first = await started(client, text=people(1_250) + "wrong\n", listIds=["Offers"])
        going = await state(client, first["importId"])
        last = await ended(client, first["importId"])
    assert (first["outcome"], going["outcome"], last["outcome"]) == ("sending", "sending", "partly_done")
    assert [row["line"] for row in first["problems"]] == [row["line"] for row in last["problems"]] == [1_252]
    assert not {"problems", "notes"} & going.keys()
    assert going["counts"]["invalid"] == 1


async def test_an_import_goes_on_after_the_answer_and_is_asked_for_by_its_id(era: str) -> None:
    async with importing(era, rate_limit=0.5) as (client, line):
        first = await started(client, text=people(1_250))
        last = await ended(client, first["importId"])
        assert (
            len(line.sandbox.store.contacts.find(PROJECT, [f"p{place}@example.com" for place in range(1_250)])) == 1_250
        )
    assert first["outcome"] == "sending"
    assert first["rows"] == 1_250
    assert re.fullmatch("[0-9a-f]{32}", first["importId"])
    assert last["outcome"] == "done"
    assert last["counts"] == {"created": 1_250}
    assert last["settled"] == 1_250
    assert "nextStep" not in last


async def test_progress_is_reported_to_a_client_that_asks_for_it(era: str) -> None:
    reported: list[tuple[float, float | None]] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        assert message
        reported.append((progress, total))

    async with importing(era, rate_limit=1) as (client, _):
        text = people(2_000)
        first = answer_of(await client.call_tool("start_import", {"text": text}, progress_callback=progress))
        arguments = {"importId": first["importId"]}
        await client.call_tool("get_import", arguments, progress_callback=progress)
        await ended(client, first["importId"])
    assert len(reported) > 2
    first_call = [done for done, _ in reported][: reported.index(max(reported)) + 1]
    assert first_call == sorted(set(first_call))
    assert reported[-1][1] == 2_000
    assert all(done < 1 for done, total in reported if total is None)


async def test_problems_come_in_pages() -> None:
    rows = "email\n" + "".join(f"wrong{place}\n" for place in range(45)) + "right@example.com\n"
    async with importing() as (client, _):
        first = await started(client, text=rows)
        lines = [row["line"] for row in first["problems"]]
        cursor = first["nextCursor"]
        while cursor:
            page = await state(client, first["importId"], cursor=cursor)
            lines += [row["line"] for row in page["problems"]]
            cursor = page.get("nextCursor")
        other = await started(client, text=ROWS)
        stranger = await client.call_tool("get_import", {"importId": other["importId"], "cursor": first["nextCursor"]})
    assert lines == list(range(2, 47))
    assert "another question" in error_of(stranger)


async def test_the_same_import_under_way_is_not_started_twice() -> None:
    async with importing(rate_limit=0.25) as (client, line):
        text = people(500)
        first = await started(client, text=text)
        second = await started(client, text=text)
        await ended(client, first["importId"])
        third = await ended(client, (await started(client, text=text))["importId"])
        sent = sum(len(body["contacts"]) for body in line.bodies("POST /contacts/bulk-update"))
    assert second["importId"] == first["importId"]
    assert UNDER_WAY in second["notes"]
    assert third["importId"] != first["importId"]
    assert third["counts"] == {"unchanged": 500}
    assert sent == 500


async def test_a_stopped_import_is_finished_by_the_same_call_and_doubles_nothing() -> None:
    async with importing(rate_limit=0.8) as (client, line):
        text = people(900)
        first = await started(client, text=text, listIds=["Offers"])
        stopped = answer_of(await client.call_tool("stop_import", {"importId": first["importId"]}))
        sent = len(wrote(line))
        again = await started(client, text=text, listIds=["Offers"])
        last = await ended(client, again["importId"])
        after = answer_of(await client.call_tool("stop_import", {"importId": again["importId"]}))
        rows = [row["email"] for body in line.bodies("POST /contacts/bulk-update") for row in body["contacts"]]
        starts = starts_of(line.sandbox.store)
    assert stopped["outcome"] == "stopped"
    assert 0 < stopped["settled"] < 900
    assert sent <= 2 * stopped["settled"] / 100 + 8  # what had left was settled, and no more was sent
    assert last["outcome"] == after["outcome"] == "done"
    assert len(rows) == len(set(rows)) == 900
    assert set(starts.values()) == {1}


async def test_a_cancelled_start_stops_the_import_for_nobody_has_its_id() -> None:
    async with importing(rate_limit=0.25) as (client, line):
        with anyio.move_on_after(0.3):
            await started(client, text=people(600))
            raise AssertionError("it cannot have ended")
        again = await started(client, text=people(600))
        await ended(client, again["importId"])
        rows = [row["email"] for body in line.bodies("POST /contacts/bulk-update") for row in body["contacts"]]
    assert again["notes"] == [NO_UNDO]  # another one, not that which was under way
    assert len(rows) == len(set(rows)) == 600


@pytest.mark.parametrize("tool", ["get_import", "stop_import"])
async def test_an_unknown_id_is_reported_with_the_way_to_go_on(tool: str) -> None:
    async with importing() as (client, _):
        error = error_of(await client.call_tool(tool, {"importId": "0" * 32}))
    assert "There is no import with this id" in error
    assert "start_import with the same arguments" in error


async def test_an_import_that_autosend_ends_says_why_and_how_to_go_on() -> None:
    async def refused(_forward: Forward) -> Any:
        return saying(403, {"success": False, "error": {"message": "Plan limit", "code": "FORBIDDEN"}})

    async with importing() as (client, line):
        line.lose("POST /contacts/bulk-update", refused)
        failed = await started(client, text=ROWS)
        line.faults.clear()
        done = await started(client, text=ROWS)
    assert failed["outcome"] == "failed"
    assert "does not allow this (status 403)" in failed["nextStep"]
    assert "start_import with the same arguments" in failed["nextStep"]
    assert done["counts"] == {"created": 1, "updated": 1, "invalid": 1}


async def test_only_so_many_imports_run_at_once() -> None:
    async with importing() as (client, line):
        line.lose("POST /contacts/bulk-update", unreachable)
        results = [await client.call_tool("start_import", {"text": people(1 + place)}) for place in range(4)]
    assert [result.is_error for result in results] == [False, False, False, True]
    assert "Too many imports are under way" in error_of(results[-1])


async def test_a_file_that_takes_long_to_read_is_asked_for_again() -> None:
    async def slow(forward: Forward) -> Any:
        await anyio.sleep(20)
        return await forward()

    async with importing() as (client, line):
        line.lose("GET /contact-properties", slow, slow, forwarded)
        begun = await started(client, text=ROWS)
        last = await ended(client, begun["importId"])
    async with importing(rate_limit=0.25) as (client, line):
        line.lose("GET /contact-properties", slow, slow, forwarded)
        again = await started(client, text=people(1_250) + "wrong\n")
        states = [await state(client, again["importId"]) for _ in range(5)]
        sending = [one for one in states if one["outcome"] == "sending"]
    assert ["problems" in one for one in sending[:2]] == [True, False]
    assert begun["outcome"] == "reading"
    assert "readAs" not in begun
    assert begun["nextStep"] == "Call get_import to see how far it is."
    assert last["outcome"] == "partly_done"


@pytest.mark.slow
async def test_of_thousands_of_problems_the_first_are_listed() -> None:
    async with importing() as (client, _):
        done = await started(client, text="email\n" + "x\n" * 5_001)
    assert done["counts"] == {"invalid": 5_001}
    assert "Only the first 5,000 of the rows that did not succeed are listed." in done["notes"]


class Broken(BytesIO):
    """A file that fails in a way that nobody expects."""

    def seek(self, _offset: int, _whence: int = 0, /) -> int:
        raise ZeroDivisionError


async def test_a_bug_ends_the_import_and_not_the_server(caplog: pytest.LogCaptureFixture) -> None:
    job = ImportJob(Import(autosend_over(Line(empty_sandbox())), Broken(), "", ImportOptions()), restart=False)
    await job.run()
    assert job.outcome == "failed"
    assert isinstance(job.error, Unknown)
    assert [record.__dict__["fields"]["cause"] for record in caplog.records] == ["ZeroDivisionError"]


class Ended:
    async def run(self) -> None:
        await anyio.lowlevel.checkpoint()

    def stop(self) -> None:
        raise AssertionError("it has ended")


async def test_an_ended_job_is_forgotten_when_it_expires_or_twenty_ended_later() -> None:
    async with anyio.create_task_group() as tasks:
        lasting, short = Jobs(tasks), Jobs(tasks, expires=0)
        ids = [lasting.start(str(place), Ended()) for place in range(25)]
        expired = short.start("", Ended())
        assert short.get(expired) is not None
        assert lasting.under_way("3") == ids[3]
        await anyio.wait_all_tasks_blocked()
        assert short.get(expired) is None
        assert sum(lasting.get(one) is not None for one in ids) == 20
        assert lasting.under_way("3") is None
        await lasting.close()


async def test_a_second_start_that_is_cancelled_does_not_stop_the_first(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(people(750), encoding="utf-8")
    async with seeded(import_dir=tmp_path, rate_limit=0.25) as (client, _):
        first = await started(client, file="people.csv")
        with anyio.move_on_after(0.3):
            await started(client, file="people.csv")
        last = await ended(client, first["importId"])
    assert first["outcome"] == "sending"
    assert last["counts"] == {"created": 750}
