"""The opt-in toolset of suppression: who is unsubscribed, from what, and why."""

from typing import Literal

import pytest

from autosend_mcp.sandbox.app import PROJECT, Options, Sandbox
from autosend_mcp.tools.suppression_groups.emails import (
    NO_UNDO,
    NO_UNDO_ALL,
    NO_UNDO_LIFTED,
    NONE_STOPPED,
    NOT_CHECKED,
    STILL_STOPPED,
)
from autosend_mcp.tools.suppression_groups.suppressions import NOT_SHOWN
from tests.support.clock import clock
from tests.support.line import answering, applied_then_reset, forwarded, over_a_line, reset
from tests.support.requests import ENTRIES, SUPPRESS, UNSUPPRESS
from tests.support.seeded import wrote
from tests.support.suppressions import REFUSED, TOOLSETS, groups_of
from tests.support.undo import steps_of, undone
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio


async def test_people_are_unsubscribed_from_a_group_and_subscribed_again(era: str) -> None:
    async with over_a_line(era, toolsets=TOOLSETS) as (client, line):
        group_id = line.sandbox.store.suppression_groups.seed(PROJECT, "Our blog")
        answer_of(await client.call_tool("create_contact", {"email": "ann@example.com"}))
        groups = answer_of(await client.call_tool("list_suppression_groups", {}))["groups"]
        asked = {"emails": ["Ann@example.com"], "group": "Our blog", "reason": "UNSUBSCRIBE"}
        done = answer_of(await client.call_tool("suppress_emails", asked))
        shown = {"email": "ann@example.com", "unsubscribeGroups": True}
        contact = answer_of(await client.call_tool("get_contact", shown))
        back = await undone(client, done)
        assert groups_of(line, "ann@example.com") == []
    assert {"groupId": group_id, "name": "Our blog", "isGlobal": False} in [
        {name: group[name] for name in ("groupId", "name", "isGlobal")} for group in groups
    ]
    assert (done["outcome"], done["changed"], back["did"][0]["changed"]) == ("done", 1, 1)
    assert contact["unsubscribeGroups"] == [{"groupId": group_id, "name": "Our blog"}]
    sent = {"emails": ["ann@example.com"], "groupId": group_id, "reason": "UNSUBSCRIBE", "isGlobal": False}
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
        assert wrote(line) == []
        done = answer_of(await client.call_tool("suppress_emails", {"emails": ["a@b.co"], "everywhere": True}))
        assert line.sandbox.store.suppression_groups.suppressed(PROJECT, ["a@b.co"]) == {"a@b.co"}
        lifted = answer_of(await client.call_tool("unsuppress_emails", {"emails": ["a@b.co"], "everywhere": True}))
        assert line.sandbox.store.suppression_groups.suppressed(PROJECT, ["a@b.co"]) == set()
    assert (done["notes"], lifted["notes"]) == ([NO_UNDO_ALL], [NO_UNDO_LIFTED])
    assert plan["request"]["body"] == {"emails": ["a@b.co"], "isGlobal": True}


async def test_an_unknown_group_is_answered_with_those_there_are() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        for name in ("Our blog", "Twice"):
            line.sandbox.store.suppression_groups.seed(PROJECT, name)
        text = error_of(await client.call_tool("suppress_emails", {"emails": ["a@b.co"], "group": "blog"}))
        assert "No suppression group has this name or id. Nothing changed." in text
        assert '"name":"Our blog"' in text
        assert line.count("POST") == 0


@pytest.mark.parametrize("rule", ["new", "all"])
async def test_an_undo_never_subscribes_who_had_opted_out_before(rule: Literal["new", "all"]) -> None:
    options = Options(rate_limit=0, suppressed_counts=rule)
    async with over_a_line(options=options, toolsets=TOOLSETS) as (client, line):
        line.sandbox.store.suppression_groups.seed(PROJECT, "Our blog")
        answer_of(await client.call_tool("suppress_emails", {"emails": ["a@b.co"], "group": "Our blog"}))
        both = {"emails": ["a@b.co", "b@b.co"], "group": "Our blog"}
        answer = answer_of(await client.call_tool("suppress_emails", both))
        line.lose(ENTRIES, reset)
        unseen = answer_of(await client.call_tool("suppress_emails", {"emails": ["c@b.co"], "group": "Our blog"}))
        steps = await steps_of(client, answer)
    assert answer["changed"] == (1 if rule == "new" else 2)
    assert [step["arguments"]["emails"] for step in steps] == [["b@b.co"]]
    assert ("undo" in unseen, unseen["notes"]) == (False, [NO_UNDO])


