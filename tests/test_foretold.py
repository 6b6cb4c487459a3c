"""A dry run and the run of the same call: the first writes nothing, and what it foretells is what the second does.

So are the dry run and the run of its undo, where it has one. Every tool that writes has rows in `CASES`: what is
asked, of a project that holds each kind of person and thing. A run is compared with the sandbox before and after:
contacts, memberships, opt-outs, fields, lists, groups, automations.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest
from mcp import Client

from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.automations.definitions import added_to_list, changes_from_to, matches_with
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.server.app import ALL_TOOLS
from autosend_mcp.tools.automations import MAY, WOULD
from tests.support.examples import every_third
from tests.support.line import Line
from tests.support.seeded import ANN, JANE, JOHN, fact, held, seeded, wrote
from tests.support.worlds import answer_of, error_of
from tests.test_hints import EVERY

pytestmark = pytest.mark.anyio

NIA, OLA, GONE, LEFT = (f"{name}@example.com" for name in ("nia", "ola", "gone", "left"))
# Gone is a contact, and Left is none; both opted out of all mail. Jane opted out of the Blog.
AUTOMATIONS: tuple[dict[str, Any], ...] = (
    {"name": "Welcome", "entryCriteria": {"type": "contact_created"}},
    {"name": "Draft", "status": "draft", "entryCriteria": {"type": "contact_created"}},
    added_to_list("To everybody", "GLOBAL_CONTACT_LIST"),
    added_to_list("Letters", "Newsletter"),
    added_to_list("Offers made", "Offers"),
    added_to_list("Pros", "Pro"),
    matches_with("customFields.plan", "free") | {"name": "Savers"},
    changes_from_to("customFields.plan", "pro", "free") | {"name": "Downgraded"},
)
CSV = "email,firstName,plan\njane@example.com,Janet,free\nnia@example.com,Nia,pro\njohn@example.com,John,pro\n"
ROWS = [{"email": JANE, "firstName": "Janet"}, {"email": NIA}, {"email": JOHN, "firstName": "John"}, {"email": "no"}]


def of(*emails: str, **more: Any) -> dict[str, Any]:
    return {"emails": [*emails], **more}


# By tool: the arguments of each kind of call.
CASES: dict[str, list[dict[str, Any]]] = {
    "create_contact": [
        {"email": NIA},
        {"email": NIA, "customFields": {"plan": "free"}, "listIds": ["newsletter", "Offers"]},
        {"email": NIA, "customFields": {"plan": "pro"}},
        {"email": JANE},
        {"email": JANE, "listIds": ["Offers"]},
        {"email": GONE},
        {"email": LEFT, "listIds": ["Newsletter"]},
        {"email": "no"},
        {"email": NIA, "listIds": ["Nowhere"]},
        {"email": NIA, "listIds": ["All Contacts"]},
        {"email": NIA, "listIds": ["Pro"]},
        {"email": NIA, "customFields": {"plant": "x"}},
        {"email": NIA, "customFields": {"logins": "many"}},
    ],
    "upsert_contact": [
        {"email": NIA},
        {"email": NIA, "listIds": ["Newsletter"], "mobile": "+4915112345678"},
        {"email": JANE, "firstName": "Jane"},
        {"email": JANE, "firstName": "Jane", "listIds": ["Newsletter"]},
        {"email": JANE, "firstName": "Janet"},
        {"email": JANE, "customFields": {"plan": "free"}},
        {"email": JANE, "customFields": {"plan": "free"}, "listIds": ["Newsletter", "Offers"]},
        {"email": ANN, "customFields": {"plan": "basic"}},
        {"email": JANE, "clear": ["firstName", "customFields.plan"]},
        {"email": JANE, "clear": ["lastName"]},
        {"email": GONE, "firstName": "G", "listIds": ["Offers"]},
        {"email": LEFT},
        {"email": "no"},
        {"email": JANE, "listIds": ["Nowhere"]},
    ],
    "upsert_contacts": [
        {"contacts": ROWS},
        {"contacts": ROWS, "listIds": ["Newsletter", "Offers"]},
        {"contacts": ROWS, "listIds": ["Newsletter"], "onlyNew": True},
        {"contacts": [{"email": JANE, "customFields": {"plan": "free"}}]},
        {"contacts": [{"email": JANE, "customFields": {"plan": "free"}}], "runWorkflow": True},
        {"contacts": [{"email": NIA, "customFields": {"plan": "free"}}], "runWorkflow": True},
        {"contacts": [{"email": JANE, "firstName": "Jane"}], "listIds": ["Newsletter"]},
        {"contacts": [{"email": JANE, "firstName": "Jane"}], "listIds": ["Offers"]},
        {"contacts": [{"email": NIA}, {"email": NIA, "firstName": "Nia"}, {"email": NIA.upper()}]},
        {"contacts": [{"email": NIA, "firstName": "A"}, {"email": NIA, "firstName": "B"}, {"email": OLA}]},
        {"contacts": [{"email": JANE, "clear": ["firstName", "customFields.plan"]}]},
        {"contacts": [{"email": GONE}, {"email": LEFT}, {"email": ANN}], "listIds": ["Offers"]},
        {"contacts": [{"email": GONE}, {"email": LEFT}], "listIds": ["Offers"]},
        {"contacts": [{"email": "no"}]},
        {"contacts": [{"email": NIA, "customFields": {"logins": "many"}}, {"email": OLA}]},
        {"contacts": ROWS, "listIds": ["Nowhere"]},
    ],
    "add_to_list": [
        of(NIA, list="Offers"),
        of(JANE, list="Newsletter"),
        of(JANE, ANN, ANN, list="Newsletter"),
        of(JANE, NIA, GONE, list="Newsletter"),
        of(NIA, LEFT, list="Newsletter"),
        of(GONE, list="Newsletter"),
        of(JANE, LEFT, list="Newsletter"),
        of(NIA, "no", "b@", list="Offers"),
        of("no", list="Offers"),
        of(NIA, list="Nowhere"),
        of(NIA, list="Pro"),
        of(NIA, list="All Contacts"),
        {"list": "Offers", "fromList": "Newsletter"},
        {"list": "Newsletter", "fromList": "All Contacts"},
        {"list": "Newsletter", "fromList": "Pro"},
        {"list": "Newsletter", "fromList": "Offers"},
        {"list": "Newsletter", "fromList": "Newsletter"},
        {"list": "Newsletter", "contactIds": [ANN]},
        {"list": "Newsletter", "contactIds": [JANE, JOHN]},
    ],
    "remove_from_list": [
        of(JANE, list="Newsletter"),
        of(ANN, list="Newsletter"),
        of(JANE, ANN, NIA, list="Newsletter"),
        of(JANE, "no", list="Newsletter"),
        of(JANE, list="Nowhere"),
        of(JANE, list="All Contacts"),
        of(JANE, list="Pro"),
        {"list": "Newsletter", "contactIds": [JANE, ANN]},
    ],
    "delete_contacts": [
        of(JANE),
        of(JANE, JOHN, NIA),
        of(NIA),
        {"ids": [JANE, ANN]},
        {"userId": "user_jane"},
        {"userId": "nobody"},
        of(JANE, "no"),
    ],
    "create_contact_list": [
        {"name": "Fresh"},
        {"name": "offers"},
        {"name": "Offers"},
        {"name": "Free", "type": "segment", "filterCriteria": "Pro"},
    ],
    "delete_contact_list": [{"list": "Pro"}, {"list": "Offers"}, {"list": "Plain"}, {"list": "Nowhere"}],
    "create_custom_field": [{"fieldName": "size", "fieldType": "number"}, {"fieldName": "plan", "fieldType": "string"}],
    "delete_custom_field": [{"fieldName": "plan"}, {"fieldName": "spare"}, {"fieldName": "size"}],
    "create_suppression_group": [{"name": "Shop"}, {"name": "Blog"}],
    "update_suppression_group": [
        {"group": "Blog", "name": "Our blog", "isActive": False},
        {"group": "blog", "isActive": True},
        {"group": "Nowhere", "name": "X"},
    ],
    "delete_suppression_group": [{"group": "Blog"}, {"group": "Nowhere"}],
    "suppress_emails": [
        of(JOHN, JANE, group="Blog", reason="UNSUBSCRIBE"),
        of(JANE, group="Blog"),
        of(JOHN, NIA, GONE, everywhere=True),
        of(JOHN, "no", everywhere=True),
        of(JOHN, group="Nowhere"),
    ],
    "unsuppress_emails": [
        of(JANE, JOHN, group="Blog"),
        of(JOHN, group="Blog"),
        of(JANE, JOHN, GONE, everywhere=True),
        of(JANE, group="Nowhere"),
    ],
    "start_import": [
        {"text": CSV},
        {"text": CSV, "listIds": ["Newsletter", "Offers"]},
        {"text": CSV, "listIds": ["Newsletter"], "runWorkflow": True},
        {"text": f"email\n{JANE}\n{ANN}\n{GONE}\n", "listIds": ["Newsletter"]},
        {"text": f"email\n{JANE}\n{JOHN}\n", "listIds": ["Newsletter"]},
        {"text": f"email\n{JANE}\n{JOHN}\n"},
        {"text": f"email,status\n{NIA},subscribed\n{OLA},unsubscribed\n", "listIds": ["Offers"]},
        {"text": f"email,status\n{NIA},subscribed\n{OLA},unsubscribed\n", "optedOut": "suppress"},
        {
            "text": f"email,status\n{NIA},subscribed\n{OLA},unsubscribed\n",
            "optedOut": "import-without-lists",
            "listIds": ["Offers"],
        },
        {"text": f"email,Size\n{NIA},4\nno,5\n", "createFields": True},
        {"text": f"email,firstName\n{NIA},A\n{NIA},B\n{OLA},C\n{OLA},C\n"},
        {"text": f"email,Size\n{NIA},4\n"},
        {"text": CSV, "listIds": ["Nowhere"]},
        {"text": "email\nno\n"},
        {"file": "people.csv", "listIds": ["Offers"]},
    ],
}
BY_UNDO = {"undo"}  # of each of these calls that has one
SENDS_NOTHING = {"stop_import"}

# Where AutoSend hides who is in a list, puts in who opted out, or refuses them: the cases that differ there.
ELSEWHERE: dict[str, list[tuple[str, int]]] = {
    "hidden": [("upsert_contacts", 1), ("upsert_contacts", 6), ("add_to_list", 13), ("start_import", 3)],
    "put in": [("upsert_contacts", 11), ("add_to_list", 3), ("add_to_list", 5)],
    "refused": [("create_contact", 6), ("upsert_contact", 10)],
}
SWITCHES: dict[str, dict[str, Any]] = {
    "as documented": {},
    "hidden": {"list_ids_in_replies": False},
    "put in": {"suppressed_on_bulk_add": "add"},
    "refused": {"suppressed_on_write": "refuse"},
}
GROUPS = [
    *([("as documented", tool, number) for number in range(len(kinds))] for tool, kinds in CASES.items()),
    *([(where, *case) for case in cases] for where, cases in ELSEWHERE.items()),
]


@dataclass
class Did:
    """What a call did. Members and starts are pairs of an address and a list, or an automation."""

    created: set[str] = field(default_factory=set[str])
    deleted: set[str] = field(default_factory=set[str])
    changed: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    joined: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    left: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    started: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    suppressed: set[str] = field(default_factory=set[str])
    lifted: set[str] = field(default_factory=set[str])
    made: set[str] = field(default_factory=set[str])
    removed: set[str] = field(default_factory=set[str])


State = Mapping[str, list[dict[str, Any]]]


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a contact as the answers name them."""
    names = {"first_name": "firstName", "last_name": "lastName", "user_id": "userId", "mobile": "mobile"}
    shown = {public: row[name] for name, public in names.items() if row.get(name)}
    return shown | {f"customFields.{name}": value for name, value in json.loads(row["custom_fields"]).items()}


