"""Delete contacts: found first, confirmed, deleted, and looked up again.

Source: AutoSend's documentation, "Delete contact by id", "Remove contacts" and "Delete contact by user id".
"""

from collections.abc import Sequence
from typing import Any

from autosend_mcp.api import contacts
from autosend_mcp.api.calls import LOOK_UP_TIMES, Call
from autosend_mcp.api.contacts import Found
from autosend_mcp.api.request import Request
from autosend_mcp.errors import NOTHING_CHANGED, NotSent, Refused, Unknown
from autosend_mcp.models.base import planned
from autosend_mcp.models.contacts.contact import StoredContact
from autosend_mcp.models.contacts.delete import BY_USER_ID, SHOWN, DeleteContacts, DeletedContacts
from autosend_mcp.models.text import compact_json, visible_data
from autosend_mcp.tools.confirm import confirm
from autosend_mcp.tools.contacts.find import contact_with_id
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.entries import addresses_in
from autosend_mcp.tools.lost_reply import AFTER_A_REPLY, not_applied, poll
from autosend_mcp.tools.registry import Effect, tool

VERIFIED = "AutoSend's reply was lost; a look-up then found them gone."
CAN_COME_BACK = "A later import can add them again."
UNVERIFIED = "AutoSend said that it deleted them; looking them up afterwards failed."
OTHERS = "They are gone, and other contacts are at these addresses:"
NOBODY = "no contact has it, which AutoSend cannot look up"
SEVERAL = "AutoSend does not say how many contacts had this userId."

_MAX_SHOWN = 20
_MAX_NAMED = 5  # beyond that, the answer would repeat the arguments


@tool("contacts", "Delete contacts", Effect.DELETE)
async def delete_contacts(context: Context, body: DeleteContacts) -> DeletedContacts:
    """Delete (remove) a contact (subscriber) or several from AutoSend for good, as when a person asks to be forgotten.
    To end a membership only, use remove_from_list. Without confirm nothing is deleted, and the error shows who would
    go.

    Raises:
        NotSent: `confirm` is not what would go, the user said no, or nobody was found.
        Unknown: The reply was lost, and somebody is still there or cannot be looked up.
    """
    if body.user_id is not None:
        return await _delete_by_user_id(context, body, body.user_id)
    found, missing, invalid = await _targets(context, body)
    absent: dict[str, Any] = {name: those for name, those in (("not found", missing), ("invalid", invalid)) if those}
    if not found:
        raise NotSent(
            "None of these is a contact.", "There is nothing to delete.", changed=NOTHING_CHANGED, facts=absent
        )
    request = _request(found)
    shown = [_shown(contact) for contact in found[:_MAX_SHOWN]]
    if body.dry_run:
        plan = planned(request.shown(), count=len(found), wouldDelete=shown, notFound=missing, invalid=invalid)
        return DeletedContacts(outcome="dry_run", plan=plan)
    emails = [contact.email for contact in found]
    also = [found[0].id] if len(found) == 1 else []
    await confirm(
        context,
        body.confirm,
        _confirm_for(emails),
        kind="contact",
        names=emails,
        ids=[contact.id for contact in found],
        shows={f"would delete, {len(shown)} of {len(found)}": shown, **absent},
        also=also,
    )
    answer = await _delete(context.call, request, found, missing)
    if invalid:
        answer.outcome, answer.invalid = "partly_deleted", invalid
    return answer


async def _targets(
    context: Context, body: DeleteContacts
) -> tuple[list[StoredContact], list[str], list[dict[str, Any]]]:
    """Return the contacts meant, each once, the addresses or ids that are none, and the entries that are no addresses.

    Neither keeps the others from going: `confirm` is for exactly those who were found.
    """
    call = context.call
    if body.emails is not None:
        emails, invalid = addresses_in(context, body.emails)
        found = await call.read(contacts.search_emails(emails))
        return list(found.values()), [email for email in emails if email not in found], invalid
    by_id = {wanted: await contact_with_id(call, wanted) for wanted in dict.fromkeys(body.ids or [])}
    there = {contact.id: contact for contact in by_id.values() if contact}
    return list(there.values()), [wanted for wanted, contact in by_id.items() if contact is None], []


def _request(found: Sequence[StoredContact]) -> Request[None]:
    if len(found) == 1:
        return contacts.delete(found[0].id)
    return contacts.remove([contact.email for contact in found])


