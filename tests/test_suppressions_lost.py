"""A lost reply about opting out: settled by looking the groups up, else said to be unknown."""

from typing import Any

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.tools.suppression_groups.emails import NO_UNDO_LIFTED
from tests.support.line import LOST, Forward, answering, applied_then_reset, forwarded, over_a_line, reset, rewritten
from tests.support.requests import ENTRIES, SUPPRESS, UNSUPPRESS
from tests.support.seeded import JANE, seeded, wrote
from tests.support.suppressions import REFUSED, TOOLSETS, UNKNOWN, groups_of
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("tool", ["suppress_emails", "unsuppress_emails"])
@pytest.mark.parametrize("where", [{"group": "Our blog"}, {"everywhere": True}])
async def test_a_lost_reply_is_settled_by_looking_the_groups_up(name: str, tool: str, where: dict[str, Any]) -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        line.sandbox.store.suppression_groups.seed(PROJECT, "Our blog")
        if tool == "unsuppress_emails":
            answer_of(await client.call_tool("suppress_emails", {"emails": ["a@b.co"], **where}))
        request = SUPPRESS if tool == "suppress_emails" else UNSUPPRESS
        line.lose(request, LOST[name])
        answer = answer_of(await client.call_tool(tool, {"emails": ["a@b.co"], **where}))
        assert len(groups_of(line, "a@b.co")) == (1 if tool == "suppress_emails" else 0)
    assert answer["notes"][0] == "AutoSend's reply was lost; a look-up then found it done."
    assert answer["notes"][-1].startswith("There is no undo")
    assert len(line.bodies(request)) == len({str(body) for body in line.bodies(request)})


async def test_a_dry_run_of_letting_mail_through_sends_nothing() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        asked = {"emails": ["a@b.co"], "everywhere": True, "dryRun": True}
        plan = answer_of(await client.call_tool("unsuppress_emails", asked))["plan"]
        assert wrote(line) == []
    assert plan["request"] == {"method": "POST", "path": UNSUPPRESS[5:], "body": {"emails": ["a@b.co"]}}
    assert plan["then"]["body"] == {"emails": ["a@b.co"], "isGlobal": True}


async def test_when_looking_fails_too_it_is_unknown() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        line.lose(SUPPRESS, applied_then_reset)
        line.lose("POST /suppression-groups/entries", reset)
        text = error_of(await client.call_tool("suppress_emails", {"emails": ["a@b.co"], "everywhere": True}))
    assert "Looking it up failed too: whether it was applied is not known." in text


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_suppression_of_any_number_is_settled(count: int, applied: bool) -> None:
    emails = [f"p{number}@example.com" for number in range(count)]
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        line.lose(SUPPRESS, applied_then_reset if applied else reset)
        result = await client.call_tool("suppress_emails", {"emails": emails, "everywhere": True})
        assert line.count(SUPPRESS) == 1
    if applied:
        assert answer_of(result)["outcome"] == "done"
        return
    text = error_of(result)
    assert "so it was probably not applied. Calling again with the same arguments is safe" in text
    assert "not done for: " in text


async def test_a_lost_opt_in_with_entries_of_another_shape_is_unknown() -> None:
    def wrapped(body: Any) -> None:
        body["data"]["entries"] = [{"entry": entry} for entry in body["data"]["entries"]]

    async with seeded(toolsets="contacts, suppressions") as (client, line):
        line.lose("POST /suppression-groups/entries", rewritten(wrapped))
        line.lose("POST /suppression-groups/emails", reset)
        assert UNKNOWN in error_of(await client.call_tool("unsuppress_emails", {"emails": [JANE], "group": "Blog"}))


@pytest.mark.parametrize("shown", [True, False])
async def test_a_lost_opt_in_that_was_not_applied_ends_the_pair(shown: bool) -> None:
    async with over_a_line(options=Options(entries_show_global=shown), toolsets=TOOLSETS) as (client, line):
        for is_global in (True, False):
            line.sandbox.store.suppression_groups.suppress(PROJECT, ["a@b.co"], is_global=is_global)
        line.lose(UNSUPPRESS, reset)
        text = error_of(await client.call_tool("unsuppress_emails", {"emails": ["a@b.co"], "everywhere": True}))
        assert len(groups_of(line, "a@b.co")) == 2
    assert "it was not so for all of them, so it was probably not applied" in text
    assert line.count(UNSUPPRESS) == 1


