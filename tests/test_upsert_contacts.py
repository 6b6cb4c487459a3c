"""upsert_contacts: an outcome for each, found by looking before and after, since AutoSend answers with counts."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.tools.property_checks import UNCHECKED
from tests.support.batches import held, people
from tests.support.line import answering, over_a_line, reset
from tests.support.records import members_of, starts_of
from tests.support.requests import ADD, BULK
from tests.support.seeded import JANE, JOHN, seeded, stored
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

SEARCH = "POST /contacts/search"


async def test_every_contact_has_an_outcome(era: str) -> None:
    async with over_a_line(era) as (client, line):
        answer_of(await client.call_tool("create_contact", {"email": "same@example.com", "firstName": "Same"}))
        answer_of(await client.call_tool("create_contact", {"email": "old@example.com", "firstName": "Old"}))
        rows = [
            {"email": "new@example.com", "customFields": {"plan": "pro"}},
            {"email": "Old@example.com", "first_name": "Older"},
            {"email": "same@example.com", "firstName": "Same"},
            {"email": "no address"},
            {"email": "new@example.com", "lastName": "New"},
            {"email": "typed@example.com", "customFields": {"logins": "many"}},
            {"email": "near@example.com", "customFields": {"plann": "pro"}},
            {"email": "x@example.com", "phone": "1"},
        ]
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
        (new,) = held(line, "new@example.com")
    assert answer["outcome"] == "partly_done"
    assert answer["counts"] == {"created": 1, "updated": 1, "unchanged": 1, "invalid": 4, "merged": 1}
    assert answer["changes"] == {"old@example.com": {"firstName": {"was": "Old", "now": "Older"}}}
    assert "updated" not in answer["contacts"]
    assert answer["contacts"]["unchanged"] == ["same@example.com"]
    assert answer["contacts"]["merged"][0]["why"] == "the same address as row 1; sent as one"
    why = [row["why"] for row in answer["contacts"]["invalid"]]
    assert why[0].startswith("email: must be one mail address")
    assert why[1] == 'customFields."logins": must be a number.'
    assert why[2] == 'customFields."plann": not defined; did you mean "plan"?'
    assert why[3].startswith("phone: no such argument")
    assert [row["row"] for row in answer["contacts"]["invalid"]] == [4, 6, 7, 8]
    assert "no address" not in str(answer)
    assert "was read as" not in str(answer)
    assert (new["lastName"], new["customFields"]) == ("New", {"plan": "pro"})
    assert line.bodies(BULK) == [
        {
            "contacts": [
                {"email": "new@example.com", "lastName": "New", "customFields": {"plan": "pro"}},
                {"email": "old@example.com", "firstName": "Older"},
            ],
            "runWorkflow": False,
        }
    ]


async def test_rows_that_contradict_each_other_are_not_sent() -> None:
    rows = [
        {"email": "a@example.com", "firstName": "A", "customFields": {"plan": "pro"}},
        {"email": "a@example.com", "firstName": "B", "customFields": {"plan": "free"}},
        {"email": "b@example.com"},
    ]
    async with over_a_line() as (client, line):
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
        assert held(line, "a@example.com") == []
    assert answer["counts"] == {"invalid": 2, "created": 1}
    said = "rows 1 and 2 are the same address and contradict each other: firstName, customFields.plan"
    assert {row["why"] for row in answer["contacts"]["invalid"]} == {said}


async def test_three_contradicting_rows_of_one_address_are_all_invalid() -> None:
    rows = [{"email": JANE, "firstName": name} for name in ("A", "B", "A")]
    async with seeded() as (client, line):
        answer = answer_of(
            await client.call_tool("upsert_contacts", {"contacts": [*rows, {"email": JOHN, "firstName": "Q"}]})
        )
        assert stored(line)["firstName"] == "Jane"
    assert answer["counts"] == {"invalid": 3, "updated": 1}
    assert [row["row"] for row in answer["contacts"]["invalid"]] == [1, 2, 3]
    (body,) = line.bodies(BULK)
    assert [row["email"] for row in body["contacts"]] == [JOHN]


async def test_a_batch_without_a_valid_row_sends_nothing() -> None:
    async with over_a_line() as (client, line):
        text = error_of(await client.call_tool("upsert_contacts", {"contacts": [{"email": "x"}, {"firstName": "y"}]}))
    assert "Not one of the contacts is valid. Nothing was sent and nothing changed." in text
    assert "email: is required." in text
    assert line.seen == []


@pytest.mark.parametrize("contacts", [[], [{"email": "a@example.com"}] * 101, ["a@example.com"], "all"])
async def test_a_batch_that_is_none_is_refused(contacts: Any) -> None:
    async with over_a_line() as (client, line):
        assert "- contacts" in error_of(await client.call_tool("upsert_contacts", {"contacts": contacts}))
    assert line.seen == []


async def test_when_nothing_differs_nothing_is_sent() -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("upsert_contacts", {"contacts": people(3)}))
        again = answer_of(await client.call_tool("upsert_contacts", {"contacts": people(3)}))
    assert again["counts"] == {"unchanged": 3}
    assert "undo" not in again
    assert line.count(BULK) == 1


async def test_lists_are_joined_by_a_request_of_their_own_and_reported() -> None:
    async with over_a_line() as (client, line):
        made = answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        answer_of(await client.call_tool("create_contact", {**people(1)[0], "listIds": ["Newsletter"]}))
        asked = {"contacts": [*people(3), {"email": "bad"}], "listIds": ["Newsletter"]}
        plan = answer_of(await client.call_tool("upsert_contacts", {**asked, "dryRun": True}))["plan"]
        answer = answer_of(await client.call_tool("upsert_contacts", asked))
        steps = await steps_of(client, answer)
        starts = starts_of(line.sandbox.store)
    assert plan["lists"][0]["name"] == "Newsletter"
    assert plan["wouldCreate"] == ["p1@example.com", "p2@example.com"]
    assert plan["unchanged"] == ["p0@example.com"]
    assert plan["request"]["body"] == line.bodies(BULK)[0]
    joined = {"outcome": "done", "list": {"id": made["id"], "name": "Newsletter"}, "added": 2}
    assert answer["lists"] == [joined | {"alreadyInList": 1}]
    leave = {"list": made["id"], "emails": ["p1@example.com", "p2@example.com"]}
    assert steps[0] == {"tool": "remove_from_list", "arguments": leave}
    assert any("automation" in note for note in answer["notes"])
    assert line.count(ADD) == 1
    assert set(starts.values()) == {1}
    assert len(starts) == 3


async def test_a_batch_that_only_joins_shows_that_request_and_is_undone_whole() -> None:
    async with over_a_line() as (client, line):
        list_id = line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
        answer_of(await client.call_tool("upsert_contacts", {"contacts": people(2)}))
        asked = {"contacts": people(2), "listIds": ["Newsletter"]}
        plan = answer_of(await client.call_tool("upsert_contacts", {**asked, "dryRun": True}))["plan"]
        answer = answer_of(await client.call_tool("upsert_contacts", asked))
        assert len(members_of(line.sandbox.store, list_id)) == 2
        await undone(client, answer)
        assert members_of(line.sandbox.store, list_id) == []
    assert "request" not in plan
    assert [one["body"] for one in plan["then"]] == line.bodies(ADD)
    assert line.count(BULK) == 1


async def test_a_row_with_lists_is_shown_where_they_stand() -> None:
    async with over_a_line() as (client, _line):
        text = error_of(
            await client.call_tool("upsert_contacts", {"contacts": [{"email": "a@b.co", "listIds": ["x"]}]})
        )
    assert "listIds goes beside contacts, for all of them; not into a row" in text


async def test_a_list_that_could_not_be_joined_leaves_the_rest_done() -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_contact_list", {"name": "Newsletter"}))
        line.lose(ADD, answering(500, {"success": False, "error": "oops"}))
        asked = {"contacts": people(4), "listIds": ["Newsletter"]}
        answer = answer_of(await client.call_tool("upsert_contacts", asked))
    assert answer["outcome"] == "partly_done"
    assert answer["counts"] == {"created": 4}
    assert answer["lists"][0]["outcome"] == "unknown"
    assert "Put those in with add_to_list" in answer["lists"][0]["why"]
    assert line.count(ADD) == 1


@pytest.mark.parametrize("flag", [True, False])
async def test_automations_that_watch_values_start_only_if_asked(flag: bool) -> None:
    async with over_a_line() as (client, line):
        asked = {"contacts": people(1), "runWorkflow": flag}
        answer_of(await client.call_tool("upsert_contacts", asked))
    assert line.bodies(BULK)[0]["runWorkflow"] is flag


async def test_a_value_that_autosend_does_not_keep_is_reported() -> None:
    async with over_a_line(options=Options(rate_limit=0, unknown_fields="ignore")) as (client, line):
        line.lose("GET /contact-properties", reset)
        rows = [{"email": "a@example.com", "customFields": {"zzz": 1}}]
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
    assert answer["contacts"]["created"][0]["why"] == 'AutoSend does not show the values asked for: customFields."zzz"'
    assert UNCHECKED in answer["notes"]


async def test_the_undo_of_a_batch_takes_it_back() -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_contact", {"email": "p0@example.com", "firstName": "Old"}))
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": people(3)}))
        await undone(client, answer)
        (old,) = held(line, *(one["email"] for one in people(3)))
    assert old["firstName"] == "Old"


async def test_a_hundred_repairs_do_not_outgrow_the_answer() -> None:
    async with over_a_line() as (client, _line):
        rows = [{"email": f"{'P' * 50}{number}@Example.com", "firstName": ""} for number in range(100)]
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
    assert answer["counts"] == {"created": 100}
    assert len(str(answer["notes"])) < 8_000


async def test_only_new_contacts_are_written_and_the_others_stay() -> None:
    async with seeded() as (client, line):
        rows = [{"email": JANE, "firstName": "Janet"}, {"email": "new@example.com", "firstName": "Nia"}]
        before = line.sandbox.store.contacts.all(PROJECT)
        answer = answer_of(await client.call_tool("upsert_contacts", {"contacts": rows, "onlyNew": True}))
        *kept, new = line.sandbox.store.contacts.all(PROJECT)
    assert answer["counts"]["created"] == 1
    assert "updated" not in answer["counts"]
    assert (kept, new["email"]) == (before, "new@example.com")
