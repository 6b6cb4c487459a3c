"""add_to_list and remove_from_list: who was put in or taken out, and the truth when the reply is lost."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.tools.contact_lists.members import FOUND_OUTSIDE, NO_UNDO, NO_UNDO_OUT, NOT_IN, STARTS_AGAIN
from tests.support.answering import Answering, Row
from tests.support.line import LOST, Line, answering, applied_then_reset, over_a_line, reset, rewritten
from tests.support.records import members_of, snapshot, starts_of
from tests.support.requests import ADD, MEMBERS
from tests.support.seeded import ANN, JANE, JOHN, seeded
from tests.support.sizes import PEOPLE
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

OLDER = Options(rate_limit=0, list_ids_in_replies=False)  # as on older pages

STARTS = "Any live automation of these lists starts now."
NEWSLETTER = {"id": "n1", "name": "Newsletter", "type": "list"}
UNKNOWN = "hether it was applied is not known."


def seed(line: Line, *names: str) -> str:
    """Create a list, and contacts of these names that are not in it; return the list's id."""
    for name in names:
        writes.create(line.sandbox.store, PROJECT, {"email": f"{name}@example.com"})
    return line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")


def starts(line: Line) -> list[int]:
    return list(starts_of(line.sandbox.store).values())


async def test_people_are_put_in_and_new_contacts_are_reported_by_address(era: str) -> None:
    async with over_a_line(era) as (client, line):
        list_id = seed(line, "ann", "bob")
        asked = {"list": "Newsletter", "emails": ["ann@example.com", "New@example.com", "ann@example.com"]}
        answer = answer_of(await client.call_tool("add_to_list", asked))
        again = answer_of(await client.call_tool("add_to_list", asked))
        assert len(members_of(line.sandbox.store, list_id)) == 2
        assert starts(line) == [1, 1]
        taken = await undone(client, answer)
        assert members_of(line.sandbox.store, list_id) == []
    assert answer["list"] == {"id": list_id, "name": "Newsletter"}
    assert (answer["outcome"], answer["added"], answer["created"]) == ("done", 2, 1)
    assert answer["newContacts"] == ["new@example.com"]
    assert STARTS in answer["notes"]
    assert "The undo does not delete the contacts that were created." in answer["notes"]
    assert (again["added"], "created" in again, again["alreadyInList"]) == (0, False, 2)
    assert "undo" not in again
    assert "notes" not in again
    assert taken["did"][0]["removed"] == 2
    assert line.bodies(ADD)[0] == {"contactListId": list_id, "emails": ["ann@example.com", "new@example.com"]}


async def test_people_are_put_in_and_taken_out_by_id() -> None:
    async with over_a_line() as (client, line):
        list_id = seed(line, "ann")
        (ann,) = line.sandbox.store.contacts.find(PROJECT, ["ann@example.com"])
        asked = {"list": list_id, "contactIds": [ann["id"]]}
        assert answer_of(await client.call_tool("add_to_list", asked))["added"] == 1
        assert members_of(line.sandbox.store, list_id) == [ann["id"]]
        assert answer_of(await client.call_tool("remove_from_list", asked))["removed"] == 1
        assert members_of(line.sandbox.store, list_id) == []
    assert line.bodies(ADD) == [{"contactListId": list_id, "contactIds": [ann["id"]]}]


async def test_a_dry_run_shows_who_would_be_created_and_what_would_start() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann")
        before = snapshot(line.sandbox.store)
        asked = {"list": "Newsletter", "emails": ["ann@example.com", "new@example.com"], "dryRun": True}
        plan = answer_of(await client.call_tool("add_to_list", asked))["plan"]
        out = answer_of(await client.call_tool("remove_from_list", asked))["plan"]
        assert snapshot(line.sandbox.store) == before
    assert plan["wouldCreate"] == ["new@example.com"]
    assert (plan["wouldStart"], plan["mayStart"]) == (["Welcome to Newsletter"], ["Welcome"])
    assert plan["request"]["path"] == "/contact-lists/contacts/bulk-add"
    assert out["request"]["body"] == {"emails": ["ann@example.com", "new@example.com"]}


