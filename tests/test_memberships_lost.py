"""add_to_list and remove_from_list when the reply is lost, or its counts do not say who was meant."""

from typing import Any

import pytest

from autosend_mcp.tools.contact_lists.members import FOUND_OUTSIDE, STARTS_AGAIN
from tests.support.answering import Answering, Row
from tests.support.line import LOST, answering, applied_then_reset, over_a_line, reset, rewritten
from tests.support.memberships import NEWSLETTER, OLDER, UNKNOWN, seed, starts
from tests.support.records import members_of
from tests.support.requests import ADD, MEMBERS
from tests.support.seeded import ANN, JANE, JOHN, seeded
from tests.support.sizes import PEOPLE
from tests.support.undo import steps_of
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", LOST)
async def test_a_lost_membership_is_settled_and_starts_no_automation_twice(name: str) -> None:
    async with over_a_line() as (client, line):
        list_id = seed(line, "ann", "bob")
        asked = {"list": "Newsletter", "emails": ["ann@example.com", "bob@example.com"]}
        line.lose(ADD, LOST[name])
        added = answer_of(await client.call_tool("add_to_list", asked))
        assert starts(line) == [1, 1]
        line.lose(f"POST /contact-lists/{list_id}/contacts/remove", LOST[name])
        removed = answer_of(await client.call_tool("remove_from_list", asked))
        assert members_of(line.sandbox.store, list_id) == []
        steps = await steps_of(client, added) + await steps_of(client, removed)
    assert added["notes"][0] == "AutoSend's reply was lost; a look-up then found all of them in the list."
    assert removed["notes"] == [FOUND_OUTSIDE, STARTS_AGAIN]
    assert [step["arguments"]["emails"] for step in steps] == [asked["emails"]] * 2
    assert (line.count(ADD), line.count(f"POST /contact-lists/{list_id}")) == (1, 1)


async def test_a_lost_membership_that_was_not_applied_is_reported_as_that() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann")
        line.lose(ADD, reset)
        text = error_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["ann@example.com"]}))
    assert "Looked up afterwards, some were not in the list, so it was probably not applied." in text
    assert "unless they were in it and have left it since" in text
    assert 'not in the list: ["ann@example.com"]' in text


async def test_a_lost_removal_that_was_not_applied_is_never_reported_as_done() -> None:
    def in_unicode(body: Any) -> None:
        body["data"]["contacts"][0]["email"] = "jane@bücher.example"

    def wrapped(body: Any) -> None:
        body["data"]["contacts"] = [{"contact": row} for row in body["data"]["contacts"]]

    other = "jane@xn--bcher-kva.example"
    async with seeded(options=OLDER) as (client, line):
        answer_of(await client.call_tool("create_contact", {"email": other, "listIds": ["Newsletter"]}))
        for email, change, said in (
            (other, in_unicode, "some were still in the list, so it was probably not applied"),
            (JANE, wrapped, UNKNOWN),
        ):
            line.faults = {MEMBERS: [rewritten(change)], "POST /contact-lists/": [reset]}
            text = error_of(await client.call_tool("remove_from_list", {"list": "Newsletter", "emails": [email]}))
            assert said in text


@pytest.mark.parametrize("tool", ["add_to_list", "remove_from_list"])
async def test_many_people_are_found_by_a_page_of_the_list(tool: str) -> None:
    async with over_a_line(options=OLDER) as (client, line):
        list_id = seed(line)
        emails = [f"p{number}@example.com" for number in range(5)]
        if tool == "remove_from_list":
            answer_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": emails}))
        line.lose(ADD, applied_then_reset)
        line.lose(f"POST /contact-lists/{list_id}", applied_then_reset)
        answer = answer_of(await client.call_tool(tool, {"list": "Newsletter", "emails": emails}))
    assert answer["outcome"] == "done"
    assert line.count(MEMBERS) == 1


async def test_when_looking_fails_too_it_is_unknown() -> None:
    async with over_a_line(options=OLDER) as (client, line):
        seed(line, "ann")
        line.lose(ADD, applied_then_reset)
        line.lose(MEMBERS, reset)
        text = error_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["ann@example.com"]}))
    assert "Looking it up failed too: whether it was applied is not known." in text


@pytest.mark.parametrize("unknown", ["ann", "f" * 24], ids=["malformed", "unknown"])
async def test_an_id_of_no_contact_is_in_no_list_when_a_reply_is_lost(unknown: str) -> None:
    async with over_a_line() as (client, line):
        seed(line)
        line.lose(ADD, applied_then_reset)
        result = await client.call_tool("add_to_list", {"list": "Newsletter", "contactIds": [unknown]})
    assert f'not in the list: ["{unknown}"]' in error_of(result)


async def test_a_look_up_by_id_that_is_refused_leaves_the_lost_reply_unknown() -> None:
    async with over_a_line() as (client, line):
        seed(line)
        line.lose(ADD, applied_then_reset)
        line.lose("GET /contacts/", answering(403, {"success": False, "message": "Forbidden"}))
        result = await client.call_tool("add_to_list", {"list": "Newsletter", "contactIds": ["f" * 24]})
    assert "Looking it up failed too" in error_of(result)


