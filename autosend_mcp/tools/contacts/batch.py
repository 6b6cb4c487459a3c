"""Many contacts in one request: AutoSend answers with counts alone, so each is looked up before and after.

Source: AutoSend's documentation, "Bulk update contacts". It takes no lists: who is to join one is added afterwards.
"""

from collections import Counter
from typing import Any

from autosend_mcp.api import contacts
from autosend_mcp.api.calls import LOOK_UP_TIMES
from autosend_mcp.api.contacts import Found
from autosend_mcp.api.directory import own_properties
from autosend_mcp.api.moment import relative_to
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.models.automations import AUTOMATIONS_START
from autosend_mcp.models.base import Changes, Step, step
from autosend_mcp.models.comparison import (
    NOT_EXACT,
    changes,
    deleting,
    differences,
    is_expected,
    restoring,
    with_existing_values,
)
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.models.contacts.batch import UpsertContacts, UpsertedContacts
from autosend_mcp.models.contacts.contact import CLEAR
from autosend_mcp.models.contacts.counts import BulkCounts
from autosend_mcp.tools.automations import started
from autosend_mcp.tools.contact_lists.members import join
from autosend_mcp.tools.contact_lists.resolve import resolve_lists
from autosend_mcp.tools.contacts.batch_plan import change_of, plan
from autosend_mcp.tools.contacts.rows import Outcome, Row, grouped, read_rows, told_apart, without_opted_out
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import AFTER_A_REPLY, not_applied, poll
from autosend_mcp.tools.registry import Effect, tool
from autosend_mcp.tools.suppression_groups.opted_out import LEAVE_OUT

MORE_CHANGED = "The changes of the first {} of {} are shown; undo with dryRun shows them all."
LISTS_STAY = "Undo takes nobody out of the lists: AutoSend does not say who was new there."
CLEARS = "The undo clears values, which AutoSend does not document for a bulk update: it reports whether that worked."
AGAIN = "Calling upsert_contacts again with the same arguments is safe: it sets the same values."
NOT_SEEN_BEFORE = "not found before, but not created by this call"
NOT_VERIFIED = "Looking them up afterwards failed; the outcomes are what AutoSend counted."

_AS_EXPECTED = ("created", "updated", "unchanged", "kept")
_MAX_CHANGES = 20


@tool("contacts", "Create or update contacts in bulk", Effect.CHANGE)
async def upsert_contacts(context: Context, body: UpsertContacts) -> UpsertedContacts:
    """Add or update many AutoSend contacts (people, subscribers) at once, in bulk: up to 100; existing ones are
    overwritten with what is given.

    Invalid rows are not sent, the others are; rows of one address are merged unless they contradict each other. Lists
    and new contacts start live automations, which may send mail.

    Raises:
        AutoSendError: Not one of them has the expected values now, or none was sent.
    """
    lists = await resolve_lists(context, body.list_ids, fresh=body.dry_run)
    rows = await read_rows(context, body.contacts)
    valid = [row for row in rows if row.outcome == "unknown"]
    if not valid:
        raise NotSent("Not one of the contacts is valid.", "Fix them and call again.", facts=grouped(rows))
    before = await context.call.read(contacts.search_emails([row.email for row in valid]))
    valid = await without_opted_out(context, rows, before, lists)
    for row in valid:
        differs = row.email in before and bool(differences(row.expected, before[row.email]))
        row.kept = differs and body.only_new
        row.sent = row.email not in before or (differs and not row.kept)
    own = await own_properties(context.call, before.values(), [row.expected for row in valid])
    for row in valid:
        row.own = own
    to_send = [with_existing_values(row.expected, before.get(row.email), own) for row in valid if row.sent]
    request = contacts.bulk_update(to_send, run_workflow=body.run_workflow) if to_send else None
    if body.dry_run:
        shown = await plan(context, request, rows, before, lists, runs_workflow=body.run_workflow)
        return UpsertedContacts(outcome="dry_run", plan=shown)
    after, lost = await _send(context, request, valid, before) if request else (_unchanged(valid, before), None)
    _demand_one(rows, lost, looked_up=after is not None)
    after = after or {}
    emails = [row.email for row in valid if row.outcome in _AS_EXPECTED]
    joined, leave = await _join(context, lists, emails, before)
    answer = _answer(context, rows, (before, after), joined, leave)
    new_in = [contact_list for contact_list, done in zip(lists, joined, strict=True) if done.get("added")]
    change = change_of(valid, before, new_in, runs_workflow=body.run_workflow)
    answer.notes = [*(answer.notes or []), *started(context.call, change)] or None
    return answer


def _unchanged(valid: list[Row], before: Found) -> Found:
    for row in valid:
        row.outcome = "kept" if row.kept else "unchanged"
    return before


async def _send(
    context: Context, request: Request[BulkCounts], valid: list[Row], before: Found
) -> tuple[Found | None, Unknown | None]:
    """Send what has to be sent, and find out what became of each row.

    Return the contacts afterwards (None if looking them up failed) and, if the reply was lost, that.
    """
    call = context.call
    for row in valid:
        row.outcome = "unknown" if row.sent else "kept" if row.kept else "unchanged"
    sent = [row for row in valid if row.sent]
    lost, failed = None, 0
    try:
        counts = await call.write(request)
        failed = len(sent) if counts.failed_count is None else counts.failed_count
    except Unknown as error:
        lost = error
    after = await poll(
        call,
        lambda: call.look_up(contacts.search_emails([row.email for row in sent])),
        lambda found: sum(_is_as_expected(row, found) for row in sent) >= len(sent) - failed,
        LOOK_UP_TIMES if lost else AFTER_A_REPLY,
    )
    if after is None and not lost:
        context.notes.append(NOT_VERIFIED)
    for row in sent:
        if after and (contact := after.get(row.email)):
            row.new = relative_to(call.sent_at, contact.created_at, contact.seen_at) == "during"
        row.outcome, row.why = _judged(row, before, after, lost, failed)
    return after, lost


