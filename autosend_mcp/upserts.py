"""Create or update one contact: what it was before, what was sent, what it is now.

AutoSend documents neither how an upsert merges custom fields nor what it does to what is not given. The custom fields
there are are therefore sent along, and whatever else has changed afterwards is told.
"""

from collections.abc import Mapping
from typing import Any

from autosend_mcp.calls import LOOK_UP_TIMES, Call
from autosend_mcp.directory import check_fields, resolve_lists
from autosend_mcp.errors import Unknown
from autosend_mcp.lookups import Found, find_contacts, look, read_contact
from autosend_mcp.memberships import members_among
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.contacts import (
    AUTOMATIONS_WOULD,
    StoredContact,
    UpsertContact,
    UpsertedContact,
    changes,
    differences,
    list_notes,
    listed,
    restoring,
    unclearable,
)
from autosend_mcp.models.lists import ContactList

Asked = dict[str, Any]

NOTHING_TO_DO = "Everything asked for was so already, so nothing was sent."
PROPERTY_AUTOMATIONS = "Live automations that watch for the changed values may start."
SETTLED = "AutoSend's reply was lost; a look-up then found the contact as asked."


async def upsert_contact(call: Call, body: UpsertContact) -> UpsertedContact:
    """Create the contact, or change it; with dryRun, show what that would be.

    Raises:
        Refused: AutoSend refused it.
        Unknown: The reply was lost and looking did not settle it.
        NotSent: Nothing left this machine.
    """
    lists = await resolve_lists(call, body.list_ids, fresh=body.dry_run)
    asked = body.attributes()
    await check_fields(call, [asked])
    before = (await find_contacts(call, [body.email]))[0].get(body.email)
    wanted = differences(asked, before) if before else {}
    new, certain = await _not_yet_in(call, lists, body.email) if before else (lists, True)
    if before and not wanted and not new:
        return UpsertedContact.showing(before, outcome="unchanged", notes=[NOTHING_TO_DO])
    request = completed(asked, before) | ({"listIds": [one.id for one in new]} if new else {})
    if body.dry_run:
        return UpsertedContact.planned(_plan(request, before, wanted, new))
    after, verified = await _send(call, body.email, request, before)
    answer = _answer(before, after, request, verified=verified)
    if before and new and certain:
        leave = [step("remove_from_list", list=one.id, emails=[after.email]) for one in new]
        answer.undo = [*(answer.undo or []), *leave]
    return answer


async def _not_yet_in(call: Call, lists: list[ContactList], email: str) -> tuple[list[ContactList], bool]:
    """The lists without those that the contact is in already, and whether that is certain."""
    new: list[ContactList] = []
    for one in lists:
        inside = await members_among(call, one, {"emails": [email]})
        if inside is None:
            call.notes.append("Whether the contact was in the lists before could not be looked up.")
            return lists, False
        if not inside[email]:
            new.append(one)
    return new, True


def completed(asked: Asked, before: StoredContact | None) -> Asked:
    """The request: what is asked, with the other custom fields the contact has, so that none is lost."""
    if before is None or "customFields" not in asked:
        return dict(asked)
    return asked | {"customFields": before.unaltered_fields() | asked["customFields"]}


def _plan(request: Asked, before: StoredContact | None, wanted: Mapping[str, Any], lists: list[ContactList]) -> Asked:
    return planned(
        "POST",
        "/contacts/email",
        request,
        would="update" if before else "create",
        changes=wanted,
        lists=[one.named() for one in lists],
        effects=" ".join([AUTOMATIONS_WOULD] * bool(lists) + [PROPERTY_AUTOMATIONS]),
    )


async def _send(call: Call, email: str, request: Asked, before: StoredContact | None) -> tuple[StoredContact, bool]:
    """The contact afterwards, and whether only a look-up could tell."""
    try:
        return read_contact(await call.write("POST", "/contacts/email", request), email), False
    except Unknown as lost:
        return await _settle(call, email, request, before, lost), True


async def _settle(call: Call, email: str, request: Asked, before: StoredContact | None, lost: Unknown) -> StoredContact:
    """The contact, if it has become what was asked since the reply was lost."""

    def as_asked(found: Found) -> bool:
        return email in found and not differences(_unlisted(request), found[email])

    looked = await look(call, [email], LOOK_UP_TIMES, enough=as_asked)
    again = "Calling upsert_contact again with the same arguments is safe: it sets the same values."
    if looked is None:
        changed = "Looking it up failed too: whether it was applied is not known."
    elif not as_asked(looked[0]):
        changed = "Looked up afterwards, the contact was not as asked, so it was probably not applied."
    elif before and not differences(_unlisted(request), before):
        changed = "The values were there before; whether it joined the lists is not known."
        again = "Calling upsert_contact again is safe: who is in a list already does not join it a second time."
    else:
        return looked[0][email]
    raise Unknown(lost.what, again, changed=changed, status=lost.status, cause=lost.cause)


def _unlisted(request: Asked) -> Asked:
    return {name: value for name, value in request.items() if name != "listIds"}


def _answer(before: StoredContact | None, after: StoredContact, request: Asked, *, verified: bool) -> UpsertedContact:
    changed = changes(before, after)
    notes = [SETTLED] if verified else []
    notes += list_notes(after, request, verified=verified)
    if differs := differences(request, after):
        notes.append(f"AutoSend's reply does not show these as asked: {listed(differs)}.")
    if before is None:
        back = [step("delete_contacts", emails=[after.email], confirm=after.email)]
        return UpsertedContact.showing(after, outcome="created", undo=back, notes=notes)
    if unasked := [name for name in changed if not _asked_for(name, request)]:
        notes.append(f"AutoSend changed these as well, which was not asked for: {listed(unasked)}.")
    notes += unclearable(changed)
    back = [step("upsert_contact", **values)] if (values := restoring(after.email, changed)) else []
    outcome = "updated" if changed or "listIds" in request else "unchanged"
    return UpsertedContact.showing(after, outcome=outcome, changes=changed or None, undo=back or None, notes=notes)


def _asked_for(name: str, request: Asked) -> bool:
    field, _, custom = name.partition(".")
    return custom in request.get(field, {}) if custom else field in request
