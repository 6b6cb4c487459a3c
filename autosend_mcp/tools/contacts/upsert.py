"""Create or update one contact: what it was before, what was sent, what it is now.

AutoSend documents neither how an upsert merges custom fields nor what it does to what is not given. The custom fields
there are are therefore sent along, and whatever else has changed afterwards is told.
"""

from collections.abc import Mapping
from typing import Any

from autosend_mcp.api.calls import LOOK_UP_TIMES, Call
from autosend_mcp.api.contacts import FEW, Found, contacts_at, look, members_among, read_contact, when
from autosend_mcp.api.directory import resolve_lists
from autosend_mcp.api.envelope import Reply
from autosend_mcp.errors import Unknown
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.comparison import NOT_EXACT, changes, differences, listed, restoring, unclearable
from autosend_mcp.models.contact_lists import ContactList
from autosend_mcp.models.contacts.contact import StoredContact
from autosend_mcp.models.contacts.create import AUTOMATIONS_WOULD, list_notes
from autosend_mcp.models.contacts.upsert import UpsertContact, UpsertedContact
from autosend_mcp.tools.property_checks import check_fields
from autosend_mcp.tools.registry import Effect, tool

Asked = dict[str, Any]

NOT_SEEN_BEFORE = "It was not found before, but was not created by this call: there is no undo."
NOTHING_TO_DO = "Everything asked for was so already, so nothing was sent."
PROPERTY_AUTOMATIONS = "Live automations that watch for the changed values may start."
SETTLED = "AutoSend's reply was lost; a look-up then found the contact as asked."


@tool("contacts", "Upsert contact", Effect.CHANGE)
async def upsert_contact(call: Call, body: UpsertContact) -> UpsertedContact:
    """Create one contact, or change the one with this address; use create_contact if it must be new.

    Only what is given is changed. The answer says which it was, and what each value was before. listIds and changed
    values may start live automations, which may send mail.

    Raises:
        Refused: AutoSend refused it.
        Unknown: The reply was lost and looking did not settle it.
        NotSent: Nothing left this machine.
    """
    lists = await resolve_lists(call, body.list_ids, fresh=body.dry_run)
    asked = body.attributes()
    await check_fields(call, [asked])
    before = (await contacts_at(call, [body.email]))[0].get(body.email)
    wanted = differences(asked, before) if before else {}
    new, certain = await _not_yet_in(call, lists, body.email) if before else (lists, True)
    if before and not wanted and not new:
        return UpsertedContact.showing(before, outcome="unchanged", notes=[NOTHING_TO_DO])
    joining = {"listIds": [one.id for one in new]} if new else {}
    asked |= joining
    request = completed(asked, before)
    if body.dry_run:
        return UpsertedContact.planned(_plan(request, before, wanted, new))
    after, reply, verified = await _send(call, asked, request, before)
    created = before is None and when(after.created_at, reply, call.sent_at) == "during"
    if verified and not all(_asked_for(name, asked) for name in changes(None, after)):
        created = False  # it holds what was never asked for, so that somebody else may have made it
    answer = _answer(before, after, asked, verified=verified, created=created)
    if before and new and certain:
        leave = [step("remove_from_list", list=one.id, emails=[after.email]) for one in new]
        answer.undo = [*(answer.undo or []), *leave]
    return answer


async def _not_yet_in(call: Call, lists: list[ContactList], email: str) -> tuple[list[ContactList], bool]:
    """The lists without those that the contact is in already, and whether that is certain."""
    new: list[ContactList] = []
    for one in lists:
        inside = None if len(lists) > FEW else await members_among(call, one.id, {"emails": [email]})
        if inside is None:
            call.notes.append("Whether the contact was in the lists before was not looked up, or could not be.")
            return lists, False
        if not inside[email]:
            new.append(one)
    return new, True


def completed(asked: Asked, before: StoredContact | None) -> Asked:
    """The request: what is asked, with the other custom fields the contact has, so that none is lost."""
    if before is None or "customFields" not in asked:
        return dict(asked)
    return asked | {"customFields": before.raw_fields | asked["customFields"]}


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


async def _send(
    call: Call, asked: Asked, request: Asked, before: StoredContact | None
) -> tuple[StoredContact, Reply, bool]:
    """The contact afterwards, the reply that shows it, and whether that is of a look-up."""
    try:
        reply = await call.write("POST", "/contacts/email", request)
        return read_contact(reply, asked["email"]), reply, False
    except Unknown as lost:
        return *await _settle(call, asked, before, lost), True


async def _settle(call: Call, asked: Asked, before: StoredContact | None, lost: Unknown) -> tuple[StoredContact, Reply]:
    """The contact, if it has become what was asked since the reply was lost."""

    email = asked["email"]

    def as_asked(found: Found) -> bool:
        return email in found and not differences(_unlisted(asked), found[email])

    looked = await look(call, [email], LOOK_UP_TIMES, enough=as_asked)
    again = "Calling upsert_contact again with the same arguments is safe: it sets the same values."
    if looked is None:
        changed = "Looking it up failed too: whether it was applied is not known."
    elif not as_asked(looked[0]):
        changed = "Looked up afterwards, the contact was not as asked, so it was probably not applied."
    elif before and not differences(_unlisted(asked), before):
        changed = "The values were there before; whether it joined the lists is not known."
        again = "Calling upsert_contact again is safe: who is in a list already does not join it a second time."
    else:
        return looked[0][email], looked[1]
    raise lost.looked_into(again, changed=changed)


def _unlisted(request: Asked) -> Asked:
    return {name: value for name, value in request.items() if name != "listIds"}


def _answer(
    before: StoredContact | None, after: StoredContact, request: Asked, *, verified: bool, created: bool
) -> UpsertedContact:
    notes = [SETTLED] if verified else []
    notes += list_notes(after, request, verified=verified)
    if differs := differences(request, after):
        notes.append(f"AutoSend's reply does not show these as asked: {listed(differs)}.")
    if created:
        back = [step("delete_contacts", emails=[after.email], confirm=after.email)]
        return UpsertedContact.showing(after, outcome="created", undo=back, notes=notes)
    if before is None:  # made by somebody else meanwhile, or hidden from the look-up before
        return UpsertedContact.showing(after, outcome="updated", notes=[*notes, NOT_SEEN_BEFORE])
    changed = changes(before, after)
    if unasked := [name for name in changed if not _asked_for(name, request)]:
        notes.append(f"These changed as well, which was not asked for: {listed(unasked)}.")
    # Of what was not asked for, only what went away is put back: the rest may be somebody else's change.
    ours = {name: v for name, v in changed.items() if name not in unasked or v["now"] is None}
    notes += unclearable(ours)
    values = restoring(after.email, ours)
    if values is None:
        notes.append(NOT_EXACT)
    outcome = "updated" if changed or "listIds" in request else "unchanged"
    back = [step("upsert_contact", **values)] if values else None
    return UpsertedContact.showing(after, outcome=outcome, changes=changed or None, undo=back, notes=notes)


def _asked_for(name: str, request: Asked) -> bool:
    field, _, custom = name.partition(".")
    return custom in request.get(field, {}) if custom else field in request
