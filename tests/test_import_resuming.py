"""An import that was cut off is resumed or begun anew, and nothing of it is sent twice."""

import re
import shutil
from typing import Any

import anyio
import httpx2
import pytest

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.run import Import
from tests.support.examples import every_third
from tests.support.import_losses import PLAN, refusal
from tests.support.importing import autosend_over, csv_of, people, world
from tests.support.interrupted import MANY, interrupted, refused
from tests.support.line import Forward, answering, applied_then_reset, forwarded, reset
from tests.support.records import started_by
from tests.support.requests import ADD, BULK, FIND

OTHER_OPTIONS = [
    {"lists": ("Newsletter",)}, {"columns": {"firstName": "lastName"}}, {"run_workflow": True}, {"create_fields": True},
    {"encoding": "utf-8"}, {"delimiter": ","}, {"target": "elsewhere"}, {"repeated": "last"},
]  # fmt: skip


@pytest.mark.anyio
async def test_what_was_settled_is_not_looked_up_again() -> None:
    with world() as here:
        await interrupted(here, MANY)
        here.line.seen.clear()
        done = await here.run(MANY)
        assert done.imported.resumed
        assert [len(body["emails"]) for body in here.line.bodies(FIND)] == [100]
        assert {asked for asked, _ in here.line.seen} == {FIND, BULK}
        assert set(here.written.values()) == {1}
        assert sorted(file.name for file in here.folder.iterdir()) == ["people.csv", "people.report.csv"]
    assert done.counts == {"created": 200}


@pytest.mark.anyio
async def test_a_file_that_has_changed_is_not_gone_on_with() -> None:
    with world() as here:
        await interrupted(here, MANY)
        seen = len(here.line.seen)
        text = await refused(here, csv_of(people(201)))
        assert len(here.line.seen) == seen
        assert "This file has changed since an unfinished import of it was begun: 100 rows" in text
        assert "Restore the file to go on with it." in text
        done = await here.run(MANY)
    assert done.counts == {"created": 200}


@pytest.mark.anyio
@pytest.mark.parametrize("order", every_third(OTHER_OPTIONS), ids=str)
async def test_other_options_are_not_those_of_the_import_that_was_begun(order: dict[str, Any]) -> None:
    with world() as here:
        await interrupted(here, MANY)
        text = await refused(here, MANY, **order)
        assert re.match("With (other options|another API key or base URL), an unfinished import of it was begun", text)
        assert "the same" in text.partition("changed. ")[2]
        done = await here.run(MANY)
    assert done.counts == {"created": 200}


@pytest.mark.anyio
async def test_another_project_is_not_taken_for_the_one_the_import_was_begun_in() -> None:
    with world() as here:
        await interrupted(here, MANY)
        place = here.folder / "people.csv"
        other = autosend_over(here.line, api_key="AS_other_key_of_another_project")
        imported = Import(other, place.open("rb"), place.name, ImportOptions(), path=place)
        with pytest.raises(NotSent, match="another API key"):
            await imported.read()
        imported.close()


@pytest.mark.anyio
async def test_restart_leaves_contacts_with_the_expected_values_alone() -> None:
    with world() as here:
        await interrupted(here, MANY)
        done = await here.run(csv_of(people(210)), restart=True)
        assert set(here.written.values()) == {1}
    assert not done.imported.resumed
    assert done.counts == {"unchanged": 100, "created": 110}


@pytest.mark.anyio
async def test_an_import_that_was_stopped_while_it_was_read_begins_anew() -> None:
    with world() as here:
        imported = here.begin(MANY)
        imported.stop()
        await imported.read()
        await imported.send()
        imported.close()
        assert imported.progress.stage == "stopped"
        assert here.line.count(FIND) == 0
        done = await here.run(csv_of(people(3)))
    assert not done.imported.resumed
    assert done.counts == {"created": 3}


