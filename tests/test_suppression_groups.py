"""Suppression groups: made, changed, deleted; settled when the reply is lost."""

from typing import Any, Literal

import httpx2
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.tools.lost_reply import FOUND, GONE, SOMEBODY_ELSE
from autosend_mcp.tools.suppression_groups.groups import NOT_BACK, OPT_OUTS_GONE, OTHER_ID, VERIFIED
from tests.support.answering import Answering
from tests.support.line import LOST, Forward, Line, applied_then_reset, forwarded, over_a_line, reset, rewritten
from tests.support.seeded import JANE, fact, seeded
from tests.support.undo import undone
from tests.support.users import User
from tests.support.worlds import answer_of, connected, error_of

pytestmark = pytest.mark.anyio

TOOLSETS = "suppressions,groups"
LIST, ONE = "GET /suppression-groups?", "GET /suppression-groups/"
# Of each tool: a call that changes something in the seeded project, and the request that it sends.
WRITES: dict[str, tuple[dict[str, Any], str]] = {
    "create_suppression_group": ({"name": "Offers"}, "POST /suppression-groups"),
    "update_suppression_group": ({"group": "Blog", "name": "Our blog", "isActive": False}, "PUT /suppression-groups/"),
    "delete_suppression_group": ({"group": "Blog", "confirm": "Blog"}, "DELETE /suppression-groups/"),
}
LOOKS = {"create_suppression_group": LIST, "update_suppression_group": ONE, "delete_suppression_group": LIST}
SETTLED = {"create_suppression_group": FOUND, "update_suppression_group": VERIFIED, "delete_suppression_group": GONE}


def groups_in(line: Line) -> list[tuple[str, bool]]:
    groups = line.sandbox.store.suppression_groups.all(PROJECT)
    return [(group["name"], group["isActive"]) for group in groups if group["name"] not in {"Default", GLOBAL}]


GLOBAL = "Global suppressions"
DONE: dict[str, list[tuple[str, bool]]] = {
    "create_suppression_group": [("Blog", True), ("Offers", True)],
    "update_suppression_group": [("Our blog", False)],
    "delete_suppression_group": [],
}


async def test_a_group_is_made_changed_and_taken_back_step_by_step(era: str) -> None:
    async with seeded(era, toolsets=TOOLSETS) as (client, line):
        asked = {"name": "Offers", "description": "Mail about offers", "isActive": False}
        made = answer_of(await client.call_tool("create_suppression_group", asked))
        change = {"group": made["groupId"], "name": "Our offers", "isActive": True}
        changed = answer_of(await client.call_tool("update_suppression_group", change))
        again = answer_of(await client.call_tool("update_suppression_group", change))
        listed = answer_of(await client.call_tool("list_suppression_groups", {}))["groups"]
        assert groups_in(line) == [("Blog", True), ("Our offers", True)]
        for answer in (changed, made):
            await undone(client, answer)
        assert groups_in(line) == [("Blog", True)]
    assert changed["changes"] == {
        "name": {"was": "Offers", "now": "Our offers"},
        "isActive": {"was": False, "now": True},
    }
    assert (made["outcome"], changed["outcome"], again["outcome"]) == ("created", "updated", "unchanged")
    assert {group["name"]: group["isActive"] for group in listed}["Our offers"] is True


async def test_a_rename_sends_is_active_and_leaves_a_group_off() -> None:
    async with seeded(toolsets=TOOLSETS) as (client, line):
        answer_of(await client.call_tool("update_suppression_group", {"group": "Blog", "isActive": False}))
        answer_of(await client.call_tool("update_suppression_group", {"group": "Blog", "name": "Our blog"}))
        assert groups_in(line) == [("Our blog", False)]
    assert line.bodies("PUT") == [{"isActive": False}, {"isActive": False, "name": "Our blog"}]


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("tool", WRITES)
async def test_a_lost_reply_is_verified_and_nothing_is_sent_again(tool: str, name: str) -> None:
    asked, request = WRITES[tool]
    async with seeded(toolsets=TOOLSETS) as (client, line):
        line.lose(request, LOST[name])
        answer = answer_of(await client.call_tool(tool, asked))
        assert groups_in(line) == DONE[tool]
    assert answer["notes"][0] == SETTLED[tool]
    assert len([one for one, _ in line.seen if one.startswith(request) and "entries" not in one]) == 1


@pytest.mark.parametrize("tool", WRITES)
async def test_a_lost_write_that_was_not_applied_is_reported_as_that(tool: str) -> None:
    asked, request = WRITES[tool]
    async with seeded(toolsets=TOOLSETS) as (client, line):
        line.lose(request, reset)
        text = error_of(await client.call_tool(tool, asked))
        assert groups_in(line) == [("Blog", True)]
    assert "so it was probably not applied." in text