@pytest.mark.parametrize("second", [reset, REFUSED])
async def test_a_half_done_pair_is_reported_as_that(second: Any) -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        for is_global in (True, False):
            line.sandbox.store.suppression_groups.suppress(PROJECT, ["a@b.co"], is_global=is_global)
        line.lose(UNSUPPRESS, forwarded, second)
        answer = answer_of(await client.call_tool("unsuppress_emails", {"emails": ["a@b.co"], "everywhere": True}))
        assert groups_of(line, "a@b.co") == ["Global suppressions"]
    assert (answer["outcome"], answer["changed"], answer["left"]) == ("partly_done", 1, ["a@b.co"])
    note, no_undo = answer["notes"]
    assert no_undo == NO_UNDO_LIFTED
    assert note.startswith(
        "They are out of the groups. Letting all mail through failed, so it is perhaps still stopped"
    )
    assert ("probably not applied" in note, '"Not allowed"' in note) == (second is reset, second is REFUSED)
    assert "Nothing changed" not in note
    assert line.count(UNSUPPRESS) == 2


async def test_an_address_among_those_of_others_is_found_page_by_page() -> None:
    many = [f"m{number}@b.co" for number in range(150)] + ["a@b.co"]
    async with over_a_line(toolsets=TOOLSETS) as (client, line):

        async def unfiltered(_forward: Forward) -> httpx2.Response:
            start = (line.bodies(ENTRIES)[-1]["page"] - 1) * 100
            rows = [{"email": email, "groupId": "AB12C"} for email in many[start : start + 100]]
            data = {"entries": rows, "pagination": {"total": len(many)}}
            return await answering(200, {"success": True, "data": data})(_forward)

        line.lose(ENTRIES, unfiltered)
        (answer,) = answer_of(await client.call_tool("get_suppression", {"emails": ["a@b.co"]}))["addresses"]
    assert (answer["suppressed"], answer["where"][0]["groupId"]) == ("everywhere", "AB12C")


@pytest.mark.parametrize(("others", "searched"), [(250, [1, 2, 3]), (600, [1, "a@b.co", "b@b.co"])])
async def test_a_lost_suppression_is_looked_up_with_the_fewest_requests(others: int, searched: list[Any]) -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        many = [f"m{number}@b.co" for number in range(others)]
        line.sandbox.store.suppression_groups.suppress(PROJECT, many, is_global=True)
        line.lose(SUPPRESS, applied_then_reset)
        answer = answer_of(
            await client.call_tool("suppress_emails", {"emails": ["a@b.co", "b@b.co"], "everywhere": True})
        )
    assert answer["outcome"] == "done"
    assert [body.get("email") or body["page"] for body in line.bodies(ENTRIES)] == searched


async def test_an_entry_that_is_no_address_keeps_nobody_else_back() -> None:
    async with seeded() as (client, line):
        line.sandbox.store.suppression_groups.seed(PROJECT, "Our blog")
        given = {"emails": ["Jane@example.com", "nobody", "a@b@c.co"], "group": "Our blog"}
        told: dict[str, dict[str, Any]] = {}
        for tool in ("suppress_emails", "unsuppress_emails"):
            told[f"{tool} plan"] = answer_of(await client.call_tool(tool, {**given, "dryRun": True}))["plan"]
            told[tool] = answer_of(await client.call_tool(tool, given))
            assert "Not one of these is an address." in error_of(
                await client.call_tool(tool, {**given, "emails": ["nobody"]})
            )
        told["get_suppression"] = answer_of(await client.call_tool("get_suppression", {"emails": given["emails"]}))
        told["delete plan"] = answer_of(
            await client.call_tool("delete_contacts", {"emails": given["emails"], "dryRun": True})
        )["plan"]
        unconfirmed = error_of(await client.call_tool("delete_contacts", {"emails": given["emails"], "confirm": "3"}))
        told["delete"] = answer_of(
            await client.call_tool("delete_contacts", {"emails": given["emails"], "confirm": JANE})
        )
    for tool, answer in told.items():
        assert [(one["row"], one["email"]) for one in answer["invalid"]] == [(2, "nobody"), (3, "a@b@c.co")], tool
    assert [told[tool]["changed"] for tool in ("suppress_emails", "unsuppress_emails")] == [1, 1]
    assert told["suppress_emails"]["outcome"] == "partly_done"
    assert line.bodies(SUPPRESS)[0]["emails"] == line.bodies(UNSUPPRESS)[0]["emails"] == [JANE]
    assert all(part in unconfirmed for part in (f'confirm: "{JANE}"', "would delete, 1 of 1", '"nobody"')), unconfirmed
    assert (told["delete"]["outcome"], told["delete"]["deleted"]) == ("partly_deleted", [JANE])
