"""Odd answers to an import: nothing is done twice, and nothing is told that is not so."""

import json
import os
import shutil
import signal
from typing import Any

import anyio
import httpx2
import pytest

from autosend_mcp.errors import AutoSendError
from autosend_mcp.imports.journal import Journal, JournalRow
from autosend_mcp.imports.run import Import, ImportOptions
from autosend_mcp.sandbox.app import Options, PropertyAutomation
from autosend_mcp.sandbox.contacts import writes
from tests.support.importing import ADD, BULK, FIND, PAGE, Done, World, autosend_over, csv_of, people, world
from tests.support.line import (
    Forward,
    Loss,
    answering,
    applied_then_reset,
    forwarded,
    reset,
    rewritten,
    saying,
    unreachable,
)

pytestmark = pytest.mark.anyio

PLAN = Options(rate_limit=0, automations=(PropertyAutomation("plan", to_value="trial"),))
P1 = "p1@example.com"


def refusal(message: str) -> dict[str, Any]:
    return {"success": False, "error": {"message": message}}


def without(here: World, email: str, status: int, body: dict[str, Any], path: str = BULK) -> Loss:
    """Return what AutoSend says to a request with this address; others are answered well."""

    async def answer(forward: Forward) -> httpx2.Response:
        named = email in json.dumps(here.line.bodies(path)[-1])
        return saying(status, body) if named else await forward()

    return answer


def told_once(done: Done, here: World) -> dict[str, int]:
    """Return the counts of an import that wrote no contact twice."""
    assert done.stage == "done"
    assert set(here.written.values()) <= {1}
    return done.counts


# What changes after it was applied


async def test_a_lost_row_that_an_automation_changed_since_is_not_repeated() -> None:
    with world(PLAN) as here:

        async def lost(forward: Forward) -> httpx2.Response:
            await forward()
            here.seed({"email": "p0@example.com", "customFields": {"plan": "welcomed"}})
            raise httpx2.ReadError("reset")

        here.line.lose(BULK, lost)
        done = await here.run(people(1, plan="trial"), run_workflow=True)
        assert here.line.count(BULK) == 1
        assert len(here.store.automations.all()) == 1
    assert done.counts == {"unknown": 1}
    assert 'found other values than the row\'s: customFields."plan"' in done.reasons("unknown")[0]


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
        assert len(here.store.automations.all()) == 1
    assert done.counts == {"unknown": 1}
    assert done.reasons("unknown")[0].startswith("The import was interrupted. A look-up afterwards found other values")


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
            assert told_once(done, here) == ({"created": 19, "failed": 1} if counts else {"created": 20})
        assert "AutoSend shows other values than the row's: firstName." in done.reasons("created")


# Answers that contradict themselves


async def test_a_refusal_with_a_status_of_success_is_traced_to_its_row() -> None:
    with world() as here:
        here.line.lose(BULK, without(here, P1, 200, refusal("bad row")))
        assert told_once(done := await here.run(people(5)), here) == {"created": 4, "failed": 1}
    assert done.reasons("failed") == ['AutoSend refused it: "bad row".']


async def test_what_was_applied_although_autosend_said_no_is_reported_as_done() -> None:
    with world() as here:

        async def partly(forward: Forward) -> httpx2.Response:
            await forward()
            return saying(200, refusal("some failed"))

        here.line.lose(BULK, partly)
        assert told_once(await here.run(people(3)), here) == {"created": 3}


async def test_no_to_a_joining_with_a_status_that_says_yes_is_looked_up() -> None:
    with world() as here:
        list_id = here.made_list()
        here.line.lose(ADD, without(here, P1, 200, refusal("no such person"), ADD))
        done = await here.run(people(4), lists=("Newsletter",))
        assert told_once(done, here) == {"created": 3, "failed": 1}
        assert here.members(list_id) == 3
        assert set(here.starts().values()) == {1}
    assert done.reasons("failed") == ['It is created, but not in "Newsletter": AutoSend refused it: "no such person".']


# Look-ups