@pytest.mark.parametrize("tool", WRITES)
async def test_when_the_look_up_fails_too_it_is_unknown(tool: str) -> None:
    asked, request = WRITES[tool]
    async with seeded(toolsets=TOOLSETS) as (client, line):
        line.lose(request, applied_then_reset)
        line.lose(LOOKS[tool], *[forwarded] * (LOOKS[tool] is LIST), reset)
        text = error_of(await client.call_tool(tool, asked))
    assert "Looking it up failed too: whether it was applied is not known." in text


@pytest.mark.parametrize("rule", ["accept", "refuse"])
async def test_a_group_of_that_name_made_meanwhile_is_somebody_s(rule: Literal["accept", "refuse"]) -> None:
    async with seeded(options=Options(rate_limit=0, same_group_name=rule), toolsets=TOOLSETS) as (client, line):

        async def meanwhile(forward: Forward) -> httpx2.Response:
            line.sandbox.store.suppression_groups.seed(PROJECT, "Offers")
            return await (applied_then_reset if rule == "accept" else forwarded)(forward)

        line.lose("POST /suppression-groups", meanwhile)
        result = await client.call_tool("create_suppression_group", {"name": "Offers"})
        assert groups_in(line) == [("Blog", True)] + [("Offers", True)] * (2 if rule == "accept" else 1)
    if rule == "accept":
        answer = answer_of(result)
        assert ("undo" in answer, answer["notes"]) == (False, [FOUND, SOMEBODY_ELSE])
    else:
        assert "AutoSend refused the request (status 409). Nothing changed." in error_of(result)


@pytest.mark.parametrize("tool", ["create_suppression_group", "update_suppression_group"])
async def test_a_name_that_is_taken_is_refused_before_anything_is_sent(tool: str) -> None:
    asked = {"name": "Default"} | ({"group": "Blog"} if tool.startswith("update") else {})
    async with seeded(toolsets=TOOLSETS) as (client, line):
        result = await client.call_tool(tool, asked)
        assert "A suppression group of this name exists already. Nothing changed." in error_of(result)
        assert fact(result, "there is")[0]["name"] == "Default"
    assert [asked for asked, _ in line.seen] == ["GET /suppression-groups?includeGlobal=true"]


async def test_what_is_deleted_with_a_group_is_said_before_and_after() -> None:
    async with seeded(toolsets=TOOLSETS) as (client, line):
        result = await client.call_tool("delete_suppression_group", {"group": "Blog"})
        assert (fact(result, "confirm"), fact(result, "would delete")["suppressionCount"]) == ("Blog", 1)
        assert fact(result, "and") == "the opt-outs in it"
        deleted = answer_of(await client.call_tool("delete_suppression_group", {"group": "Blog", "confirm": "Blog"}))
        answer_of(await client.call_tool("create_suppression_group", {"name": "Empty", "description": "d"}))
        asked = {"group": "Empty", "confirm": "Empty"}
        empty = answer_of(await client.call_tool("delete_suppression_group", asked))
        await undone(client, empty)
        assert groups_in(line) == [("Empty", True)]
    assert ("undo" in deleted, deleted["notes"]) == (False, [OPT_OUTS_GONE])
    assert empty["notes"] == [OTHER_ID]


async def test_a_global_group_is_not_deleted_and_an_unknown_one_not_changed() -> None:
    async with seeded(toolsets=TOOLSETS) as (client, line):
        asked = {"group": GLOBAL, "confirm": GLOBAL}
        text = error_of(await client.call_tool("delete_suppression_group", asked))
        assert "AutoSend does not delete a global group. Nothing was sent" in text
        for tool, asked in (("update_suppression_group", {"name": "X"}), ("delete_suppression_group", {})):
            text = error_of(await client.call_tool(tool, {"group": "NOPE0", **asked}))
            assert "No suppression group has this name or id. Nothing changed." in text
    assert {asked.split()[0] for asked, _ in line.seen} == {"GET"}


@pytest.mark.parametrize("tool", ["suppress_emails", "update_suppression_group"])
async def test_where_there_is_no_group_the_tool_that_makes_one_is_named(tool: str) -> None:
    asked = {"emails": ["a@b.co"]} if tool == "suppress_emails" else {"name": "News"}
    none: dict[str, Any] = {"success": True, "data": []}
    world = Answering(refuses=lambda asked: (200, none) if asked.startswith(LIST) else None)
    async with connected(world, toolsets=TOOLSETS) as client:
        text = error_of(await client.call_tool(tool, {"group": "Blog", **asked}))
    assert "No suppression group has this name or id. Nothing changed." in text
    assert "There are none yet; create_suppression_group makes one" in text


