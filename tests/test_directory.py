"""Lists by name or id: read at most once a minute, and in the way of no write where they cannot be read."""

from typing import Any

import anyio
import pytest

from autosend_mcp.models.text import compact_json
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.tools.contact_lists.resolve import UNCHECKED as LISTS_UNCHECKED
from tests.support.line import after, answering, over_a_line, reset
from tests.support.records import members_of
from tests.support.requests import LISTS
from tests.support.seeded import seeded, wrote
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

EVERY = "contacts,lists,suppressions,imports"


@pytest.mark.parametrize("key", ["lists", "contacts"])
async def test_a_list_goes_by_its_exact_name_or_its_id(key: Any, era: str) -> None:
    async with over_a_line(era, options=Options(rate_limit=0, lists_key=key)) as (client, line):
        list_id = line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
        for number, given in enumerate(("Newsletter", list_id, " Newsletter ")):
            asked = {"email": f"p{number}@example.com", "listIds": [given, "Newsletter"]}
            assert "was read as" not in str(answer_of(await client.call_tool("create_contact", asked))["notes"])
        assert len(members_of(line.sandbox.store, list_id)) == 3
    assert {tuple(body["listIds"]) for body in line.bodies("POST /contacts")} == {(list_id,)}
    assert line.count(LISTS) == 1


CASES = {  # what there is, by what is asked for
    "launch  PARTY 2024": "Launch Party 2024", "straße": "STRASSE", "\uff36\uff29P": "vip", "кунды": "Кунды",
}  # fmt: skip


@pytest.mark.parametrize("given", CASES)
async def test_a_name_in_another_case_is_read_where_one_fits_and_that_is_said(given: str) -> None:
    name = CASES[given]
    note = f"{compact_json(given)} was read as {compact_json(name)}: nothing else is called so in any case."
    async with over_a_line(toolsets=EVERY) as (client, line):
        store = line.sandbox.store
        list_id = store.contact_lists.seed(PROJECT, name, "list")
        store.suppression_groups.seed(PROJECT, name)
        calls: dict[str, dict[str, Any]] = {
            "create_contact": {"email": "a@b.co", "listIds": [given]},
            "upsert_contacts": {"contacts": [{"email": "b@b.co"}], "listIds": [given]},
            "add_to_list": {"list": given, "emails": ["c@b.co"]},
            "find_contacts": {"list": given},
            "start_import": {"text": "email\nd@b.co", "listIds": [given]},
            "suppress_emails": {"emails": ["e@b.co"], "group": given},
        }
        for tool, asked in calls.items():
            assert note in answer_of(await client.call_tool(tool, asked))["notes"], tool
        assert len(members_of(store, list_id)) == 4
        store.contact_lists.seed(PROJECT, name.swapcase(), "list")
        answer_of(await client.call_tool("delete_contact_list", {"list": name, "dryRun": True}))  # exactly that one
        if (neither := name.title()) not in {name, name.swapcase()}:
            asked = {"list": neither, "dryRun": True}
            text = error_of(await client.call_tool("delete_contact_list", asked))
            assert text.startswith("2 lists or segments have this name.")


@pytest.mark.parametrize("names", [[], ["News"], [f"Customers {n}" for n in range(8)]], ids=len)
async def test_a_name_that_nothing_is_near_is_not_answered_with_everything(names: list[str]) -> None:
    async with over_a_line() as (client, line):
        for name in names:
            line.sandbox.store.contact_lists.seed(PROJECT, name, "list")
        text = error_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": ["Qwertz"]}))
    assert "GLOBAL" not in text
    assert "nearest" not in text
    said = {
        0: "There are no lists yet; create_contact_list makes",
        1: '"name":"News"',
        8: "shows the 8 that there are.",
    }
    assert said[len(names)] in text
    assert len(text) < 250


@pytest.mark.parametrize(
    ("given", "said", "shown"),
    [
        ("Letters", "No list or segment has this name or id.", '"name":"Newsletter"'),
        ("Newslettr", "No list or segment has this name or id.", '"name":"Newsletter"'),
        ("f" * 24, "No list or segment has this name or id.", "list_contact_lists shows the 4 that there are."),
        ("Twice", "2 lists or segments have this name.", '"type":"segment"'),
        ("Active", "This is a segment: AutoSend computes who is in it", '"name":"Active"'),
        ("All Contacts", "Every contact is in All Contacts.", ""),
    ],
)
@pytest.mark.parametrize("tool", ["create_contact", "upsert_contact", "upsert_contacts"])
async def test_a_list_that_is_not_clear_is_answered_with_the_candidates(
    given: str, said: str, shown: str, tool: str
) -> None:
    async with over_a_line() as (client, line):
        for name, kind in (("Newsletter", "list"), ("Twice", "list"), ("Twice", "segment"), ("Active", "segment")):
            line.sandbox.store.contact_lists.seed(PROJECT, name, kind)
        person = {"email": "a@b.co"}
        asked = {"contacts": [person]} if tool == "upsert_contacts" else person
        text = error_of(await client.call_tool(tool, {**asked, "listIds": [given]}))
    assert text.startswith(said)
    assert "changed." in text
    assert shown in text
    assert line.count("POST") == 0


