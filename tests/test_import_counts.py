"""Counts of AutoSend's that do not add up are not believed: rows are looked up, and written once."""

from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.import_losses import P1, check_all_there, counting, written_once
from tests.support.importing import World, people, world
from tests.support.line import Forward, Loss, forwarded, saying
from tests.support.requests import BULK

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "counts",
    [
        {"successCount": 2}, {"successCount": None}, {"successCount": None, "failedCount": None, "totalCount": None},
        {"failedCount": 1}, {"successCount": 99}, {"failedCount": "none"}, {"successCount": "all"},
        {"successCount": 0}, {"failedCount": -1},
    ],
    ids=str,
)  # fmt: skip
async def test_counts_that_do_not_add_up_are_not_believed(counts: dict[str, Any]) -> None:
    with world() as here:
        here.line.lose(BULK, counting(**counts))
        done = await here.run(people(4))
        check_all_there(here, 4)
    assert done.counts == {"created": 4}


@pytest.mark.parametrize("counts", [{"successCount": 2}, {"successCount": 99, "failedCount": 0}, {}], ids=str)
async def test_what_is_not_there_and_not_counted_as_failed_is_unknown(counts: dict[str, int]) -> None:
    with world() as here:
        here.line.lose(BULK, dropping(here, "p1@example.com", counts))
        done = await here.run(people(3))
        assert here.written == {"p0@example.com": 1, "p2@example.com": 1}
    assert done.counts == {"created": 2, "unknown": 1}
    (why,) = done.reasons("unknown")
    assert why == "AutoSend does not say that it failed. A look-up afterwards found no such contact."


async def test_a_row_that_autosend_keeps_in_another_form_is_written_once() -> None:
    for counts in ({}, {"successCount": 19, "failedCount": 1}):
        with world() as here:

            async def capitalised(_forward: Forward, here: World = here, counts: Any = counts) -> httpx2.Response:
                rows = here.line.bodies(BULK)[-1]["contacts"]
                writes.bulk_update(
                    here.store,
                    "229f1f77bcf86cd927304803",
                    [row | {"firstName": row["firstName"].lower()} for row in rows if row["email"] != P1 or not counts],
                    run_workflow=False,
                )
                return saying(200, {"success": True, "data": counts})

            here.line.lose(BULK, capitalised)
            done = await here.run(people(20))
            assert here.line.count(BULK) == 1
            assert written_once(done, here) == ({"created": 19, "failed": 1} if counts else {"created": 20})
        assert "AutoSend shows other values than the row's: firstName." in done.reasons("created")


async def test_rows_that_are_neither_there_nor_counted_are_sent_again_apart() -> None:
    with world() as here:
        here.line.lose(BULK, dropping(here, "p1@example.com", {}), forwarded)
        done = await here.run(people(4))
        check_all_there(here, 4)
        assert [len(body["contacts"]) for body in here.line.bodies(BULK)] == [4, 1]
        here.line.lose(BULK, dropping(here, "example.com", {}), forwarded)
        more = await here.run(people(5, start=4))
        assert [len(body["contacts"]) for body in here.line.bodies(BULK)][2:] == [5, 2, 3]
    assert (done.counts, more.counts) == ({"created": 4}, {"created": 5})


def dropping(here: World, email: str, counts: dict[str, int]) -> Loss:
    """Return a fault that applies all rows but those with this in their address, and answers these counts."""

    async def answer(_forward: Forward) -> httpx2.Response:
        rows = [row for row in here.line.bodies(BULK)[-1]["contacts"] if email not in row["email"]]
        writes.bulk_update(here.store, PROJECT, rows, run_workflow=False)
        return saying(200, {"success": True, "data": counts})

    return answer
