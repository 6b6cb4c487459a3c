"""delete_contacts: nothing without a confirm, once, and the truth about who is gone."""

from typing import Any

import httpx2
import pytest

from autosend_mcp.api.calls import Call
from autosend_mcp.api.client import AutoSend
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.settings import load_settings
from autosend_mcp.tools.contacts.delete import CAN_COME_BACK, OTHERS
from autosend_mcp.tools.context import Context
from tests.support.line import LOST, Line, answering, applied_then_reset, forwarded, over_a_line, reset, saying
from tests.support.records import snapshot
from tests.support.seeded import JANE, JOHN, seeded
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

REMOVE = "POST /contacts/remove"
DELETE = "DELETE /contacts/"
SEARCH = "POST /contacts/search"


def seed(line: Line, *names: str, **more: Any) -> list[str]:
    """Create contacts of these names; return their ids."""
    bodies = [{"email": f"{name}@example.com", "firstName": name.title(), **more} for name in names]
    return [writes.create(line.sandbox.store, PROJECT, body)["id"] for body in bodies]


def left(line: Line) -> list[str]:
    return sorted(row["email"] for row in snapshot(line.sandbox.store)["contacts"])


async def test_without_the_right_confirm_the_error_shows_who_would_go(era: str) -> None:
    async with over_a_line(era) as (client, line):
        seed(line, "ann", "bob")
        both = {"emails": ["ann@example.com", "Bob@example.com", "nobody@example.com"]}
        for confirm in ({}, {"confirm": "3"}, {"confirm": "ann@example.com"}):
            text = error_of(await client.call_tool("delete_contacts", both | confirm))
            assert "Nothing changed." in text
            assert '\nconfirm: "2"\n' in text
            assert '"email":"ann@example.com","firstName":"Ann"' in text
            assert 'not found: ["nobody@example.com"]' in text
        assert (line.count(REMOVE), line.count(DELETE)) == (0, 0)
        assert left(line) == ["ann@example.com", "bob@example.com"]


@pytest.mark.parametrize("confirm", ["2", 2, " 2 "])
async def test_several_go_in_one_request_and_are_looked_for_afterwards(confirm: Any) -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann", "bob", "carl")
        asked = {"emails": ["ann@example.com", "bob@example.com", "x@example.com"], "confirm": confirm}
        answer = answer_of(await client.call_tool("delete_contacts", asked))
        assert left(line) == ["carl@example.com"]
    assert answer == {
        "outcome": "deleted",
        "deleted": ["ann@example.com", "bob@example.com"],
        "notFound": ["x@example.com"],
        "notes": [CAN_COME_BACK],
    }
    assert line.bodies(REMOVE) == [{"emails": ["ann@example.com", "bob@example.com"]}]
    assert line.count(SEARCH) == 2


async def test_one_goes_by_its_id_confirmed_by_its_address() -> None:
    async with over_a_line() as (client, line):
        (contact_id,) = seed(line, "ann")
        asked = {"emails": ["Ann <ann@example.com>"], "confirm": "ann@example.com"}
        answer = answer_of(await client.call_tool("delete_contacts", asked))
        assert left(line) == []
    assert answer["deleted"] == ["ann@example.com"]
    assert line.count(f"DELETE /contacts/{contact_id}") == 1


async def test_ids_are_looked_up_before_they_are_deleted() -> None:
    async with over_a_line() as (client, line):
        ids = seed(line, "ann", "bob")
        text = error_of(await client.call_tool("delete_contacts", {"ids": [*ids, "f" * 24]}))
        assert 'confirm: "2"' in text
        answer = answer_of(await client.call_tool("delete_contacts", {"ids": [*ids, "f" * 24], "confirm": "2"}))
        (last,) = seed(line, "carl")
        by_id = answer_of(await client.call_tool("delete_contacts", {"ids": [last], "confirm": last}))
        assert left(line) == []
    assert answer["notFound"] == ["f" * 24]
    assert by_id["deleted"] == ["carl@example.com"]


