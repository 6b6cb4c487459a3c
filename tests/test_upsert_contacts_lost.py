"""upsert_contacts when a reply is lost, or was applied in part: what is found by looking, and what stays unknown."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.batches import held, people
from tests.support.clock import run
from tests.support.examples import TIMES
from tests.support.line import LOST, answering, applied_then_reset, forwarded, over_a_line, reset, unreachable
from tests.support.requests import BULK
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

SEARCH = "POST /contacts/search"


@pytest.mark.parametrize("name", LOST)
async def test_an_applied_batch_whose_reply_is_lost_is_settled_row_by_row(name: str) -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_contact", {"email": "p0@example.com", "firstName": "Old"}))
        line.lose(BULK, LOST[name])
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": people(3)}))
    assert answer["outcome"] == "done"
    assert answer["counts"] == {"updated": 1, "created": 2}
    assert [*answer["changes"]] == ["p0@example.com"]
    assert "contacts" not in answer
    assert line.count(BULK) == 1


async def test_a_lost_batch_that_was_not_applied_is_safe_to_repeat() -> None:
    async with over_a_line() as (client, line):
        line.lose(BULK, reset)
        text = error_of(await client.call_tool("upsert_contacts", {"contacts": people(2)}))
    assert "not one had the values asked for, so it was probably not applied" in text
    assert "Calling upsert_contacts again with the same arguments is safe" in text
    assert line.count(BULK) == 1


async def test_a_lost_batch_that_was_applied_in_part_is_reported_in_part() -> None:
    async with over_a_line() as (client, line):

        async def half(_forward: Any) -> Any:
            body = line.bodies(BULK)[0]
            writes.bulk_update(line.sandbox.store, PROJECT, body["contacts"][:2], run_workflow=False)
            return await reset(_forward)

        line.lose(BULK, half)
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": people(3)}))
    assert answer["outcome"] == "partly_done"
    assert answer["counts"] == {"created": 2, "unknown": 1}
    (row,) = answer["contacts"]["unknown"]
    assert (row["email"], row["row"]) == ("p2@example.com", 3)
    assert "so it was probably not applied" in row["why"]


async def test_which_rows_autosend_did_not_take_is_found_by_looking() -> None:
    async with over_a_line() as (client, line):

        async def some(_forward: Any) -> Any:
            writes.bulk_update(line.sandbox.store, PROJECT, line.bodies(BULK)[0]["contacts"][1:], run_workflow=False)
            return await answering(200, {"success": True, "data": {"failedCount": 1}})(_forward)

        line.lose(BULK, some)
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": people(3)}))
    assert answer["counts"] == {"failed": 1, "created": 2}
    assert answer["contacts"]["failed"] == [
        {
            "row": 1,
            "email": "p0@example.com",
            "why": "AutoSend did not accept it; looked up afterwards: there is no such contact",
        }
    ]


async def test_a_batch_of_which_autosend_took_nothing_is_an_error() -> None:
    async with over_a_line() as (client, line):
        line.lose(BULK, answering(200, {"success": True, "data": {"failedCount": 2}}))
        text = error_of(await client.call_tool("upsert_contacts", {"contacts": people(2)}))
    assert "AutoSend accepted none of the contacts. Nothing changed." in text


async def test_counts_are_believed_when_looking_afterwards_fails_and_said_so() -> None:
    async with over_a_line() as (client, line):
        line.lose(SEARCH, forwarded, reset)
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": people(2)}))
    assert answer["counts"] == {"created": 2}
    assert "Looking them up afterwards failed" in str(answer["notes"])


async def test_when_the_counts_name_failures_and_looking_fails_each_is_unknown() -> None:
    async with over_a_line() as (client, line):
        line.lose(SEARCH, forwarded, reset)
        line.lose(BULK, answering(200, {"success": True, "data": {"failedCount": 1}}))
        text = error_of(await client.call_tool("upsert_contacts", {"contacts": people(2)}))
    assert "looking it up afterwards failed" in text


async def test_when_existing_contacts_cannot_be_looked_up_nothing_is_sent() -> None:
    async with over_a_line() as (client, line):
        line.lose(SEARCH, unreachable)
        text = error_of(await client.call_tool("upsert_contacts", {"contacts": people(2)}))
    assert "AutoSend could not be reached. Nothing was sent and nothing changed." in text
    assert line.count(BULK) == 0


emails = st.sampled_from(["a@example.com", "b@example.com", "C@example.com", "c@example.com", "bad", ""])
rows = st.fixed_dictionaries(
    {"email": emails}, optional={"firstName": st.sampled_from(["A", "B", ""]), "customFields": st.just({"logins": 1})}
)


@given(contacts=st.lists(rows, min_size=1, max_size=12), loses=st.booleans())
@settings(max_examples=20 * TIMES)
def test_every_row_is_counted_once_and_as_it_was_applied(contacts: list[dict[str, Any]], loses: bool) -> None:
    async def check() -> None:
        async with over_a_line() as (client, line):
            if loses:
                line.lose(BULK, applied_then_reset)
            result = await client.call_tool("upsert_contacts", {"contacts": contacts})
            if result.is_error:
                assert all("@" not in row["email"] for row in contacts) or "contradict" in error_of(result)
                return
            answer = answer_of(result)
            assert sum(answer["counts"].values()) == len(contacts)
            there = held(line, *{row["email"].lower() for row in contacts if "@" in row["email"]})
            assert len(there) == answer["counts"]["created"]
            assert line.count(BULK) == 1

    run(check)