async def test_a_list_made_elsewhere_meanwhile_is_found() -> None:
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
        answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": ["Newsletter"]}))
        new = line.sandbox.store.contact_lists.seed(PROJECT, "Offers", "list")
        answer_of(await client.call_tool("create_contact", {"email": "b@b.co", "listIds": ["Offers"]}))
        assert len(members_of(line.sandbox.store, new)) == 1
    assert line.count(LISTS) == 2


async def test_the_lists_are_read_once_for_a_call_however_its_names_are_written() -> None:
    async with over_a_line() as (client, line):
        for name in ("Newsletter", "Offers"):
            line.sandbox.store.contact_lists.seed(PROJECT, name, "list")
        for number in (1, 2):  # by a project that is not known yet, and by one that is
            asked = {"email": f"a{number}@b.co", "listIds": ["newsletter", "OFFERS"]}
            answer_of(await client.call_tool("create_contact", asked))
            assert line.count(LISTS) == number
        error_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": ["Nothing like it"]}))
    assert line.count(LISTS) == 3


async def test_a_list_that_is_missing_among_all_is_asked_for_by_its_id() -> None:
    async with over_a_line() as (client, line):
        hidden = line.sandbox.store.contact_lists.seed(PROJECT, "Hidden", "list")
        segment = line.sandbox.store.contact_lists.seed(PROJECT, "Active", "segment")
        line.faults = {f"{LISTS}/": [], LISTS: [answering(200, {"success": True, "data": {"lists": []}})]}
        line.lose(f"{LISTS}/", lambda forward: forward())
        answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": [hidden]}))
        assert len(members_of(line.sandbox.store, hidden)) == 1
        text = error_of(await client.call_tool("create_contact", {"email": "b@b.co", "listIds": [segment]}))
    assert "This is a segment" in text


async def test_when_the_lists_cannot_be_read_only_ids_go_through() -> None:
    async with over_a_line() as (client, line):
        list_id = line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
        other = line.sandbox.store.contact_lists.seed(PROJECT, "Offers", "list")
        line.lose(LISTS, reset)
        asked = {"email": "a@b.co", "listIds": [list_id, other]}
        answer = answer_of(await client.call_tool("create_contact", asked))
        assert len(members_of(line.sandbox.store, list_id)) == 1
        text = error_of(await client.call_tool("create_contact", {"email": "b@b.co", "listIds": ["Newsletter"]}))
        assert line.sandbox.store.contacts.find(PROJECT, ["b@b.co"]) == []
    assert "AutoSend's lists could not be read, so the list ids were used unchecked." in answer["notes"]
    assert "Looking up changes nothing." in text


async def test_lists_that_cannot_be_read_stop_no_write_by_id_but_every_deletion() -> None:
    ids = [f"507f1f77bcf86cd7994390{n:02}" for n in range(30)]
    async with seeded(rate_limit=100) as (client, line):
        line.lose("GET /contact-lists", answering(500, {"success": False}))
        answer = answer_of(await client.call_tool("create_contact", {"email": "n@example.com", "listIds": ids}))
        for more in ({}, {"confirm": ids[0]}):
            error_of(await client.call_tool("delete_contact_list", {"list": ids[0]} | more))
        assert wrote(line) == ["POST /contacts"]
    assert LISTS_UNCHECKED in answer["notes"]


async def test_a_list_that_may_not_be_read_by_its_id_goes_through_unchecked() -> None:
    async with over_a_line() as (client, line):
        line.faults = {f"{LISTS}/": [answering(403, {"success": False})]}
        answer = answer_of(await client.call_tool("create_contact", {"email": "a@b.co", "listIds": ["f" * 24]}))
    assert "AutoSend's lists could not be read, so the list ids were used unchecked." in answer["notes"]


@pytest.mark.parametrize("body", [{"success": True}, {"success": True, "data": {"lists": [{"name": "no id"}]}}])
async def test_lists_in_another_shape_are_lists_that_cannot_be_read(body: Any) -> None:
    async with over_a_line() as (client, line):
        line.lose(LISTS, answering(200, body))
        text = error_of(await client.call_tool("create_contact", {"email": "b@b.co", "listIds": ["Newsletter"]}))
    assert "AutoSend's answer could not be read." in text


async def test_ten_calls_side_by_side_read_the_lists_once() -> None:
    async with seeded() as (client, line):
        line.lose("GET /contact-lists", after(1))
        async with anyio.create_task_group() as tasks:
            for n in range(10):
                asked = {"email": f"n{n}@example.com", "listIds": ["Newsletter"]}
                tasks.start_soon(client.call_tool, "create_contact", asked)
        assert (line.count("GET /contact-lists"), len(wrote(line))) == (1, 10)


async def test_nothing_is_read_for_a_contact_without_lists_and_custom_fields() -> None:
    async with over_a_line() as (client, line):
        answer_of(await client.call_tool("create_contact", {"email": "a@b.co"}))
    assert [asked for asked, _ in line.seen] == ["POST /contacts"]
