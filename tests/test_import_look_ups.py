"""The look-ups of an import: whatever fails in one, no row is lost and none is written twice."""

from typing import Any

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from autosend_mcp.imports.sending.compare import shows
from autosend_mcp.models.comparison import differences
from autosend_mcp.models.contacts.contact import StoredContact, held_contact
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from tests.support.import_losses import refusal, without, written_once
from tests.support.importing import people, world
from tests.support.line import Forward, answering, applied_then_reset, forwarded, reset, rewritten, saying
from tests.support.requests import BULK, FIND

pytestmark = pytest.mark.anyio

P1 = "p1@example.com"


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


@pytest.mark.parametrize("status", [400, 422])
async def test_an_address_that_autosend_will_not_look_up_keeps_no_other_row_back(status: int) -> None:
    with world() as here:
        here.line.lose(FIND, without(here, P1, status, refusal("Invalid email"), FIND))
        assert written_once(done := await here.run(people(300)), here) == {"created": 299, "failed": 1}
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
        assert written_once(done, here) == {"unchanged": 2, "failed": 1, "created": 197}
    assert done.of("failed") == [P1]


STORED = st.sampled_from(
    [None, "", "Jan", "Jan\u200b", "2024-03-01", "2024-03-01T10:00:00Z", 0, 1, 1.0, True, False, ["x"]]
)
SHOWN = st.fixed_dictionaries(
    {"id": st.sampled_from(["1", "2", ""]), "email": st.sampled_from([P1, "P1@Example.com", None])},
    optional={
        "firstName": STORED,
        "customFields": st.one_of(STORED, st.dictionaries(st.sampled_from("ab"), STORED)),
        "contactProperties": st.dictionaries(st.sampled_from("bc"), STORED),
        "listIds": st.sampled_from([None, ["x"], [1, "x"], "x"]),
    },
)


@given(SHOWN, st.one_of(STORED, st.none()), st.dictionaries(st.sampled_from("abc"), STORED))
@example({"id": "1", "email": P1, "customFields": {"a": 1}}, None, {"a": 1})
def test_a_contact_of_a_look_up_is_compared_as_one_that_is_shown(
    data: dict[str, Any], name: object, custom: dict[str, Any]
) -> None:
    held = held_contact(data)
    try:
        shown = StoredContact.model_validate(data)
    except ValidationError:
        assert held is None
        return
    assert held is not None
    assert (held.raw, held.raw_fields, held.list_ids) == (shown.raw, shown.raw_fields, shown.list_ids)
    expected = {"email": P1, "firstName": name, "customFields": custom}
    assert shows(expected, held) == (not differences(expected, shown))


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
        assert written_once(await here.run(people(160, plan="pro")), here) == {"updated": 100, "created": 60}
        assert all(here.values(row["email"])["lastName"] == "Kept" for row in people(100))


@pytest.mark.slow
async def test_look_ups_grow_again_after_a_glitch_of_the_line() -> None:
    with world() as here:
        here.line.lose(FIND, *[reset] * 9, forwarded)
        assert written_once(await here.run(people(3_000)), here) == {"created": 3_000}
        sizes = [len(body["emails"]) for body in here.line.bodies(FIND)]
    assert min(sizes) < 1_000
    assert sizes[-1] > min(sizes)