@pytest.mark.parametrize("status", [400, 422])
async def test_an_address_that_autosend_will_not_look_up_keeps_no_other_row_back(status: int) -> None:
    with world() as here:
        here.line.lose(FIND, without(here, P1, status, refusal("Invalid email"), FIND))
        assert told_once(done := await here.run(people(300)), here) == {"created": 299, "failed": 1}
    assert done.reasons("failed") == [
        'It was not sent, since it could not be looked up before. AutoSend refused it: "Invalid email".'
    ]


async def test_a_contact_in_a_shape_that_cannot_be_read_keeps_no_other_row_back() -> None:
    def odd(body: Any) -> None:
        for contact in body["data"]["contacts"]:
            if contact["email"] == P1:
                contact["firstName"] = 5

    with world() as here:
        here.seed(*people(3))
        here.line.lose(FIND, rewritten(odd))
        done = await here.run(people(200))
        assert told_once(done, here) == {"unchanged": 2, "failed": 1, "created": 197}
    assert done.of("failed") == [P1]


async def test_look_ups_that_are_all_refused_stop_the_import() -> None:
    with world() as here:
        here.line.lose(FIND, answering(400, refusal("Not today")))
        done = await here.run(people(10))
        assert here.line.count(BULK) == 0
    assert done.stage == "stopped"
    assert "0 of 10 rows are settled." in str(done.error)


@pytest.mark.parametrize("most", [25, 50, 70])
async def test_an_answer_that_autosend_cuts_is_completed(most: int) -> None:
    def cut(body: Any) -> None:
        del body["data"]["contacts"][most:]

    with world(Options(rate_limit=0, upsert_rule="replace")) as here:
        here.seed(*people(100, lastName="Kept", logins=1))
        here.line.lose(FIND, rewritten(cut))
        here.line.lose(BULK, applied_then_reset, forwarded)
        assert told_once(await here.run(people(160, plan="pro")), here) == {"updated": 100, "created": 60}
        assert all(here.values(row["email"])["lastName"] == "Kept" for row in people(100))


async def test_look_ups_grow_again_after_a_glitch_of_the_line() -> None:
    with world() as here:
        here.line.lose(FIND, *[reset] * 9, forwarded)
        assert told_once(await here.run(people(3_000)), here) == {"created": 3_000}
        sizes = [len(body["emails"]) for body in here.line.bodies(FIND)]
    assert min(sizes) < 1_000
    assert sizes[-1] > min(sizes)


# Joining


async def test_a_join_without_counts_is_looked_up_again_before_it_is_reported() -> None:
    def nobody(body: Any) -> None:
        body["data"]["contacts"], body["data"]["pagination"]["total"] = [], 0

    with world() as here:
        here.made_list()
        here.line.lose(ADD, rewritten(lambda body: body.update(data={})))
        here.line.lose(PAGE, rewritten(nobody), forwarded)
        assert told_once(await here.run(people(3), lists=("Newsletter",)), here) == {"created": 3}
    with world() as here:
        here.made_list()
        here.line.lose(ADD, answering(200, {"success": True, "data": {}}))
        done = await here.run(people(3), lists=("Newsletter",))
        assert here.line.count(ADD) == 1
    assert done.reasons("unknown") == ['Whether it joined "Newsletter" is not known.'] * 3


async def test_who_is_kept_out_of_one_list_hears_of_the_lists_after_it_too() -> None:
    with world() as here:
        first, second = here.made_list("A"), here.made_list("B")
        here.line.lose(ADD, without(here, P1, 400, refusal("No"), ADD))
        done = await here.run(people(3), lists=("A", "B"))
        assert (here.members(first), here.members(second)) == (2, 2)
    assert done.reasons("failed") == ['It is created, but not in "A", "B": AutoSend refused it: "No".']


# How it ends


@pytest.mark.parametrize("end", [unreachable, answering(403, refusal("Plan limit"))], ids=["unreachable", "403"])
async def test_an_import_that_ends_early_does_not_say_that_nothing_changed(end: Loss) -> None:
    with world() as here:
        here.line.lose(BULK, forwarded, end)
        done = await here.run(people(300))
    assert done.counts == {"created": 100}
    assert "100 of 300 rows are settled." in str(done.error)
    assert "othing changed" not in str(done.error)


