"""Rows that AutoSend refuses are found and reported, and keep no other row out."""

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from tests.support.import_losses import P1, check_all_there, refusal, refusing, without, written_once
from tests.support.importing import people, world
from tests.support.line import Forward, answering, forwarded, rewritten, saying
from tests.support.requests import BULK

pytestmark = pytest.mark.anyio


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