async def test_who_was_not_added_is_reported_with_the_reason() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann", "gone")
        line.sandbox.store.suppression_groups.suppress(PROJECT, ["gone@example.com"], is_global=True)
        asked = {"list": "Newsletter", "emails": ["ann@example.com", "gone@example.com"]}
        answer = answer_of(await client.call_tool("add_to_list", asked))
    assert answer["outcome"] == "partly_done"
    assert answer["optedOut"] == ["gone@example.com"]
    assert "notAdded" not in answer
    assert any("leave them out, and tell the user" in note for note in answer["notes"])
    assert answer["added"] == 1


async def test_the_count_of_those_who_were_not_in_the_list_is_reported() -> None:
    async with over_a_line(options=OLDER) as (client, line):
        seed(line, "ann", "bob")
        answer_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["ann@example.com"]}))
        both = {"list": "Newsletter", "emails": ["ann@example.com", "bob@example.com"]}
        answer = answer_of(await client.call_tool("remove_from_list", both))
    assert (answer["removed"], answer["notInList"]) == (1, 1)
    assert answer["notes"] == ["There is no undo: not all of them were in the list, and AutoSend only counts them."]
    assert "undo" not in answer


async def test_who_was_not_in_the_list_is_named_where_autosend_shows_it() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann", "bob")
        answer_of(await client.call_tool("add_to_list", {"list": "Newsletter", "emails": ["ann@example.com"]}))
        several = {"list": "Newsletter", "emails": ["ann@example.com", "bob@example.com", "x@example.com"]}
        answer = answer_of(await client.call_tool("remove_from_list", several))
    assert (answer["removed"], answer["notInList"]) == (1, 2)
    assert answer["notes"][0] == f'{NOT_IN} ["bob@example.com","x@example.com"]'
    assert "undo" in answer


@pytest.mark.parametrize("tool", ["add_to_list", "remove_from_list"])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"list": "Newsletter"}, "give either emails or contactIds"),
        ({"list": "Newsletter", "emails": ["a@b.co"], "contactIds": ["x"]}, "give either emails or contactIds"),
        ({"emails": ["a@b.co"]}, "- list: is required"),
        ({"list": "Newsletter", "emails": []}, "- give either emails or contactIds"),
        ({"list": "GLOBAL_CONTACT_LIST", "emails": ["a@b.co"]}, "Every contact is in All Contacts."),
        ({"list": "all contacts", "emails": ["a@b.co"]}, "Every contact is in All Contacts. Nothing changed. "),
        ({"list": "Active", "emails": ["a@b.co"]}, "This is a segment"),
    ],
)
async def test_what_is_no_list_and_no_people_is_refused(tool: str, asked: dict[str, Any], said: str) -> None:
    async with over_a_line() as (client, line):
        seed(line)
        line.sandbox.store.contact_lists.seed(PROJECT, "Active", "segment")
        assert said in error_of(await client.call_tool(tool, asked))
    assert line.count(ADD) == 0


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


@pytest.mark.parametrize("shown", [False, True])
async def test_an_undo_keeps_earlier_members_and_says_what_it_starts(shown: bool) -> None:
    async with over_a_line(options=Options(rate_limit=0, list_ids_in_replies=shown)) as (client, line):
        seed(line, "ann", "bob", "cy")
        ann = {"list": "Newsletter", "emails": ["ann@example.com"]}
        both = {"list": "Newsletter", "emails": ["ann@example.com", "bob@example.com"]}
        answer_of(await client.call_tool("add_to_list", ann))
        added = answer_of(await client.call_tool("add_to_list", both))
        removed = answer_of(await client.call_tool("remove_from_list", both))
        more = {"list": "Newsletter", "emails": [*both["emails"], "cy@example.com"]}
        answer_of(await client.call_tool("add_to_list", ann))
        partly = answer_of(await client.call_tool("remove_from_list", more))
        assert line.count(MEMBERS) == 0
        kept = [answer for answer in (added, partly, removed) if "undo" in answer]
        steps = [step["arguments"]["emails"] for answer in kept for step in await steps_of(client, answer)]
    if shown:
        assert steps == [["bob@example.com"], ann["emails"], both["emails"]]
    else:
        assert "undo" not in added | partly
        assert NO_UNDO in added["notes"]
        assert partly["notes"] == [NO_UNDO_OUT]
    assert removed["notes"] == ["The undo may start the list's live automations again."]
    assert steps[-1] == both["emails"]


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