def difference(before: State, after: State) -> Did:
    """Return what was done between two states."""
    people = [{row["email"]: row for row in state["contacts"]} for state in (before, after)]
    was, now = people
    names = {row["id"]: row["email"] for row in [*before["contacts"], *after["contacts"]]}
    lists = {row["id"]: row["name"] for row in [*before["lists"], *after["lists"]] if row["type"] == "list"}
    members = [
        {(names[row["contact"]], lists[row["list"]]) for row in state["members"] if row["list"] in lists}
        for state in (before, after)
    ]
    did = Did(created={*now} - {*was}, deleted={*was} - {*now})
    for email in {*was} & {*now}:
        old, new = flat(was[email]), flat(now[email])
        changed = {name: (old.get(name), new.get(name)) for name in {*old, *new} if old.get(name) != new.get(name)}
        if changed:
            did.changed[email] = changed
    did.joined, did.left = members[1] - members[0], members[0] - members[1]
    did.started = {(row["email"], row["automation"]) for row in after["starts"][len(before["starts"]) :]}
    entries = [{(row["email"], row["group_id"]) for row in state["suppressions"]} for state in (before, after)]
    did.suppressed, did.lifted = ({email for email, _ in one - other} for one, other in (entries[::-1], entries))
    things = [
        {row["name"] for row in state["lists"]}
        | {row["name"] for row in state["fields"]}
        | {row["name"] for row in state["suppression_groups"]}
        for state in (before, after)
    ]
    did.made, did.removed = things[1] - things[0], things[0] - things[1]
    return did


