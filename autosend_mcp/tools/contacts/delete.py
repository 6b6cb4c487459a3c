"""Deleting contacts: found first, confirmed, deleted, and looked up again.

Source: AutoSend's documentation, "Delete contact by id", "Remove contacts" and "Delete contact by user id".
"""

from collections.abc import Sequence

from autosend_mcp.api.calls import LOOK_UP_TIMES, Call
from autosend_mcp.api.contacts import Found, contacts_at, get_stored, look, path_to
from autosend_mcp.errors import NOTHING_CHANGED, NotSent, Refused, Unknown
from autosend_mcp.models.base import planned
from autosend_mcp.models.contacts.contact import StoredContact
from autosend_mcp.models.contacts.delete import DeleteContacts, DeletedContacts
from autosend_mcp.tools.confirm import confirm
from autosend_mcp.tools.registry import Effect, tool

REMOVE = "/contacts/remove"
GONE = "AutoSend's reply was lost; a look-up then found them gone."
UNVERIFIED = "AutoSend said that it deleted them; looking them up afterwards failed."

SEVERAL = "AutoSend does not say how many contacts had this userId."

_SHOWN = 20
_AFTERWARDS = (0.0, 0.5, 2.0)


@tool("contacts", "Delete contacts", Effect.DELETE)
async def delete_contacts(call: Call, body: DeleteContacts) -> DeletedContacts:
    """Delete contacts for good, for example when somebody asks to be forgotten. To end a membership only, use
    remove_from_list. Without confirm nothing is deleted, and the error shows who would go.

    Raises:
        NotSent: `confirm` is not what would go, the person said no, or nobody was found.
        Unknown: The reply was lost, and somebody is still there or cannot be looked up.
    """
    if body.user_id is not None:
        return await _delete_by_user_id(call, body, body.user_id)
    there, missing = await _targets(call, body)
    if not there:
        raise NotSent(
            "None of these is a contact.",
            "There is nothing to delete.",
            changed=NOTHING_CHANGED,
            facts={"not found": missing},
        )
    emails = [contact.email for contact in there]
    method, path, request = _request(there)
    shown = [_shown(contact) for contact in there[:_SHOWN]]
    if body.dry_run:
        plan = planned(method, path, request, count=len(there), wouldDelete=shown, notFound=missing)
        return DeletedContacts(outcome="dry_run", plan=plan)
    shows: dict[str, object] = {f"would delete, {len(shown)} of {len(there)}": shown}
    if missing:
        shows["not found"] = missing
    expected = emails[0] if len(there) == 1 else str(len(there))
    also = [there[0].id] if len(there) == 1 else []
    await confirm(call, body.confirm, expected, kind="contact", names=emails, shows=shows, also=also)
    return await _delete(call, (method, path, request), there, missing)


async def _targets(call: Call, body: DeleteContacts) -> tuple[list[StoredContact], list[str]]:
    """The contacts meant, each once, and the addresses or ids that are none."""
    if body.emails is not None:
        found, _ = await contacts_at(call, list(dict.fromkeys(body.emails)))
        return list(found.values()), [email for email in dict.fromkeys(body.emails) if email not in found]
    by_id = {one: await get_stored(call, one) for one in dict.fromkeys(body.ids or [])}
    there = {contact.id: contact for contact in by_id.values() if contact}
    return list(there.values()), [one for one, contact in by_id.items() if contact is None]


def _request(there: Sequence[StoredContact]) -> tuple[str, str, dict[str, object] | None]:
    if len(there) == 1:
        return "DELETE", path_to("contacts", there[0].id), None
    return "POST", REMOVE, {"emails": [contact.email for contact in there]}


def _shown(contact: StoredContact) -> dict[str, object]:
    shown = contact.payload()
    return {name: shown[name] for name in ("id", "email", "firstName", "lastName", "createdAt") if name in shown}


async def _delete(
    call: Call, request: tuple[str, str, dict[str, object] | None], there: Sequence[StoredContact], missing: list[str]
) -> DeletedContacts:
    """Send it, then look who is gone."""
    emails, ids = [contact.email for contact in there], {contact.id for contact in there}
    lost: Unknown | None = None
    absent: Refused | None = None
    try:
        await call.write(*request)
    except Unknown as error:
        lost = error
    except Refused as refusal:
        if refusal.status != 404:
            raise
        absent = refusal

    def still_there(found: Found) -> list[str]:  # another contact of the same address is another contact
        return [email for email, contact in found.items() if contact.id in ids]

    looked = await look(
        call,
        [email.lower() for email in emails],
        LOOK_UP_TIMES if lost else _AFTERWARDS,
        enough=lambda found: not still_there(found),
    )
    left = still_there(looked[0]) if looked else []
    if lost and (looked is None or left):
        raise _in_doubt(lost, left if looked else None)
    if absent and (looked is None or left):
        raise absent
    deleted = [email for email in emails if email.lower() not in left]
    if not deleted:
        raise Unknown(
            "AutoSend said that it deleted them, but a look-up still shows them all.",
            "Look again with find_contacts in a minute; do not report them as deleted before.",
            facts={"still there": left},
        )
    notes = ([GONE] if lost else []) + ([] if looked else [UNVERIFIED])
    return DeletedContacts(
        outcome="partly_deleted" if left else "deleted",
        deleted=deleted,
        not_deleted=left or None,
        not_found=missing or None,
        notes=notes or None,
    )


def _in_doubt(lost: Unknown, left: list[str] | None) -> Unknown:
    if left is None:
        changed = "Looking them up failed too: whether they were deleted is not known."
    else:
        changed = "Looked up afterwards, some were still there, so it was probably not applied to those."
    return lost.looked_into(
        "Calling delete_contacts again is safe: who is gone already stays gone.",
        changed=changed,
        facts={"still there": left} if left else None,
    )


async def _delete_by_user_id(call: Call, body: DeleteContacts, user_id: str) -> DeletedContacts:
    """Delete by the application's own id, which AutoSend cannot look up."""
    path = path_to("contacts", "email", "userId", user_id)
    if body.dry_run:
        return DeletedContacts(outcome="dry_run", plan=planned("DELETE", path, None, wouldDelete=[{"userId": user_id}]))
    shows: dict[str, object] = {"would delete": {"userId": user_id}, "not known": "who that is"}
    await confirm(call, body.confirm, user_id, kind="the contact with user id", names=[user_id], shows=shows)
    try:
        await call.write("DELETE", path)
    except Unknown as lost:
        raise lost.looked_into(
            "Calling delete_contacts again is safe: it says that there is none if it was deleted."
        ) from None
    except Refused as refusal:
        if refusal.status != 404:
            raise
        raise Refused("No contact has this userId.", "There is nothing to delete.", status=404) from None
    return DeletedContacts(outcome="deleted", deleted=[user_id], notes=[SEVERAL])
