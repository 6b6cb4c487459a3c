"""Who is in a list: putting contacts in and taking them out, and what became of it when the reply was lost.

Source: AutoSend's documentation, "Add contacts to a list" and "Remove contacts from a list".
"""

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import contacts_at, members_among, path_to
from autosend_mcp.api.directory import resolve_list
from autosend_mcp.api.envelope import unreadable
from autosend_mcp.errors import AutoSendError, Refused, Unknown
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.contact_lists import AddedToList, ContactList, ListMembers, RemovedFromList
from autosend_mcp.models.contacts.create import AUTOMATIONS_START, AUTOMATIONS_WOULD
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.registry import Effect, tool

ADD = "/contact-lists/contacts/bulk-add"
NO_UNDO = "There is no undo: not all of them are new in the list, and AutoSend only counts them."
NO_UNDO_OUT = "There is no undo: not all of them were in the list, and AutoSend only counts them."
IF_NEW = "Live automations of the list started for those who were not in it before."
STAY_CONTACTS = "The undo leaves those who were created as contacts."
STARTS_AGAIN = "The undo would start the list's live automations again."


class Counts(BaseModel):
    """What AutoSend says of people put into or taken out of a list."""

    model_config = ConfigDict(alias_generator=to_camel)

    added: int | None = None
    created: int | None = None
    already_in_list: int | None = None
    removed: int | None = None
    not_in_list: int | None = None
    errors: list[Any] | None = None
    validation: dict[str, Any] | None = None

    def everybody(self, number: int) -> bool:
        """Whether so many people are in the list now. Whether `added` counts those created is not documented."""
        before = self.already_in_list or 0
        return number in {before + (self.added or 0), before + (self.added or 0) + (self.created or 0)}

    def refused(self) -> dict[str, list[Any]]:
        """Who was not taken, and why, by AutoSend's own names for it."""
        kinds = {name: rows for name, rows in (self.validation or {}).items() if name != "valid"}
        return {
            name: rows for name, rows in {**kinds, "errors": self.errors}.items() if isinstance(rows, list) and rows
        }


@tool("lists", "Add to list", Effect.ADD)
async def add_to_list(call: Call, body: ListMembers) -> AddedToList:
    """Put up to 100 people into a contact list. AutoSend creates those who are no contacts yet. The list's live
    automations start for who is new in it, which may send mail and cannot be undone: only as the user asked.

    Raises:
        AutoSendError: Nobody was put in, or that is not known.
    """
    into = await resolve_list(call, body.contact_list, joining=True, fresh=body.dry_run)
    strangers = await _strangers(call, body.people())
    if body.dry_run:
        request = {"contactListId": into.id, **body.people()}
        plan = planned("POST", ADD, request, list=into.named(), wouldCreate=strangers, effects=AUTOMATIONS_WOULD)
        return AddedToList(outcome="dry_run", plan=plan)
    return await join(call, into, body.people(), strangers)


async def _strangers(call: Call, people: dict[str, Any]) -> list[str]:
    """The addresses that are no contacts yet, so that AutoSend will create them; none where that cannot be told."""
    emails = cast("list[str]", people.get("emails", []))
    if not emails:
        return []
    try:
        known, _ = await contacts_at(call, emails, quickly=True)
    except AutoSendError:
        call.notes.append("Who of them is no contact yet could not be looked up.")
        return []
    return [email for email in emails if email not in known]


async def join(
    call: Call, into: ContactList, people: dict[str, Any], strangers: list[str] | None = None
) -> AddedToList:
    """Put people (`{"emails": [...]}` or `{"contactIds": [...]}`) into a list. `strangers`: no contacts yet.

    Raises:
        AutoSendError: Nobody was put in, or that is not known.
    """
    try:
        reply = await call.write("POST", ADD, {"contactListId": into.id, **people})
        counts = Counts.model_validate(reply.data)
    except (Unknown, ValidationError) as lost:
        return await _settle_added(call, into, people, lost)
    refused = counts.refused()
    everybody = _number(people)
    before, new = counts.already_in_list or 0, (counts.added or 0) + (counts.created or 0)
    if not before and not new:
        if refused:
            raise Refused("AutoSend added nobody to the list.", "Check the addresses or ids.", facts=refused)
        raise Unknown(
            "AutoSend accepted the request, but counted nobody.", "Look with find_contacts who is in the list."
        )
    all_new = everybody in {new, counts.added} and not before and not refused
    whole = counts.everybody(everybody) and not refused
    notes = [AUTOMATIONS_START] * bool(new) + [NO_UNDO] * (bool(new) and not all_new)
    return AddedToList(
        outcome="done" if whole else "partly_done",
        contact_list=_shown(into),
        added=counts.added,
        created=counts.created,
        already_in_list=counts.already_in_list,
        new_contacts=(strangers or None) if counts.created else None,
        not_added=refused or None,
        undo=[step("remove_from_list", list=into.id, **people)] if all_new else None,
        notes=notes + [STAY_CONTACTS] * bool(all_new and counts.created) or None,
    )


