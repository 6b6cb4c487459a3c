"""add_to_list and remove_from_list: who was put in or taken out, and how that is taken back."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.tools.contact_lists.members import NO_UNDO, NO_UNDO_OUT, NOT_IN
from tests.support.line import over_a_line
from tests.support.memberships import OLDER, seed, starts
from tests.support.records import members_of, snapshot
from tests.support.requests import ADD, MEMBERS
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

STARTS = "Any live automation of these lists starts now."


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