@pytest.mark.anyio
async def test_an_import_whose_columns_were_unclear_leaves_nothing_in_the_way() -> None:
    with world() as here:
        assert "no custom field that AutoSend defines" in await refused(here, csv_of(people(1, color="red")))
        done = await here.run(csv_of(people(1, color="red")), columns={"color": ""})
    assert done.counts == {"created": 1}


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [applied_then_reset, reset])
async def test_a_joining_in_doubt_is_looked_up_before_anything_else(failure: Any) -> None:
    with world() as here:
        list_id = here.made_list()
        here.line.lose(ADD, failure)
        here.line.lose(FIND, forwarded, answering(403, {"success": False}))
        first = await here.run(csv_of(people(3)), lists=("Newsletter",))
        assert (first.stage, first.counts) == ("stopped", {"created": 3})
        again = await here.run(csv_of(people(3)), lists=("Newsletter",))
        assert again.stage == "stopped"
        here.line.faults.clear()
        here.line.seen.clear()
        done = await here.run(csv_of(people(3)), lists=("Newsletter",))
        assert here.members(list_id) == 3
        assert list(here.starts().values()) == [1, 1, 1]
        assert here.line.count(ADD) == (failure is reset)
        assert here.line.count(BULK) == 0
    assert done.counts == {"created": 3}


@pytest.mark.anyio
async def test_a_stop_ends_the_wait_for_requests_that_were_in_flight() -> None:
    with world() as here:
        list_id = here.made_list()
        await interrupted(here, MANY, lists=("Newsletter",))
        journal = Journal(here.folder / "people.csv.journal")
        journal.intend(dict.fromkeys(range(101, 201)))
        journal.intend({1: "p0@example.com"}, 0)
        journal.close()
        imported = here.begin(MANY, lists=("Newsletter",))
        await imported.read()
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(imported.send)
            await anyio.wait_all_tasks_blocked()
            imported.stop()
        imported.close()
        assert anyio.current_time() - began < 1
        assert imported.progress.stage == "stopped"
        assert len(here.written) == 100
        done = await here.run(MANY, lists=("Newsletter",))
        assert set(here.written.values()) == {1}
        assert here.members(list_id) == 200
    assert done.counts == {"created": 200}


@pytest.mark.anyio
async def test_a_stop_with_a_reply_lost_leaves_the_request_in_doubt() -> None:
    with world() as here:
        imported = here.begin(csv_of(people(3)))

        async def stopping(_forward: Forward) -> httpx2.Response:
            imported.stop()
            raise httpx2.ReadError("reset")

        here.line.lose(BULK, stopping, forwarded)
        await imported.read()
        await imported.send()
        imported.close()
        here.seed(*people(3))  # it arrives late
        done = await here.run(csv_of(people(3)))
        assert here.line.count(BULK) == 1
    assert done.counts == {"created": 3}
    assert set(done.reasons("created")) == {"Found with these values after the import was interrupted."}


@pytest.mark.anyio
async def test_a_refused_request_leaves_no_doubt() -> None:
    with world() as here:
        here.line.lose(BULK, answering(401, refusal("No")), forwarded)
        done = await here.run(people(3))
        assert done.stage == "stopped"
        here.seed(*people(3))  # by somebody else
        done = await here.run(csv_of(people(3)))
    assert done.counts == {"unchanged": 3}


@pytest.mark.anyio
async def test_a_row_whose_contact_changed_after_the_kill_is_not_repeated() -> None:
    with world(PLAN) as here:
        grave = here.folder / "after"
        grave.mkdir()

        async def killed(forward: Forward) -> httpx2.Response:
            await forward()
            for file in here.folder.glob("people.csv*"):
                shutil.copy(file, grave)
            scope.cancel()
            await anyio.sleep_forever()
            raise AssertionError

        here.line.lose(BULK, killed)
        rows = csv_of(people(1, plan="trial"))
        imported = here.begin(rows, run_workflow=True)
        with anyio.CancelScope() as scope:
            await imported.read()
            await imported.send()
        imported.close()
        here.seed({"email": "p0@example.com", "customFields": {"plan": "welcomed"}})
        here.folder = grave
        here.line.faults.clear()
        done = await here.run(rows, run_workflow=True)
        assert here.line.count(BULK) == 1
        assert started_by(here.store) == [("p0@example.com", "Welcome"), ("p0@example.com", "plan became trial")]
    assert done.counts == {"unknown": 1}
    assert done.reasons("unknown")[0].startswith("The import was interrupted. A look-up afterwards found other values")
