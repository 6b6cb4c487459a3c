"""A bulk update whose reply is lost is looked up; only what was not applied is sent again."""

import math
from itertools import product

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.import_losses import APPLIED, NOT_APPLIED, PLAN, check_all_there
from tests.support.importing import at_once, people, world
from tests.support.line import Forward, answering, applied_then_reset, forwarded, reset, unreachable
from tests.support.records import started_by
from tests.support.requests import BULK, FIND

pytestmark = pytest.mark.anyio


async def test_an_applied_batch_whose_reply_is_lost_is_looked_up_not_repeated() -> None:
    async def check(name: str, times: float) -> None:
        with world() as here:
            here.seed({"email": "p0@example.com", "firstName": "Old"})
            here.line.lose(BULK, APPLIED[name], *([forwarded] if times == 1 else []))
            done = await here.run(people(3))
            check_all_there(here, 3)
            assert here.line.count(BULK) == 1
        assert [row["outcome"] for row in done.rows] == ["updated", "created", "created"]

    await at_once(check, product(APPLIED, (1, math.inf)))


async def test_a_lost_request_that_was_not_applied_is_repeated_and_applied_once() -> None:
    async def check(name: str, times: int) -> None:
        with world() as here:
            here.line.lose(BULK, *[NOT_APPLIED[name]] * times, forwarded)
            done = await here.run(people(3))
            check_all_there(here, 3)
            assert here.line.count(BULK) == times + 1
        assert done.counts == {"created": 3}

    await at_once(check, product(NOT_APPLIED, (1, 2)))


@pytest.mark.parametrize("name", ["reset", "500"])
async def test_what_is_always_lost_before_it_is_applied_is_unknown_in_the_end(name: str) -> None:
    with world() as here:
        here.seed({"email": "p0@example.com", "firstName": "Old"})
        here.line.lose(BULK, NOT_APPLIED[name])
        done = await here.run(people(2))
        assert here.line.count(BULK) == 3
        assert not here.written
        assert (here.folder / "people.rejected.csv").exists()
    assert done.counts == {"unknown": 2}
    one, other = done.reasons("unknown")
    assert one.endswith("A look-up afterwards found other values than the row's: firstName.")
    assert other.endswith("A look-up afterwards found no such contact.")


async def test_of_a_batch_applied_in_part_only_the_rest_is_sent_again() -> None:
    with world() as here:

        async def half(_forward: Forward) -> httpx2.Response:
            rows = here.line.bodies(BULK)[0]["contacts"][:2]
            writes.bulk_update(here.store, PROJECT, rows, run_workflow=False)
            raise httpx2.ReadError("reset")

        here.line.lose(BULK, half, forwarded)
        done = await here.run(people(5))
        assert [len(body["contacts"]) for body in here.line.bodies(BULK)] == [5, 3]
        check_all_there(here, 5)
    assert done.counts == {"created": 5}


async def test_a_lost_row_that_an_automation_changed_since_is_not_repeated() -> None:
    with world(PLAN) as here:

        async def lost(forward: Forward) -> httpx2.Response:
            await forward()
            here.seed({"email": "p0@example.com", "customFields": {"plan": "welcomed"}})
            raise httpx2.ReadError("reset")

        here.line.lose(BULK, lost)
        done = await here.run(people(1, plan="trial"), run_workflow=True)
        assert here.line.count(BULK) == 1
        assert started_by(here.store) == [("p0@example.com", "Welcome"), ("p0@example.com", "plan became trial")]
    assert done.counts == {"unknown": 1}
    assert 'found other values than the row\'s: customFields."plan"' in done.reasons("unknown")[0]


async def test_a_look_up_that_fails_for_a_while_is_waited_out() -> None:
    with world() as here:
        here.line.lose(BULK, applied_then_reset, forwarded)
        here.line.lose(FIND, forwarded, *[reset] * 9, forwarded)
        done = await here.run(people(3))
        check_all_there(here, 3)
    assert done.counts == {"created": 3}


@pytest.mark.parametrize("applied", [True, False])
async def test_where_look_ups_fail_for_good_another_run_ends_well(applied: bool) -> None:
    with world() as here:
        here.line.lose(BULK, applied_then_reset if applied else reset, forwarded)
        here.line.lose(FIND, forwarded, answering(403, {"success": False}))
        first = await here.run(people(3))
        assert (first.stage, first.counts, first.rows) == ("stopped", {}, [])
        assert first.error is not None
        here.line.faults.clear()
        done = await here.run(people(3))
        assert done.imported.resumed
        check_all_there(here, 3)
        assert here.line.count(BULK) == (1 if applied else 2)
    assert done.counts == {"created": 3}
    note = "Found with these values after the import was interrupted." if applied else ""
    assert {row["reason"] for row in done.rows} == {note}


async def test_an_autosend_that_is_away_for_good_stops_the_import() -> None:
    with world() as here:
        here.line.lose(BULK, unreachable)
        done = await here.run(people(3))
        assert not here.written
    assert (done.stage, done.counts) == ("stopped", {})
    assert "AutoSend could not be reached" in str(done.error)
