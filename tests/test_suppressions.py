"""The opt-in toolset of suppression: who is unsubscribed, from what, and the truth when the reply is lost."""

from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from tests.support.line import LOST, Line, applied_then_reset, over_a_line, reset, rewritten
from tests.support.seeded import JANE, seeded
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio

TOOLSETS = "contacts, suppressions"
SUPPRESS = "POST /suppression-groups/emails/suppress"
UNSUPPRESS = "POST /suppression-groups/emails/unsuppress"
UNKNOWN = "hether it was applied is not known."


def groups_of(line: Line, email: str) -> list[str]:
    return [group["name"] for group in line.sandbox.store.suppression_groups.of(PROJECT, email)]


async def test_people_are_unsubscribed_from_a_group_and_subscribed_again(era: str) -> None:
    async with over_a_line(era, toolsets=TOOLSETS) as (client, line):
        group_id = line.sandbox.store.suppression_groups.seed(PROJECT, "Our blog")
        answer_of(await client.call_tool("create_contact", {"email": "ann@example.com"}))
        groups = answer_of(await client.call_tool("list_suppression_groups", {}))["groups"]
        asked = {"emails": ["Ann@example.com"], "group": "Our blog", "reason": "asked"}
        done = answer_of(await client.call_tool("suppress_emails", asked))
        shown = {"email": "ann@example.com", "unsubscribeGroups": True}
        contact = answer_of(await client.call_tool("get_contact", shown))
        (back,) = done["undo"]
        undone = answer_of(await client.call_tool(back["tool"], back["arguments"]))
        assert groups_of(line, "ann@example.com") == []
    assert {"groupId": group_id, "name": "Our blog", "isGlobal": False} in [
        {name: group[name] for name in ("groupId", "name", "isGlobal")} for group in groups
    ]
    assert (done["outcome"], done["changed"], undone["changed"]) == ("done", 1, 1)
    assert contact["unsubscribeGroups"] == [{"groupId": group_id, "name": "Our blog"}]
    sent = {"emails": ["ann@example.com"], "groupId": group_id, "reason": "asked", "isGlobal": False}
    assert line.bodies(SUPPRESS) == [sent]
    assert line.bodies(UNSUPPRESS) == [{"emails": ["ann@example.com"], "groupId": group_id}]


async def test_all_mail_is_stopped_only_if_asked_for_in_so_many_words() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        for asked in ({"emails": ["a@b.co"]}, {"emails": ["a@b.co"], "group": "x", "everywhere": True}):
            for tool in ("suppress_emails", "unsuppress_emails"):
                assert "give either group, or everywhere" in error_of(await client.call_tool(tool, asked))
        plan = answer_of(
            await client.call_tool("suppress_emails", {"emails": ["a@b.co"], "everywhere": True, "dryRun": True})
        )["plan"]
        assert line.count("POST") == 0
        answer_of(await client.call_tool("suppress_emails", {"emails": ["a@b.co"], "everywhere": True}))
        assert line.sandbox.store.suppression_groups.suppressed(PROJECT, ["a@b.co"]) == {"a@b.co"}
        answer_of(await client.call_tool("unsuppress_emails", {"emails": ["a@b.co"], "everywhere": True}))
        assert line.sandbox.store.suppression_groups.suppressed(PROJECT, ["a@b.co"]) == set()
    assert plan["request"]["body"] == {"emails": ["a@b.co"], "isGlobal": True}


async def test_an_unknown_group_is_answered_with_those_there_are() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        for name in ("Our blog", "Twice"):
            line.sandbox.store.suppression_groups.seed(PROJECT, name)
        text = error_of(await client.call_tool("suppress_emails", {"emails": ["a@b.co"], "group": "blog"}))
        assert "No suppression group has this name or id. Nothing changed." in text
        assert '"name":"Our blog"' in text
        assert line.count("POST") == 0


async def test_an_undo_never_subscribes_who_had_opted_out_before() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        line.sandbox.store.suppression_groups.seed(PROJECT, "Our blog")
        answer_of(await client.call_tool("suppress_emails", {"emails": ["a@b.co"], "group": "Our blog"}))
        both = {"emails": ["a@b.co", "b@b.co"], "group": "Our blog"}
        answer = answer_of(await client.call_tool("suppress_emails", both))
    assert answer["changed"] == 1
    assert "undo" not in answer


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
    assert answer["notes"] == ["AutoSend's reply was lost; a look-up then found it done."]
    assert line.count(request) == 1


async def test_a_dry_run_of_letting_mail_through_sends_nothing() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        asked = {"emails": ["a@b.co"], "everywhere": True, "dryRun": True}
        plan = answer_of(await client.call_tool("unsuppress_emails", asked))["plan"]
        assert line.seen == []
    assert plan["request"] == {"method": "POST", "path": UNSUPPRESS[5:], "body": {"emails": ["a@b.co"]}}


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
