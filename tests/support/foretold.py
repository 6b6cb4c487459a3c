"""Compare what a dry run foretells, and what an answer reports, with what was done."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from mcp import Client

from autosend_mcp.tools.automations import MAY, WOULD
from tests.support.line import Line
from tests.support.seeded import fact, held, wrote
from tests.support.worlds import answer_of, error_of


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


async def called(client: Client, tool: str, asked: Mapping[str, Any]) -> Any:
    """Call it; what it deletes, with the confirm that the refusal shows."""
    result = await client.call_tool(tool, {**asked})
    if result.is_error and "needs confirm" in error_of(result):
        result = await client.call_tool(tool, {**asked, "confirm": fact(result, "confirm")})
    return result


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
