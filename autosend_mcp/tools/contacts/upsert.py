"""Create or update one contact: what it was before, what was sent, what it is now."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from autosend_mcp.api import contacts
from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import own_properties
from autosend_mcp.api.moment import relative_to
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, Refused, Unknown
from autosend_mcp.models.automations import AUTOMATIONS_WOULD, NEW_CONTACT_WOULD, Change
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.comparison import (
    CLEARS_FIELDS,
    NOT_EXACT,
    changes,
    clears_fields,
    deleting,
    differences,
    foretold,
    is_expected,
    listed,
    not_as_asked,
    restoring,
    with_existing_values,
    with_lists,
)
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contacts.contact import CLEAR, LISTS, MOBILE, StoredContact, Values
from autosend_mcp.models.contacts.upsert import UpsertContact, UpsertedContact
from autosend_mcp.tools.automations import effects, started
from autosend_mcp.tools.contact_lists.look_up import lists_left
from autosend_mcp.tools.contact_lists.resolve import resolve_lists
from autosend_mcp.tools.contacts.joined import list_notes, lookup_notes
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import not_applied, poll
from autosend_mcp.tools.property_checks import check_properties
from autosend_mcp.tools.registry import Effect, tool
from autosend_mcp.tools.suppression_groups.opted_out import foreseen, refuse_opted_out

NOT_SEEN_BEFORE = "It was not found before, but was not created by this call: there is no undo."
NOTHING_TO_DO = "The contact has every value that was given, so nothing was sent."
NOTHING_GIVEN = "No value was given, so nothing was sent and nothing changed."
PROPERTY_AUTOMATIONS = "Live automations that watch for the changed values may start."
VERIFIED = "AutoSend's reply was lost; a look-up then found the contact with every value asked for."
LISTS_NOT_CHECKED = "Whether the contact was in the lists before was not looked up, or could not be."
AGAIN = "Calling upsert_contact again with the same arguments is safe: it sets the same values."
MOBILE_UNSEEN = "AutoSend showed no mobile number before, which need not mean that there was none."
CANNOT_CLEAR = (
    "AutoSend does not document how a custom field is cleared: where it complains of that one, leave it out of clear, "
    "and clear it in AutoSend's dashboard. Else fix the arguments."
)
JOINS_AGAIN = " If the contact joined a list and has left it since, it would join again."

_MAX_LISTS = 3  # each costs a request to see whether the contact is in it


@tool("contacts", "Create or update contact", Effect.CHANGE)
async def upsert_contact(context: Context, body: UpsertContact) -> UpsertedContact:
    """Update (edit, change) the details of the AutoSend contact with this address, such as name or phone number, or
    create it; use create_contact if it must be new. Only what is given is updated. AutoSend cannot change an address
    itself. A new contact, listIds and changed values may start live automations, which may send mail.

    Raises:
        Refused: AutoSend refused it.
        Unknown: The reply was lost, and no look-up found it applied.
        NotSent: Nothing left this machine.
    """
    lists = await resolve_lists(context, body.list_ids, fresh=body.dry_run)
    values = body.attributes()
    await check_properties(context, [values])
    before = (await context.call.read(contacts.search_emails([body.email]))).get(body.email)
    wanted = differences(values, before) if before else {}
    new, certain = await _not_yet_in(context, lists, before) if before else (lists, True)
    unseen = before is not None and MOBILE in values and not before.raw.get(MOBILE)
    if before and not wanted and not new and not unseen:
        return UpsertedContact.showing(before, outcome="unchanged", notes=[_nothing_to_do(values, lists)])
    await refuse_opted_out(context, body.email, new)
    expected = with_lists(values, [contact_list.id for contact_list in new])
    own = await own_properties(context.call, [before], [values]) if before else None
    request = contacts.upsert(with_existing_values(expected, before, own))
    if body.dry_run:
        return UpsertedContact.planned(await _plan(context, request, (new, certain), before, wanted, email=body.email))
    try:
        after = await _send(context.call, request, body)
        notes, verified = await list_notes(context.call, after, new, verified=False), False
    except Unknown as lost:
        after, notes = await _find_out(context.call, values, before, new, lost)
        notes, verified = [VERIFIED, *notes], True
    own = own or await own_properties(context.call, [after], [values])
    created = before is None and _made_now(context.call, after, expected, own, verified=verified)
    changed = None if created else wanted.keys() - differences(values, after).keys()
    notes += started(context.call, _change(new, changed, certain=certain))
    unseen = unseen and not verified and (not values[MOBILE] or await _hides_mobile(context.call, after))
    answer = _answer(before, after, expected, notes, own, created=created, unseen=unseen)
    if before and new and certain:
        answer.steps += [step("remove_from_list", list=one.id, emails=[after.email]) for one in new]
    return answer


async def _send(call: Call, request: Request[StoredContact], body: UpsertContact) -> StoredContact:
    try:
        return await call.write(request)
    except Refused as refused:
        if refused.status in {400, 422} and clears_fields([{CLEAR: body.clear or ()}]):
            refused.next_step, refused.fields = CANNOT_CLEAR, ()
        raise


async def _plan(
    context: Context,
    request: Request[StoredContact],
    joined: tuple[Sequence[ContactList], bool],
    before: StoredContact | None,
    wanted: Mapping[str, Mapping[str, Any]],
    *,
    email: str,
) -> dict[str, Any]:
    """Return what a dry run shows: the request, what would change, and which automations would start."""
    new, certain = joined
    change = _change(new, None if before is None else wanted, certain=certain)
    unnamed = [NEW_CONTACT_WOULD] * change.creates + [AUTOMATIONS_WOULD] * bool(new) + [PROPERTY_AUTOMATIONS]
    return planned(
        request.shown(),
        would="update" if before else "create",
        changes=foretold(wanted),
        lists=[contact_list.named() for contact_list in new],
        optedOut=[] if new else await foreseen(context, [email]),
        **await effects(context.call, change, unnamed),
    )


def _nothing_to_do(values: Values, lists: Sequence[ContactList]) -> str:
    given = lists or [value for name, value in values.items() if value and name != "email"]
    return NOTHING_TO_DO if given else NOTHING_GIVEN


def _change(joined: Sequence[ContactList], changed: Collection[str] | None, *, certain: bool) -> Change:
    """Return what an upsert does to its contact. `changed`: by name; None where there was no contact.

    `certain`: the contact is in none of these lists.
    """
    ids = [contact_list.id for contact_list in joined]
    joins, may_join = (ids, []) if certain else ([], ids)
    return Change(changed is None, joins, may_join, None if changed is None else list(changed))


async def _not_yet_in(
    context: Context, lists: list[ContactList], contact: StoredContact
) -> tuple[list[ContactList], bool]:
    """Return the lists without those that the contact is in already, and whether that is certain."""
    if len(lists) <= _MAX_LISTS or contact.list_ids is not None:
        try:
            return await lists_left(context.call, lists, contact), True
        except AutoSendError:
            pass
    context.notes.append(LISTS_NOT_CHECKED)
    return lists, False


async def _find_out(
    call: Call, values: Values, before: StoredContact | None, new: list[ContactList], lost: Unknown
) -> tuple[StoredContact, list[str]]:
    """Return the contact, if the request was applied although the reply was lost, and what to say of the lists.

    Where the values were there before, only the lists show it.
    """
    email = values["email"]
    telling = before is None or bool(differences(values, before))

    async def look() -> tuple[StoredContact | None, list[ContactList] | None]:
        contact = (await call.look_up(contacts.search_emails([email]))).get(email)
        if contact is None or differences(values, contact):
            return None, new
        try:
            return contact, await lists_left(call, new, contact)
        except AutoSendError:
            if not telling:
                raise
            return contact, None

    seen = await poll(call, look, lambda seen: seen[0] is not None and not seen[1])
    contact, left = seen or (None, None)
    if contact is not None and (telling or left != new):
        return contact, lookup_notes(new, left) if new else []
    was = "the contact did not have the values asked for" if contact is None else "it was in none of the new lists"
    raise not_applied(lost, AGAIN + JOINS_AGAIN * bool(new), was, seen=seen is not None)


def _made_now(
    call: Call, after: StoredContact, expected: Values, own: Collection[str] | None, *, verified: bool
) -> bool:
    """Return whether this call created the contact, which was not there before."""
    if relative_to(call.sent_at, after.created_at, after.seen_at) != "during":
        return False
    # One that holds what was never asked for may have been made by somebody else.
    return not verified or all(is_expected(name, expected) for name in changes(None, after, own))


async def _hides_mobile(call: Call, contact: StoredContact) -> bool:
    """Return whether look-ups do not show the number that the contact has. It is documented in replies of an upsert."""
    try:
        found = await call.look_up(contacts.search_emails([contact.email.lower()]))
    except AutoSendError:
        return True
    return not any(seen.raw.get(MOBILE) for seen in found.values())


def _answer(
    before: StoredContact | None,
    after: StoredContact,
    expected: Values,
    notes: list[str],
    own: Collection[str] | None,
    *,
    created: bool,
    unseen: bool,
) -> UpsertedContact:
    notes += not_as_asked(differences(expected, after))
    lists = is_expected(LISTS, expected)
    if created:
        back = deleting([after], own)
        return UpsertedContact.showing(after, outcome="created", steps=back, notes=notes)
    if before is None:  # made by somebody else meanwhile, or hidden from the look-up before
        return UpsertedContact.showing(after, outcome="updated", notes=[*notes, NOT_SEEN_BEFORE])
    changed = changes(before, after, own)
    if unseen:
        notes.append(MOBILE_UNSEEN)
    first = changed.pop(MOBILE, {}) if unseen else {}
    if unasked := [name for name in changed if not is_expected(name, expected)]:
        notes.append(f"These changed as well, which was not asked for: {listed(unasked)}.")
    # Of what was not asked for, only what went away is put back: the rest may be somebody else's change.
    ours = {name: values for name, values in changed.items() if name not in unasked or values["now"] is None}
    values = restoring(after.email, ours)
    if values is None:
        notes.append(NOT_EXACT)
    elif clears_fields([values]):
        notes.append(CLEARS_FIELDS)
    if first:
        changed[MOBILE] = {"now": first["now"]}
    outcome = "updated" if changed or lists else "unchanged"
    back = [step("upsert_contact", {after.email.lower(): ours}, **values)] if values else []
    shown = {"outcome": outcome, "changes": changed or None, "steps": back, "notes": notes}
    return UpsertedContact.showing(after, **shown)
