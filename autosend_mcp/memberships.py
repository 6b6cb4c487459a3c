"""Who is in a list: putting contacts in and taking them out, and what became of it when the reply was lost.

Source: AutoSend's documentation, "Add contacts to a list" and "Remove contacts from a list".
"""

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from autosend_mcp.calls import Call
from autosend_mcp.directory import resolve_list
from autosend_mcp.envelope import as_object, unreadable
from autosend_mcp.errors import AutoSendError, Refused, Unknown, compact_json
from autosend_mcp.lookups import find_contacts, path_to, rows_of
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.contacts import AUTOMATIONS_START, AUTOMATIONS_WOULD
from autosend_mcp.models.lists import AddedToList, ContactList, ListMembers, RemovedFromList

ADD = "/contact-lists/contacts/bulk-add"
SEARCH = "/contact-lists/contacts/search"

# After a lost reply each person is looked for in the list, which is one request each: more are not worth the wait.
_LOOKED_FOR = 3
NO_UNDO = "There is no undo: some were in the list before, and AutoSend does not say who."
NO_UNDO_OUT = "There is no undo: some were not in the list, and AutoSend does not say who."
STAY_CONTACTS = "The undo leaves those who were created as contacts."
STARTS_AGAIN = "The undo would start the list's live automations again."


class _Counts(BaseModel):
    """What AutoSend says of people put into or taken out of a list."""

    model_config = ConfigDict(alias_generator=to_camel)

    added: int | None = None
    created: int | None = None
    already_in_list: int | None = None
    removed: int | None = None
    not_in_list: int | None = None
    errors: list[Any] = Field(default_factory=list[Any])
    validation: dict[str, Any] = Field(default_factory=dict[str, Any])


async def add_to_list(call: Call, body: ListMembers) -> AddedToList:
    """Put the people into the list; with dryRun, show what that would be.

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
        known, _ = await find_contacts(call, emails, quickly=True)
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
        counts = _Counts.model_validate(reply.data)
    except (Unknown, ValidationError) as lost:
        return await _settle_added(call, into, people, lost)
    refused = {name: rows for name, rows in counts.validation.items() if rows and name != "valid"}
    refused |= {"errors": counts.errors} if counts.errors else {}
    joined = bool(counts.added or counts.created)
    if refused and not joined and not counts.already_in_list:
        raise Refused("AutoSend added nobody to the list.", "Check the addresses or ids.", facts=refused)
    return AddedToList(
        outcome="partly_done" if refused else "done",
        contact_list=_shown(into),
        added=counts.added,
        created=counts.created,
        already_in_list=counts.already_in_list,
        new_contacts=(strangers or None) if counts.created else None,
        not_added=refused or None,
        undo=[step("remove_from_list", list=into.id, **people)] if joined and not counts.already_in_list else None,
        notes=_effects(counts) if joined else None,
    )


def _effects(counts: _Counts) -> list[str]:
    if counts.already_in_list:
        return [AUTOMATIONS_START, NO_UNDO]
    return [AUTOMATIONS_START, *([STAY_CONTACTS] if counts.created else [])]


async def _settle_added(call: Call, into: ContactList, people: dict[str, Any], lost: Exception) -> AddedToList:
    """What became of an addition whose reply was lost."""
    error = lost if isinstance(lost, Unknown) else unreadable()
    inside = await members_among(call, into, people)
    if inside is not None and all(inside.values()):
        note = "AutoSend's reply was lost; a look-up then found all of them in the list."
        return AddedToList(outcome="done", contact_list=_shown(into), notes=[note, AUTOMATIONS_START])
    raise _in_doubt(error, inside, "add_to_list", "who is in the list already does not join it a second time")


def _in_doubt(lost: Unknown, inside: dict[str, bool] | None, tool: str, why: str) -> Unknown:
    if inside is None:
        changed = "Whether it was applied is not known."
    else:
        changed = "Looked up afterwards, it was not applied to all of them."
    return Unknown(
        lost.what,
        f"Calling {tool} again with the same arguments is safe: {why}.",
        changed=changed,
        facts={"in the list now": inside} if inside else None,
        status=lost.status,
        cause=lost.cause,
    )


async def remove_from_list(call: Call, body: ListMembers) -> RemovedFromList:
    """Take the people out of the list; with dryRun, show what that would be. They stay contacts.

    Raises:
        AutoSendError: Nobody was taken out, or that is not known.
    """
    out_of = await resolve_list(call, body.contact_list, joining=True, fresh=body.dry_run)
    path = path_to("contact-lists", out_of.id, "contacts", "remove")
    people = body.people()
    if body.dry_run:
        return RemovedFromList(outcome="dry_run", plan=planned("POST", path, people, list=out_of.named()))
    try:
        counts = _Counts.model_validate((await call.write("POST", path, people)).data)
    except (Unknown, ValidationError) as lost:
        return await _settle_removed(call, out_of, people, lost)
    return RemovedFromList(
        outcome="partly_done" if counts.errors else "done",
        contact_list=_shown(out_of),
        removed=counts.removed,
        not_in_list=counts.not_in_list,
        errors=[one if isinstance(one, str) else compact_json(one) for one in counts.errors] or None,
        undo=[step("add_to_list", list=out_of.id, **people)] if counts.removed and not counts.not_in_list else None,
        notes=[NO_UNDO_OUT if counts.not_in_list else STARTS_AGAIN] if counts.removed else None,
    )


async def _settle_removed(call: Call, out_of: ContactList, people: dict[str, Any], lost: Exception) -> RemovedFromList:
    error = lost if isinstance(lost, Unknown) else unreadable()
    inside = await members_among(call, out_of, people)
    if inside is not None and not any(inside.values()):
        note = "AutoSend's reply was lost; a look-up then found none of them in the list."
        return RemovedFromList(outcome="done", contact_list=_shown(out_of), notes=[note])
    raise _in_doubt(error, inside, "remove_from_list", "who is not in the list is only counted")


async def members_among(call: Call, of: ContactList, people: dict[str, Any]) -> dict[str, bool] | None:
    """Whether each of a few addresses is in the list now; None where that cannot be told."""
    emails = cast("list[str]", people.get("emails", []))
    if not emails or len(emails) > _LOOKED_FOR:
        return None
    inside: dict[str, bool] = {}
    for email in emails:
        try:
            reply = await call.look_up("POST", SEARCH, {"contactListId": of.id, "email": email, "limit": 100})
            rows = rows_of(reply, "contacts")
        except AutoSendError:
            return None
        inside[email] = any(_address(row) == email for row in rows)
    return inside


def _address(row: object) -> str:
    return str(as_object(row).get("email", "")).lower()


def _shown(one: ContactList) -> dict[str, Any]:
    return {"id": one.id, "name": one.name}
