"""The people named for a list, as they are before: what a dry run foretells of adding them."""

from dataclasses import replace
from typing import Any

from autosend_mcp.api import contact_lists, contacts
from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import Found
from autosend_mcp.errors import AutoSendError
from autosend_mcp.models.automations import AUTOMATIONS_WOULD, NEW_CONTACTS_MAY, Change
from autosend_mcp.models.base import planned
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.member_tools import ListMembers
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.tools.automations import effects
from autosend_mcp.tools.contact_lists.look_up import shown_members
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.entries import addresses_in
from autosend_mcp.tools.suppression_groups.opted_out import foreseen


def named_people(context: Context, body: ListMembers) -> tuple[People, list[dict[str, Any]]]:
    """Return those named, and the entries that are no addresses, which keep nobody else back."""
    emails, invalid = addresses_in(context, body.emails) if body.emails is not None else ([], [])
    return People(tuple(emails), tuple(dict.fromkeys(body.contact_ids or ()))), invalid


async def plan_of_adding(context: Context, into: ContactList, people: People, before: Found | None) -> dict[str, Any]:
    """Return what a dry run shows. Of those who opted out, AutoSend does not document whether they join."""
    left = await foreseen(context, people.emails)
    mailable = people.without(left)
    change, of_all = (change_of(into, some, before, rejoins=context.rejoins) for some in (mailable, people))
    change = replace(change, may_join=[into.id] * (not change.joins and bool(of_all.joins or of_all.may_join)))
    creates = [email for email in people.emails if before is not None and email not in before]
    unnamed = [AUTOMATIONS_WOULD] * bool(change.joins or change.may_join) + [NEW_CONTACTS_MAY] * bool(creates)
    inside = None if before is None else shown_members(before, into.id)
    return planned(
        contact_lists.bulk_add(into.id, people).shown(),
        list=into.named(),
        wouldJoin=None if inside is None else len(set(mailable.emails) - inside),
        wouldCreate=creates,
        alreadyInList=len(inside or ()) or None,
        optedOut=left,
        **await effects(context.call, replace(change, creates=bool(creates)), unnamed),
    )


def change_of(into: ContactList, people: People, before: Found | None, *, rejoins: bool = False) -> Change:
    """Return what putting these people into the list does. `before`: their contacts; None where that is not known.

    `rejoins`: they have been in it before, and an automation may start once a contact. Page "Get automation".
    """
    if before is None:
        return Change(may_join=[into.id] * bool(people.names), surely=False)
    inside = shown_members(before, into.id)
    creates = any(email not in before for email in people.emails)
    surely = creates or (inside is not None and bool(set(people.emails) - inside))
    unsure = bool(people.names) and not surely and inside is None
    if rejoins:
        return Change(creates, may_join=[into.id] * (surely or unsure), surely=False)
    return Change(creates, [into.id] * surely, [into.id] * unsure, surely=False)


async def look_before(call: Call, people: People) -> Found | None:
    """Return the contacts at the addresses; None if looking them up fails."""
    try:
        return await call.look_up(contacts.search_emails(people.emails))
    except AutoSendError:
        return None


def plan_of_removing(
    request: dict[str, Any], out_of: ContactList, people: People, leaving: People | None, invalid: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what a dry run shows of those to take out. `leaving`: who of them is in the list; None if not known."""
    would = None if leaving is None else len(leaving.names)
    rest = None if leaving is None else [*people.without(leaving.names).names]
    return planned(request, list=out_of.named(), wouldRemove=would, notInList=rest, invalid=invalid)
