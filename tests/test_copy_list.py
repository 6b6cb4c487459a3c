"""add_to_list with fromList: a dry run that foretells, bounded calls that go on, and lost replies in the middle."""

import json
from typing import Any

import pytest

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.tools.suppression_groups.opted_out import NOT_CHECKED
from tests.support.line import Line, answering, applied_then_reset, forwarded, over_a_line, reset
from tests.support.records import members_of, starts_of
from tests.support.requests import ADD
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio


def filled(line: Line, number: int) -> tuple[str, str]:
    """Make a list Old of so many people and an empty list New; return their ids."""
    store = line.sandbox.store
    old, new = (store.contact_lists.seed(PROJECT, name, "list") for name in ("Old", "New"))
    for n in range(number):
        writes.create(store, PROJECT, {"email": f"p{n}@example.com", "listIds": [old]})
    return old, new


async def test_everybody_is_copied_as_foretold_but_those_who_opted_out() -> None:
    async with over_a_line() as (client, line):
        _old, new = filled(line, 130)
        line.sandbox.store.suppression_groups.suppress(PROJECT, ["p7@example.com"], is_global=True)
        answer_of(await client.call_tool("add_to_list", {"list": "New", "emails": ["p1@example.com"]}))
        before = sum(starts_of(line.sandbox.store).values())
        asked: dict[str, Any] = {"list": "New", "fromList": "old"}
        plan = answer_of(await client.call_tool("add_to_list", asked | {"dryRun": True}))["plan"]
        assert len(members_of(line.sandbox.store, new)) == 1
        line.lose(ADD, forwarded, applied_then_reset, forwarded)
        answer = answer_of(await client.call_tool("add_to_list", asked))
        assert len(members_of(line.sandbox.store, new)) == 129
        assert sum(starts_of(line.sandbox.store).values()) - before == plan["wouldJoin"] == answer["added"] == 128
    assert plan["alreadyInList"] == answer["alreadyInList"] == 1
    assert plan["optedOut"] == answer["optedOut"] == ["p7@example.com"]
    assert line.count(ADD) == 3
    assert any("They stay in" in note for note in answer["notes"])


async def test_a_long_list_is_copied_in_several_calls() -> None:
    async with over_a_line(rate_limit=2) as (client, line):
        _old, new = filled(line, 0)
        writes.bulk_update(line.sandbox.store, PROJECT, [{"email": f"p{n}@example.com"} for n in range(1_030)])
        asked: dict[str, Any] = {"list": "New", "fromList": "All Contacts"}
        calls = 0
        while calls == 0 or "cursor" in asked:
            answer = answer_of(await client.call_tool("add_to_list", asked))
            asked = {"list": "New", "fromList": "All Contacts"}
            asked |= {"cursor": answer["nextCursor"]} if "nextCursor" in answer else {}
            calls += 1
        assert len(members_of(line.sandbox.store, new)) == 1_030
    assert calls in {2, 3}


async def test_a_copy_that_fails_says_what_was_done_and_where_to_go_on() -> None:
    async with over_a_line() as (client, line):
        _old, new = filled(line, 150)
        line.lose(ADD, forwarded, reset)
        asked = {"list": "New", "fromList": "Old"}
        answer = answer_of(await client.call_tool("add_to_list", asked))
        assert (answer["outcome"], answer["added"]) == ("partly_done", 100)
        assert any("The next 50 were not put in, or that is not known" in note for note in answer["notes"])
        line.lose(ADD, forwarded)
        answer_of(await client.call_tool("add_to_list", asked | {"cursor": answer["nextCursor"]}))
        assert len(members_of(line.sandbox.store, new)) == 150
        assert "are the same" in error_of(await client.call_tool("add_to_list", {"list": "New", "fromList": "New"}))
        both = {"list": "New", "fromList": "Old", "emails": ["a@b.co"]}
        assert "or fromList" in error_of(await client.call_tool("add_to_list", both))
        unknown = error_of(await client.call_tool("add_to_list", {"list": "New", "fromList": "Nowhere"}))
        assert 'asked for in fromList: "Nowhere"' in unknown


async def test_whom_autosend_leaves_out_of_a_copy_is_reported_where_nobody_could_look() -> None:
    async with over_a_line() as (client, line):
        _old, new = filled(line, 2)
        line.sandbox.store.suppression_groups.suppress(PROJECT, ["p0@example.com", "p1@example.com"], is_global=True)
        line.lose("POST /suppression-groups/entries", answering(403, {"success": False, "error": {"message": "no"}}))
        asked = {"list": "New", "fromList": "Old"}
        both = answer_of(await client.call_tool("add_to_list", asked))
        line.sandbox.store.suppression_groups.unsuppress(PROJECT, ["p0@example.com"], None)
        answer = answer_of(await client.call_tool("add_to_list", asked | {"dryRun": True}))
        assert members_of(line.sandbox.store, new) == []
        assert line.count(ADD) == 1
    assert NOT_CHECKED in both["notes"]
    assert "p0@example.com" in json.dumps(both)
    assert answer["outcome"] == "dry_run"
