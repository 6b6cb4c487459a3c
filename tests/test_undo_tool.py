"""The tool `undo` takes back what a write changed, once, and leaves what somebody has changed since."""

import json
import re
import shlex
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import httpx2
import pytest
from mcp import Client

from autosend_mcp.cli.main import main
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contact_lists.membership import bulk_add
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.store import Store
from autosend_mcp.server.app import ALL_TOOLS
from autosend_mcp.tools.undoing.undo import ALREADY, NOTHING_LEFT
from manifests.examples import EXAMPLES
from tests.support.line import Forward, applied_then_reset, forwarded, reset
from tests.support.records import lasting, members_of
from tests.support.requests import UPSERT
from tests.support.seeded import ANN, EVERY, JANE, JOHN, fact, held, seeded, wrote
from tests.support.undo import undone
from tests.support.users import User
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

NEW = "new@example.com"
PRO = {"email": JANE, "customFields": {"plan": "pro"}}
# What leaves something behind: AutoSend does not show what was there, or has deleted it.
NO_UNDO = {"delete_contacts", "delete_contact_list", "delete_suppression_group", "start_import", "undo", "stop_import"}
WRITES = [name for name, tool in ALL_TOOLS.items() if not tool.reads and name not in NO_UNDO]


async def made(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    return answer_of(await client.call_tool(tool, arguments))


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_is_taken_back_once_by_a_short_reference(name: str, era: str) -> None:
    async with seeded(era, toolsets=EVERY) as (client, line):
        before = lasting(held(line))
        answer = answer_of(await client.call_tool(name, EXAMPLES[name]))
        assert re.fullmatch(r"\d+[a-z]{3}", answer["undo"])
        back = await undone(client, answer)
        after = lasting(held(line))
        requests = len(line.seen)
        again = answer_of(await client.call_tool("undo", {"write": f"undo {answer['undo'].upper()}"}))
        assert len(line.seen) == requests
    created = {"add_to_list": {NEW}, "delete_custom_field": set[str]()}.get(name, set())
    for table in ("contacts", "lists", "members", "fields"):
        rows = [row for row in after[table] if not any(email in row for email in created)]
        assert name == "delete_custom_field" or sorted(before[table].elements()) == sorted(rows)
    assert (back["outcome"], back["write"]["tool"]) == ("undone", name)
    assert (again["outcome"], again["notes"]) == ("unchanged", [ALREADY])


READING = ("GET ", "POST /contacts/search/", "POST /contact-lists/contacts/search", "POST /suppression-groups/entries")


@pytest.mark.parametrize("name", WRITES)
async def test_an_undo_reads_nothing_twice_before_it_writes(name: str) -> None:
    async with seeded(toolsets=EVERY) as (client, line):
        answer = answer_of(await client.call_tool(name, EXAMPLES[name]))
        line.seen.clear()
        asked = {"write": answer["undo"]}
        if (result := await client.call_tool("undo", asked)).is_error:
            line.seen.clear()
            result = await client.call_tool("undo", asked | {"confirm": fact(result, "confirm")})
        assert not result.is_error
    reads = [*takewhile(lambda one: one[0].startswith(READING), line.seen)]
    assert reads == [one for number, one in enumerate(reads) if one not in reads[:number]]


async def test_what_an_undo_read_before_a_question_is_read_again_after_it() -> None:
    async with seeded("legacy", asked=User("accept")) as (client, line):
        answer = await made(client, "create_contact_list", name="Made")
        line.seen.clear()
        await made(client, "undo", write=answer["undo"], confirm="Made")
    assert [asked for asked, _ in line.seen if asked.endswith("/contact-lists")] == ["GET /contact-lists"] * 2


def renamed(store: Store) -> None:
    writes.upsert(store, PROJECT, {"email": JANE, "firstName": "Since"})


def newcomer_renamed(store: Store) -> None:
    writes.upsert(store, PROJECT, {"email": NEW, "firstName": "Since"})


def deleted(email: str) -> Callable[[Store], None]:
    def delete(store: Store) -> None:
        store.contacts.delete(PROJECT, store.contacts.find(PROJECT, [email]))

    return delete


def another(store: Store) -> None:
    deleted(NEW)(store)
    writes.create(store, PROJECT, {"email": NEW, "firstName": "Nia"})


def list_filled(store: Store) -> None:
    (row,) = [row for row in store.contact_lists.all(PROJECT) if row["name"] == "Made"]
    bulk_add(store, PROJECT, {"contactListId": row["id"], "emails": [ANN]})


def group_used(store: Store) -> None:
    (row,) = [row for row in store.suppression_groups.all(PROJECT) if row["name"] == "Made"]
    store.suppression_groups.suppress(PROJECT, [ANN], row["groupId"])


BOTH = {"contacts": [{"email": JANE, "firstName": "J"}, {"email": JOHN, "firstName": "J"}]}
# A write, what somebody does since, and what of the write is left as it is then.
SINCE: list[tuple[str, dict[str, Any], Callable[[Store], None], str]] = [
    ("create_contact", {"email": NEW, "firstName": "Nia"}, newcomer_renamed, "changed since: firstName"),
    ("create_contact", {"email": NEW, "firstName": "Nia"}, another, "another contact has this address now"),
    ("upsert_contact", {"email": NEW, "firstName": "Nia"}, newcomer_renamed, "changed since: firstName"),
    ("upsert_contact", {"email": JANE, "firstName": "J", "lastName": "D"}, renamed, "changed since: firstName"),
    ("upsert_contact", {"email": JANE, "firstName": "J"}, deleted(JANE), "is no contact any more"),
    ("upsert_contacts", BOTH, renamed, "changed since: firstName"),
    ("upsert_contacts", {"contacts": [{"email": NEW, "firstName": "Nia"}]}, newcomer_renamed, "changed since: first"),
    ("remove_from_list", {"list": "Newsletter", "emails": [JANE, JOHN]}, deleted(JANE), "is no contact any more"),
    ("create_contact_list", {"name": "Made"}, list_filled, "people were put in since"),
    ("create_suppression_group", {"name": "Made"}, group_used, "somebody opted out since"),
]


@pytest.mark.parametrize(("tool", "arguments", "since", "why"), SINCE)
async def test_what_has_changed_since_is_left_as_it_is(
    tool: str, arguments: dict[str, Any], since: Callable[[Store], None], why: str
) -> None:
    async with seeded(toolsets=EVERY) as (client, line):
        answer = answer_of(await client.call_tool(tool, arguments))
        since(line.sandbox.store)
        before = held(line)
        plan = (await made(client, "undo", write=answer["undo"], dryRun=True))["plan"]
        assert held(line) == before
        back = await undone(client, answer)
        rows = {row["email"]: row for row in line.sandbox.store.contacts.all(PROJECT)}
        after = held(line)
    (left,) = back["left"]
    assert plan["left"] == back["left"]
    assert left["why"].startswith(why)
    assert rows.get(JANE, {}).get("firstName", "Jane") in {"Jane", "Since"}
    assert rows[JOHN]["firstName"] == "John"
    assert rows.get(JANE, {}).get("lastName") is None
    assert (NEW in rows) is any(row["email"] == NEW for row in before["contacts"])
    assert {row["email"] for row in after["contacts"]} <= {row["email"] for row in before["contacts"]}
    assert {row["name"] for row in after["lists"]} == {row["name"] for row in before["lists"]}


async def test_somebody_may_have_taken_it_back_meanwhile() -> None:
    async with seeded() as (client, line):
        answer = await made(client, "upsert_contact", email=JANE, firstName="J")
        writes.upsert(line.sandbox.store, PROJECT, {"email": JANE, "firstName": "Jane"})
        back = await undone(client, answer)
        assert wrote(line) == ["POST /contacts/email"]
    assert (back["outcome"], back["notes"], "left" in back) == ("unchanged", [NOTHING_LEFT], False)


@pytest.mark.parametrize("reference", ["7", "1abc", "create_contact", "9999xyz"])
async def test_an_unknown_reference_is_said_to_be_of_another_process(reference: str) -> None:
    async with seeded() as (client, line):
        answer = await made(client, "upsert_contact", email=JANE, firstName="J")
        requests = len(line.seen)
        text = error_of(await client.call_tool("undo", {"write": reference}))
        assert len(line.seen) == requests
        async with connected(line) as restarted:
            assert error_of(await restarted.call_tool("undo", {"write": answer["undo"]})) == text
    assert "nothing was undone" in text
    assert "change it back as the answer of that write shows it" in text


@pytest.mark.parametrize("says", ["accept", "decline"])
async def test_what_an_undo_deletes_is_shown_confirmed_and_asked_for(says: Any, era: str) -> None:
    user = User(says)
    async with seeded(era, asked=user) as (client, line):
        answer = await made(client, "create_contact", email=NEW, firstName="Nia")
        refusal = await client.call_tool("undo", {"write": answer["undo"]})
        assert (fact(refusal, "confirm"), fact(refusal, "would delete, 1 of 1")[0]["firstName"]) == (NEW, "Nia")
        result = await client.call_tool("undo", {"write": answer["undo"], "confirm": NEW})
        gone = not line.sandbox.store.contacts.find(PROJECT, [NEW])
    assert gone is (says == "accept") is not result.is_error
    assert user.seen == [f'Delete contact "{NEW}" from AutoSend? This cannot be undone.']


LEAVE = "POST /contact-lists/"


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_reply_within_an_undo_is_settled(applied: bool) -> None:
    async with seeded() as (client, line):
        answer = await made(client, "upsert_contact", email=JANE, firstName="J")
        line.lose(UPSERT, applied_then_reset if applied else reset, forwarded)
        result = await client.call_tool("undo", {"write": answer["undo"]})
        if not applied:
            text = error_of(result)
            assert "probably not applied. Calling undo again is safe: it does what is left to do." in text
            assert line.count(UPSERT) == 2
        back = await undone(client, answer) if not applied else answer_of(result)
        assert line.sandbox.store.contacts.find(PROJECT, [JANE])[0]["firstName"] == "Jane"
    assert back["outcome"] == "undone"


async def test_the_part_that_failed_is_said_and_done_by_the_next_undo() -> None:
    async with seeded() as (client, line):
        answer = await made(client, "upsert_contact", email=JANE, firstName="J", listIds=["Offers"])
        (offers,) = [row["id"] for row in line.sandbox.store.contact_lists.all(PROJECT) if row["name"] == "Offers"]

        async def refused(_forward: Forward) -> httpx2.Response:
            raise httpx2.ConnectError("refused")

        line.lose(f"{LEAVE}{offers}/contacts/remove", refused)
        first = await undone(client, answer)
        line.faults = {}
        second = await undone(client, answer)
        assert members_of(line.sandbox.store, offers) == []
    assert (first["outcome"], first["left"][0]["tool"]) == ("partly_undone", "remove_from_list")
    assert [one["tool"] for one in second["did"]] == ["remove_from_list"]


async def test_the_dry_run_of_a_long_undo_is_short_and_goes_on_page_by_page() -> None:
    new = [f"p{number}@example.com" for number in range(60)]
    rows = [{"email": email} for email in new] + [{"email": one, "firstName": "X"} for one in (JANE, JOHN, ANN)]
    async with seeded() as (client, _):
        answer = await made(client, "upsert_contacts", contacts=rows)
        plan = await made(client, "undo", write=answer["undo"], dryRun=True)
        first, seen = plan, list[str]()
        while True:
            seen += plan["plan"]["calls"][0]["wouldDelete"]
            if "nextCursor" not in plan:
                break
            plan = await made(client, "undo", write=answer["undo"], dryRun=True, cursor=plan["nextCursor"])
    deletes, updates = first["plan"]["calls"]
    assert (seen, len(deletes["wouldDelete"]), deletes["counts"]["wouldDelete"]) == (new, 5, 60)
    assert {*updates["wouldUpdate"]} == {JANE, JOHN, ANN}
    assert len(json.dumps(first)) < 900


async def test_the_undo_of_an_import_is_refused_with_what_can_be_done() -> None:
    async with seeded(toolsets=EVERY) as (client, line):
        done = await made(client, "start_import", text=f"email\n{NEW}\n")
        requests = len(line.seen)
        text = error_of(await client.call_tool("undo", {"write": done["importId"]}))
        assert len(line.seen) == requests
    assert "This is an import, which has no undo" in text
    assert "Nothing was sent, and nothing was undone." in text


async def test_an_undo_can_be_undone_and_reaches_tools_that_are_not_offered() -> None:
    async with seeded(toolsets="contacts") as (client, line):
        asked = EXAMPLES["upsert_contact"]
        answer = answer_of(await client.call_tool("upsert_contact", asked))
        state = lasting(held(line))
        again = await undone(client, await undone(client, answer))
        assert lasting(held(line))["contacts"] == state["contacts"]
        assert sorted(lasting(held(line))["members"]) == sorted(state["members"])
    assert [one["tool"] for one in again["did"]] == ["add_to_list", "upsert_contact"]


def test_at_the_shell_undo_is_the_command_that_takes_it_back(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "it's here.sqlite3")
    made = ["create_custom_field", "--fieldName", "plan", "--fieldType", "string"]
    assert main(["call", "--sandbox", file, *made]) == 0
    capsys.readouterr()
    created = ["create_contact", "--email", "o'neil@example.com"]
    assert main(["call", "--sandbox", file, "--json", *created]) == 0
    answer = capsys.readouterr().out
    words = shlex.split(json.loads(answer)["structuredContent"]["undo"])
    assert words[0] == "autosend-mcp"
    assert main(words[1:]) == 1
    assert 'confirm: "o\'neil@example.com"' in capsys.readouterr().err
    assert main(["call", *created, "--sandbox"]) == 0
    assert '"undo"' not in capsys.readouterr().out


def _delete_contact(store: Store) -> None:
    store.contacts.delete_by_emails(PROJECT, [NEW], all_or_none=False)


def _make_again(store: Store) -> None:
    _delete_contact(store)
    writes.create(store, PROJECT, {"email": NEW})


@pytest.mark.parametrize(
    ("tool", "arguments", "happens"),
    [
        ("create_contact", {"email": NEW}, _delete_contact),
        ("create_contact", {"email": NEW}, _make_again),
        ("create_suppression_group", {"name": "Weekly"}, "deleted"),
        ("update_suppression_group", {"group": "Blog", "name": "Our blog"}, "deleted"),
        ("create_contact_list", {"name": "Fresh"}, "deleted"),
        ("create_custom_field", {"name": "size", "type": "number"}, "deleted"),
    ],
)
async def test_what_is_gone_or_another_is_left_alone_by_an_undo(
    tool: str, arguments: dict[str, Any], happens: Callable[[Store], None] | str
) -> None:
    async with seeded(toolsets=EVERY) as (client, line):
        answer = answer_of(await client.call_tool(tool, arguments))
        store = line.sandbox.store
        if callable(happens):
            happens(store)
        else:
            delete = {
                "create_contact_list": ("delete_contact_list", {"list": "Fresh", "confirm": "Fresh"}),
                "create_custom_field": ("delete_custom_field", {"name": "size", "confirm": "size"}),
                "create_suppression_group": ("delete_suppression_group", {"group": "Weekly", "confirm": "Weekly"}),
                "update_suppression_group": ("delete_suppression_group", {"group": "Our blog", "confirm": "Our blog"}),
            }[tool]
            await client.call_tool(*delete)
        before = lasting(held(line))
        sent = len(wrote(line))
        left = await client.call_tool("undo", {"write": answer["undo"]})
        assert lasting(held(line)) == before
        assert len(wrote(line)) == sent
    assert left.is_error or answer_of(left)["outcome"] == "unchanged"
