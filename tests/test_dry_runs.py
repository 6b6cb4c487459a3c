"""A dry run and the run of the same call: the first writes nothing, and what it foretells is what the second does.

So are the dry run and the run of its undo, where it has one. Every tool that writes has rows in `CASES`: what is
asked, of a project that holds each kind of person and thing. A run is compared with the sandbox before and after:
contacts, memberships, opt-outs, fields, lists, groups, automations.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from autosend_mcp.sandbox.app import Options
from autosend_mcp.server.app import ALL_TOOLS
from tests.support.dry_runs import AUTOMATIONS, BY_UNDO, CASES, CSV, GROUPS, SENDS_NOTHING, SWITCHES, filled, prepared
from tests.support.examples import every_third
from tests.support.foretold import Did, called, check_answer, check_import, check_plan, check_undo, difference
from tests.support.seeded import EVERY, held, seeded, wrote
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio


def says_why_not(plan: Mapping[str, Any]) -> bool:
    """Return whether a dry run says why it may come to nothing."""
    return bool({"refusedBecauseItExists", "unless"} & {*plan}) or bool(plan["optedOut"])


def test_every_tool_that_writes_has_cases() -> None:
    """One that is new fails here until its dry run is compared with its run."""
    writing = {name for name, tool in ALL_TOOLS.items() if not tool.reads}
    assert writing == {*CASES} | BY_UNDO | SENDS_NOTHING


@pytest.mark.parametrize(("where", "tool", "number"), [case for group in GROUPS for case in every_third(group)])
async def test_what_a_dry_run_foretells_is_what_the_run_does(where: str, tool: str, number: int, tmp_path: Any) -> None:
    (tmp_path / "people.csv").write_text(CSV)
    options = Options(automations=AUTOMATIONS, default_automations=False, rate_limit=0, **SWITCHES[where])
    async with seeded(options=options, toolsets=EVERY, import_dir=str(tmp_path)) as (client, line):
        prepared(line)
        asked = filled(line, CASES[tool][number])
        before = held(line)
        dry = await client.call_tool(tool, asked | {"dryRun": True})
        assert (held(line), wrote(line)) == (before, [])
        result = await called(client, tool, asked)
        did = difference(before, held(line))
        if not result.is_error and "undo" in answer_of(result):
            await check_undo(client, line, asked, answer_of(result))
    if result.is_error:
        assert did == Did()
        assert dry.is_error or says_why_not(answer_of(dry)["plan"]), error_of(result)
        return
    shown, answer = answer_of(dry), answer_of(result)
    if tool == "start_import":
        check_import(shown, did)
    elif shown["outcome"] == "unchanged":
        assert did == Did()
    else:
        check_plan(tool, asked, shown["plan"], did)
    check_answer(answer, did)
