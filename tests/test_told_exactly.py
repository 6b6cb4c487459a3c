"""Odd data from AutoSend, and what is told of it: nothing in part, nothing that was not looked at."""

from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from tests.support.answering import Answering, Row
from tests.support.line import rewritten
from tests.support.seeded import JANE, JOHN, seeded
from tests.support.worlds import KEY, answer_of, connected, error_of, text_of

pytestmark = pytest.mark.anyio

N = {"id": "n1", "name": "N", "type": "list"}


async def test_a_lost_leaving_is_looked_for_behind_a_full_page_of_others() -> None:
    class Lost(Answering):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if "remove" in str(request.url):
                raise httpx2.ReadError("reset")
            return await super().handle_async_request(request)

    people: list[Row] = [{"id": str(n), "email": f"{n}{JANE}"} for n in range(120)] + [{"id": "j", "email": JANE}]
    async with connected(Lost(lists=[N], members=people)) as client:
        text = error_of(await client.call_tool("remove_from_list", {"list": "N", "emails": [JANE]}))
    assert f'still in the list: ["{JANE}"]' in text


@pytest.mark.parametrize("place", [259, 280, 295])
async def test_a_key_with_invisible_characters_between_is_not_left_in_part(place: int) -> None:
    said = {"success": False, "error": {"message": "x" * place + "\u200b".join(KEY)}}
    async with connected(Answering(refuses=lambda a: (400, said) if a == "POST /contacts" else None)) as client:
        assert KEY[:3] not in text_of(await client.call_tool("create_contact", {"email": "n@example.com"}))


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


async def test_a_value_that_only_looked_like_the_one_sent_counts_as_changed() -> None:
    async with seeded() as (client, line):
        writes.upsert(line.sandbox.store, PROJECT, {"email": JANE, "firstName": "Ja\u200bne"})
        answer = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "firstName": "Jane"}))
        assert line.count("POST /contacts/email") == 1
    assert answer["outcome"] == "updated"


async def test_a_field_whose_name_holds_an_emoji_can_be_given_and_deleted() -> None:
    name = "❤\ufe0f level"
    async with seeded() as (client, line):
        line.sandbox.store.contact_properties.define(PROJECT, name, "number")
        asked = {"email": "n@example.com", "customFields": {name: 3}}
        answer_of(await client.call_tool("create_contact", asked))
        assert line.sandbox.store.contacts.find(PROJECT, ["n@example.com"])[0]["customFields"] == {name: 3}
        answer_of(await client.call_tool("delete_custom_field", {"fieldName": name, "confirm": name}))
        assert name not in line.sandbox.store.contact_properties.types(PROJECT)


@pytest.mark.parametrize("said", [{}, {"removed": 0, "notInList": 0}])
async def test_who_is_not_counted_at_all_did_not_leave_for_all_that_is_known(said: Row) -> None:
    class Counting(Answering):
        def _data(self, asked: str, path: str, body: Row) -> Row | None:
            return said if asked.endswith("remove") else super()._data(asked, path, body)

    async with connected(Counting(lists=[N])) as client:
        text = error_of(await client.call_tool("remove_from_list", {"list": "N", "emails": [JANE, JOHN]}))
    assert "AutoSend accepted the request, but counted nobody. Whether it was applied is not known." in text


@pytest.mark.parametrize(
    "field",
    [
        {"fieldName": "plan", "fieldType": "text"},
        {"fieldName": "plan", "fieldType": "string", "description": "d" * 1200},
        {"fieldName": "pl\u200can", "fieldType": "string"},
    ],
)
async def test_a_field_that_cannot_be_defined_as_it_was_has_no_undo(field: Row) -> None:
    async with connected(Answering(fields=[field])) as client:
        answer = answer_of(await client.call_tool("delete_custom_field", {"fieldName": "plan", "confirm": "plan"}))
    assert "undo" not in answer


async def test_a_custom_field_that_was_only_sent_along_is_not_undone() -> None:
    def other(body: Any) -> None:
        body["data"]["customFields"]["logins"] = 99

    async with seeded() as (client, line):
        line.lose("POST /contacts/email", rewritten(other))
        answer = answer_of(await client.call_tool("upsert_contact", {"email": JANE, "customFields": {"plan": "free"}}))
    assert answer["undo"][0]["arguments"]["customFields"] == {"plan": "pro"}
