"""Many contacts in one request: AutoSend answers with counts alone, so each is looked up before and after.

Source: AutoSend's documentation, "Bulk update contacts". It takes no lists: who is to join one is added afterwards.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from autosend_mcp.api.calls import LOOK_UP_TIMES, Call
from autosend_mcp.api.contacts import Found, contacts_at, look, when
from autosend_mcp.api.directory import resolve_lists
from autosend_mcp.api.envelope import Reply
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.comparison import NOT_EXACT, changes, differences, listed, restoring, unclearable
from autosend_mcp.models.contact_lists import ContactList
from autosend_mcp.models.contacts.batch import UpsertContacts, UpsertedContacts
from autosend_mcp.models.contacts.create import AUTOMATIONS_START, AUTOMATIONS_WOULD
from autosend_mcp.tools.contact_lists.members import ADD, join
from autosend_mcp.tools.contacts.rows import Outcome, Row, grouped, read_rows
from autosend_mcp.tools.contacts.upsert import PROPERTY_AUTOMATIONS, completed
from autosend_mcp.tools.registry import Effect, tool

BULK = "/contacts/bulk-update"
LISTS_APART = "AutoSend documents no lists for a bulk update: they were joined by a request of their own."

LISTS_STAY = "The undo leaves who is in the lists as it is: not all are new there, and AutoSend only counts them."
BY_HAND = "Ask the user, then call add_to_list: who is in the list already does not join it a second time."
NOT_SEEN_BEFORE = "not found before, but not created by this call"
NOT_VERIFIED = "Looking them up afterwards failed; what is told here is what AutoSend counted."

_AS_ASKED = ("created", "updated", "unchanged")
_AFTERWARDS = (0.0, 0.5, 2.0)


@tool("contacts", "Upsert contacts", Effect.CHANGE)
async def upsert_contacts(call: Call, body: UpsertContacts) -> UpsertedContacts:
    """Create or change up to 100 contacts in one request, with an outcome for each.

    Invalid rows are not sent, the others are; rows of one address are merged unless they contradict each other.

    Raises:
        AutoSendError: Not one of them is as asked now, or none was sent.
    """
    lists = await resolve_lists(call, body.list_ids, fresh=body.dry_run)
    rows = await read_rows(call, body.contacts)
    live = [row for row in rows if row.outcome == "unknown"]
    if not live:
        raise NotSent("Not one of the contacts is valid.", "Mend them and call again.", facts=grouped(rows))
    before, _ = await contacts_at(call, [row.email for row in live])
    for row in live:
        row.sent = row.email not in before or bool(differences(row.asked, before[row.email]))
    request = {
        "contacts": [completed(row.asked, before.get(row.email)) for row in live if row.sent],
        "runWorkflow": body.run_workflow,
    }
    if body.dry_run:
        return UpsertedContacts(outcome="dry_run", plan=_plan(request, rows, before, lists))
    after = await _send(call, request, live, before)
    _demand_one(rows)
    joined, leave = await _join(call, lists, [row.email for row in live if row.outcome in _AS_ASKED])
    return _answer(call, rows, (before, after), joined, leave)


def _plan(request: Mapping[str, Any], rows: list[Row], before: Found, lists: list[ContactList]) -> dict[str, Any]:
    live = [row for row in rows if row.outcome == "unknown"]
    update = {row.email: differences(row.asked, before[row.email]) for row in live if row.sent and row.email in before}
    effects = [AUTOMATIONS_WOULD] * bool(lists) + [PROPERTY_AUTOMATIONS] * bool(request["runWorkflow"])
    emails = [row.email for row in live]
    plan = planned(
        "POST",
        BULK,
        request,
        then=[{"method": "POST", "path": ADD, "body": {"contactListId": one.id, "emails": emails}} for one in lists],
        wouldCreate=[row.email for row in live if row.email not in before],
        wouldUpdate=update,
        unchanged=[row.email for row in live if not row.sent],
        notSent=grouped(row for row in rows if row.outcome != "unknown"),
        lists=[one.named() for one in lists],
        effects=" ".join(effects),
    )
    return plan if request["contacts"] else {name: value for name, value in plan.items() if name != "request"}


async def _send(call: Call, request: Mapping[str, Any], live: list[Row], before: Found) -> Found:
    """Send what has to be sent, and settle each row; the contacts afterwards."""
    for row in live:
        if not row.sent:
            row.outcome = "unchanged"
    sent = [row for row in live if row.sent]
    if not sent:
        return before
    lost, failed = None, 0
    try:
        reply = await call.write("POST", BULK, request)
        failed = _failed_count(reply)
    except Unknown as error:
        lost = error
    looked = await look(
        call,
        [row.email for row in sent],
        LOOK_UP_TIMES if lost else _AFTERWARDS,
        enough=lambda found: sum(_as_asked(row, found) for row in sent) >= len(sent) - failed,
    )
    if looked is None and not lost:
        call.notes.append(NOT_VERIFIED)
    for row in sent:
        if looked and row.email in looked[0]:
            row.new = when(looked[0][row.email].created_at, looked[1], call.sent_at) == "during"
        row.outcome, row.why = _judged(row, before, looked[0] if looked else None, lost, failed)
    return looked[0] if looked else {}


def _failed_count(reply: Reply) -> int:
    """How many AutoSend counts as failed; any number of them where it does not say."""
    count = reply.members.get("failedCount")
    return count if isinstance(count, int) and count >= 0 else 100


def _as_asked(row: Row, found: Found) -> bool:
    return row.email in found and not differences(row.asked, found[row.email])


def _judged(row: Row, before: Found, after: Found | None, lost: Unknown | None, failed: int) -> tuple[Outcome, str]:
    """What became of a row that was sent, and why where it is not as asked."""
    done: Outcome = "updated" if row.email in before else "created"
    if after is None:
        return ("unknown" if lost or failed else done), "looking it up afterwards failed"
    if done == "created" and row.email in after and not row.new:
        done = "updated"
    if _as_asked(row, after):
        return done, "" if row.new or row.email in before else NOT_SEEN_BEFORE
    if lost:
        return "unknown", "the reply was lost; looked up afterwards, it was not as asked, so probably not applied"
    differing = listed(differences(row.asked, after[row.email])) if row.email in after else "there is no such contact"
    if failed:
        return "failed", f"AutoSend did not take it; looked up afterwards: {differing}"
    if row.email not in after or (row.email in before and not changes(before[row.email], after[row.email])):
        return "unknown", f"AutoSend counted it as done, but a look-up does not show it: {differing}"
    return done, f"AutoSend does not show as asked: {differing}"


def _demand_one(rows: list[Row]) -> None:
    """Raise when not one row is as asked: that is no success."""
    outcomes = Counter(row.outcome for row in rows)
    if any(outcomes[name] for name in _AS_ASKED):
        return
    if outcomes["unknown"]:
        raise Unknown(
            "Not one of the contacts was found as asked afterwards.",
            "Calling upsert_contacts again with the same arguments is safe: it sets the same values.",
            facts=grouped(rows),
        )
    raise Refused("AutoSend took none of the contacts.", "Check the values.", facts=grouped(rows))


async def _join(
    call: Call, lists: list[ContactList], emails: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, object]]]:
    """What became of each list, and what takes it back."""
    joined: list[dict[str, Any]] = []
    back: list[dict[str, object]] = []
    for one in lists:
        try:
            answer = await join(call, one, {"emails": emails})
        except AutoSendError as error:
            joined.append(
                {"list": {"id": one.id, "name": one.name}, "outcome": error.outcome, "why": f"{error.what} {BY_HAND}"}
            )
        else:
            joined.append({n: v for n, v in answer.payload().items() if n not in {"undo", "notes"}})
            back += answer.undo or []
    return joined, back


def _answer(
    call: Call,
    rows: list[Row],
    states: tuple[Found, Found],
    joined: list[dict[str, Any]],
    leave: list[dict[str, object]],
) -> UpsertedContacts:
    before, after = states
    counts = Counter(row.outcome for row in rows)
    whole = not (counts["invalid"] or counts["failed"] or counts["unknown"])
    whole = whole and all(one["outcome"] == "done" for one in joined)
    changed = {
        row.email: _ours(row, changes(before[row.email], after[row.email]))
        for row in rows
        if row.outcome == "updated" and row.email in before and row.email in after
    }
    notes = [LISTS_APART] if joined else []
    if any(one.get("added") or one.get("created") for one in joined):
        notes += [AUTOMATIONS_START] if leave else [AUTOMATIONS_START, LISTS_STAY]
    if any(unclearable(values) for values in changed.values()):
        notes.append("Values that were not there before cannot be cleared again.")
    return UpsertedContacts(
        outcome="done" if whole else "partly_done",
        counts=dict(counts),
        contacts=grouped(rows),
        lists=joined or None,
        undo=[*leave, *_undo(call, rows, changed)] or None,
        notes=notes or None,
    )


def _ours(row: Row, changed: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The changes that were asked for, and what went away; the rest may be somebody else's."""
    custom = row.asked.get("customFields", {})
    asked = {*row.asked, *(f"customFields.{name}" for name in custom)}
    return {name: values for name, values in changed.items() if name in asked or values["now"] is None}


def _undo(call: Call, rows: list[Row], changed: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, object]]:
    created = [row.email for row in rows if row.outcome == "created" and row.new]
    confirm = created[0] if len(created) == 1 else str(len(created))
    steps = [step("delete_contacts", emails=created, confirm=confirm)] if created else []
    earlier = [restoring(email, change) for email, change in changed.items()]
    if None in earlier:
        call.notes.append(NOT_EXACT)
        return []
    earlier = [values for values in earlier if values]
    return steps + ([step("upsert_contacts", contacts=earlier)] if earlier else [])
