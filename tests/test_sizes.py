"""No answer is longer than a host takes, whatever AutoSend holds; what was cut or left out is said."""

import json
from typing import Any

import pytest
from mcp import MCPError
from mcp_types import PromptReference

from autosend_mcp.models.bounds import SHORTENED, shortened
from autosend_mcp.tools.registry import TOOLS
from tests.support.answering import Answering
from tests.support.seeded import CALLS, JANE, seeded
from tests.support.sizes import LONG, MOST, PEOPLE, huge
from tests.support.worlds import answer_of, connected, error_of, text_of

pytestmark = pytest.mark.anyio


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
@pytest.mark.slow
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


@pytest.mark.slow
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


async def test_the_resource_of_writes_shows_as_many_as_fit_each_whole() -> None:
    async with seeded() as (client, _line):
        await client.call_tool("create_custom_field", {"fieldName": "bio", "fieldType": "string"})
        for number in range(4):
            rows = [{"email": one, "customFields": {"bio": f"{number}" * 150}} for one in PEOPLE[:60]]
            answer_of(await client.call_tool("upsert_contacts", {"contacts": rows}))
        (content,) = (await client.read_resource("autosend://writes")).contents
    text = content.model_dump()["text"]
    assert len(text) <= 24_000
    assert len(json.loads(text)) == 1


def test_what_cannot_be_cut_enough_is_left_out() -> None:
    data: Any = "x"
    for _ in range(7):
        data = {str(number): data for number in range(4)}
    assert shortened(data) == {}


async def test_a_contact_cut_in_a_page_says_so() -> None:
    async with connected(huge(100)) as client:
        answer = answer_of(await client.call_tool("find_contacts", {"emails": [JANE], "fields": ["customFields"]}))
    assert answer.get("notes")


async def test_more_than_can_be_read_at_once_is_answered_with_ask_for_fewer() -> None:
    async with connected(huge(100)) as client:
        for asked in ({"emails": PEOPLE}, {"list": "Newsletter", "limit": 100}):
            text = error_of(await client.call_tool("find_contacts", asked | {"fields": ["customFields"]}))
            assert "Try again in a minute." not in text


async def test_the_error_of_a_resource_is_cut() -> None:
    async with connected(Answering(lists=[{"id": "n1", "name": "N" * 400_000}])) as client:
        with pytest.raises(MCPError) as error:
            await client.read_resource("autosend://contact-lists/none")
    assert len(error.value.message) <= 24_000