async def test_a_user_id_is_confirmed_by_itself_and_reported_as_unknown() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann", userId="crm/7 a")
        text = error_of(await client.call_tool("delete_contacts", {"userId": "crm/7 a"}))
        assert 'not known: "who that is"' in text
        plan = answer_of(await client.call_tool("delete_contacts", {"userId": "crm/7 a", "dryRun": True}))["plan"]
        assert left(line) == ["ann@example.com"]
        asked = {"userId": "crm/7 a", "confirm": "crm/7 a"}
        assert answer_of(await client.call_tool("delete_contacts", asked))["deleted"] == ["crm/7 a"]
        assert left(line) == []
        assert "No contact has this userId. Nothing changed." in error_of(
            await client.call_tool("delete_contacts", asked)
        )
    assert plan["request"] == {"method": "DELETE", "path": "/contacts/email/userId/crm%2F7%20a"}


@pytest.mark.parametrize("asked", [{}, {"emails": ["a@b.co"], "userId": "u"}, {"emails": []}, {"ids": ["x"] * 21}])
async def test_it_must_be_clear_who_is_meant(asked: dict[str, Any]) -> None:
    async with over_a_line() as (client, line):
        text = error_of(await client.call_tool("delete_contacts", asked))
    assert "The arguments are not valid." in text
    assert line.seen == []


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
    assert all("changed." in text for text in texts[1:])
    assert line.seen == []


async def test_a_caller_without_a_user_asks_nobody() -> None:
    assert await Context(Call(AutoSend(load_settings()))).ask("Delete?", []) == "not_asked"


async def test_nobody_is_reported_as_nobody() -> None:
    async with over_a_line() as (client, line):
        text = error_of(await client.call_tool("delete_contacts", {"emails": ["a@b.co"], "confirm": "a@b.co"}))
    assert text.startswith("None of these is a contact. Nothing changed. There is nothing to delete.")
    assert line.count(DELETE) == 0


async def test_a_dry_run_shows_the_request_and_who_would_go() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann", "bob")
        asked = {"emails": ["ann@example.com", "bob@example.com", "x@example.com"], "dryRun": True}
        plan = answer_of(await client.call_tool("delete_contacts", asked))["plan"]
        assert len(left(line)) == 2
    assert plan["request"]["body"] == {"emails": ["ann@example.com", "bob@example.com"]}
    assert (plan["count"], plan["notFound"]) == (2, ["x@example.com"])


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("names", [["ann"], ["ann", "bob"]])
async def test_an_applied_deletion_whose_reply_is_lost_is_verified_not_repeated(name: str, names: list[str]) -> None:
    async with over_a_line() as (client, line):
        seed(line, *names)
        line.lose(REMOVE, LOST[name])
        line.lose(DELETE, LOST[name])
        emails = [f"{one}@example.com" for one in names]
        confirm = emails[0] if len(names) == 1 else "2"
        answer = answer_of(await client.call_tool("delete_contacts", {"emails": emails, "confirm": confirm}))
        assert left(line) == []
    assert answer["deleted"] == emails
    assert answer["notes"] == ["AutoSend's reply was lost; a look-up then found them gone."]
    assert line.count(REMOVE) + line.count(DELETE) == 1


async def test_a_lost_deletion_that_was_not_applied_is_reported_as_that() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann")
        line.lose(DELETE, reset)
        asked = {"emails": ["ann@example.com"], "confirm": "ann@example.com"}
        text = error_of(await client.call_tool("delete_contacts", asked))
    assert "these were still there, so it was probably not applied" in text
    assert 'confirm: "ann@example.com"' in text
    assert 'still there: ["ann@example.com"]' in text
    assert line.count(DELETE) == 1


async def test_when_the_look_up_fails_too_it_is_unknown() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann")
        line.lose(DELETE, applied_then_reset)
        line.lose(SEARCH, forwarded, reset)
        asked = {"emails": ["ann@example.com"], "confirm": "ann@example.com"}
        text = error_of(await client.call_tool("delete_contacts", asked))
    assert "whether it was applied is not known" in text
    assert "Calling delete_contacts again is safe" in text