async def test_custom_fields_defined_before_one_was_refused_are_reported() -> None:
    with world() as here:
        here.line.lose("POST /custom-fields", forwarded, answering(403, refusal("Plan limit")))
        with pytest.raises(AutoSendError) as raised:
            await here.run([{"email": "a@example.com", "color": "red", "size": "xl"}], create_fields=True)
    assert 'These custom fields were defined: "color".' in str(raised.value)


async def test_a_custom_field_that_is_refused_first_leaves_nothing_defined() -> None:
    with world() as here:
        here.line.lose("POST /custom-fields", answering(403, refusal("Plan limit")))
        with pytest.raises(AutoSendError) as raised:
            await here.run([{"email": "a@example.com", "color": "red", "size": "xl"}], create_fields=True)
    assert "Nothing changed." in str(raised.value)
    assert "were defined" not in str(raised.value)


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


async def test_a_refused_request_leaves_no_doubt() -> None:
    with world() as here:
        here.line.lose(BULK, answering(401, refusal("No")), forwarded)
        done = await here.run(people(3))
        assert done.stage == "stopped"
        here.seed(*people(3))  # by somebody else
        done = await here.run(csv_of(people(3)))
    assert done.counts == {"unchanged": 3}


async def test_a_dry_run_where_no_report_can_be_written_is_reported_in_a_note() -> None:
    with world() as here:
        file = (here.folder / "people.csv").open("w+b")
        file.write(csv_of(people(3)))
        gone = here.folder / "gone" / "people.csv"
        imported = Import(
            autosend_over(here.line), file, "", ImportOptions(dry_run=True), path=gone, report_dry_run=True
        )
        await imported.read()
        await imported.send()
        imported.close()
    assert imported.progress.stage == "done"
    assert imported.progress.outcomes == {"would create": 3}
    assert imported.notes[0].startswith("The report cannot be written: No such file or directory.")


async def test_a_file_edited_in_place_gives_no_rejected_file_with_other_rows() -> None:
    with world() as here:
        imported = here.begin(csv_of([{"email": "bad", "firstName": "X"}, *people(3)]))
        await imported.read()
        changed = csv_of(
            [{"email": "in@example.com", "firstName": "I"}, {"email": "bad", "firstName": "X"}, *people(2)]
        )
        (here.folder / "people.csv").write_bytes(changed)
        await imported.send()
        imported.close()
        assert [file.name for file in here.folder.glob("*.re*")] == []
    assert "The file changed while it was imported. Every row is settled." in str(imported.error)


async def test_reports_of_an_import_killed_at_its_end_are_written_over() -> None:
    with world() as here:
        here.line.lose(BULK, answering(401, refusal("No")), forwarded)
        await here.run(people(3))
        journal = Journal(here.folder / "people.csv.journal")
        journal.set_fact("reports", ["people.report.csv", "people.rejected.csv"])
        journal.close()
        (here.folder / "people.report.csv").write_text("half", encoding="utf-8")
        done = await here.run(people(3))
        assert sorted(file.name for file in here.folder.iterdir()) == ["people.csv", "people.report.csv"]
    assert done.of("created") == [row["email"] for row in people(3)]


def test_a_journal_is_cleared_all_or_not_at_all() -> None:
    """Killed in between, an import without rows would have been gone on with."""
    with world() as here:
        file = here.folder / "people.csv.journal"
        journal = Journal(file)
        journal.set_fact("begun", {})
        journal.add([JournalRow(1, 2, "a@example.com", "{}", None, "")])
        journal.close()
        if (child := os.fork()) == 0:
            journal = Journal(file)
            db = journal._db  # pyright: ignore[reportPrivateUsage] - no other way to be killed there
            db.set_trace_callback(lambda sql: os.kill(os.getpid(), signal.SIGKILL) if "rows" in sql else None)
            journal.clear()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        journal = Journal(file)
        assert journal.get_fact("begun") == {}
        assert journal.count_outcomes() == {"": 1}
        journal.clear()
        assert (journal.get_fact("begun"), journal.count_outcomes()) == (None, {})
        journal.close()