@pytest.mark.parametrize("rule", ["listed", "any"])
@pytest.mark.parametrize("given", ["spam_complaint", "Unsubscribed", " bounce", "MANUAL"])
async def test_a_reason_is_sent_as_one_of_the_four(rule: Literal["listed", "any"], given: str) -> None:
    sent = {"spam_complaint": "COMPLAINT", "Unsubscribed": "UNSUBSCRIBE", " bounce": "BOUNCE", "MANUAL": "MANUAL"}[
        given
    ]
    async with over_a_line(options=Options(rate_limit=0, suppression_reasons=rule), toolsets=TOOLSETS) as (
        client,
        line,
    ):
        asked = {"emails": ["a@b.co"], "everywhere": True, "reason": given}
        answer = answer_of(await client.call_tool("suppress_emails", asked))
    assert [body["reason"] for body in line.bodies(SUPPRESS)] == [sent]
    assert answer["notes"] == [*([] if given == sent else [f"reason was read as {sent}."]), NO_UNDO_ALL]


async def test_any_other_reason_is_refused_with_the_four_named() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        for reason in ("asked by phone", 7):
            asked = {"emails": ["a@b.co"], "everywhere": True, "reason": reason}
            text = error_of(await client.call_tool("suppress_emails", asked))
            assert "- reason: must be 'UNSUBSCRIBE', 'BOUNCE', 'COMPLAINT' or 'MANUAL'." in text
    assert line.seen == []


@pytest.mark.parametrize("lost", [None, 0, 1])
@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("rule", ["groups", "with_global"])
async def test_everywhere_means_the_global_suppression_too(
    rule: Literal["groups", "with_global"], shown: bool, lost: int | None
) -> None:
    options = Options(rate_limit=0, unsuppress_all=rule, entries_show_global=shown)
    async with over_a_line(options=options, toolsets=TOOLSETS) as (client, line):
        groups = line.sandbox.store.suppression_groups
        for is_global in (True, False):
            groups.suppress(PROJECT, ["a@b.co", "b@b.co"], is_global=is_global)
        faults = [forwarded, forwarded, forwarded]
        if lost is not None:
            faults[lost] = applied_then_reset
        line.lose(UNSUPPRESS, *faults)
        asked = {"emails": ["a@b.co", "b@b.co"], "everywhere": True}
        answer = answer_of(await client.call_tool("unsuppress_emails", asked))
        assert groups.of(PROJECT, "a@b.co") == groups.of(PROJECT, "b@b.co") == []
    emails = {"emails": ["a@b.co", "b@b.co"]}
    assert line.bodies(UNSUPPRESS) == [emails, emails | {"isGlobal": True}]
    assert (answer["outcome"], "left" in answer) == ("done", False)


async def test_a_refusal_where_no_mail_was_stopped_is_no_failure() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        line.lose(UNSUPPRESS, forwarded, REFUSED)
        answer = answer_of(await client.call_tool("unsuppress_emails", {"emails": ["a@b.co"], "everywhere": True}))
    assert (answer["outcome"], answer["notes"]) == ("done", [NONE_STOPPED, NO_UNDO_LIFTED])


@pytest.mark.parametrize("blog", [False, True])
async def test_a_refusal_for_who_is_in_no_group_does_not_keep_all_mail_stopped(blog: bool) -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        groups = line.sandbox.store.suppression_groups
        groups.suppress(PROJECT, ["a@b.co"], is_global=True)
        if blog:
            groups.suppress(PROJECT, ["a@b.co"], groups.seed(PROJECT, "Our blog"))
        line.lose(UNSUPPRESS, answering(404, {"success": False, "error": {"message": "No entries"}}), forwarded)
        result = await client.call_tool("unsuppress_emails", {"emails": ["a@b.co"], "everywhere": True})
        left = groups_of(line, "a@b.co")
    if blog:  # then it is a refusal of what was to be done
        assert "Nothing changed" in error_of(result)
        assert left == ["Global suppressions", "Our blog"]
    else:
        assert (answer_of(result)["outcome"], answer_of(result)["changedGlobal"]) == ("done", 1)
        assert left == []


