"""Everybody of an import joins each list once, whatever is lost, refused or miscounted on the way."""

from itertools import product
from typing import Any

import httpx2
import pytest

from autosend_mcp.errors import NotSent
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contact_lists.membership import bulk_add
from tests.support.import_losses import (
    APPLIED,
    NOT_APPLIED,
    applied_saying,
    check_all_there,
    refusal,
    refusing,
    without,
    written_once,
)
from tests.support.importing import at_once, people, world
from tests.support.line import Forward, answering, applied_then_reset, forwarded, reset, rewritten
from tests.support.requests import ADD, BULK, ENTRIES, MEMBERS

pytestmark = pytest.mark.anyio

P1 = "p1@example.com"


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
        odd = applied_saying(200, {"success": True, "data": {"added": "some"}})
        with world(Options(rate_limit=0, list_ids_in_replies=shown)) as here:
            list_id = here.made_list()
            here.line.lose(ADD, APPLIED.get(name, odd))
            done = await here.run(people(3), lists=("Newsletter",))
            assert here.members(list_id) == 3
            assert list(here.starts().values()) == [1, 1, 1]
            assert (here.line.count(ADD), here.line.count(BULK)) == (1, 1)
            assert bool(here.line.count(MEMBERS)) is not shown
        assert done.counts == {"created": 3}

    await at_once(check, product([*APPLIED, "counts nobody can read"], (True, False)))


@pytest.mark.slow
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
    def without_totals(body: Any) -> None:
        del body["data"]["pagination"]

    with world() as here:
        list_id = here.made_list()
        others = [f"x{number}p0@example.com" for number in range(250)]  # each holds the other's address as a part
        bulk_add(here.store, PROJECT, {"contactListId": list_id, "emails": others})
        here.line.lose(ADD, applied_then_reset)
        if not totals:
            here.line.lose(MEMBERS, rewritten(without_totals))
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
        here.line.lose(MEMBERS, rewritten(written))
        done = await here.run([{"email": "zoe@müller.example"}], lists=("Newsletter",))
        assert here.line.count(ADD) == 1
    assert done.counts == {"created": 1}


async def test_counts_that_add_up_need_no_look_at_the_list() -> None:
    with world() as here:
        here.made_list()
        done = await here.run(people(3), lists=("Newsletter",))
        assert here.line.count(MEMBERS) == 0
    assert done.counts == {"created": 3}


@pytest.mark.parametrize(
    "said", [{"validation": {}}, {"validation": {"odd": ["p1@example.com", {"email": 5}]}}], ids=str
)
async def test_who_is_left_out_of_a_list_without_a_word_is_found_by_looking(said: dict[str, Any]) -> None:
    with world() as here:
        here.made_list()
        here.store.suppression_groups.suppress(PROJECT, ["p1@example.com"], is_global=True)
        here.line.lose(ENTRIES, answering(403, refusal("Not allowed")))
        here.line.lose(ADD, rewritten(lambda body: body["data"].update(said)))
        done = await here.run(people(3), lists=("Newsletter",))
    assert done.of("failed") == ["p1@example.com"]
    assert done.reasons("failed") == ['It is created, but not in "Newsletter": AutoSend does not say why.']


@pytest.mark.slow
async def test_up_to_500_rows_join_a_list_in_one_request() -> None:
    with world() as here:
        list_id = here.made_list()
        done = await here.run(people(1_120), lists=("Newsletter",))
        sizes = [len(body["emails"]) for body in here.line.bodies(ADD)]
        assert here.members(list_id) == 1_120
        assert set(here.starts().values()) == {1}
        assert here.line.count(BULK) == 12
        # Besides: the lists, the custom fields, who is suppressed, and one look-up of everybody.
        assert len(here.line.seen) == 12 + len(sizes) + 4
    assert sizes == [500, 500, 120]
    assert done.counts == {"created": 1_120}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"validation": {"invalid": [{"email": "P1@example.com", "status": "invalid", "reason": "role"}]}}, "role"),
        ({"validation": {}, "errors": [{"email": "p1@example.com", "error": "full"}]}, "full"),
        ({"validation": {}, "errors": [{"email": "p1@example.com", "message": "older"}]}, "older"),
        ({"validation": {"invalid": [{"email": "p1@example.com", "status": "bad"}]}}, "bad"),
    ],
)
async def test_the_reason_of_who_did_not_join_is_in_the_report(said: dict[str, Any], reason: str) -> None:
    with world() as here:
        here.made_list()
        here.store.suppression_groups.suppress(PROJECT, ["p1@example.com"], is_global=True)
        here.line.lose(ENTRIES, answering(403, refusal("Not allowed")))
        here.line.lose(ADD, rewritten(lambda body: body["data"].update(said)))
        done = await here.run(people(3), lists=("Newsletter",))
    assert done.reasons("failed") == [f'It is created, but not in "Newsletter": "{reason}".']


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


async def test_no_to_a_joining_with_a_status_that_says_yes_is_looked_up() -> None:
    with world() as here:
        list_id = here.made_list()
        here.line.lose(ADD, without(here, P1, 200, refusal("no such person"), ADD))
        done = await here.run(people(4), lists=("Newsletter",))
        assert written_once(done, here) == {"created": 3, "failed": 1}
        assert here.members(list_id) == 3
        assert set(here.starts().values()) == {1}
    assert done.reasons("failed") == ['It is created, but not in "Newsletter": AutoSend refused it: "no such person".']


async def test_a_join_without_counts_is_looked_up_again_before_it_is_reported() -> None:
    def nobody(body: Any) -> None:
        body["data"]["contacts"], body["data"]["pagination"]["total"] = [], 0

    with world() as here:
        here.made_list()
        here.line.lose(ADD, rewritten(lambda body: body.update(data={})))
        here.line.lose(MEMBERS, rewritten(nobody), forwarded)
        assert written_once(await here.run(people(3), lists=("Newsletter",)), here) == {"created": 3}
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
