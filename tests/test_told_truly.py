"""What is told of a call is what happened: doubts stay doubts, nothing leaves after its end, and every call ends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, TextResourceContents

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.server.app import open_server
from autosend_mcp.server.in_flight import FINISHED, IN_DOUBT, InFlightWrites
from autosend_mcp.server.results import UNSEEN
from autosend_mcp.tools.contact_lists.resolve import UNCHECKED as LISTS_UNCHECKED
from tests.support.answering import Answering, Row
from tests.support.line import Forward, Line, answering, applied_then_reset, forwarded, reset, rewritten, saying
from tests.support.line import applied_then_silence as hang
from tests.support.seeded import JANE, JOHN, seeded, seeded_sandbox, wrote
from tests.support.worlds import KEY, answer_of, autosend_over, connected, error_of, text_of
from tests.test_elicitation import ONE, User, asked_by_hand, question_of, yes

pytestmark = pytest.mark.anyio

ADD, BULK = "POST /contact-lists/contacts/bulk-add", "POST /contacts/bulk-update"
MEMBERS, SEARCH = "POST /contact-lists/contacts/search", "POST /contacts/search/emails"
BATCH: dict[str, Any] = {"contacts": [{"email": JANE, "firstName": "X"}], "listIds": ["Offers", "Newsletter"]}
UNKNOWN = "hether it was applied is not known."
NEWSLETTER = {"id": "n1", "name": "N", "type": "list"}


class Held:
    def __init__(self) -> None:
        self.arrived, self.go_on = anyio.Event(), anyio.Event()

    async def __call__(self, forward: Forward) -> httpx2.Response:
        self.arrived.set()
        await self.go_on.wait()
        return await forward()


def after(seconds: float, then: Any = None) -> Any:
    """Answered after so many seconds."""

    async def answer(forward: Forward) -> httpx2.Response:
        await anyio.sleep(seconds)
        return await (then(forward) if then else forward())

    return answer


@asynccontextmanager
async def process() -> AsyncGenerator[tuple[Client, Line, InFlightWrites]]:
    """Return a client, the line, and the writes of the process, which can be told to end."""
    line = Line(seeded_sandbox())
    async with open_server(autosend_over(line)) as (server, writes), Client(server, cache=None) as client:
        yield client, line, writes
    line.sandbox.close()


@pytest.mark.parametrize("end", ["close", "cancel"])
async def test_a_lost_update_stays_unknown_when_joining_is_refused_at_the_end(end: str) -> None:
    told, arrived = list[str](), anyio.Event()

    async def limited(_forward: Forward) -> httpx2.Response:
        arrived.set()
        return saying(429, {"success": False, "error": {"message": "slow down", "retryAfter": 0.1}})

    async with process() as (client, line, writes):
        line.lose(BULK, applied_then_reset)
        line.lose(ADD, limited)

        async def call() -> None:
            told.append(text_of(await client.call_tool("upsert_contacts", BATCH)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await arrived.wait()
            await anyio.wait_all_tasks_blocked()
            if end == "close":
                await writes.close()
            else:
                tasks.cancel_scope.cancel()
        await writes.all_done()
        assert line.count(ADD) == 1
        (jane,) = line.sandbox.store.contacts.find(PROJECT, [JANE])
        if end == "cancel":
            line.lose(ADD, forwarded)
            await call()
            assert FINISHED in told[0] or IN_DOUBT in told[0]
    assert jane["firstName"] == "X"
    assert "Nothing changed" not in told[0]
    assert "Nothing was sent" not in told[0]


@pytest.mark.parametrize("end", ["close", "cancel"])
async def test_a_call_ended_while_its_update_is_in_flight_joins_nobody(end: str) -> None:
    update = Held()
    async with process() as (client, line, writes):
        line.lose(BULK, update)
        async with anyio.create_task_group() as call, anyio.create_task_group() as ending:
            call.start_soon(client.call_tool, "upsert_contacts", BATCH)
            await update.arrived.wait()
            if end == "close":
                ending.start_soon(writes.close)
            else:
                call.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.wait_all_tasks_blocked()
                update.go_on.set()
        await writes.all_done()
        assert wrote(line) == [BULK]


async def test_a_404_of_a_deletion_that_cannot_be_checked_is_no_deletion() -> None:
    async with seeded() as (client, line):
        line.lose("POST /contacts/remove", answering(404, {"success": False, "error": {"message": "not found"}}))
        line.lose(SEARCH, forwarded, reset)
        error_of(await client.call_tool("delete_contacts", {"emails": [JANE, JOHN], "confirm": "2"}))
        assert len(line.sandbox.store.contacts.find(PROJECT, [JANE, JOHN])) == 2


async def test_a_lost_removal_that_was_not_applied_is_never_reported_as_done() -> None:
    def in_unicode(body: Any) -> None:
        body["data"]["contacts"][0]["email"] = "jane@bücher.example"

    def wrapped(body: Any) -> None:
        body["data"]["contacts"] = [{"contact": row} for row in body["data"]["contacts"]]

    other = "jane@xn--bcher-kva.example"
    async with seeded() as (client, line):
        answer_of(await client.call_tool("create_contact", {"email": other, "listIds": ["Newsletter"]}))
        for email, change, said in (
            (other, in_unicode, "some were still in the list, so it was probably not applied"),
            (JANE, wrapped, UNKNOWN),
        ):
            line.faults = {MEMBERS: [rewritten(change)], "POST /contact-lists/": [reset]}
            text = error_of(await client.call_tool("remove_from_list", {"list": "Newsletter", "emails": [email]}))
            assert said in text


async def test_a_lost_opt_in_with_entries_of_another_shape_is_unknown() -> None:
    def wrapped(body: Any) -> None:
        body["data"]["entries"] = [{"entry": entry} for entry in body["data"]["entries"]]

    async with seeded(toolsets="contacts, suppressions") as (client, line):
        line.lose("POST /suppression-groups/entries", rewritten(wrapped))
        line.lose("POST /suppression-groups/emails", reset)
        assert UNKNOWN in error_of(await client.call_tool("unsuppress_emails", {"emails": [JANE], "group": "Blog"}))


async def test_a_success_that_no_search_confirms_is_unknown() -> None:
    async with seeded() as (client, line):
        rows = line.sandbox.store.contacts.find(PROJECT, [JANE])
        line.lose(SEARCH, answering(200, {"success": True, "data": {"contacts": rows}}))
        for tool, asked in (("upsert_contacts", {"contacts": BATCH["contacts"]}), ("delete_contacts", ONE)):
            text = error_of(await client.call_tool(tool, asked))
            assert UNKNOWN in text
            assert "Nothing changed" not in text


@pytest.mark.parametrize("dots", [".", ".."])
async def test_an_id_of_dots_is_refused_for_it_names_another_path(dots: str) -> None:
    by_user: dict[str, Any] = {"userId": dots, "confirm": dots}
    async with seeded() as (client, line):
        texts = [
            error_of(await client.call_tool("get_contact", {"id": dots})),
            error_of(await client.call_tool("delete_contacts", {"ids": [dots], "confirm": dots})),
            error_of(await client.call_tool("delete_contacts", by_user)),
            error_of(await client.call_tool("delete_contacts", by_user | {"dryRun": True})),
        ]
    assert all("Nothing changed." in text for text in texts)
    assert line.seen == []


async def test_a_dry_run_says_that_it_leaves_out_what_cannot_be_seen() -> None:
    search, told = Held(), list[list[str]]()
    asked = {"email": "new@example.com", "firstName": "Ali\u200cReza", "dryRun": True}
    async with seeded() as (client, line):
        line.lose(SEARCH, search)

        async def call() -> None:
            told.append(answer_of(await client.call_tool("create_contact", asked))["notes"])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await search.arrived.wait()
            tasks.start_soon(call)
            await anyio.wait_all_tasks_blocked()
            search.go_on.set()
    assert [UNSEEN in notes for notes in told] == [True, True]
    assert all("request" not in note for notes in told for note in notes)


async def test_a_call_ends_in_its_45_s_and_still_looks_its_write_up() -> None:
    async def late(_context: ClientRequestContext, _params: ElicitRequestParams) -> ElicitResult:
        await anyio.sleep(19.5)
        return ElicitResult(action="accept", content={})

    async def ask() -> None:
        async with seeded("legacy", asked=late) as (client, line):
            line.lose(SEARCH, hang, hang, after(7.5), hang)
            line.lose("DELETE /contacts/", hang)
            with anyio.fail_after(45):
                assert "changed" in error_of(await client.call_tool("delete_contacts", ONE))

    async def make() -> None:
        async with seeded() as (client, line):
            line.faults = {
                "GET /contact-lists": [hang, hang, forwarded],
                "POST /": [after(10.5, applied_then_reset)],
            }
            answer = answer_of(await client.call_tool("create_contact_list", {"name": "Fresh"}))
            assert answer["notes"] == ["AutoSend's reply was lost; a look-up then found it there."]

    async def read(client: Client, delay: float) -> None:
        await anyio.sleep(delay)
        with anyio.fail_after(45):
            assert "Looking up changes nothing." in error_of(await client.call_tool("list_contact_lists", {}))

    async with seeded() as (client, line), anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(make)
        line.lose("GET /", hang)
        for delay in (0.0, 1.5, 3.0):
            tasks.start_soon(read, client, delay)


async def test_ten_calls_side_by_side_read_the_lists_once() -> None:
    async with seeded() as (client, line):
        line.lose("GET /contact-lists", after(1))
        async with anyio.create_task_group() as tasks:
            for n in range(10):
                asked = {"email": f"n{n}@example.com", "listIds": ["Newsletter"]}
                tasks.start_soon(client.call_tool, "create_contact", asked)
        assert (line.count("GET /contact-lists"), len(wrote(line))) == (1, 10)


async def test_lists_that_cannot_be_read_stop_no_write_by_id_but_every_deletion() -> None:
    ids = [f"507f1f77bcf86cd7994390{n:02}" for n in range(30)]
    async with seeded(rate_limit=100) as (client, line):
        line.lose("GET /contact-lists", answering(500, {"success": False}))
        answer = answer_of(await client.call_tool("create_contact", {"email": "n@example.com", "listIds": ids}))
        for more in ({}, {"confirm": ids[0]}):
            error_of(await client.call_tool("delete_contact_list", {"list": ids[0]} | more))
        assert wrote(line) == ["POST /contacts"]
    assert LISTS_UNCHECKED in answer["notes"]


async def test_a_yes_counts_once_also_for_a_contact_made_anew() -> None:
    async with seeded(asked=User()) as (client, line):
        first = await asked_by_hand(client, ONE)
        again = {"input_responses": yes(first), "request_state": first.request_state}
        answer_of(await asked_by_hand(client, ONE, **again))
        answer_of(await client.call_tool("create_contact", {"email": JANE}))
        assert JANE in question_of(await asked_by_hand(client, ONE, **again))
        assert len(line.sandbox.store.contacts.find(PROJECT, [JANE])) == 1


@pytest.mark.parametrize("name", ["logicalOperator", "field", "fieldType", "operator"])
async def test_a_list_in_place_of_a_text_in_a_condition_is_refused_with_a_line(name: str) -> None:
    group: Row = {"field": "plan", "fieldType": "string", "operator": "equals", "value": "x"} | {name: ["x"]}
    criteria: Row = {"logicalOperator": ["AND"] if name == "logicalOperator" else "AND", "groups": [group]}
    async with seeded() as (client, line):
        asked = {"name": "S", "type": "segment", "filterCriteria": criteria}
        assert "\n- filterCriteria: " in error_of(await client.call_tool("create_contact_list", asked))
    assert line.seen == []


async def test_a_key_in_escapes_is_taken_out_before_a_long_text_is_cut() -> None:
    said = ""
    autosend = Answering(refuses=lambda asked: (400, said) if asked == "POST /contacts" else None)
    async with connected(autosend) as client:
        for escaped in (f"\\u0041{KEY[1:]}", "".join(f"\\u{ord(char):04X}" for char in KEY)):
            for place in range(256, 304, 4):
                said = f'{{"success":false,"error":{{"message":"{"x" * place}{escaped}","details":[{{"field":"f"}}]}}}}'
                text = error_of(await client.call_tool("create_contact", {"email": "n@example.com"}))
                assert "AutoSend said" in text
                assert KEY[:3] not in text


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
