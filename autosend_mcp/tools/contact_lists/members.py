"""Who is in a list: putting contacts in and taking them out.

Source: AutoSend's documentation, "Add contacts to a list" and "Remove contacts from a list".
"""

from collections.abc import Sequence

from autosend_mcp.api import contact_lists, contacts
from autosend_mcp.api.calls import Call
from autosend_mcp.errors import AutoSendError, Refused, Unknown
from autosend_mcp.models.automations import Change
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.members import (
    AddedToList,
    ListMembers,
    MembershipCounts,
    People,
    RemovedFromList,
)
from autosend_mcp.models.contacts.create import AUTOMATIONS_START, AUTOMATIONS_WOULD, NEW_CONTACTS_MAY
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.automations import effects, started
from autosend_mcp.tools.contact_lists.look_up import waiting_for
from autosend_mcp.tools.contact_lists.resolve import resolve_list
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import find_out
from autosend_mcp.tools.registry import Effect, tool

NO_UNDO = "There is no undo: not all of them are new in the list, and AutoSend only counts them."
NO_UNDO_OUT = "There is no undo: not all of them were in the list, and AutoSend only counts them."
IF_NEW = "Live automations of the list started for those who were not in it before."
STAY_CONTACTS = "The undo does not delete the contacts that were created."
STARTS_AGAIN = "The undo would start the list's live automations again."
FOUND_INSIDE = "AutoSend's reply was lost; a look-up then found all of them in the list."
FOUND_OUTSIDE = "AutoSend's reply was lost; a look-up then found none of them in the list."

_COUNTED_NOBODY = "AutoSend accepted the request, but counted nobody."
_SEE_WHO_IS_IN = "See with find_contacts who is in the list."


@tool("lists", "Add to list", Effect.ADD)
async def add_to_list(context: Context, body: ListMembers) -> AddedToList:
    """Put up to 100 people into a contact list. AutoSend creates those who are no contacts yet. The list's live
    automations start for those who are new in it, which may send mail and cannot be undone: add only whom the user
    asked for.

    Raises:
        AutoSendError: Nobody was put in, or that is not known.
    """
    into = await resolve_list(context, body.contact_list, joining=True, fresh=body.dry_run)
    people = body.people()
    strangers = await _without_contact(context, people)
    if body.dry_run:
        request = contact_lists.bulk_add(into.id, people).shown()
        unnamed = [AUTOMATIONS_WOULD, *[NEW_CONTACTS_MAY] * bool(strangers)]
        start = await effects(context.call, _change(into, strangers), unnamed)
        plan = planned(request, list=into.named(), wouldCreate=strangers, **start)
        return AddedToList(outcome="dry_run", plan=plan)
    answer = await join(context.call, into, people, strangers)
    if answer.added or answer.created:
        answer.notes = [*(answer.notes or []), *started(context.call, _change(into, strangers))] or None
    return answer


def _change(into: ContactList, strangers: Sequence[str]) -> Change:
    return Change(creates=bool(strangers), joins=[into.id], surely=False)


async def _without_contact(context: Context, people: People) -> list[str]:
    """Return the addresses that are no contacts yet, which AutoSend will create; none if looking them up fails."""
    if not people.emails:
        return []
    try:
        known = await context.call.look_up(contacts.search_emails(people.emails))
    except AutoSendError:
        context.notes.append("Looking up which of them are new contacts failed.")
        return []
    return [email for email in people.emails if email not in known]


async def join(call: Call, into: ContactList, people: People, strangers: list[str] | None = None) -> AddedToList:
    """Put people into a list. `strangers`: those who are no contacts yet.

    Raises:
        AutoSendError: Nobody was put in, or that is not known.
    """
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
        return AddedToList(outcome="done", contact_list=into.short(), notes=[FOUND_INSIDE, IF_NEW])
    return _added(into, people, counts, strangers or [])


def _added(into: ContactList, people: People, counts: MembershipCounts, strangers: list[str]) -> AddedToList:
    refused, number, new = counts.refused(), len(people.names), counts.newly_added
    if not counts.already_in_list and not new:
        if refused:
            raise Refused("AutoSend added nobody to the list.", "Check the addresses or ids.", facts=refused)
        raise Unknown(_COUNTED_NOBODY, _SEE_WHO_IS_IN)
    all_new = number in {new, counts.added} and not counts.already_in_list and not refused
    whole = counts.accounts_for(number) and not refused
    notes = [AUTOMATIONS_START] * bool(new) + [NO_UNDO] * (bool(new) and not all_new)
    return AddedToList(
        outcome="done" if whole else "partly_done",
        contact_list=into.short(),
        added=counts.added,
        created=counts.created,
        already_in_list=counts.already_in_list,
        new_contacts=(strangers or None) if counts.created else None,
        not_added=refused or None,
        undo=[step("remove_from_list", list=into.id, **people.named())] if all_new else None,
        notes=notes + [STAY_CONTACTS] * bool(all_new and counts.created) or None,
    )


@tool("lists", "Remove from list", Effect.CHANGE)
async def remove_from_list(context: Context, body: ListMembers) -> RemovedFromList:
    """Take up to 100 people out of a contact list. They stay contacts; delete_contacts deletes them.

    Raises:
        AutoSendError: Nobody was taken out, or that is not known.
    """
    call = context.call
    out_of = await resolve_list(context, body.contact_list, joining=True, fresh=body.dry_run)
    people = body.people()
    request = contact_lists.remove(out_of.id, people)
    if body.dry_run:
        return RemovedFromList(outcome="dry_run", plan=planned(request.shown(), list=out_of.named()))
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
        return RemovedFromList(outcome="done", contact_list=out_of.short(), notes=[FOUND_OUTSIDE])
    return _removed(out_of, people, counts)


def _removed(out_of: ContactList, people: People, counts: MembershipCounts) -> RemovedFromList:
    number, removed = len(people.names), counts.removed or 0
    if not removed and not counts.not_in_list and not counts.errors:
        raise Unknown(_COUNTED_NOBODY, _SEE_WHO_IS_IN)
    whole = removed + (counts.not_in_list or 0) == number and not counts.errors
    exact = removed == number and not counts.errors
    return RemovedFromList(
        outcome="done" if whole else "partly_done",
        contact_list=out_of.short(),
        removed=counts.removed,
        not_in_list=counts.not_in_list,
        errors=[error if isinstance(error, str) else compact_json(error) for error in counts.errors or []] or None,
        undo=[step("add_to_list", list=out_of.id, **people.named())] if exact else None,
        notes=[STARTS_AGAIN if exact else NO_UNDO_OUT] if removed else None,
    )
