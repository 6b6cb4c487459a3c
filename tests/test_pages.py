"""Pages of an answer hold every row once between them, and a cursor belongs to its question."""

from csv import DictReader
from typing import Any

import pytest
from mcp import Client
from mcp_types import TextResourceContents

from tests.support.answering import Answering, Row
from tests.support.sizes import LONG, MOST, PEOPLE, huge, person
from tests.support.worlds import answer_of, connected, error_of, text_of

pytestmark = pytest.mark.anyio

ROWS = {
    "list_contact_lists": ("lists", "id"),
    "list_custom_fields": ("fields", "fieldName"),
    "find_contacts": ("contacts", "email"),
}
N = {"id": "n1", "name": "N", "type": "list"}


async def pages(client: Client, name: str, arguments: dict[str, Any], rows: str) -> list[list[dict[str, Any]]]:
    """Return the rows of every page, by following nextCursor."""
    found: list[list[dict[str, Any]]] = []
    cursor: dict[str, Any] = {}
    while len(found) < 200:
        result = await client.call_tool(name, arguments | cursor)
        answer = answer_of(result)
        assert len(text_of(result).encode()) <= MOST
        assert answer[rows]
        found.append(answer[rows])
        if "nextCursor" not in answer:
            return found
        cursor = {"cursor": answer["nextCursor"]}
    raise AssertionError("there is always another page")


@pytest.mark.parametrize(
    ("name", "arguments", "total"),
    [
        ("list_contact_lists", {"limit": 100}, 502),
        pytest.param("list_contact_lists", {"nameContains": "list 4"}, 111, marks=pytest.mark.slow),
        pytest.param("list_custom_fields", {"limit": 100}, 301, marks=pytest.mark.slow),
        ("find_contacts", {"list": "Newsletter"}, 100),
        ("find_contacts", {"list": "Newsletter", "limit": 100, "fields": ["customFields"]}, 100),
    ],
)
async def test_the_pages_hold_every_row_once(name: str, arguments: dict[str, Any], total: int) -> None:
    rows, key = ROWS[name]
    async with connected(huge(values=2 if "fields" in arguments else 1)) as client:
        found = await pages(client, name, arguments, rows)
    shown = [row[key] for page in found for row in page]
    assert len(shown) == len(set(shown)) == total
    assert all(len(page) <= arguments.get("limit", 20) for page in found)


async def test_addresses_looked_up_come_in_pages_when_they_are_too_long_for_one() -> None:
    async with connected(huge(values=3)) as client:
        found = await pages(client, "find_contacts", {"emails": PEOPLE, "fields": ["customFields"]}, "contacts")
    assert [row["email"] for page in found for row in page] == PEOPLE
    assert len(found) > 1
    assert all(row["customFields"] == person("", 3)["customFields"] for page in found for row in page)


async def test_a_cursor_after_a_long_contact_goes_on() -> None:
    email = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example.com"
    custom = {f"{n:03}{'k' * 97}": LONG for n in range(100)}
    async with connected(Answering(contact=lambda one: {"id": "1", "email": one, "customFields": custom})) as client:
        answer = answer_of(await client.call_tool("find_contacts", {"emails": [email], "fields": ["customFields"]}))
    assert answer["contacts"][0]["email"] == email
    assert "nextCursor" not in answer


async def test_who_is_not_found_is_reported_on_some_page() -> None:
    async with connected(Answering(contact=lambda one: None if one == PEOPLE[0] else person(one, 15))) as client:
        asked: dict[str, Any] = {"emails": PEOPLE[:5], "fields": ["customFields"]}
        missing: list[str] = []
        while "cursor" not in asked or asked["cursor"]:
            answer = answer_of(await client.call_tool("find_contacts", asked))
            missing += answer.get("notFound", [])
            asked["cursor"] = answer.get("nextCursor")
    assert missing == PEOPLE[:1]


