"""No answer is longer than a host takes, whatever AutoSend holds; and pages together hold every row once."""

from typing import Any

import pytest
from mcp import Client
from mcp_types import PromptReference

from autosend_mcp.models.bounds import SHORTENED
from autosend_mcp.tools.registry import TOOLS
from tests.support.answering import Answering
from tests.support.seeded import CALLS
from tests.support.worlds import answer_of, connected, error_of, text_of

pytestmark = pytest.mark.anyio

MOST = 24_000
LONG = "x" * 1_000
PEOPLE = [f"p{n:02}@example.com" for n in range(100)]


def person(email: str, values: int = 100) -> dict[str, Any]:
    return {"id": f"id-{email}", "email": email, "customFields": {f"field_{n}": LONG for n in range(values)}}


def huge(values: int = 40) -> Answering:
    """500 lists, 300 fields, 100 contacts with 40 custom fields of 1,000 characters each: 4 MB, which are read."""
    lists = [{"id": f"{n:024x}", "name": f"List {n} {LONG[:180]}", "description": LONG[:500]} for n in range(500)]
    lists += [{"id": f"named-{name}", "name": name, "type": "list"} for name in ("Newsletter", "Offers")]
    return Answering(
        contact=lambda email: person(email, values),
        lists=lists,
        fields=[{"fieldName": f"field_{n}", "fieldType": "string", "description": LONG} for n in range(300)],
        members=[person(email, values) for email in PEOPLE],
        groups=[{"groupId": f"g{n}", "name": LONG} for n in range(100)],
        more={
            "created": 1,
            "errors": [{"contactId": f"c{n}", "message": LONG} for n in range(800)],
            "validation": {"invalid": [{"email": one, "status": LONG} for one in PEOPLE]},
        },
        left={"errors": [LONG] * 900},
    )


MANY: dict[str, dict[str, Any]] = CALLS | {
    "upsert_contacts": {"contacts": [{"email": one, "firstName": "P"} for one in PEOPLE], "listIds": ["Newsletter"]},
    "find_contacts": {"emails": PEOPLE, "fields": ["customFields"]},
    "delete_contacts": {"emails": PEOPLE, "confirm": "99"},
    "list_contact_lists": {"limit": 100},
    "list_custom_fields": {"limit": 100},
    "add_to_list": {"list": "Newsletter", "emails": PEOPLE},
    "remove_from_list": {"list": "Newsletter", "emails": PEOPLE},
    "delete_contact_list": {"list": "Newsletter", "confirm": "no"},
    "create_contact_list": {"name": f"List 1 {LONG[:180]}"},
    "delete_custom_field": {"fieldName": "field_1", "confirm": "no"},
}


@pytest.mark.parametrize("name", MANY)
async def test_no_answer_is_longer_than_24_000_bytes(name: str) -> None:
    async with connected(huge()) as client:
        assert set(MANY) == {tool.name for tool in (await client.list_tools()).tools}
        for more in ({}, {"dryRun": True}):
            if more and TOOLS[name].reads:
                continue
            result = await client.call_tool(name, MANY[name] | more)
            text = text_of(result)
            assert len(text.encode()) <= MOST
            assert result.is_error or answer_of(result)


@pytest.mark.parametrize("name", ["create_contact", "upsert_contact", "get_contact"])
async def test_an_answer_that_was_cut_says_so(name: str) -> None:
    async with connected(huge()) as client:
        answer = answer_of(await client.call_tool(name, MANY[name]))
    assert any(value.endswith("...") for value in answer["customFields"].values())
    assert SHORTENED in answer["notes"]


async def test_an_error_of_autosends_is_cut() -> None:
    said = {"success": False, "error": {"message": LONG * 900, "code": LONG, "details": [{"field": LONG}] * 900}}
    answering = huge()
    answering.refuses = lambda _asked: (422, said)
    async with connected(answering) as client:
        for name, arguments in MANY.items():
            assert len(error_of(await client.call_tool(name, arguments)).encode()) <= MOST


async def test_resources_are_within_the_same_bound() -> None:
    async with connected(huge()) as client:
        for uri in ("autosend://contact-lists", "autosend://custom-fields", "autosend://contact-lists/Newsletter"):
            (content,) = (await client.read_resource(uri)).contents
            assert len(content.model_dump()["text"].encode()) <= MOST


async def test_at_most_100_names_are_completed() -> None:
    async with connected(huge()) as client:
        ref = PromptReference(type="ref/prompt", name="add_people_to_list")
        completion = (await client.complete(ref, {"name": "list", "value": "list"})).completion
    assert (len(completion.values), completion.total, completion.has_more) == (100, 500, True)


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


ROWS = {
    "list_contact_lists": ("lists", "id"),
    "list_custom_fields": ("fields", "fieldName"),
    "find_contacts": ("contacts", "id"),
}


@pytest.mark.parametrize("limit", [{}, {"limit": 100}], ids=str)
@pytest.mark.parametrize(
    ("name", "arguments", "total"),
    [
        ("list_contact_lists", {}, 502),
        ("list_contact_lists", {"nameContains": "list 4"}, 111),
        ("list_custom_fields", {}, 300),
        ("find_contacts", {"list": "Newsletter"}, 100),
        ("find_contacts", {"list": "Newsletter", "fields": ["customFields"]}, 100),
    ],
)
async def test_the_pages_hold_every_row_once(
    name: str, arguments: dict[str, Any], total: int, limit: dict[str, int]
) -> None:
    rows, key = ROWS[name]
    async with connected(huge(values=2 if "fields" in arguments else 1)) as client:
        found = await pages(client, name, arguments | limit, rows)
    shown = [row[key] for page in found for row in page]
    assert len(shown) == len(set(shown)) == total
    assert all(len(page) <= limit.get("limit", 20) for page in found)


async def test_addresses_looked_up_come_in_pages_when_they_are_too_long_for_one() -> None:
    async with connected(huge(values=3)) as client:
        found = await pages(client, "find_contacts", {"emails": PEOPLE, "fields": ["customFields"]}, "contacts")
    assert [row["email"] for page in found for row in page] == PEOPLE
    assert len(found) > 1
    assert all(row["customFields"] == person("", 3)["customFields"] for page in found for row in page)


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
