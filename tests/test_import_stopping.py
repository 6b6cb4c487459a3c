"""An import that is stopped, or ends early: what has left is settled, and another run ends what is left."""

import anyio
import httpx2
import pytest

from tests.support.import_losses import check_all_there, refusal, refusing
from tests.support.importing import csv_of, people, world
from tests.support.line import Forward, Loss, answering, forwarded, reset, unreachable
from tests.support.requests import ADD, BULK, FIND

pytestmark = pytest.mark.anyio


async def test_a_stop_settles_what_has_left_and_sends_nothing_more() -> None:
    with world() as here:
        here.made_list()
        imported = here.begin(csv_of(people(1_000)), lists=("Newsletter",))

        async def stopping(forward: Forward) -> httpx2.Response:
            imported.stop()
            return await forward()

        here.line.lose(BULK, forwarded, stopping, forwarded)
        await imported.read()
        await imported.send()
        imported.close()
        assert imported.progress.stage == "stopped"
        assert imported.error is None
        applied = len(here.written)
        assert imported.progress.outcomes["created"] == applied < 1_000
        done = await here.run(people(1_000), lists=("Newsletter",))
        check_all_there(here, 1_000)
        assert len(here.starts()) == 1_000
        assert set(here.starts().values()) == {1}
    assert done.counts == {"created": 1_000}
    assert {row["reason"] for row in done.rows} == {""}


@pytest.mark.parametrize("request_", [BULK, ADD])
@pytest.mark.parametrize(
    "trouble", [unreachable, reset, refusing(413), refusing(429)], ids=["away", "lost", "413", "429"]
)
async def test_a_stop_in_the_middle_of_trouble_leaves_what_another_run_ends(request_: str, trouble: Loss) -> None:
    with world() as here:
        here.made_list()
        imported = here.begin(csv_of(people(4)), lists=("Newsletter",))

        async def stopping(forward: Forward) -> httpx2.Response:
            imported.stop()
            return await trouble(forward)

        here.line.lose(request_, stopping, forwarded)
        await imported.read()
        await imported.send()
        imported.close()
        assert (imported.progress.stage, imported.error) == ("stopped", None)
        assert here.line.count(request_) == 1
        done = await here.run(people(4), lists=("Newsletter",))
        check_all_there(here, 4)
        assert list(here.starts().values()) == [1] * 4
    assert done.counts == {"created": 4}


async def test_a_stop_while_autosend_asks_to_wait_ends_the_waiting() -> None:
    with world() as here:
        imported = here.begin(csv_of(people(4)))
        here.line.lose(BULK, answering(429, {"success": False, "error": {"retryAfter": 30}}))
        await imported.read()
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(imported.send)
                while not here.line.count(BULK):
                    await anyio.lowlevel.checkpoint()
                imported.stop()
        imported.close()
    assert imported.progress.stage == "stopped"


async def test_a_stop_during_the_look_up_before_a_request_keeps_it_back() -> None:
    with world() as here:
        here.seed({"email": "p0@example.com", "lastName": "Kept"})
        imported = here.begin(csv_of(people(1)))

        async def stopping(forward: Forward) -> httpx2.Response:
            imported.stop()
            return await forward()

        here.line.lose(FIND, forwarded, stopping)
        await imported.read()
        await imported.send()
        imported.close()
        assert here.line.count(BULK) == 0
        assert imported.progress.stage == "stopped"


@pytest.mark.parametrize("end", [unreachable, answering(403, refusal("Plan limit"))], ids=["unreachable", "403"])
async def test_an_import_that_ends_early_does_not_say_that_nothing_changed(end: Loss) -> None:
    with world() as here:
        here.line.lose(BULK, forwarded, end)
        done = await here.run(people(300))
    assert done.counts == {"created": 100}
    assert "100 of 300 rows are settled." in str(done.error)
    assert "othing changed" not in str(done.error)