async def test_mail_that_is_still_stopped_after_a_yes_is_reported() -> None:
    asked = {"emails": ["a@b.co"], "everywhere": True}
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        line.sandbox.store.suppression_groups.suppress(PROJECT, ["a@b.co"], is_global=True)
        line.lose(UNSUPPRESS, answering(200, {"success": True, "data": {"unsuppressed": 1}}))
        stopped = answer_of(await client.call_tool("unsuppress_emails", asked))
        line.lose(ENTRIES, reset)
        unseen = answer_of(await client.call_tool("unsuppress_emails", asked))
    assert (stopped["outcome"], stopped["left"], stopped["notes"]) == (
        "partly_done",
        ["a@b.co"],
        [STILL_STOPPED, NO_UNDO_LIFTED],
    )
    assert unseen["notes"] == [NOT_CHECKED, NO_UNDO_LIFTED]


@pytest.mark.parametrize("rule", ["account", "project"])
async def test_all_mail_is_stopped_in_one_project_or_in_the_account(rule: Literal["account", "project"]) -> None:
    sandbox = Sandbox(Options(rate_limit=0, global_groups=rule), now=clock())
    asked = {"emails": ["a@b.co"], "everywhere": True}
    seen: list[str] = []
    async with over_a_line(sandbox=sandbox, toolsets=TOOLSETS) as (client, line):
        answer_of(await client.call_tool("suppress_emails", asked))
        description = next(
            tool.input_schema["properties"]["everywhere"]["description"]
            for tool in (await client.list_tools()).tools
            if tool.name == "suppress_emails"
        )
        seen = list(line.sandbox.store.suppression_groups.suppressed("another", ["a@b.co"]))
        answer_of(await client.call_tool("unsuppress_emails", asked))
        assert line.sandbox.store.suppression_groups.suppressed("another", ["a@b.co"]) == set()
    assert seen == (["a@b.co"] if rule == "account" else [])
    assert "perhaps in every project of the account" in description


@pytest.mark.parametrize("shown", [True, False])
async def test_why_an_address_gets_no_mail_is_one_call(shown: bool, era: str) -> None:
    options = Options(rate_limit=0, entries_show_global=shown)
    async with over_a_line(era, options=options, toolsets=TOOLSETS) as (client, line):
        groups = line.sandbox.store.suppression_groups
        blog = groups.seed(PROJECT, "Our blog")
        groups.suppress(PROJECT, ["a@b.co", "b@b.co"], blog, "UNSUBSCRIBE")
        groups.suppress(PROJECT, ["b@b.co"], reason="BOUNCE", is_global=True)
        asked = {"emails": ["A@b.co", "b@b.co", "c@b.co"]}
        answer = answer_of(await client.call_tool("get_suppression", asked))
    one, both, none = answer["addresses"]
    assert (one["email"], one["suppressed"]) == ("a@b.co", "in_groups")
    since = one["where"][0].pop("since")
    assert since.endswith("Z")
    of_blog = {"group": "Our blog", "groupId": blog, "isGlobal": False, "isActive": True, "reason": "UNSUBSCRIBE"}
    assert one["where"] == [of_blog]
    assert both["suppressed"] == "everywhere"
    assert [(entry["group"], entry["reason"], entry["isGlobal"]) for entry in both["where"]] == [
        ("Global suppressions", "BOUNCE", True),
        ("Our blog", "UNSUBSCRIBE", False),
    ]
    assert none == {"email": "c@b.co", "suppressed": "no", "where": []}
    assert answer["notes"] == [NOT_SHOWN]


async def test_an_undo_of_an_opt_in_keeps_the_reasons() -> None:
    emails = ["a@b.co", "b@b.co", "c@b.co", "d@b.co"]
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        groups = line.sandbox.store.suppression_groups
        blog = groups.seed(PROJECT, "Our blog")
        for email, reason in zip(emails, ("BOUNCE", "COMPLAINT", "asked by phone"), strict=False):
            groups.suppress(PROJECT, [email], blog, reason)
        before = groups.entries(PROJECT, {})
        answer = answer_of(await client.call_tool("unsuppress_emails", {"emails": emails, "group": "Our blog"}))
        assert groups.entries(PROJECT, {}) == []
        await undone(client, answer)
        after = groups.entries(PROJECT, {})
    assert answer["changed"] == 3
    assert [(one["email"], one["reason"]) for one in after[:2]] == [(one["email"], one["reason"]) for one in before[:2]]
    assert (after[2]["email"], after[2]["reason"]) == ("c@b.co", None)
