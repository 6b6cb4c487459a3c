"""What is said of the automations that a write starts: foretold by a dry run, and true."""

from typing import Any

import anyio
import pytest

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.automations.definitions import added_to_list, changes_from_to, matches_with
from autosend_mcp.tools.automations import CHANGES_MAY_HAVE, MAY, NONE_WOULD, NOT_NAMED, STARTED, WOULD
from tests.support.importing import csv_of, world
from tests.support.line import answering, over_a_line, reset
from tests.support.records import started_by
from tests.support.seeded import JANE, seeded, seeded_sandbox
from tests.support.worlds import answer_of

pytestmark = pytest.mark.anyio

GLOBAL = "GLOBAL_CONTACT_LIST"
READ = "GET /automations?status=active&"
NEW, MAYBE = "Any live automation for new contacts would start.", "Live automations for new contacts may start."
LISTS = "Any live automation of these lists would start."
CHANGED = "Live automations that watch for the changed values may start."
NIA = {"email": "nia@example.com"}
LISTED = {"listIds": ["Newsletter"]}
FREE = {"customFields": {"plan": "free"}}
ROWS = {"contacts": [NIA, {"email": JANE, "firstName": "Janet"}]}

WATCHED = "plan changed from pro to free"
AUTOMATIONS: tuple[dict[str, Any], ...] = (
    {"name": "Welcome", "entryCriteria": {"type": "contact_created"}},
    {"name": "Not yet", "status": "draft", "entryCriteria": {"type": "contact_created"}},
    {"name": "On an event", "entryCriteria": {"type": "event_trigger", "eventName": "bought"}},
    added_to_list("To everybody", GLOBAL),
    added_to_list("Letters", "Newsletter"),
    added_to_list("Offers made", "Offers"),
    matches_with("customFields.plan", "free") | {"name": "Savers"},
    changes_from_to("contactProperties.plan", "pro", "free") | {"name": WATCHED},
)
FOR_NEW = ["Welcome", "To everybody"]

# Each write with what its dry run names: what would start, and what may.
WRITES: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("create_contact", NIA, FOR_NEW, ["Savers"]),
    ("create_contact", NIA | LISTED | FREE, [*FOR_NEW, "Letters"], ["Savers"]),
    ("upsert_contact", NIA | LISTED, [*FOR_NEW, "Letters"], ["Savers"]),
    ("upsert_contact", {"email": JANE} | FREE, [], ["Savers", WATCHED]),
    ("upsert_contact", {"email": JANE, "firstName": "Janet"}, [], []),
    ("upsert_contacts", ROWS, [], [*FOR_NEW, "Savers"]),
    ("upsert_contacts", ROWS | LISTED, ["Letters"], [*FOR_NEW, "Savers"]),
    ("upsert_contacts", {"contacts": [{"email": JANE} | FREE], "runWorkflow": True}, [], ["Savers", WATCHED]),
    ("upsert_contacts", {"contacts": [{"email": JANE} | FREE]}, [], []),
    ("add_to_list", {"list": "Offers", "emails": [NIA["email"]]}, ["Offers made"], [*FOR_NEW, "Savers"]),
    ("add_to_list", {"list": "Newsletter", "emails": ["ann@example.com"]}, ["Letters"], []),
    ("add_to_list", {"list": "Newsletter", "emails": [JANE]}, [], []),
    ("upsert_contacts", {"contacts": [{"email": JANE, "firstName": "Janet"}]} | LISTED, [], []),
]


@pytest.mark.parametrize(("tool", "arguments", "would", "may"), WRITES)
async def test_what_a_dry_run_foretells_is_what_starts(
    tool: str, arguments: dict[str, Any], would: list[str], may: list[str]
) -> None:
    async with seeded(options=Options(automations=AUTOMATIONS, default_automations=False)) as (client, line):
        plan = answer_of(await client.call_tool(tool, arguments | {"dryRun": True}))["plan"]
        before = started_by(line.sandbox.store)
        answer = answer_of(await client.call_tool(tool, arguments))
        started = {name for _, name in started_by(line.sandbox.store)[len(before) :]}
        assert line.count(READ) == 1
    assert (plan.get("wouldStart", []), plan.get("mayStart", [])) == (would, may)
    assert plan.get("effects", NONE_WOULD) == NONE_WOULD
    assert ("effects" in plan) is not bool(would or may)
    assert {*would} <= started <= {*would, *may}
    notes = "\n".join(answer.get("notes", []))
    assert (STARTED in notes) is bool(would)
    assert all(f'"{name}"' in notes for name in [*would, *may])


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("add_to_list", {"list": "Newsletter", "emails": [JANE]}),
        ("upsert_contacts", {"contacts": [{"email": JANE, "firstName": "Janet"}]} | LISTED),
        ("upsert_contact", {"email": JANE, "firstName": "Janet", "listIds": ["Newsletter", "Offers", "A", "B"]}),
    ],
)
async def test_where_lists_are_hidden_that_of_the_list_may_start(tool: str, arguments: dict[str, Any]) -> None:
    options = Options(automations=AUTOMATIONS, default_automations=False, list_ids_in_replies=False)
    async with seeded(options=options) as (client, line):
        for name in ("A", "B"):
            line.sandbox.store.contact_lists.seed(PROJECT, name, "list")
        plan = answer_of(await client.call_tool(tool, arguments | {"dryRun": True}))["plan"]
    assert "Letters" in plan["mayStart"]
    assert "wouldStart" not in plan


