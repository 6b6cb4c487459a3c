"""Whoever AutoSend suppresses is put into no list, by whichever tool, and the dry run says so."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.tools.suppression_groups.opted_out import LEAVE_OUT, NOT_CHECKED
from tests.support.line import answering, over_a_line
from tests.support.records import snapshot, started_by
from tests.support.requests import ENTRIES
from tests.support.seeded import ANN, JANE, fact, seeded, wrote
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

GONE, KIM = "gone@example.com", "kim@example.com"
INTO = {"listIds": ["Offers"]}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("create_contact", {"email": GONE}),
        ("upsert_contact", {"email": GONE, "firstName": "Gone"}),
        ("upsert_contact", {"email": JANE, "firstName": "Janet"}),
        ("upsert_contacts", {"contacts": [{"email": GONE}, {"email": JANE, "firstName": "Janet"}]}),
    ],
)
async def test_who_opted_out_is_written_only_without_lists(tool: str, arguments: dict[str, Any]) -> None:
    async with seeded() as (client, line):
        line.sandbox.store.suppression_groups.suppress(PROJECT, [GONE, JANE], reason="BOUNCE", is_global=True)
        before = snapshot(line.sandbox.store)
        for dry in ({"dryRun": True}, {}):
            refused = await client.call_tool(tool, arguments | INTO | dry)
            assert "out, and tell the user." in error_of(refused)
            assert fact(refused, "opted out")
        assert snapshot(line.sandbox.store) == before
        assert (wrote(line), line.count(ENTRIES)) == ([], 2)
        written = answer_of(await client.call_tool(tool, arguments))
        assert line.count(ENTRIES) == 2
    assert written["outcome"] in {"created", "updated", "done"}


async def test_rows_that_opted_out_are_left_out_as_foretold() -> None:
    rows = {"contacts": [{"email": GONE}, {"email": KIM}, {"email": JANE, "firstName": "Janet"}]} | INTO
    async with seeded() as (client, line):
        answer_of(await client.call_tool("add_to_list", {"list": "Offers", "emails": [JANE]}))
        line.sandbox.store.suppression_groups.suppress(PROJECT, [GONE, JANE], is_global=True)
        started = len(started_by(line.sandbox.store))
        plan = answer_of(await client.call_tool("upsert_contacts", rows | {"dryRun": True}))["plan"]
        done = answer_of(await client.call_tool("upsert_contacts", rows))
        assert {email for email, _ in started_by(line.sandbox.store)[started:]} == {KIM}
        assert not line.sandbox.store.contacts.find(PROJECT, [GONE])
    (left_out,) = plan["notSent"]["opted out"]
    assert left_out["email"] == GONE
    assert (plan["wouldCreate"], [*plan["wouldUpdate"]]) == ([KIM], [JANE])
    assert (done["outcome"], done["counts"]) == ("partly_done", {"opted out": 1, "created": 1, "updated": 1})
    assert LEAVE_OUT in done["notes"]


async def test_a_dry_run_of_add_to_list_names_who_opted_out() -> None:
    async with seeded(options=Options(rate_limit=0)) as (client, line):
        line.sandbox.store.suppression_groups.suppress(PROJECT, [GONE, JANE], is_global=True)
        asked = {"list": "Offers", "emails": [GONE, JANE]}
        both = answer_of(await client.call_tool("add_to_list", asked | {"dryRun": True}))["plan"]
        asked["emails"] = [GONE, JANE, ANN]
        some = answer_of(await client.call_tool("add_to_list", asked | {"dryRun": True}))["plan"]
        done = answer_of(await client.call_tool("add_to_list", asked))
    assert both["optedOut"] == some["optedOut"] == done["optedOut"] == [GONE, JANE]
    assert "wouldStart" not in both
    assert some["wouldStart"] == ["Welcome to Offers"]


async def test_somebody_already_in_the_lists_is_not_asked_about() -> None:
    async with seeded() as (client, line):
        answer_of(await client.call_tool("add_to_list", {"list": "Offers", "emails": [JANE]}))
        line.sandbox.store.suppression_groups.suppress(PROJECT, [JANE], is_global=True)
        person = {"email": JANE, "firstName": "Janet"}
        one = answer_of(await client.call_tool("upsert_contact", person | INTO))
        many = answer_of(await client.call_tool("upsert_contacts", {"contacts": [person | {"firstName": "J"}]} | INTO))
    assert (one["outcome"], many["counts"], line.count(ENTRIES)) == ("updated", {"updated": 1}, 0)


async def test_a_key_that_may_not_read_suppressions_costs_one_request() -> None:
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Offers")
        line.lose(ENTRIES, answering(403, {"success": False, "error": {"message": "No", "code": "FORBIDDEN"}}))
        answers = [answer_of(await client.call_tool("create_contact", {"email": one} | INTO)) for one in (GONE, KIM)]
        many = answer_of(await client.call_tool("upsert_contacts", {"contacts": [{"email": ANN}]} | INTO))
        plan = answer_of(await client.call_tool("add_to_list", {"list": "Offers", "emails": [JANE], "dryRun": True}))
    assert line.count(ENTRIES) == 1
    assert all(NOT_CHECKED in one["notes"] for one in (*answers, many, plan))
