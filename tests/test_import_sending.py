"""Each row is sent once and reported as it is, whatever is lost, refused or miscounted on its way to AutoSend."""

import json
import math
from itertools import product
from typing import Any

import anyio
import httpx2
import pytest

from autosend_mcp.cli.import_file import PHRASES
from autosend_mcp.imports.summary import suggest
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.automations.definitions import matches_with
from autosend_mcp.sandbox.contacts import writes
from tests.support.importing import BULK, FIND, Done, World, at_once, people, world
from tests.support.line import (
    AUTOMATIONS,
    LOST,
    PROPERTIES,
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
from tests.support.records import started_by

pytestmark = pytest.mark.anyio

PLAN = Options(rate_limit=0, automations=(matches_with("plan", "trial"),))
P1 = "p1@example.com"


async def silence(_forward: Forward) -> httpx2.Response:
    await anyio.sleep_forever()
    raise AssertionError


def applied_saying(status: int, body: Any) -> Loss:
    """Return a fault that applies the request, and answers this."""

    async def answer(forward: Forward) -> httpx2.Response:
        await forward()
        return saying(status, body)

    return answer


APPLIED: dict[str, Loss] = {
    **LOST,
    "empty": applied_saying(200, ""),
    "truncated": applied_saying(200, '{"success": true, "data": {"succ'),
    "no object": applied_saying(200, "[]"),
    "408": applied_saying(408, {"success": False}),
}
NOT_APPLIED: dict[str, Loss] = {
    "reset": reset,
    "silence": silence,
    "500": answering(500, {"success": False, "error": {"message": "Internal error"}}),
    "html": answering(200, "<html></html>"),
    "empty": answering(200, ""),
    "truncated": answering(200, '{"success": true, "da'),
    "unreachable": unreachable,
    "429": answering(429, {"success": False, "error": {"code": "RATE_LIMIT_EXCEEDED", "retryAfter": 0}}),
}


def refusing(status: int, *fields: str, code: str = "REFUSED") -> Loss:
    details = [{"field": name, "message": f"{name} is wrong"} for name in fields]
    return answering(status, {"success": False, "error": {"message": "No", "code": code, "details": details}})


def counting(**counts: Any) -> Loss:
    """Return a fault that applies the request, and answers these counts; those that are None are left out."""

    def change(body: Any) -> None:
        body["data"] = {name: count for name, count in (body["data"] | counts).items() if count is not None}

    return rewritten(change)


def check_all_there(here: World, count: int, times: int = 1) -> None:
    """Check that each of these people has its values, and was written this often."""
    for row in people(count):
        assert here.values(row["email"]) == {"firstName": row["firstName"]}
    assert dict(here.written) == {row["email"]: times for row in people(count)}


def refusal(message: str) -> dict[str, Any]:
    return {"success": False, "error": {"message": message}}


def without(here: World, email: str, status: int, body: dict[str, Any], path: str = BULK) -> Loss:
    """Return a fault that answers a request with this address so, and others well."""

    async def answer(forward: Forward) -> httpx2.Response:
        named = email in json.dumps(here.line.bodies(path)[-1])
        return saying(status, body) if named else await forward()

    return answer


def written_once(done: Done, here: World) -> dict[str, int]:
    """Return the counts of an import that wrote no contact twice."""
    assert done.stage == "done"
    assert set(here.written.values()) <= {1}
    return done.counts


# The whole of it


async def test_every_row_has_its_outcome_and_only_what_differs_is_sent() -> None:
    rows: list[dict[str, Any]] = [
        {"email": "new@example.com", "firstName": "New", "plan": "pro", "logins": "3"},
        {"email": "OLD@Example.com", "firstName": "Older"},
        {"email": "same@example.com", "firstName": "Same", "logins": "7"},
        {"email": "no address", "firstName": "Nobody"},
        {"email": "typed@example.com", "logins": "many"},
        {"email": "New@example.com", "lastName": "Person"},
        {"email": "two@example.com", "plan": "pro"},
        {"email": "two@example.com", "plan": "free"},
        {"email": "two@example.com", "firstName": "Two"},
        {"email": "Zoë Müller <zoe@müller.example>", "firstName": "Zoë"},
    ]
    with world() as here:
        here.seed(
            {"email": "old@example.com", "firstName": "Old", "customFields": {"plan": "free", "logins": 1}},
            {"email": "same@example.com", "firstName": "Same", "customFields": {"logins": 7}},
        )
        done = await here.run(rows)
        sent = here.line.bodies(BULK)
        assert here.values("old@example.com")["customFields"] == {"plan": "free", "logins": 1}
        assert here.values("xn--mller-kva.example") == {}
        assert here.held("zoe@xn--mller-kva.example")
        assert max(here.written.values()) == 1
    assert done.counts == {"created": 2, "updated": 1, "unchanged": 1, "merged": 1, "invalid": 5}
    assert [row["outcome"] for row in done.rows] == [
        "created", "updated", "unchanged", "invalid", "invalid", "merged", "invalid", "invalid", "invalid", "created",
    ]  # fmt: skip
    assert [row["line"] for row in done.rows] == [str(line) for line in range(2, 12)]
    assert [row["reason"] for row in done.rows][3:9] == [
        'email: must be one mail address; this one has no @. Example: "jane@example.com"',
        'customFields."logins": must be a number.',
        "the same address as line 2; sent as one",
        *["lines 8 and 9 are the same address and contradict each other: customFields.plan"] * 3,
    ]
    assert [(one["runWorkflow"], len(one["contacts"])) for one in sent] == [(False, 3)]
    assert sent[0]["contacts"][0] == {
        "email": "new@example.com",
        "firstName": "New",
        "lastName": "Person",
        "customFields": {"plan": "pro", "logins": 3},
    }


async def test_a_row_merged_with_one_that_a_third_contradicts_is_not_sent() -> None:
    rows = [{"email": "a@example.com", "firstName": name} for name in ("A", "A", "B", "A")]
    with world() as here:
        done = await here.run(rows)
        assert here.held("a@example.com") is None
    assert done.counts == {"invalid": 4}
    why = "lines 2 and 4 are the same address and contradict each other: firstName"
    assert done.reasons("invalid") == [why] * 4


SEVERAL = [
    {"email": "a@example.com", "firstName": "A", "lastName": "First", "plan": "free", "logins": ""},
    {"email": "b@example.com", "firstName": "B", "lastName": "Alone", "plan": "", "logins": ""},
    {"email": "A@Example.com", "firstName": "Am", "lastName": "", "plan": "pro", "logins": "2"},
    {"email": "a@example.com ", "firstName": "A", "lastName": "Last", "plan": "", "logins": "3"},
]


@pytest.mark.parametrize(
    ("repeated", "names", "custom"),
    [
        ("last", ("A", "Last"), {"plan": "pro", "logins": 3}),
        ("first", ("A", "First"), {"plan": "free", "logins": 2}),
    ],
)
async def test_rows_that_contradict_are_one_where_it_is_said_whose_count(
    repeated: str, names: tuple[str, str], custom: dict[str, Any]
) -> None:
    with world() as here:
        refused = await here.run(SEVERAL, dry_run=True)
        done = await here.run(SEVERAL, repeated=repeated)
        held = here.values("a@example.com")
        assert (held["firstName"], held["lastName"], held["customFields"]) == (*names, custom)
        assert here.values("b@example.com")["lastName"] == "Alone"
    assert refused.counts == {"would create": 1, "invalid": 3}
    suggest(refused.imported, PHRASES)
    assert refused.imported.notes[-1].startswith("3 rows contradict another of the same address. --repeated last ")
    assert done.counts == {"created": 2, "merged": 2}
    assert done.reasons("merged")[0] == (
        f'the same address as line 2; sent as one, with the {repeated} line\'s value of firstName, customFields."plan"'
    )


async def test_a_file_of_hundreds_is_sent_by_the_hundred() -> None:
    with world() as here:
        done = await here.run(people(250))
        assert sorted(len(body["contacts"]) for body in here.line.bodies(BULK)) == [50, 100, 100]
        assert here.line.count(FIND) == 1
        check_all_there(here, 250)
        again = await here.run(people(250))
        assert here.line.count(BULK) == 3
    assert done.counts == {"created": 250}
    assert again.counts == {"unchanged": 250}


@pytest.mark.parametrize("rule", ["merge", "replace"])
@pytest.mark.parametrize("asked", [{"firstName": "Jo"}, {"plan": "pro"}, {"logins": "2", "userId": "u2"}], ids=str)
async def test_what_a_row_does_not_name_survives(rule: Any, asked: dict[str, str]) -> None:
    before = {"firstName": "Jane", "lastName": "Doe", "userId": "u1"}
    with world(Options(rate_limit=0, upsert_rule=rule)) as here:
        here.seed({"email": "jane@example.com", **before, "customFields": {"logins": 1, "vip": True}})
        done = await here.run([{"email": "jane@example.com", **asked}])
        values = here.values("jane@example.com")
    assert done.counts == {"updated": 1}
    custom = {"logins": int(asked.get("logins", 1)), "vip": True} | ({"plan": "pro"} if "plan" in asked else {})
    assert values == before | {name: asked[name] for name in asked if name in before} | {"customFields": custom}


async def test_what_changed_between_looking_ahead_and_sending_survives_too() -> None:
    with world(Options(rate_limit=0, upsert_rule="replace")) as here:
        here.seed({"email": "jane@example.com", "customFields": {"logins": 1}})

        async def meanwhile(forward: Forward) -> httpx2.Response:
            writes.upsert(here.store, PROJECT, {"email": "jane@example.com", "customFields": {"logins": 2}})
            return await forward()

        here.line.lose(FIND, forwarded, meanwhile, forwarded)
        await here.run([{"email": "jane@example.com", "plan": "pro"}])
        assert here.values("jane@example.com")["customFields"] == {"logins": 2, "plan": "pro"}


@pytest.mark.parametrize("asked", [True, False])
async def test_automations_that_watch_values_start_only_if_asked(asked: bool) -> None:
    with world(PLAN) as here:
        await here.run([{"email": "a@example.com", "plan": "trial"}], run_workflow=asked)
        started = started_by(here.store)
        assert [body["runWorkflow"] for body in here.line.bodies(BULK)] == [asked]
    assert started == [("a@example.com", "Welcome"), ("a@example.com", "plan became trial")] * asked


async def test_a_dry_run_reports_what_would_be_and_sends_nothing() -> None:
    with world() as here:
        here.made_list()
        here.seed(people(1)[0], {"email": "p1@example.com", "firstName": "Other"})
        done = await here.run([*people(3), {"email": "x"}], dry_run=True, lists=("Newsletter",), report_dry_run=True)
        assert {asked for asked, _ in here.line.seen} == {
            FIND, "GET /contact-lists", f"GET {PROPERTIES}", AUTOMATIONS, "POST /suppression-groups/entries"
        }  # fmt: skip
        assert not here.written
        assert sorted(file.name for file in here.folder.iterdir()) == ["people.csv", "people.dry-run.csv"]
        await here.run(people(3), dry_run=True, report_dry_run=True)
        await here.run(people(3), "other.csv", dry_run=True)  # an assistant's
        assert sorted(file.name for file in here.folder.iterdir()) == ["other.csv", "people.csv", "people.dry-run.csv"]
    assert done.counts == {"unchanged": 1, "would update": 1, "would create": 1, "invalid": 1}
    assert [row["outcome"] for row in done.rows] == ["unchanged", "would update", "would create", "invalid"]


# A lost reply to a bulk update


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


# What AutoSend refuses


@pytest.mark.parametrize("status", [401, 402, 403, 404])
async def test_a_refusal_of_every_request_stops_an_import_that_can_resume(status: int) -> None:
    with world() as here:
        here.line.lose(BULK, forwarded, refusing(status))
        first = await here.run(people(300))
        assert first.stage == "stopped"
        assert first.error is not None
        assert first.error.status == status
        assert first.counts == {"created": len(here.written)} == {"created": 100}
        here.line.faults.clear()
        done = await here.run(people(300))
        check_all_there(here, 300)
    assert done.counts == {"created": 300}


@pytest.mark.parametrize("form", ["contacts[{}].email", "contacts.{}.email", "contacts.{}"])
@pytest.mark.parametrize("first", [0, 1], ids=["from 0", "from 1"])
async def test_a_row_that_is_named_by_a_refusal_is_the_only_one_that_fails(form: str, first: int) -> None:
    bad = {"p3@example.com", "p7@example.com"}
    with world() as here:

        async def strict(forward: Forward) -> httpx2.Response:
            rows = here.line.bodies(BULK)[-1]["contacts"]
            places = [place for place, row in enumerate(rows, start=first) if row["email"] in bad]
            fields = [form.format(place) for place in places]
            return await (refusing(400, *fields)(forward) if places else forward())

        here.line.lose(BULK, strict)
        done = await here.run(people(10))
        assert set(here.written.values()) == {1}
        assert set(here.written) == {row["email"] for row in people(10)} - bad
        assert first or here.line.count(BULK) == 3
    assert done.counts == {"created": 8, "failed": 2}
    assert set(done.of("failed")) == bad
    assert all("AutoSend refused it:" in why and "is wrong" in why for why in done.reasons("failed"))


async def test_each_refused_row_has_its_own_reason() -> None:
    with world() as here:
        here.line.lose(BULK, refusing(400, "contacts[1].email", "contacts[0].firstName"))
        done = await here.run(people(2))
    assert done.reasons("failed") == [
        'AutoSend refused it: "contacts[0].firstName is wrong".',
        'AutoSend refused it: "contacts[1].email is wrong".',
    ]


@pytest.mark.parametrize(("status", "why"), [(400, 'AutoSend refused it: "No".'), (413, None), (422, None)])
async def test_a_refusal_that_names_nothing_is_divided_until_the_row_is_found(status: int, why: str | None) -> None:
    body = {"success": False, "error": {"message": "No"}} if why else ""
    with world() as here:

        async def strict(forward: Forward) -> httpx2.Response:
            emails = [row["email"] for row in here.line.bodies(BULK)[-1]["contacts"]]
            return await (answering(status, body)(forward) if "p5@example.com" in emails else forward())

        here.line.lose(BULK, strict)
        done = await here.run(people(16))
        assert sum(here.written.values()) == 15
    assert done.of("failed") == ["p5@example.com"]
    assert done.counts == {"created": 15, "failed": 1}
    assert done.reasons("failed") == [why or f"AutoSend refused it (status {status})."]


async def test_a_refusal_with_a_status_of_success_is_traced_to_its_row() -> None:
    with world() as here:
        here.line.lose(BULK, without(here, P1, 200, refusal("bad row")))
        assert written_once(done := await here.run(people(5)), here) == {"created": 4, "failed": 1}
    assert done.reasons("failed") == ['AutoSend refused it: "bad row".']


async def test_what_was_applied_although_autosend_said_no_is_reported_as_done() -> None:
    with world() as here:

        async def partly(forward: Forward) -> httpx2.Response:
            await forward()
            return saying(200, refusal("some failed"))

        here.line.lose(BULK, partly)
        assert written_once(await here.run(people(3)), here) == {"created": 3}


async def test_rows_that_autosend_counts_as_failed_are_found_by_looking() -> None:
    with world(Options(rate_limit=0, suppressed_on_write="refuse")) as here:
        here.store.suppression_groups.suppress(PROJECT, ["p1@example.com", "p4@example.com"], is_global=True)
        done = await here.run(people(6))
        assert max(here.written.values()) == 1
        assert here.line.count(BULK) == 1
    assert done.of("failed") == ["p1@example.com", "p4@example.com"]
    assert set(done.reasons("failed")) == {"AutoSend did not accept it and does not say why."}
    assert done.counts == {"created": 4, "failed": 2}


async def test_a_batch_of_which_autosend_takes_nothing_has_failed() -> None:
    with world(Options(rate_limit=0, unknown_fields="refuse")) as here:
        here.line.lose("GET /contact-properties", rewritten(lambda body: body["data"]["contactProperties"].append(VIP)))
        done = await here.run([row | {"vip": "yes"} for row in people(3)])
        assert not here.written
        assert here.line.count(BULK) == 1
    assert done.counts == {"failed": 3}


VIP = {"fieldName": "vip", "fieldType": "boolean"}


# Counts that do not add up


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