def _confirm_for(emails: Sequence[str]) -> str:
    """Return what `confirm` must be: the address of one, the count of several."""
    return emails[0] if len(emails) == 1 else str(len(emails))


def _shown(contact: StoredContact) -> dict[str, object]:
    shown = contact.payload()
    return {name: shown[name] for name in SHOWN if name in shown}


async def _delete(
    call: Call, request: Request[None], found: Sequence[StoredContact], missing: list[str]
) -> DeletedContacts:
    """Send it, then look up who is gone."""
    lost: Unknown | None = None
    absent: Refused | None = None
    try:
        await call.write(request)
    except Unknown as error:
        lost = error
    except Refused as refusal:
        if refusal.status != 404:
            raise
        absent = refusal
    emails, ids = [contact.email for contact in found], {contact.id for contact in found}

    def still_there(seen: Found) -> list[str]:  # another contact of the same address is another contact
        return [email for email, contact in seen.items() if contact.id in ids]

    seen = await poll(
        call,
        lambda: call.look_up(contacts.search_emails([email.lower() for email in emails])),
        lambda seen: not still_there(seen),
        LOOK_UP_TIMES if lost else AFTER_A_REPLY,
    )
    left = still_there(seen) if seen is not None else []
    if lost and (seen is None or left):
        raise _not_all_gone(lost, left if seen is not None else None)
    if absent and (seen is None or left):
        raise absent
    notes = ([VERIFIED] if lost else []) + ([UNVERIFIED] if seen is None else [])
    if seen and (others := [email for email, contact in seen.items() if contact.id not in ids]):
        notes.append(f"{OTHERS} {compact_json(visible_data(others[:_MAX_SHOWN]))}.")
    return _deleted(emails, left, missing, notes)


def _deleted(emails: Sequence[str], left: list[str], missing: list[str], notes: list[str]) -> DeletedContacts:
    """Return what became of the contacts at these addresses, of whom a look-up still shows those left."""
    deleted = [email for email in emails if email.lower() not in left]
    if not deleted:
        raise Unknown(
            "AutoSend said that it deleted them, but a look-up still shows them all.",
            "Look again with find_contacts in a minute; do not report them as deleted before.",
            facts={"still there": left},
        )
    notes = notes or [CAN_COME_BACK] * (not left)
    return DeletedContacts(
        outcome="partly_deleted" if left else "deleted",
        count=len(deleted) if len(deleted) > _MAX_NAMED else None,
        deleted=deleted if len(deleted) <= _MAX_NAMED else None,
        not_deleted=left or None,
        not_found=missing or None,
        notes=notes or None,
    )


def _not_all_gone(lost: Unknown, left: list[str] | None) -> Unknown:
    again = "Calling delete_contacts again is safe: who is gone stays gone. "
    if left is None:
        return not_applied(lost, f"{again}Leave confirm out, to see who is left.", "", seen=False)
    facts = {"still there": left, "confirm": _confirm_for(left)}
    return not_applied(lost, f"{again}Use this confirm.", "these were still there", seen=True, facts=facts)


async def _delete_by_user_id(context: Context, body: DeleteContacts, user_id: str) -> DeletedContacts:
    """Delete by the application's own id, which AutoSend cannot look up."""
    request = contacts.delete_by_user_id(user_id)
    if body.dry_run:
        plan = planned(request.shown(), wouldDelete=[{BY_USER_ID: user_id}], unless=NOBODY)
        return DeletedContacts(outcome="dry_run", plan=plan)
    shows: dict[str, object] = {"would delete": {BY_USER_ID: user_id}, "not known": "who that is"}
    await confirm(context, body.confirm, user_id, kind="the contact with user id", names=[user_id], ids=[], shows=shows)
    try:
        await context.call.write(request)
    except Unknown as lost:
        raise lost.looked_into(
            "AutoSend cannot look a userId up. Do not call again by yourself: if several contacts have it, that "
            "could delete another. Ask the user to check, or delete by address."
        ) from None
    except Refused as refusal:
        if refusal.status != 404:
            raise
        raise Refused("No contact has this userId.", "There is nothing to delete.", status=404) from None
    return DeletedContacts(outcome="deleted", deleted=[user_id], notes=[SEVERAL])