def _number(people: dict[str, Any]) -> int:
    """How many people the request names."""
    return sum(len(named) for named in people.values())


async def _settle_added(call: Call, into: ContactList, people: dict[str, Any], lost: Exception) -> AddedToList:
    """What became of an addition whose reply was lost."""
    error = lost if isinstance(lost, Unknown) else unreadable()
    inside = await members_among(call, into.id, people)
    if inside is not None and all(inside.values()):
        note = "AutoSend's reply was lost; a look-up then found all of them in the list."
        return AddedToList(outcome="done", contact_list=_shown(into), notes=[note, IF_NEW])
    raise _in_doubt(error, inside, "add_to_list", "who is in the list already does not join it a second time")


def _in_doubt(lost: Unknown, inside: dict[str, bool] | None, tool: str, why: str) -> Unknown:
    if inside is None:
        changed = "Whether it was applied is not known."
    else:
        changed = "Looked up afterwards, it was not applied to all of them."
    return lost.looked_into(
        f"Calling {tool} again with the same arguments is safe: {why}.",
        changed=changed,
        facts={"in the list now": inside} if inside else None,
    )


@tool("lists", "Remove from list", Effect.CHANGE)
async def remove_from_list(call: Call, body: ListMembers) -> RemovedFromList:
    """Take up to 100 people out of a contact list. They stay contacts; delete_contacts deletes them.

    Raises:
        AutoSendError: Nobody was taken out, or that is not known.
    """
    out_of = await resolve_list(call, body.contact_list, joining=True, fresh=body.dry_run)
    path = path_to("contact-lists", out_of.id, "contacts", "remove")
    people = body.people()
    if body.dry_run:
        return RemovedFromList(outcome="dry_run", plan=planned("POST", path, people, list=out_of.named()))
    try:
        counts = Counts.model_validate((await call.write("POST", path, people)).data)
    except (Unknown, ValidationError) as lost:
        return await _settle_removed(call, out_of, people, lost)
    everybody, removed = _number(people), counts.removed or 0
    if not removed and not counts.not_in_list and not counts.errors:
        look = "Look with find_contacts who is in the list."
        raise Unknown("AutoSend accepted the request, but counted nobody.", look)
    whole = removed + (counts.not_in_list or 0) == everybody and not counts.errors
    exact = removed == everybody and not counts.errors
    return RemovedFromList(
        outcome="done" if whole else "partly_done",
        contact_list=_shown(out_of),
        removed=counts.removed,
        not_in_list=counts.not_in_list,
        errors=[one if isinstance(one, str) else compact_json(one) for one in counts.errors or []] or None,
        undo=[step("add_to_list", list=out_of.id, **people)] if exact else None,
        notes=[STARTS_AGAIN if exact else NO_UNDO_OUT] if removed else None,
    )


async def _settle_removed(call: Call, out_of: ContactList, people: dict[str, Any], lost: Exception) -> RemovedFromList:
    error = lost if isinstance(lost, Unknown) else unreadable()
    inside = await members_among(call, out_of.id, people)
    if inside is not None and not any(inside.values()):
        note = "AutoSend's reply was lost; a look-up then found none of them in the list."
        return RemovedFromList(outcome="done", contact_list=_shown(out_of), notes=[note])
    raise _in_doubt(error, inside, "remove_from_list", "who is not in the list is only counted")


def _shown(one: ContactList) -> dict[str, Any]:
    return {"id": one.id, "name": one.name}