async def test_when_nobody_was_added_it_is_an_error() -> None:
    async with over_a_line() as (client, line):
        seed(line)
        text = error_of(await client.call_tool("add_to_list", {"list": "Newsletter", "contactIds": ["f" * 24]}))
    assert text.startswith("AutoSend added nobody to the list. Nothing changed.")
    assert "errors: [" in text


async def test_who_is_new_may_stay_unknown_and_blocks_nothing() -> None:
    async with over_a_line() as (client, line):
        seed(line)
        line.lose("POST /contacts/search", reset)
        answer = answer_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["new@example.com"]}))
    assert "newContacts" not in answer
    assert "Looking up which of them are new contacts failed." in answer["notes"]


@pytest.mark.parametrize("data", [None, [], {"added": "many"}, {"errors": {}}])
async def test_an_answer_that_cannot_be_read_is_a_lost_one(data: Any) -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann")
        line.lose(ADD, answering(200, {"success": True, "data": data}))
        result = await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["ann@example.com"]})
    assert "AutoSend's answer could not be read." in error_of(result)
    assert line.count(ADD) == 1


async def test_counts_with_the_created_among_the_added_are_understood() -> None:
    async with over_a_line() as (client, line):
        seed(line)
        line.lose(ADD, rewritten(lambda body: body["data"].update(added=1)))
        answer = answer_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["new@example.com"]}))
    assert answer["newContacts"] == ["new@example.com"]
    assert (answer["added"], answer["created"]) == (1, 1)


class Counting(Answering):
    """An AutoSend that says this of who joined or left a list."""

    said: Row

    def _data(self, asked: str, path: str, body: Row) -> Row | None:
        counts = asked.endswith(("bulk-add", "remove"))
        return self.said if counts else super()._data(asked, path, body)


async def counted(said: Row, tool: str = "add_to_list") -> Any:
    autosend = Counting(lists=[NEWSLETTER])
    autosend.said = said
    async with connected(autosend) as client:
        return await client.call_tool(tool, {"list": "Newsletter", "emails": [JANE, JOHN, ANN]})


@pytest.mark.parametrize(
    ("said", "outcome", "undo"),
    [
        ({"added": 3, "created": 0, "alreadyInList": 0, "errors": None}, "done", True),
        ({"added": 3, "validation": {"total": 3, "valid": 3, "suppressed": 0}}, "done", True),
        ({"added": 2, "created": 1, "alreadyInList": 0}, "done", True),
        ({"added": 2, "alreadyInList": 1}, "done", False),
        ({"added": 1}, "partly_done", False),
        ({"added": 5}, "partly_done", False),
        ({"added": 2, "validation": {"suppressed": [JANE]}}, "partly_done", False),
        ({"added": 3, "validation": {"suppressed": [JANE]}}, "done", True),
    ],
)
async def test_joining_a_list_is_taken_back_only_if_everybody_is_counted_as_new(
    said: Row, outcome: str, undo: bool
) -> None:
    answer = answer_of(await counted(said))
    assert (answer["outcome"], "undo" in answer) == (outcome, undo)


@pytest.mark.parametrize("said", [{}, {"added": 0}, {"added": 0, "created": 0, "alreadyInList": 0, "errors": []}])
async def test_who_is_not_counted_at_all_was_not_added_for_all_that_is_known(said: Row) -> None:
    text = error_of(await counted(said))
    assert "counted nobody. Whether it was applied is not known." in text


@pytest.mark.parametrize(
    ("said", "outcome", "undo"),
    [
        ({"removed": 3, "notInList": 0, "errors": None}, "done", True),
        ({"removed": 1, "notInList": 2}, "done", False),
        ({"removed": 1}, "partly_done", False),
        ({"removed": 9}, "partly_done", False),
        ({"removed": 3, "errors": ["no"]}, "partly_done", False),
    ],
)
async def test_leaving_a_list_is_taken_back_only_if_everybody_is_counted_as_gone(
    said: Row, outcome: str, undo: bool
) -> None:
    answer = answer_of(await counted(said, "remove_from_list"))
    assert (answer["outcome"], "undo" in answer) == (outcome, undo)


@pytest.mark.parametrize("said", [{}, {"removed": 0, "notInList": 0}])
async def test_who_is_not_counted_at_all_did_not_leave_for_all_that_is_known(said: Row) -> None:
    text = error_of(await counted(said, "remove_from_list"))
    assert "AutoSend accepted the request, but counted nobody. Whether it was applied is not known." in text


async def test_everybody_who_was_not_added_is_reported_or_counted() -> None:
    invalid = [{"email": one, "status": "invalid", "reason": "not a valid address of anybody"} for one in PEOPLE]
    more = {"created": 1, "validation": {"invalid": invalid}}
    async with connected(Answering(lists=[NEWSLETTER], more=more)) as client:
        answer = answer_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": PEOPLE}))
    assert len(answer["notAdded"]["invalid"]) == 100 or any("Shortened" in note for note in answer["notes"])


@pytest.mark.parametrize("errors", [["text"], [{"contactId": "c1", "message": "not found"}]], ids=str)
async def test_errors_of_leaving_a_list_fit_the_output_schema(errors: list[Any]) -> None:
    async with connected(Answering(lists=[NEWSLETTER], left={"errors": errors})) as client:
        answer = answer_of(await client.call_tool("remove_from_list", {"list": "Newsletter", "emails": [JANE]}))
    assert [type(one) for one in answer["errors"]] == [str]