@pytest.mark.parametrize(
    ("tool", "arguments", "effects"),
    [
        ("create_contact", NIA, [NEW]),
        ("create_contact", NIA | LISTED, [NEW, LISTS]),
        ("upsert_contact", NIA, [NEW, CHANGED]),
        ("upsert_contact", NIA | LISTED, [NEW, LISTS, CHANGED]),
        ("upsert_contact", {"email": JANE, "firstName": "Janet"}, [CHANGED]),
        ("upsert_contacts", ROWS, [MAYBE]),
        ("upsert_contacts", ROWS | {"runWorkflow": True} | LISTED, [MAYBE, LISTS, CHANGED]),
        ("add_to_list", {"list": "Newsletter", "emails": [NIA["email"]]}, [LISTS, MAYBE]),
        ("add_to_list", {"list": "Offers", "emails": [JANE]}, [LISTS]),
    ],
)
async def test_a_key_that_may_not_read_automations_costs_one_request(
    tool: str, arguments: dict[str, Any], effects: list[str]
) -> None:
    async with seeded() as (client, line):
        line.lose(READ, answering(403, {"success": False, "error": {"message": "Insufficient permissions"}}))
        for _ in range(2):
            answer = answer_of(await client.call_tool(tool, arguments | {"dryRun": True}))
            assert answer["plan"]["effects"] == " ".join([*effects, NOT_NAMED])
        assert line.count(READ) == 1


@pytest.mark.parametrize(
    ("tool", "arguments", "may"),
    [
        ("upsert_contact", {"email": JANE} | FREE, True),
        ("upsert_contacts", {"contacts": [{"email": JANE} | FREE], "runWorkflow": True}, True),
        ("upsert_contacts", {"contacts": [{"email": JANE} | FREE]}, False),
        ("upsert_contact", {"email": JANE, "firstName": "Jane"}, False),
        ("upsert_contact", NIA, False),
    ],
)
async def test_changed_values_are_said_to_start_what_watches_them(
    tool: str, arguments: dict[str, Any], may: bool
) -> None:
    async with seeded(options=Options(automations=AUTOMATIONS, default_automations=False)) as (client, line):
        answer = answer_of(await client.call_tool(tool, arguments))
        started = {name for _, name in started_by(line.sandbox.store)}
        assert line.count(READ) == 0
    assert (CHANGES_MAY_HAVE in answer.get("notes", [])) is may
    assert (WATCHED in started) is may


async def test_automations_are_read_once_a_minute_and_by_pages_also_after_a_failure() -> None:
    many = tuple({"name": f"Welcome {number}"} for number in range(150))
    line_options = Options(automations=many, default_automations=False)
    async with over_a_line(sandbox=seeded_sandbox(line_options)) as (client, line):
        line.lose(READ, reset)
        dry = NIA | {"dryRun": True}
        assert NOT_NAMED in answer_of(await client.call_tool("create_contact", dry))["plan"]["effects"]
        line.faults = {}
        assert NOT_NAMED in answer_of(await client.call_tool("create_contact", dry))["plan"]["effects"]
        assert line.count(READ) == 1
        await anyio.sleep(61)
        assert len(answer_of(await client.call_tool("create_contact", dry))["plan"]["wouldStart"]) == 20
        assert line.count(READ) == 3


@pytest.mark.parametrize(("number", "limited"), [(301, False), (1, True)])
async def test_very_many_automations_are_not_named_nor_asked_for_twice(number: int, limited: bool) -> None:
    """Three pages are read at most, by one of the calls at the same time; a rate limit is tried again in a minute."""
    options = Options(rate_limit=0, automations=tuple({"name": f"Welcome {one}"} for one in range(number)))
    dry = NIA | {"dryRun": True}
    async with over_a_line(sandbox=seeded_sandbox(options)) as (client, line):
        if limited:
            line.lose(READ, answering(429, {"success": False, "error": {"message": "Rate limit exceeded"}}))

        async def not_named() -> None:
            assert NOT_NAMED in answer_of(await client.call_tool("create_contact", dry))["plan"]["effects"]

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(not_named)
            tasks.start_soon(not_named)
        seen = line.count(READ)
        assert limited or seen == 3
        await not_named()
        assert line.count(READ) == seen
        line.faults = {}
        await anyio.sleep(61)
        plan = answer_of(await client.call_tool("create_contact", dry))["plan"]
        assert ("wouldStart" in plan) == limited


@pytest.mark.parametrize("run_workflow", [False, True])
async def test_the_dry_run_of_an_import_foretells_what_starts(run_workflow: bool) -> None:
    rows = csv_of([{"email": "new@example.com", "plan": "free"}, {"email": "old@example.com", "plan": "free"}])
    with world(Options(automations=AUTOMATIONS, default_automations=False)) as here:
        here.made_list("Newsletter")
        here.made_list("Offers")
        here.seed({"email": "old@example.com", "customFields": {"plan": "pro"}})
        dry = await here.run(rows, dry_run=True, lists=("Newsletter",), run_workflow=run_workflow)
        before = len(started_by(here.store))
        await here.run(rows, lists=("Newsletter",), run_workflow=run_workflow)
        started = {name for _, name in started_by(here.store)[before:]}
    may = [*FOR_NEW, "Savers", *[WATCHED] * run_workflow]
    names = ", ".join(f'"{name}"' for name in may).replace(", ", ",")
    assert dry.imported.notes == [f'{WOULD} ["Letters"]', f"{MAY} [{names}]"]
    assert {"Letters"} <= started <= {"Letters", *may}