async def test_a_lost_deletion_by_user_id_is_not_repeated_without_the_user() -> None:
    async with over_a_line() as (client, line):
        line.lose(DELETE, applied_then_reset)
        text = error_of(await client.call_tool("delete_contacts", {"userId": "u", "confirm": "u"}))
    assert "Whether it was applied is not known." in text
    assert "Do not call again by yourself" in text


async def test_those_that_autosend_left_are_reported(era: str) -> None:
    async with over_a_line(era) as (client, line):
        ids = seed(line, "ann", "bob")
        emails = ["ann@example.com", "bob@example.com"]

        async def one_only(_forward: Any) -> Any:
            line.sandbox.store.contacts.delete_by_id(PROJECT, ids[0])
            return await answering(200, {"success": True})(_forward)

        line.lose(REMOVE, one_only)
        answer = answer_of(await client.call_tool("delete_contacts", {"emails": emails, "confirm": "2"}))
        line.lose(DELETE, answering(200, {"success": True, "message": "Contact deleted successfully"}))
        asked = {"emails": emails[1:], "confirm": emails[1]}
        text = error_of(await client.call_tool("delete_contacts", asked))
    assert answer == {"outcome": "partly_deleted", "deleted": emails[:1], "notDeleted": emails[1:]}
    assert "AutoSend said that it deleted them, but a look-up still shows them all. Whether it was applied" in text


async def test_a_deletion_that_could_not_be_checked_says_so() -> None:
    async with over_a_line() as (client, line):
        seed(line, "ann")
        line.lose(SEARCH, forwarded, reset)
        asked = {"emails": ["ann@example.com"], "confirm": "ann@example.com"}
        answer = answer_of(await client.call_tool("delete_contacts", asked))
    assert answer["notes"] == ["AutoSend said that it deleted them; looking them up afterwards failed."]


async def test_a_404_of_a_deletion_that_cannot_be_checked_is_no_deletion() -> None:
    async with seeded() as (client, line):
        line.lose("POST /contacts/remove", answering(404, {"success": False, "error": {"message": "not found"}}))
        line.lose(SEARCH, forwarded, reset)
        error_of(await client.call_tool("delete_contacts", {"emails": [JANE, JOHN], "confirm": "2"}))
        assert len(line.sandbox.store.contacts.find(PROJECT, [JANE, JOHN])) == 2


@pytest.mark.parametrize(("status", "gone"), [(404, True), (500, False), (403, False)])
async def test_a_contact_that_went_meanwhile_is_gone_and_a_refusal_is_a_refusal(status: int, gone: bool) -> None:
    async with over_a_line() as (client, line):
        (contact_id,) = seed(line, "ann")

        async def vanish(forward: Any) -> Any:
            if gone:
                line.sandbox.store.contacts.delete_by_id(PROJECT, contact_id)
            return await answering(status, {"success": False, "error": {"message": "no"}})(forward)

        line.lose(DELETE, vanish)
        asked = {"emails": ["ann@example.com"], "confirm": "ann@example.com"}
        result = await client.call_tool("delete_contacts", asked)
        assert left(line) == ([] if gone else ["ann@example.com"])
    assert result.is_error is not gone


async def test_a_namesake_in_other_letters_is_not_the_contact_that_went() -> None:
    here = {"A": "Jane@example.com", "B": JANE}

    class Twins(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.method == "DELETE":
                del here[request.url.path.rpartition("/")[2]]
            return saying(
                200, {"success": True, "data": {"contacts": [{"id": i, "email": e} for i, e in here.items()]}}
            )

    async with connected(Twins()) as client:
        answer = answer_of(await client.call_tool("delete_contacts", {"emails": [JANE], "confirm": "Jane@example.com"}))
    assert (answer["outcome"], here) == ("deleted", {"B": JANE})
    assert answer["notes"] == [f'{OTHERS} ["{JANE}"].']