def _is_as_expected(row: Row, found: Found) -> bool:
    return row.email in found and not differences(row.expected, found[row.email])


def _judged(row: Row, before: Found, after: Found | None, lost: Unknown | None, failed: int) -> tuple[Outcome, str]:
    """Return what became of a row that was sent, and why where it has not the expected values."""
    done: Outcome = "updated" if row.email in before else "created"
    if after is None:
        return ("unknown" if lost or failed else done), "looking it up afterwards failed"
    if done == "created" and row.email in after and not row.new:
        done = "updated"
    if _is_as_expected(row, after):
        return done, "" if row.new or row.email in before else NOT_SEEN_BEFORE
    if lost:
        return "unknown", "the reply was lost; a look-up did not show its values, so it was probably not applied"
    differing = row.differing(after[row.email]) if row.email in after else "there is no such contact"
    if failed:
        return "failed", f"AutoSend did not accept it; looked up afterwards: {differing}"
    if row.email not in after or (row.email in before and not changes(before[row.email], after[row.email], row.own)):
        return "unknown", f"AutoSend counted it as done, but a look-up does not show it: {differing}"
    return done, f"AutoSend does not show the values asked for: {differing}"


def _demand_one(rows: list[Row], lost: Unknown | None, *, looked_up: bool) -> None:
    """Raise when not one row has the expected values: that is no success."""
    outcomes = Counter(row.outcome for row in rows)
    if any(outcomes[name] for name in _AS_EXPECTED):
        return
    if lost:
        raise not_applied(lost, AGAIN, "not one had the values asked for", seen=looked_up, facts=grouped(rows))
    if outcomes["unknown"]:
        raise Unknown(
            "Not one of the contacts was found with the values asked for afterwards.", AGAIN, facts=grouped(rows)
        )
    raise Refused("AutoSend accepted none of the contacts.", "Check the values.", facts=grouped(rows))


async def _join(
    context: Context, lists: list[ContactList], emails: list[str], before: Found
) -> tuple[list[dict[str, Any]], list[Step]]:
    """Return what became of each list, and what takes it back."""
    joined: list[dict[str, Any]] = []
    back: list[Step] = []
    for contact_list in lists:
        try:
            answer = await join(context.call, contact_list, People(tuple(emails)), before)
        except AutoSendError as error:
            again = (
                error.next_step
                if "opted out" in error.facts
                else "Call add_to_list to put them in. Ask the user first."
            )
            why = f"{error.sentence} Ask the user first." if isinstance(error, Unknown) else f"{error.what} {again}"
            failed = {"list": contact_list.short(), "outcome": error.outcome, "why": why}
            joined.append(failed | error.facts)
        else:
            joined.append({n: v for n, v in answer.payload().items() if n != "notes"})
            back += answer.steps
    return joined, back


def _answer(
    context: Context,
    rows: list[Row],
    states: tuple[Found, Found],
    joined: list[dict[str, Any]],
    leave: list[Step],
) -> UpsertedContacts:
    before, after = states
    counts = Counter(row.outcome for row in rows)
    whole = not any(counts[name] for name in ("opted out", "invalid", "failed", "unknown"))
    whole = whole and all(answer["outcome"] == "done" for answer in joined)
    changed = {
        row.email: _ours(row, changes(before[row.email], after[row.email], row.own))
        for row in rows
        if row.outcome == "updated" and row.email in before and row.email in after
    }
    notes = [MORE_CHANGED.format(_MAX_CHANGES, len(changed))] if len(changed) > _MAX_CHANGES else []
    notes += [LEAVE_OUT] * any([counts["opted out"], *(answer.get("optedOut") for answer in joined)])
    if any(answer.get("added") or answer.get("created") for answer in joined):
        notes += [AUTOMATIONS_START] if leave else [AUTOMATIONS_START, LISTS_STAY]
    return UpsertedContacts(
        outcome="done" if whole else "partly_done",
        counts=dict(counts),
        changes=dict(list(changed.items())[:_MAX_CHANGES]) or None,
        contacts=told_apart(rows) or None,
        lists=joined or None,
        steps=[*leave, *_undo(context, rows, after, changed)],
        notes=notes or None,
    )


def _ours(row: Row, changed: Changes) -> Changes:
    """Return the changes that were asked for, and what went away; the rest may be somebody else's."""
    return {
        name: values for name, values in changed.items() if is_expected(name, row.expected) or values["now"] is None
    }


def _undo(context: Context, rows: list[Row], after: Found, changed: dict[str, Changes]) -> list[Step]:
    created = [row for row in rows if row.outcome == "created" and row.new]
    steps = deleting([after[row.email] for row in created], created[0].own) if created else []
    earlier = [restoring(email, change) for email, change in changed.items()]
    if None in earlier:
        context.notes.append(NOT_EXACT)
        return []
    earlier = [values for values in earlier if values]
    context.notes += [CLEARS] * any(CLEAR in values for values in earlier)
    return steps + ([step("upsert_contacts", changed, contacts=earlier)] if earlier else [])
