"""get_contact and find_contacts: found and not found, a page at a time, and no more of a person than asked for."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from tests.support.answering import Answering
from tests.support.line import Line, answering, forwarded, over_a_line, reset, rewritten
from tests.support.requests import MEMBERS
from tests.support.seeded import ANN, JANE, seeded
from tests.support.undo import steps_of
from tests.support.worlds import answer_of, connected, error_of, text_of

pytestmark = pytest.mark.anyio

LISTS = [{"id": "n1", "name": "Newsletter", "type": "list"}]


def seed(line: Line, count: int = 1) -> list[dict[str, Any]]:
    return [
        writes.create(
            line.sandbox.store,
            PROJECT,
            {
                "email": f"p{number}@example.com",
                "firstName": f"P{number}",
                "userId": f"u{number}",
                "customFields": {"plan": "pro"},
            },
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("way", ["email", "id"])
async def test_a_contact_is_shown_whole_by_address_or_id(way: str, era: str) -> None:
    async with over_a_line(era) as (client, line):
        (held,) = seed(line)
        answer = answer_of(await client.call_tool("get_contact", {way: held[way]}))
    assert answer == {name: value for name, value in held.items() if name != "projectId"} | {"lists": []}


async def test_the_groups_a_contact_has_left_come_only_if_asked_for() -> None:
    async with over_a_line() as (client, line):
        (held,) = seed(line)
        group = line.sandbox.store.suppression_groups.seed(PROJECT, "Our blog")
        line.sandbox.store.suppression_groups.suppress(PROJECT, [held["email"]], group)
        asked = {"id": held["id"], "unsubscribeGroups": True}
        answer = answer_of(await client.call_tool("get_contact", asked))
        plain = answer_of(await client.call_tool("get_contact", {"id": held["id"]}))
    assert answer["unsubscribeGroups"] == [{"groupId": group, "name": "Our blog"}]
    assert "unsubscribeGroups" not in plain


@pytest.mark.parametrize("asked", [{"email": "no@b.co"}, {"id": "f" * 24}, {"id": "a/b?c"}])
async def test_a_contact_that_is_not_there_is_an_error_with_a_next_step(asked: dict[str, Any]) -> None:
    async with over_a_line() as (client, _line):
        text = error_of(await client.call_tool("get_contact", asked))
    assert text.startswith("No contact has this ")
    assert "find_contacts looks for parts of an address." in text


@pytest.mark.parametrize("asked", [{}, {"email": "a@b.co", "id": "x"}])
async def test_one_contact_is_asked_for_in_one_way(asked: dict[str, Any]) -> None:
    async with over_a_line() as (client, line):
        assert "give either email or id" in error_of(await client.call_tool("get_contact", asked))
    assert line.seen == []


async def test_addresses_are_found_or_not_and_little_is_shown_of_each(era: str) -> None:
    async with over_a_line(era) as (client, line):
        held = seed(line, 2)
        emails = ["p1@example.com", "no@b.co", "P0@example.com", "p1@example.com"]
        answer = answer_of(await client.call_tool("find_contacts", {"emails": emails}))
        more = answer_of(
            await client.call_tool("find_contacts", {"emails": emails[:1], "fields": ["id", "customFields"]})
        )
    assert answer["contacts"] == [{"email": held[i]["email"]} for i in (1, 0)]
    assert answer["notFound"] == ["no@b.co"]
    assert more["contacts"] == [{"id": held[1]["id"], "email": "p1@example.com", "customFields": {"plan": "pro"}}]


async def test_a_list_is_searched_by_a_part_of_the_address_page_by_page(era: str) -> None:
    async with over_a_line(era) as (client, line):
        seed(line, 25)
        list_id = line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
        emails = [f"p{number}@example.com" for number in range(25)]
        answer_of(await client.call_tool("add_to_list", {"list": list_id, "emails": [*emails, "x@other.org"]}))
        asked: dict[str, Any] = {"list": "Newsletter", "emailContains": "@example.com", "limit": 10}
        seen: list[str] = []
        pages = 0
        while True:
            answer = answer_of(await client.call_tool("find_contacts", asked))
            seen += [one["email"] for one in answer["contacts"]]
            assert answer["total"] == 25
            pages += 1
            if "nextCursor" not in answer:
                break
            asked["cursor"] = answer["nextCursor"]
    assert sorted(seen) == sorted(emails)
    assert pages == 3
    assert line.bodies(MEMBERS)[0] == {"contactListId": list_id, "page": 1, "limit": 10, "email": "@example.com"}


async def test_what_a_search_in_a_list_does_not_show_is_looked_up() -> None:
    async with over_a_line() as (client, line):
        seed(line, 2)
        asked = {"fields": ["customFields", "userId", "updatedAt", "firstName"]}
        answer = answer_of(await client.call_tool("find_contacts", asked))
        plain = answer_of(await client.call_tool("find_contacts", {"fields": ["updatedAt"]}))
    first = answer["contacts"][0]
    assert (first["customFields"], first["userId"], first["firstName"]) == ({"plan": "pro"}, "u0", "P0")
    assert first["updatedAt"] == plain["contacts"][0]["updatedAt"]
    assert line.count("POST /contacts/search") == 1


async def test_that_all_contacts_cannot_be_searched_at_once_is_explained() -> None:
    async with over_a_line() as (client, line):
        line.lose(MEMBERS, answering(404, {"success": False, "error": {"message": "Contact list not found"}}))
        text = error_of(await client.call_tool("find_contacts", {"emailContains": "@acme.com"}))
    assert "AutoSend does not document that all contacts can be searched at once. Call again with a list." in text


async def test_a_refusal_of_a_named_list_is_reported_and_an_empty_one_is_empty() -> None:
    async with over_a_line() as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
        asked = {"list": "Newsletter", "fields": ["userId"]}
        assert answer_of(await client.call_tool("find_contacts", asked))["contacts"] == []
        line.lose(MEMBERS, answering(403, {"success": False}))
        text = error_of(await client.call_tool("find_contacts", asked))
    assert "AutoSend's plan or the API key does not allow this" in text
    assert "at once is not documented" not in text


async def test_without_a_total_a_full_page_has_a_next_one() -> None:
    rows = [{"id": str(number), "email": f"p{number}@example.com"} for number in range(2)]
    async with over_a_line() as (client, line):
        line.lose(MEMBERS, answering(200, {"success": True, "data": {"contacts": rows}}))
        full = answer_of(await client.call_tool("find_contacts", {"limit": 2}))
        last = answer_of(await client.call_tool("find_contacts", {"limit": 3}))
    assert "total" not in full
    assert "nextCursor" in full
    assert "nextCursor" not in last


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"emails": ["a@b.co"], "emailContains": "x"}, "give either emails, or name and emailContains"),
        ({"limit": -1}, "- limit: must be at least 1."),
        ({"limit": 101}, "- limit: must be at most 100."),
        ({"limit": "ten"}, "- limit: must be a whole number."),
        ({"fields": ["password"]}, "- fields.0: must be 'id', 'firstName', 'lastName'"),
        ({"cursor": "?"}, "The cursor is not one of this server's."),
        ({"cursor": "MTAuMTAuMQ"}, "The cursor belongs to another question."),
    ],
)
async def test_a_question_that_is_none_is_refused(asked: dict[str, Any], said: str) -> None:
    async with over_a_line() as (client, line):
        assert said in error_of(await client.call_tool("find_contacts", asked))
    assert line.count(MEMBERS) == 0


async def test_a_read_is_repeated_twice_and_then_reported() -> None:
    async with over_a_line() as (client, line):
        (held,) = seed(line)
        line.lose("POST /contacts/search", reset, reset, forwarded)
        answer_of(await client.call_tool("get_contact", {"email": held["email"]}))
        assert line.count("POST /contacts/search") == 3
        line.lose("GET /contacts/", reset)
        text = error_of(await client.call_tool("get_contact", {"id": held["id"]}))
        assert line.count("GET /contacts/") == 3
        line.lose("GET /contacts/", answering(200, {"success": True}))
        unreadable = error_of(await client.call_tool("get_contact", {"id": held["id"]}))
        assert line.count("GET /contacts/") == 5
    assert "Looking up changes nothing." in text
    assert "AutoSend's answer could not be read. Looking up changes nothing." in unreadable


async def test_lists_and_segments_are_distinguished_and_searched_by_name() -> None:
    async with over_a_line() as (client, line):
        for name, kind in (("News", "list"), ("Old news", "list"), ("Active", "segment")):
            line.sandbox.store.contact_lists.seed(PROJECT, name, kind)
        everything = answer_of(await client.call_tool("list_contact_lists", {}))
        segments = answer_of(await client.call_tool("list_contact_lists", {"type": "segment"}))
        news = answer_of(await client.call_tool("list_contact_lists", {"nameContains": "NEWS", "type": "list"}))
    assert everything["total"] == 4
    assert [(one["name"], one["type"]) for one in segments["lists"]] == [("Active", "segment")]
    assert sorted(one["name"] for one in news["lists"]) == ["News", "Old news"]


@pytest.mark.parametrize("group", ["Blog", None], ids=str)
async def test_unsubscribe_groups_of_another_shape_are_unreadable(group: Any) -> None:
    async with connected(Answering(groups=[group])) as client:
        result = await client.call_tool("get_contact", {"email": JANE, "unsubscribeGroups": True})
    assert result.is_error
    assert "could not be read" in text_of(result)


@pytest.mark.parametrize("row", [{"email": JANE}, {"id": "\u200b", "email": JANE}, {"id": 1, "email": JANE}, "Jane"])
async def test_a_row_of_a_list_that_is_no_contact_is_unreadable(row: Any) -> None:
    async with connected(Answering(lists=LISTS, members=[row])) as client:
        text = error_of(await client.call_tool("find_contacts", {"list": "Newsletter"}))
    assert "could not be read" in text


@pytest.mark.parametrize("reading", ["shown", "older", "null"])
async def test_the_lists_and_segments_of_a_contact_are_shown_by_name(reading: str) -> None:
    def no_lists(body: Any) -> None:
        for row in body["data"]["contacts"]:
            row |= {"listIds": None, "segmentIds": None}

    async with seeded(options=Options(rate_limit=0, list_ids_in_replies=reading != "older")) as (client, line):
        if reading == "null":
            line.lose("POST /contacts/search", rewritten(no_lists))
        one = answer_of(await client.call_tool("get_contact", {"email": JANE}))
        asked = {"emails": [JANE, ANN], "fields": ["listIds"]}
        (jane, ann) = answer_of(await client.call_tool("find_contacts", asked))["contacts"]
        inside = {"list": "Newsletter", "fields": ["lists"]}
        member = answer_of(await client.call_tool("find_contacts", inside))["contacts"][0]
        joined = answer_of(await client.call_tool("upsert_contact", {"email": ANN, "listIds": ["Newsletter"]}))
        rows = {row["name"]: row["id"] for row in answer_of(await client.call_tool("list_contact_lists", {}))["lists"]}
        searches = line.count("POST /contact-lists/contacts/search")
        steps = await steps_of(client, joined)
    newsletter = {"id": rows["Newsletter"], "name": "Newsletter", "type": "list"}
    segment = {"id": rows["Pro"], "name": "Pro", "type": "segment"}
    shown = reading == "shown"
    assert one.get("lists") == jane.get("lists") == member.get("lists") == ([newsletter, segment] if shown else None)
    assert ann.get("lists") == ([segment] if shown else None)
    assert steps == [{"tool": "remove_from_list", "arguments": {"list": newsletter["id"], "emails": [ANN]}}]
    assert searches == (1 if shown else 2)
    assert line.count("GET /contact-lists") == 2