async def test_pages_cut_to_fifty_are_read_to_the_end() -> None:
    class Capped(Answering):
        def _page(self, page: int, limit: int) -> Row:
            capped = super()._page(page, min(limit, 50))
            return capped | {"pagination": capped["pagination"] | {"limit": 50}}

    lists: list[Row] = [{"id": f"{n:024}", "name": f"List {n}", "type": "list"} for n in range(2000)]
    people: list[Row] = [{"id": str(n), "email": f"p{n}@example.com"} for n in range(120)]
    shown: list[str] = []
    async with connected(Capped(lists=lists, members=people)) as client:
        asked: dict[str, Any] = {"list": "List 7", "limit": 100}
        while "cursor" in asked or not shown:
            page = answer_of(await client.call_tool("find_contacts", asked))
            shown += [row["email"] for row in page["contacts"]]
            asked = asked | {"cursor": page["nextCursor"]} if "nextCursor" in page else {}
        (content,) = (await client.read_resource("autosend://contact-lists")).contents
    assert shown == [row["email"] for row in people]
    assert isinstance(content, TextResourceContents)
    assert '"total":2000' in content.text


@pytest.mark.parametrize("echoed", [None, 100])
async def test_a_capped_page_is_paged_to_the_end_whatever_limit_is_echoed(echoed: int | None) -> None:
    class Capped(Answering):
        def _page(self, page: int, limit: int) -> Row:
            capped = super()._page(page, min(limit, 50))
            return capped | {"pagination": capped["pagination"] | ({"limit": echoed} if echoed else {})}

    people: list[Row] = [{"id": str(n), "email": f"p{n}@example.com"} for n in range(120)]
    shown: list[str] = []
    async with connected(Capped(lists=[N], members=people)) as client:
        asked: dict[str, Any] = {"list": "N", "limit": 100}
        while "cursor" in asked or not shown:
            page = answer_of(await client.call_tool("find_contacts", asked))
            shown += [row["email"] for row in page["contacts"]]
            asked = asked | {"cursor": page["nextCursor"]} if "nextCursor" in page else {}
    assert shown == [row["email"] for row in people]


async def test_a_cursor_belongs_to_its_question() -> None:
    async with connected(huge(values=1)) as client:
        cursors = {
            name: answer_of(await client.call_tool(name, arguments))["nextCursor"]
            for name, arguments in (
                ("list_contact_lists", {}),
                ("list_custom_fields", {}),
                ("find_contacts", {"list": "Newsletter"}),
            )
        }
        for name, cursor in cursors.items():
            for other in cursors:
                if other != name:
                    asked = {"list": "Newsletter"} if other == "find_contacts" else {}
                    text = error_of(await client.call_tool(other, asked | {"cursor": cursor}))
                    assert "The cursor belongs to another question." in text
        for asked in ({"list": "Offers"}, {"list": "Newsletter", "emailContains": "p1"}, {"emails": PEOPLE}, {}):
            text = error_of(await client.call_tool("find_contacts", asked | {"cursor": cursors["find_contacts"]}))
            assert "Repeat the other arguments as they were, or call again without cursor." in text
        changed = {"type": "list", "cursor": cursors["list_contact_lists"]}
        assert "another question" in error_of(await client.call_tool("list_contact_lists", changed))


@pytest.mark.parametrize("cursor", ["garbage", "20", "MjAuMjA", "MC4wLjA", "\u2603", "Zm9v.Zm9v", "=" * 8, "A" * 9])
async def test_garbage_is_no_cursor(cursor: str) -> None:
    async with connected(huge(values=1)) as client:
        for name in ("list_contact_lists", "list_custom_fields", "find_contacts"):
            text = error_of(await client.call_tool(name, {"cursor": cursor}))
            assert "all again without cursor" in text


QUOTED: dict[str, Any] = {"firstName": 'quote" , "' * 40, "lastName": "=1+2", "customFields": {"vip": True, "n": 4}}


@pytest.mark.parametrize("asked", [{"emails": PEOPLE}, {"list": "Newsletter", "limit": 100}, {"name": "quote"}])
async def test_contacts_come_as_csv_that_holds_every_value_once(asked: dict[str, Any]) -> None:
    members: list[Row] = [{"id": email, "email": email, **QUOTED} for email in PEOPLE]
    by_email = {member["email"]: member for member in members}
    world = Answering(members=members, lists=[N | {"name": "Newsletter"}], contact=by_email.get)
    more = {"fields": ["firstName", "lastName", "customFields"], "csv": True}
    async with connected(world) as client:
        found: Any = await pages(client, "find_contacts", asked | more, "csv")
    rows = [row for page in found for row in DictReader(page)]
    values = {"firstName": QUOTED["firstName"], "lastName": "=1+2", "customFields.vip": "true", "customFields.n": "4"}
    assert rows == [{"email": email, **values} for email in PEOPLE]
