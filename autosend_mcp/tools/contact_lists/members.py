"""Who is in a list: putting contacts in and taking them out.

Source: AutoSend's documentation, "Add contacts to a list" and "Remove contacts from a list".
"""

from autosend_mcp.api import contact_lists
from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import Found
from autosend_mcp.errors import Refused, Unknown
from autosend_mcp.models.automations import AUTOMATIONS_START
from autosend_mcp.models.base import Step, step
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.member_tools import AddedToList, AddToList, ListMembers, RemovedFromList
from autosend_mcp.models.contact_lists.members import MembershipCounts, People
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.automations import started
from autosend_mcp.tools.contact_lists.copying import copy
from autosend_mcp.tools.contact_lists.look_up import shown_members, waiting_for
from autosend_mcp.tools.contact_lists.people import (
    change_of,
    look_before,
    named_people,
    plan_of_adding,
    plan_of_removing,
)
from autosend_mcp.tools.contact_lists.resolve import resolve_list
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import find_out
from autosend_mcp.tools.registry import Effect, tool
from autosend_mcp.tools.suppression_groups.opted_out import LEAVE_OUT, OPTED_OUT

PUT_IN = "Whom AutoSend suppresses is in the list all the same, and gets no mail: tell the user."
NO_UNDO = "There is no undo: not all of them are new in the list, and AutoSend only counts them."
NO_UNDO_OUT = "There is no undo: not all of them were in the list, and AutoSend only counts them."
IF_NEW = "Live automations of the list started for those who were not in it before."
STAY_CONTACTS = "The undo does not delete the contacts that were created."
NOT_IN = "These were not in the list:"
STARTS_AGAIN = "The undo may start the list's live automations again."
MAY_START_AGAIN = "Live automations of the list may start again now."
FOUND_INSIDE = "AutoSend's reply was lost; a look-up then found all of them in the list."
FOUND_OUTSIDE = "AutoSend's reply was lost; a look-up then found none of them in the list."

_MAX_NAMED = 20
_COUNTED_NOBODY = "AutoSend accepted the request, but counted nobody."
_IN_ANYWAY = "Every contact is in it; create_contact or upsert_contacts makes contacts of others."
_DELETE_INSTEAD = "Only deleting contacts takes them out: delete_contacts, if that is what the user wants."
_SEE_WHO_IS_IN = "See with find_contacts who is in the list."


@tool("lists", "Add people to list", Effect.CHANGE)
async def add_to_list(context: Context, body: AddToList) -> AddedToList:
    """Add up to 100 people (members, subscribers) to an AutoSend contact list, such as a newsletter, or copy everybody
    from another list. Unknown addresses become new contacts. The list's live automations start for everyone new in it
    and may send mail, which cannot be undone: add only whom the user asked for.

    Raises:
        AutoSendError: Nobody was put in, or that is not known.
    """
    into = await resolve_list(context, body.contact_list, joining=_IN_ANYWAY, fresh=body.dry_run)
    if body.from_list is not None:
        return await copy(context, body, await resolve_list(context, body.from_list, argument="fromList"), into, join)
    people, invalid = named_people(context, body)
    before = await look_before(context.call, people) if people.emails else None
    if people.emails and before is None:
        context.notes.append("Looking up which of them are new contacts failed.")
    strangers = [email for email in people.emails if before is not None and email not in before]
    if body.dry_run:
        plan = await plan_of_adding(context, into, people, before) | ({"invalid": invalid} if invalid else {})
        return AddedToList(outcome="dry_run", plan=plan)
    answer = await join(context.call, into, people, before, strangers)
    if invalid:
        answer.outcome, answer.invalid = "partly_done", invalid
    if answer.added or answer.created:
        put_in = PUT_IN in (answer.notes or ())
        joined = people if put_in else people.without(answer.opted_out or ())
        notes = [
            MAY_START_AGAIN if context.rejoins and note == AUTOMATIONS_START else note for note in answer.notes or ()
        ]
        change = change_of(into, joined, before, rejoins=context.rejoins)
        answer.notes = [*notes, *started(context.call, change)] or None
    return answer


async def join(
    call: Call, into: ContactList, people: People, before: Found | None, strangers: list[str] | None = None
) -> AddedToList:
    """Put people into a list. `before`: their contacts before. `strangers`: those who are no contacts yet.

    Raises:
        AutoSendError: Nobody was put in, or that is not known.
    """
    inside = shown_members(before, into.id) if before is not None else None
    joining = None if inside is None else people.without(inside)
    try:
        counts = await call.write(contact_lists.bulk_add(into.id, people))
    except Unknown as lost:
        await find_out(
            call,
            lost,
            waiting_for(call, into.id, people, inside=True),
            lambda left: None if left.names else True,
            was="some were not in the list",
            again="Put those in with add_to_list, unless they were in it and have left it since: that would start the "
            "list's live automations again.",
            facts=lambda left: {"not in the list": list(left.names)},
        )
        steps = _undo("remove_from_list", into, joining)
        return AddedToList(outcome="done", contact_list=into.short(), steps=steps, notes=[FOUND_INSIDE, IF_NEW])
    return _added(into, people, counts, joining, strangers or [])