async def test_a_group_that_went_meanwhile_is_reported_by_the_documented_error() -> None:
    async with seeded(toolsets=TOOLSETS) as (client, line):

        async def gone(forward: Forward) -> httpx2.Response:
            groups = line.sandbox.store.suppression_groups
            groups.delete(PROJECT, groups.seed(PROJECT, "Blog"))
            return await forward()

        line.lose("DELETE", gone)
        text = error_of(await client.call_tool("delete_suppression_group", {"group": "Blog", "confirm": "Blog"}))
    assert '"code":"GROUP_NOT_FOUND"' in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"group": "Blog"}, "give what to change: name, description or isActive"),
        ({"group": "Blog", "name": "x" * 201}, "- name: must be at most 200 characters."),
        ({"name": "x"}, "- group: is required."),
    ],
)
async def test_a_change_that_cannot_be_is_refused_with_the_rule(asked: dict[str, Any], said: str) -> None:
    async with seeded(toolsets=TOOLSETS) as (client, line):
        assert said in error_of(await client.call_tool("update_suppression_group", asked))
    assert line.seen == []


async def test_a_group_whose_state_is_not_shown_is_changed_only_with_is_active() -> None:
    groups = {"success": True, "data": {"groups": [{"groupId": "AB12C", "name": "Blog"}]}}
    world = Answering(refuses=lambda asked: (200, groups) if asked.startswith(LIST) else None)
    async with connected(world, toolsets=TOOLSETS) as client:
        text = error_of(await client.call_tool("update_suppression_group", {"group": "Blog", "name": "Our blog"}))
    assert "AutoSend does not show whether the group is active" in text
    assert "Nothing changed. Call again with isActive." in text


async def test_a_change_that_the_reply_does_not_show_is_reported() -> None:
    def other(body: Any) -> None:
        body["data"]["description"] = "x"

    async with seeded(toolsets=TOOLSETS) as (client, line):
        line.lose("PUT", rewritten(other))
        asked = {"group": "Blog", "description": "The blog"}
        answer = answer_of(await client.call_tool("update_suppression_group", asked))
    assert answer["notes"] == ["AutoSend's reply does not show the value asked for in: description.", NOT_BACK]
    assert "undo" not in answer


async def test_the_groups_that_hold_an_address_are_named_in_no_other_project() -> None:
    async with seeded(toolsets=TOOLSETS) as (client, line):
        line.sandbox.store.suppression_groups.suppress("another", [JANE])
        (jane,) = answer_of(await client.call_tool("get_suppression", {"emails": [JANE]}))["addresses"]
    assert [entry["group"] for entry in jane["where"]] == ["Blog"]


async def test_no_group_is_deleted_against_the_user_s_no(era: str) -> None:
    user = User("decline")
    async with seeded(era, asked=user, toolsets=TOOLSETS) as (client, line):
        text = error_of(await client.call_tool("delete_suppression_group", {"group": "Blog", "confirm": "Blog"}))
        assert groups_in(line) == [("Blog", True)]
    assert user.seen == ['Delete the suppression group "Blog" from AutoSend? This cannot be undone.']
    assert "The user was asked, and did not say yes. Nothing changed." in text


async def test_groups_as_autosend_first_showed_them_can_be_used() -> None:
    rows = [{"id": "sg_1", "name": "Blog", "description": "d", "active": True, "isGlobal": False}]
    first = {"success": True, "data": rows}
    world = Answering(refuses=lambda asked: (200, first) if asked.startswith(LIST) else None)
    async with connected(world, toolsets=TOOLSETS) as client:
        (group,) = answer_of(await client.call_tool("list_suppression_groups", {}))["groups"]
        asked = {"group": "Blog", "name": "Our blog", "dryRun": True}
        plan = answer_of(await client.call_tool("update_suppression_group", asked))["plan"]
    assert (group["groupId"], group["isActive"]) == ("sg_1", True)
    assert plan["request"]["path"] == "/suppression-groups/sg_1"
    assert plan["request"]["body"] == {"isActive": True, "name": "Our blog"}


async def test_the_calls_of_dry_runs_show_what_would_change() -> None:
    async with over_a_line(toolsets=TOOLSETS) as (client, line):
        line.sandbox.store.suppression_groups.seed(PROJECT, "Blog")
        plans = [
            answer_of(await client.call_tool(tool, asked | {"dryRun": True}))["plan"]
            for tool, (asked, _) in WRITES.items()
        ]
        assert groups_in(line) == [("Blog", True)]
    assert [plan["request"]["method"] for plan in plans] == ["POST", "PUT", "DELETE"]
    assert plans[1]["changes"]["isActive"] == {"was": True, "wouldBe": False}
    assert plans[2]["wouldDelete"]["name"] == "Blog"
