"""Each row sent once and told truly: whatever is lost, refused or miscounted between the file and AutoSend."""

import math
from itertools import product
from typing import Any

import anyio
import httpx2
import pytest

from autosend_mcp.errors import NotSent
from autosend_mcp.sandbox.app import PROJECT, Options, PropertyAutomation
from autosend_mcp.sandbox.contact_lists.membership import bulk_add
from autosend_mcp.sandbox.contacts import writes
from tests.support.importing import ADD, BULK, FIND, PAGE, World, at_once, csv_of, people, world
from tests.support.line import (
    LOST,
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


async def silence(_forward: Forward) -> httpx2.Response:
    await anyio.sleep_forever()
    raise AssertionError


def told(status: int, body: Any) -> Loss:
    """Return a fault that applies, and answers this."""

    async def answer(forward: Forward) -> httpx2.Response:
        await forward()
        return saying(status, body)

    return answer


APPLIED: dict[str, Loss] = {
    **LOST,
    "empty": told(200, ""),
    "truncated": told(200, '{"success": true, "data": {"succ'),
    "no object": told(200, "[]"),
    "408": told(408, {"success": False}),
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
    """Return a fault that applies, and answers these counts; those that are None are left out."""

    def change(body: Any) -> None:
        body["data"] = {name: count for name, count in (body["data"] | counts).items() if count is not None}

    return rewritten(change)


def check_all_there(here: World, count: int, times: int = 1) -> None:
    """Check that each of these people has its values, and was written this often."""
    for row in people(count):
        assert here.values(row["email"]) == {"firstName": row["firstName"]}
    assert dict(here.written) == {row["email"]: times for row in people(count)}


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
        'email: must be one mail address, at a domain that can receive mail. Example: "jane@example.com"',
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
    with world(Options(rate_limit=0, upsert_rule=rule, unknown_fields="keep")) as here:
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
    with world(Options(rate_limit=0, automations=(PropertyAutomation("plan"),))) as here:
        await here.run([{"email": "a@example.com", "plan": "pro"}], run_workflow=asked)
        started = here.store.automations.all()
        assert [body["runWorkflow"] for body in here.line.bodies(BULK)] == [asked]
    assert len(started) == asked


async def test_a_dry_run_reports_what_would_be_and_sends_nothing() -> None:
    with world() as here:
        here.made_list()
        here.seed(people(1)[0], {"email": "p1@example.com", "firstName": "Other"})
        done = await here.run([*people(3), {"email": "x"}], dry_run=True, lists=("Newsletter",), report_dry_run=True)
        assert {asked for asked, _ in here.line.seen} == {FIND, "GET /contact-lists", "GET /custom-fields"}
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
        here.line.lose("GET /custom-fields", rewritten(lambda body: body["data"]["customFields"].append(VIP)))
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
    """Return a fault that applies but for those with this in their address, and answers these counts."""

    async def answer(_forward: Forward) -> httpx2.Response:
        rows = [row for row in here.line.bodies(BULK)[-1]["contacts"] if email not in row["email"]]
        writes.bulk_update(here.store, PROJECT, rows, run_workflow=False)
        return saying(200, {"success": True, "data": counts})

    return answer


async def test_a_looked_up_contact_with_other_values_is_reported_as_such() -> None:
    with world() as here:

        async def titled(_forward: Forward) -> httpx2.Response:
            rows = [row | {"firstName": row["firstName"].title()} for row in here.line.bodies(BULK)[-1]["contacts"]]
            writes.bulk_update(here.store, PROJECT, rows, run_workflow=False)
            raise httpx2.ReadError("reset")

        here.line.lose(BULK, titled)
        done = await here.run([*people(2), {"email": "x@example.com", "firstName": "x"}])
        assert here.values("x@example.com") == {"firstName": "X"}
        assert here.written["p0@example.com"] == 1
    assert done.counts == {"created": 2, "unknown": 1}
    assert done.reasons("unknown")[0].endswith("found other values than the row's: firstName.")


# Look-ups


async def test_look_ups_shrink_to_what_autosend_takes() -> None:
    with world(Options(rate_limit=0, max_search=100)) as here:
        here.seed(*people(150))
        done = await here.run(people(400))
        assert max(len(body["emails"]) for body in here.line.bodies(FIND)[-4:]) <= 100
        assert len(here.written) == 250
    assert done.counts == {"created": 250, "unchanged": 150}


@pytest.mark.parametrize("most", [10, 100])
async def test_an_answer_that_was_cut_short_in_silence_hides_nobody(most: int) -> None:
    def cut(body: Any) -> None:
        del body["data"]["contacts"][most:]

    with world() as here:
        here.seed(*[row | {"customFields": {"plan": "pro"}} for row in people(120)])
        here.line.lose(FIND, rewritten(cut))
        done = await here.run(people(140))
        assert len(here.written) == 20
    assert done.counts == {"unchanged": 120, "created": 20}


async def test_an_answer_that_is_too_large_is_asked_for_in_parts() -> None:
    async def large(forward: Forward) -> httpx2.Response:
        asked = len(here.line.bodies(FIND)[-1]["emails"])
        return saying(200, " " * 5_000_001) if asked > 300 else await forward()

    with world() as here:
        here.seed(*people(50))
        here.line.lose(FIND, large)
        done = await here.run(people(500))
        assert len(here.written) == 450
    assert done.counts == {"created": 450, "unchanged": 50}


async def test_look_ups_that_fail_from_the_start_stop_before_anything_is_sent() -> None:
    with world() as here:
        here.line.lose(FIND, reset)
        done = await here.run(people(3))
        assert here.line.count(BULK) == 0
    assert (done.stage, done.counts) == ("stopped", {})
    assert "0 of 3 rows are settled." in str(done.error)


# Lists


async def test_everybody_with_the_expected_values_joins_each_list_once() -> None:
    with world() as here:
        lists = [here.made_list(name) for name in ("Newsletter", "Offers")]
        here.seed(*people(2), {"email": "p2@example.com", "firstName": "Old"})
        bulk_add(here.store, PROJECT, {"contactListId": lists[0], "emails": ["p0@example.com"]})
        done = await here.run([*people(150), {"email": "bad"}], lists=("Newsletter", lists[1], "Newsletter"))
        assert [here.members(one) for one in lists] == [150, 150]
        assert len(here.starts()) == 300
        assert set(here.starts().values()) == {1}
        again = await here.run(people(150), lists=("Newsletter", "Offers"))
        assert set(here.starts().values()) == {1}
        assert here.line.count(BULK) == 2
    assert done.counts == {"unchanged": 2, "updated": 1, "created": 147, "invalid": 1}
    assert again.counts == {"unchanged": 150}


async def test_an_applied_join_whose_reply_is_lost_is_looked_up_not_repeated() -> None:
    async def check(name: str, shown: bool) -> None:
        odd = told(200, {"success": True, "data": {"added": "some"}})
        with world(Options(rate_limit=0, list_ids_in_replies=shown)) as here:
            list_id = here.made_list()
            here.line.lose(ADD, APPLIED.get(name, odd))
            done = await here.run(people(3), lists=("Newsletter",))
            assert here.members(list_id) == 3
            assert list(here.starts().values()) == [1, 1, 1]
            assert (here.line.count(ADD), here.line.count(BULK)) == (1, 1)
            assert bool(here.line.count(PAGE)) is not shown
        assert done.counts == {"created": 3}

    await at_once(check, product([*APPLIED, "counts nobody can read"], (True, False)))


async def test_a_joining_that_was_not_applied_is_sent_again() -> None:
    async def check(name: str, times: int) -> None:
        with world() as here:
            list_id = here.made_list()
            here.line.lose(ADD, *[NOT_APPLIED[name]] * times, forwarded)
            done = await here.run(people(3), lists=("Newsletter",))
            assert here.members(list_id) == 3
            assert list(here.starts().values()) == [1, 1, 1]
            assert (here.line.count(ADD), here.line.count(BULK)) == (times + 1, 1)
        assert done.counts == {"created": 3}

    await at_once(check, product(NOT_APPLIED, (1, 2)))


async def test_a_joining_that_is_always_lost_is_unknown_in_the_end() -> None:
    with world() as here:
        here.made_list()
        here.line.lose(ADD, reset)
        done = await here.run(people(2), lists=("Newsletter",))
        assert here.line.count(ADD) == 3
        assert here.starts() == {}
    assert done.counts == {"unknown": 2}
    assert set(done.reasons("unknown")) == {'Whether it joined "Newsletter" is not known.'}


@pytest.mark.parametrize("totals", [True, False], ids=["with totals", "without totals"])
@pytest.mark.parametrize("asked", [1, 5], ids=["by address", "by pages"])
async def test_who_is_in_a_list_of_many_is_found(totals: bool, asked: int) -> None:
    def untold(body: Any) -> None:
        del body["data"]["pagination"]

    with world() as here:
        list_id = here.made_list()
        others = [f"x{number}p0@example.com" for number in range(250)]  # each holds the other's address as a part
        bulk_add(here.store, PROJECT, {"contactListId": list_id, "emails": others})
        here.line.lose(ADD, applied_then_reset)
        if not totals:
            here.line.lose(PAGE, rewritten(untold))
        done = await here.run(people(asked), lists=("Newsletter",))
        assert here.members(list_id) == 250 + asked
        assert here.line.count(ADD) == 1
    assert done.counts == {"created": asked}


async def test_an_absent_member_of_a_list_of_many_is_found_out() -> None:
    with world() as here:
        list_id = here.made_list()
        emails = [f"x{number}p0@example.com" for number in range(250)]
        bulk_add(here.store, PROJECT, {"contactListId": list_id, "emails": emails})
        here.line.lose(ADD, reset, forwarded)
        done = await here.run(people(1), lists=("Newsletter",))
        assert here.members(list_id) == 251
    assert done.counts == {"created": 1}


@pytest.mark.parametrize("shown", ["ZOE@MÜLLER.example", "Zoe@xn--mller-kva.EXAMPLE"])
async def test_a_member_is_recognised_however_autosend_writes_the_address(shown: str) -> None:
    def written(body: Any) -> None:
        body["data"]["contacts"] = [{"id": "1", "email": "kein ö"}, {"id": "2", "email": shown}]

    with world() as here:
        here.made_list()
        here.line.lose(ADD, applied_then_reset)
        here.line.lose(PAGE, rewritten(written))
        done = await here.run([{"email": "zoe@müller.example"}], lists=("Newsletter",))
        assert here.line.count(ADD) == 1
    assert done.counts == {"created": 1}


@pytest.mark.parametrize("added", [True, False], ids=["added counts created", "added counts known"])
async def test_either_way_of_counting_those_who_are_new_is_understood(added: bool) -> None:
    with world(Options(rate_limit=0, added_counts_created=added)) as here:
        here.made_list()
        done = await here.run(people(3), lists=("Newsletter",))
        assert here.line.count(PAGE) == 0
    assert done.counts == {"created": 3}


async def test_suppressed_people_are_reported_not_to_have_joined() -> None:
    with world() as here:
        list_id = here.made_list()
        here.store.suppression_groups.suppress(PROJECT, ["p1@example.com"], is_global=True)
        done = await here.run(people(3), lists=("Newsletter",))
        assert here.members(list_id) == 2
        assert here.held("p1@example.com")
    assert done.of("failed") == ["p1@example.com"]
    assert done.reasons("failed") == ['It is created, but not in "Newsletter": "suppressed".']


async def test_suppressed_people_whom_autosend_adds_and_lists_are_in_the_list() -> None:
    with world(Options(rate_limit=0, suppressed_on_bulk_add="add")) as here:
        list_id = here.made_list()
        here.store.suppression_groups.suppress(PROJECT, ["p1@example.com"], is_global=True)
        done = await here.run(people(3), lists=("Newsletter",))
        assert here.members(list_id) == 3
    assert done.counts == {"created": 3}


@pytest.mark.parametrize(
    "said", [{"validation": {}}, {"validation": {"odd": ["p1@example.com", {"email": 5}]}}], ids=str
)
async def test_who_is_left_out_of_a_list_without_a_word_is_found_by_looking(said: dict[str, Any]) -> None:
    with world() as here:
        here.made_list()
        here.store.suppression_groups.suppress(PROJECT, ["p1@example.com"], is_global=True)
        here.line.lose(ADD, rewritten(lambda body: body["data"].update(said)))
        done = await here.run(people(3), lists=("Newsletter",))
    assert done.of("failed") == ["p1@example.com"]
    assert done.reasons("failed") == ['It is created, but not in "Newsletter": AutoSend does not say why.']


async def test_joinings_shrink_to_what_autosend_takes() -> None:
    with world(Options(rate_limit=0, max_bulk_add=30)) as here:
        list_id = here.made_list()
        done = await here.run(people(100), lists=("Newsletter",))
        assert here.members(list_id) == 100
        assert set(here.starts().values()) == {1}
    assert done.counts == {"created": 100}


async def test_whom_autosend_refuses_to_put_into_a_list_is_found() -> None:
    with world() as here:
        list_id = here.made_list()

        async def strict(forward: Forward) -> httpx2.Response:
            emails = here.line.bodies(ADD)[-1]["emails"]
            return await (refusing(400)(forward) if "p2@example.com" in emails else forward())

        here.line.lose(ADD, strict)
        done = await here.run(people(5), lists=("Newsletter",))
        assert here.members(list_id) == 4
    assert done.of("failed") == ["p2@example.com"]
    assert done.reasons("failed") == ['It is created, but not in "Newsletter": AutoSend refused it: "No".']


async def test_a_list_that_is_deleted_meanwhile_stops_the_import() -> None:
    with world() as here:
        list_id = here.made_list()

        async def gone(forward: Forward) -> httpx2.Response:
            here.store.contact_lists.delete(PROJECT, list_id)
            return await forward()

        here.line.lose(BULK, gone)
        done = await here.run(people(3), lists=("Newsletter",))
        check_all_there(here, 3)
    assert done.stage == "stopped"
    assert done.error is not None
    assert done.error.status == 404


@pytest.mark.parametrize("lists", [("Nowsletter",), ("GLOBAL_CONTACT_LIST",), ("Pro users",)], ids=str)
async def test_a_list_that_cannot_be_joined_is_reported_before_anything_is_sent(lists: tuple[str, ...]) -> None:
    with world() as here:
        here.made_list()
        here.store.contact_lists.seed(PROJECT, "Pro users", "segment")
        with pytest.raises(NotSent, match=r"No list or segment|Every contact|This is a segment"):
            await here.run(people(3), lists=lists)
        assert here.line.count("POST") == 0


# Stopping


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