def _undo(tool: str, contact_list: ContactList, people: People | None) -> list[Step]:
    """Return the call that puts these back, or takes them out again; none where it is not known who."""
    return [step(tool, list=contact_list.id, **people.named())] if people and people.names else []


def _added(
    into: ContactList, people: People, counts: MembershipCounts, joining: People | None, strangers: list[str]
) -> AddedToList:
    """Return the answer. `joining`: who was not in the list before, where AutoSend shows that."""
    refused, number, new = counts.refused(), len(people.names), counts.newly_added
    opted_out, put_in = sorted(counts.suppressed()), counts.accounts_for(number)
    if put_in:
        refused.pop("suppressed", None)
    if not counts.already_in_list and not new:
        if opted_out and refused.keys() == {"suppressed"}:
            raise Refused("AutoSend added nobody to the list.", LEAVE_OUT, facts={OPTED_OUT: opted_out})
        if refused:
            raise Refused("AutoSend added nobody to the list.", "Check the addresses or ids.", facts=refused)
        raise Unknown(_COUNTED_NOBODY, _SEE_WHO_IS_IN)
    if number in {new, counts.added} and not counts.already_in_list and not refused:
        joining = people
    elif refused or not joining or not joining.names or len(joining.names) not in {new, counts.added}:
        joining = None  # not known, or not only those joined who were to
    whole = put_in and not refused
    notes = [PUT_IN if put_in else LEAVE_OUT] * bool(opted_out) + [AUTOMATIONS_START] * bool(new)
    notes += [NO_UNDO] * (bool(new) and joining is None)
    refused.pop("suppressed", None)
    return AddedToList(
        outcome="done" if whole else "partly_done",
        contact_list=into.short(),
        added=counts.joined(number),
        created=counts.created or None,
        already_in_list=counts.already_in_list or None,
        new_contacts=strangers if counts.created and strangers and len(strangers) < new else None,
        opted_out=opted_out or None,
        not_added=refused or None,
        steps=_undo("remove_from_list", into, joining if new else None),
        notes=notes + [STAY_CONTACTS] * bool(joining and counts.created) or None,
    )


@tool("lists", "Remove people from list", Effect.CHANGE)
async def remove_from_list(context: Context, body: ListMembers) -> RemovedFromList:
    """Take up to 100 people (members) off an AutoSend contact list. They stay contacts; delete_contacts deletes them.
    Leaving a list is no opt-out: suppress_emails unsubscribes people.

    Raises:
        AutoSendError: Nobody was taken out, or that is not known.
    """
    call = context.call
    out_of = await resolve_list(context, body.contact_list, joining=_DELETE_INSTEAD, fresh=body.dry_run)
    people, invalid = named_people(context, body)
    request = contact_lists.remove(out_of.id, people)
    looks = len(people.emails) > 1 or (people.emails and body.dry_run)  # of one, the count says whether it was in
    before = await look_before(call, people) if looks else None
    inside = shown_members(before, out_of.id) if before is not None else None
    leaving = None if inside is None else people.without(set(people.names) - inside)
    if body.dry_run:
        return RemovedFromList(
            outcome="dry_run", plan=plan_of_removing(request.shown(), out_of, people, leaving, invalid)
        )
    try:
        counts = await call.write(request)
    except Unknown as lost:
        await find_out(
            call,
            lost,
            waiting_for(call, out_of.id, people, inside=False),
            lambda left: None if left.names else True,
            was="some were still in the list",
            again="Calling remove_from_list again with the same arguments is safe: who is not in the list is only "
            "counted.",
            facts=lambda left: {"still in the list": list(left.names)},
        )
        steps = _undo("add_to_list", out_of, leaving)
        notes = [FOUND_OUTSIDE] + [STARTS_AGAIN] * bool(steps)
        answer = RemovedFromList(outcome="done", contact_list=out_of.short(), steps=steps, notes=notes)
    else:
        answer = _removed(out_of, people, counts, leaving)
    if invalid:
        answer.outcome, answer.invalid = "partly_done", invalid
    return answer


def _removed(out_of: ContactList, people: People, counts: MembershipCounts, leaving: People | None) -> RemovedFromList:
    """Return the answer. `leaving`: who was in the list before, where AutoSend shows that."""
    number, removed = len(people.names), counts.removed or 0
    if not removed and not counts.not_in_list and not counts.errors:
        raise Unknown(_COUNTED_NOBODY, _SEE_WHO_IS_IN)
    whole = removed + (counts.not_in_list or 0) == number and not counts.errors
    if removed == number:
        leaving = people
    exact = leaving is not None and removed == len(leaving.names) and not counts.errors
    outside = people.without(leaving.names).names if leaving and exact else ()
    notes = [f"{NOT_IN} {compact_json(outside[:_MAX_NAMED])}"] * bool(outside)
    return RemovedFromList(
        outcome="done" if whole else "partly_done",
        contact_list=out_of.short(),
        removed=counts.removed,
        not_in_list=counts.not_in_list or None,
        errors=[error if isinstance(error, str) else compact_json(error) for error in counts.errors or []] or None,
        steps=_undo("add_to_list", out_of, leaving if exact and removed else None),
        notes=[*notes, *[STARTS_AGAIN if exact else NO_UNDO_OUT] * bool(removed)] or None,
    )