# By tool: whether it makes a list, field or group, takes one away, or both, as renaming does.
THINGS = {
    "create_contact_list": "made",
    "create_custom_field": "made",
    "create_suppression_group": "made",
    "delete_contact_list": "removed",
    "delete_custom_field": "removed",
    "delete_suppression_group": "removed",
}


# By tool that an undo calls: what it may do to contacts.
DOES: dict[str, tuple[str, ...]] = {
    "delete_contacts": ("deleted", "left"),
    "upsert_contact": ("changed",),
    "upsert_contacts": ("changed",),
    "remove_from_list": ("left",),
    "add_to_list": ("joined",),
    "delete_contact_list": ("left", "removed"),
    "suppress_emails": ("suppressed",),
    "unsuppress_emails": ("lifted",),
    "create_custom_field": ("made",),
    "create_suppression_group": ("made",),
    "update_suppression_group": ("made", "removed"),
    "delete_custom_field": ("removed",),
    "delete_suppression_group": ("removed",),
}


def plain(value: Any) -> Any:
    return None if value == "" else value


def pairs(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes as pairs, of a dry run or of an answer."""
    return {
        name: (plain(one["was"]), plain(one.get("now", one.get("wouldBe"))))
        for name, one in changes.items()
        if name != "listIds"
    }


def check_plan(tool: str, asked: Mapping[str, Any], plan: Mapping[str, Any], did: Did) -> None:
    """Compare what a dry run foretold with what was done."""
    email = asked.get("email", "")
    created, changed = {*plan.get("wouldCreate", ())}, dict(plan.get("wouldUpdate", {}))
    if tool in {"create_contact", "upsert_contact"}:
        created = {email} if plan.get("would") == "create" else created
        changed = {email: plan["changes"]} if plan.get("changes") else {}
    if tool == "delete_custom_field":
        assert all(f"customFields.{asked['fieldName']}" in values for values in did.changed.values())
        did.changed = {}
    left_out = {*plan.get("optedOut", ())}
    assert created - left_out <= did.created <= created
    assert {one: pairs(changes) for one, changes in changed.items() if pairs(changes)} == did.changed
    lists = [plan["list"] | plan] if tool == "add_to_list" else plan.get("lists", [])
    for one in lists:
        alone = {"wouldJoin": 1} if tool in {"create_contact", "upsert_contact"} else {}
        check_joins(alone | one, one["name"], did, len(left_out))
    assert {name for _, name in did.joined} <= {one["name"] for one in lists}
    if tool == "remove_from_list" and "wouldRemove" in plan:
        assert plan["wouldRemove"] == len(did.left)
    else:
        assert tool in {"remove_from_list", "delete_contact_list"} or {one for one, _ in did.left} <= did.deleted
    assert tool == "delete_contacts" or not did.deleted
    assert plan.get("count", len(did.deleted)) == len(did.deleted)
    opt_outs = plan.get("wouldDelete", {}).get("suppressionCount", 0) if "and" in plan else 0
    assert plan.get("wouldChange", opt_outs) == len(did.suppressed | did.lifted)
    renamed = tool == "update_suppression_group" and "name" in plan.get("changes", {})
    assert (THINGS.get(tool) == "made" or renamed) is bool(did.made)
    assert (THINGS.get(tool) == "removed" or renamed) is bool(did.removed)
    check_starts(plan, did)


def check_joins(foreseen: Mapping[str, Any], name: str, did: Did, left_out: int = 0) -> None:
    """Compare who joined a list; whether those join who opted out is not documented."""
    joined = sum(pair[1] == name for pair in did.joined)
    would = foreseen.get("wouldJoin")
    if would is None:
        assert joined <= foreseen.get("mayJoin", joined)
    else:
        assert would <= joined <= would + foreseen.get("mayJoin", 0) + left_out


def check_starts(plan: Mapping[str, Any], did: Did) -> None:
    would, may = ({*plan.get(name, ())} for name in ("wouldStart", "mayStart"))
    started = {name for _, name in did.started}
    assert would <= started <= would | may


def check_answer(answer: Mapping[str, Any], did: Did) -> None:
    """Compare what the answer reports with what was done."""
    if isinstance(answer.get("added"), int):
        assert answer["added"] == len(did.joined)
    if isinstance(answer.get("removed"), int):
        assert answer["removed"] == len(did.left)
    counts = answer.get("counts", {})
    if counts:
        assert counts.get("created", 0) == len(did.created)
        assert counts.get("updated", 0) == len(did.changed)
    if "email" in answer and "outcome" in answer:
        assert (answer["outcome"] == "created") is bool(did.created)
        assert pairs(answer.get("changes", {})) == did.changed.get(answer["email"], {})
    for one in answer.get("lists", ()):
        name = one["list"] if isinstance(one["list"], str) else one["list"]["name"]
        assert one.get("added", one.get("joined", 0)) == sum(joined == name for _, joined in did.joined)
    notes = "\n".join(answer.get("notes", ()))
    assert all(f'"{name}"' in notes for _, name in did.started)


async def check_undo(client: Client, line: Line, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Compare what the dry run of an undo foretells, call by call, with what the undo does."""
    before, sent = held(line), len(wrote(line))
    write = {"write": answer["undo"]}
    shown = answer_of(await client.call_tool("undo", write | {"dryRun": True}))
    assert (held(line), len(wrote(line))) == (before, sent)
    plan = shown["plan"]
    back = await called(client, "undo", write)
    did, foretold, started = difference(before, held(line)), Did(), dict[str, list[str]]()
    lists = {row["id"]: row["name"] for row in before["lists"]}
    for call in plan["calls"]:
        tool, deletes = call["tool"], call.get("wouldDelete", [])
        part = Did(**{name: getattr(did, name) for name in DOES[tool]})
        if tool == "remove_from_list":
            part.left = {pair for pair in did.left if pair[1] == call["list"]["name"]}
        elif tool == "delete_contacts":
            assert {*deletes} == did.deleted
            part.left = {pair for pair in did.left if pair[0] in did.deleted}
        elif THINGS.get(tool) == "removed":
            assert {*deletes} == did.removed
        meant = {**asked, **({"fieldName": deletes[0]} if tool == "delete_custom_field" else {})}
        check_plan(tool, meant, {name: value for name, value in call.items() if name != "and"}, part)
        for one in fields(Did):
            getattr(foretold, one.name).update(getattr(part, one.name))
        for name in ("wouldStart", "mayStart"):
            started.setdefault(name, []).extend(call.get(name, ()))
    check_starts(started, did)
    assert foretold == replace(did, started=set[tuple[str, str]]()), lists
    assert back.is_error is not bool(plan["calls"])
    assert plan.get("left") == answer_of(back).get("left")


def says_why_not(plan: Mapping[str, Any]) -> bool:
    """Return whether a dry run says why it may come to nothing."""
    return bool({"refusedBecauseItExists", "unless"} & {*plan}) or bool(plan["optedOut"])


async def called(client: Client, tool: str, asked: Mapping[str, Any]) -> Any:
    """Call it; what it deletes, with the confirm that the refusal shows."""
    result = await client.call_tool(tool, {**asked})
    if result.is_error and "needs confirm" in error_of(result):
        result = await client.call_tool(tool, {**asked, "confirm": fact(result, "confirm")})
    return result


def prepared(line: Line) -> None:
    store = line.sandbox.store
    store.contact_properties.define(PROJECT, "spare", "string")
    store.contact_lists.seed(PROJECT, "Plain", "list")
    writes.create(store, PROJECT, {"email": GONE})
    store.suppression_groups.suppress(PROJECT, [GONE, LEFT], is_global=True)


def filled(line: Line, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with ids for what stands for them."""
    state, arguments = held(line), dict(asked)
    ids = {row["email"]: row["id"] for row in state["contacts"]}
    for name in ("ids", "contactIds"):
        if name in arguments:
            arguments[name] = [ids.get(email, email) for email in arguments[name]]
    if "filterCriteria" in arguments:
        group = {"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}
        arguments["filterCriteria"] = {"logicalOperator": "AND", "groups": [group]}
    return arguments


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


def check_import(shown: Mapping[str, Any], did: Did) -> None:
    counts = shown["counts"]
    assert (counts.get("wouldCreate", 0), counts.get("wouldUpdate", 0)) == (len(did.created), len(did.changed))
    for one in shown.get("lists", ()):
        check_joins({"wouldJoin": 0} | one, one["list"], did)
    assert {name for _, name in did.joined} <= {one["list"] for one in shown.get("lists", ())}
    notes = shown.get("notes", [])
    found = {
        word: json.loads(note.removeprefix(word)) for word in (WOULD, MAY) for note in notes if note.startswith(word)
    }
    check_starts({"wouldStart": found.get(WOULD, []), "mayStart": found.get(MAY, [])}, did)
    assert "nothing would be" not in shown["nextStep"] or did == Did()
    unsure = any("mayJoin" in one for one in shown.get("lists", ()))
    assert "nothing would be" in shown["nextStep"] or unsure or did != Did()
