"""Looking up what became of a write: what is found may be somebody else's, or not be all."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from tests.support.answering import Answering, Row
from tests.support.clock import clock
from tests.support.line import answering, applied_then_reset, over_a_line, reset
from tests.support.memberships import OLDER
from tests.support.requests import FIND, MEMBERS
from tests.support.seeded import JANE, seeded
from tests.support.users import DELETE_JANE
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio


FAILED = (500, {"success": False, "error": "failed"})
UNKNOWN = "hether it was applied is not known."
N = {"id": "n1", "name": "N", "type": "list"}


def failing_with(rows: list[Row], request: str, row: Row) -> Any:
    """Return a refusal of this request alone, before which somebody else makes this row."""

    def refuses(asked: str) -> tuple[int, Any] | None:
        if asked != request:
            return None
        rows.append(row)
        return FAILED

    return refuses


async def test_a_segment_of_the_name_made_meanwhile_is_not_our_list() -> None:
    lists: list[Row] = []
    made = {"id": "s1", "name": "Letters", "type": "segment"}
    world = Answering(lists=lists, refuses=failing_with(lists, "POST /contact-lists", made))
    async with connected(world) as client:
        text = error_of(await client.call_tool("create_contact_list", {"name": "Letters"}))
    assert "Another list or segment of this name was made meanwhile." in text
    assert "Nothing changed." in text


async def test_a_list_whose_time_is_not_shown_is_not_undone() -> None:
    lists: list[Row] = []
    world = Answering(lists=lists, refuses=failing_with(lists, "POST /contact-lists", {"id": "l1", "name": "Letters"}))
    async with connected(world) as client:
        answer = answer_of(await client.call_tool("create_contact_list", {"name": "Letters"}))
    assert answer["outcome"] == "created"
    assert "undo" not in answer
    assert "There is no undo: somebody else may have made it at the same time." in answer["notes"]


async def test_a_custom_field_of_another_type_made_meanwhile_is_not_ours() -> None:
    fields: list[Row] = []
    made = {"fieldName": "level", "fieldType": "number"}
    world = Answering(fields=fields, refuses=failing_with(fields, "POST /contact-properties", made))
    async with connected(world) as client:
        text = error_of(await client.call_tool("create_custom_field", {"fieldName": "level", "fieldType": "string"}))
    assert "of another type, was made meanwhile" in text


async def test_lists_that_a_created_contact_did_not_join_are_named() -> None:
    def contact(email: str) -> Row:
        return {"id": "c1", "email": email, "createdAt": datetime.fromtimestamp(clock()(), UTC).isoformat()}

    lists: list[Row] = [{"id": "l1", "name": "Letters"}]
    world = Answering(contact, lists=lists, refuses=lambda asked: FAILED if asked == "POST /contacts" else None)
    async with connected(world) as client:
        answer = answer_of(await client.call_tool("create_contact", {"email": "a@example.com", "listIds": ["Letters"]}))
    assert answer["outcome"] == "created"
    assert any('it was not in "Letters". To put it in, call add_to_list' in note for note in answer["notes"])


async def test_a_few_people_are_searched_for_in_a_long_list() -> None:
    async with over_a_line(options=OLDER) as (client, line):
        newsletter = line.sandbox.store.contact_lists.seed(PROJECT, "Letters", "list")
        rows = [{"email": f"m{number}@example.com", "listIds": [newsletter]} for number in range(350)]
        for row in rows:
            writes.create(line.sandbox.store, PROJECT, row)
        line.lose("POST /contact-lists/contacts/bulk-add", applied_then_reset)
        asked = {"list": "Letters", "emails": ["m340@example.com", "new@example.com"]}
        assert answer_of(await client.call_tool("add_to_list", asked))["outcome"] == "done"
        assert [body.get("email") for body in line.bodies(MEMBERS)] == [None, "m340@example.com", "new@example.com"]


async def test_many_people_are_found_by_reading_a_list_to_its_end() -> None:
    async with over_a_line(options=OLDER) as (client, line):
        newsletter = line.sandbox.store.contact_lists.seed(PROJECT, "Letters", "list")
        for number in range(250):
            body = {"email": f"m{number}@example.com", "listIds": [newsletter]}
            writes.create(line.sandbox.store, PROJECT, body)
        line.lose("POST /contact-lists/contacts/bulk-add", applied_then_reset)
        asked = {"list": "Letters", "emails": [f"m{number}@example.com" for number in range(0, 250, 5)]}
        assert answer_of(await client.call_tool("add_to_list", asked))["outcome"] == "done"
        assert [body["page"] for body in line.bodies(MEMBERS)] == [1, 2, 3]


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


async def test_a_contact_given_by_id_that_shows_its_lists_is_not_searched_for() -> None:
    async with over_a_line(options=Options(rate_limit=0, list_ids_in_replies=True)) as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Letters", "list")
        contact = writes.create(line.sandbox.store, PROJECT, {"email": "jane@example.com"})
        line.lose("POST /contact-lists/contacts/bulk-add", applied_then_reset)
        asked = {"list": "Letters", "contactIds": [contact["id"]]}
        assert answer_of(await client.call_tool("add_to_list", asked))["outcome"] == "done"
        assert line.count(MEMBERS) == 0


async def test_an_upsert_seen_only_by_lists_that_cannot_be_read_is_unknown() -> None:
    async with over_a_line(options=OLDER) as (client, line):
        line.sandbox.store.contact_lists.seed(PROJECT, "Letters", "list")
        writes.create(line.sandbox.store, PROJECT, {"email": "jane@example.com", "firstName": "Jane"})
        line.lose("POST /contacts/email", applied_then_reset)
        line.lose(MEMBERS, reset)
        asked = {"email": "jane@example.com", "firstName": "Jane", "listIds": ["Letters"]}
        text = error_of(await client.call_tool("upsert_contact", asked))
    assert "whether it was applied is not known" in text


async def test_a_lost_suppression_among_many_is_searched_for_or_unknown() -> None:
    suppress, entries = "POST /suppression-groups/emails/suppress", "POST /suppression-groups/entries"
    async with over_a_line(toolsets="suppressions", rate_limit=2) as (client, line):
        many = [f"m{number}@example.com" for number in range(9_600)]
        line.sandbox.store.suppression_groups.suppress(PROJECT, many, is_global=True)
        line.lose(suppress, applied_then_reset)
        asked = {"emails": ["jane@example.com"], "everywhere": True}
        assert answer_of(await client.call_tool("suppress_emails", asked))["outcome"] == "done"
        assert [body.get("email") for body in line.bodies(entries)] == ["jane@example.com"]
        line.lose(suppress, applied_then_reset)
        asked = {"emails": [f"n{number}@example.com" for number in range(100)], "everywhere": True}
        text = error_of(await client.call_tool("suppress_emails", asked))
    assert "Looking it up failed too: whether it was applied is not known." in text


async def test_a_success_that_no_search_confirms_is_unknown() -> None:
    async with seeded() as (client, line):
        rows = line.sandbox.store.contacts.find(PROJECT, [JANE])
        line.lose(FIND, answering(200, {"success": True, "data": {"contacts": rows}}))
        changed: dict[str, Any] = {"contacts": [{"email": JANE, "firstName": "X"}]}
        for tool, asked in (("upsert_contacts", changed), ("delete_contacts", DELETE_JANE)):
            text = error_of(await client.call_tool(tool, asked))
            assert UNKNOWN in text
            assert "Nothing changed" not in text
