"""Create one contact; and what a refusal, or a lost reply, means: the contact there is, compared."""

from collections.abc import Sequence
from typing import Never

from autosend_mcp.api import contacts
from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import Found
from autosend_mcp.api.moment import relative_to
from autosend_mcp.errors import Refused, Unknown
from autosend_mcp.models.automations import AUTOMATIONS_WOULD, NEW_CONTACT_WOULD, Change
from autosend_mcp.models.base import planned
from autosend_mcp.models.comparison import deleting, differences, lists_hidden, not_as_asked, remaining, with_lists
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contacts.contact import LISTS, MOBILE, Contact, StoredContact, Values
from autosend_mcp.models.contacts.create import CreateContact, CreatedContact
from autosend_mcp.tools.automations import effects, started
from autosend_mcp.tools.contact_lists.resolve import resolve_lists
from autosend_mcp.tools.contacts.joined import list_notes
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import AFTER_A_REPLY, find_out, poll
from autosend_mcp.tools.property_checks import check_properties
from autosend_mcp.tools.registry import Effect, tool
from autosend_mcp.tools.suppression_groups.opted_out import foreseen, refuse_opted_out

VERIFIED = "AutoSend's reply was lost; a look-up then found this contact, created at about the time of this call."

NO_MOBILE = "AutoSend documents mobile for upsert_contact only: call it with this number."

# AutoSend does not document the status of "already exists"; these could be it, unless other fields are at fault.
_MAY_MEAN_EXISTS = {200, 400, 409, 422}

Differences = dict[str, dict[str, object]]


@tool("contacts", "Create contact", Effect.CREATE_AND_MAIL)
async def create_contact(context: Context, body: CreateContact) -> CreatedContact:
    """Add one new contact (subscriber) to AutoSend. Never changes an existing one; upsert_contact does.

    If the address exists, nothing changes; the error shows what differs and how to update it. A new contact and its
    listIds start live automations, which may send mail and cannot be undone: pass only lists the user asked for. If
    AutoSend's reply is lost, the contact is looked up, not created twice.

    Raises:
        Refused: It exists already, or AutoSend refused it for another reason.
        Unknown: The reply was lost, and no look-up found it applied.
        NotSent: Nothing left this machine.
    """
    call = context.call
    lists = await resolve_lists(context, body.list_ids, fresh=body.dry_run)
    expected = body.attributes()
    await check_properties(context, [expected])
    expected = with_lists(expected, [contact_list.id for contact_list in lists])
    await refuse_opted_out(context, body.email, lists)
    if body.dry_run:
        existing = (await call.read(contacts.search_emails([body.email]))).get(body.email)
        request = contacts.create(expected).shown()
        if existing:
            return CreatedContact.planned(planned(request, **_refusal(expected, existing)))
        unnamed = [NEW_CONTACT_WOULD, *[AUTOMATIONS_WOULD] * bool(lists)]
        named = [contact_list.named() for contact_list in lists]
        left = [] if lists else await foreseen(context, [body.email])
        started_then = await effects(call, _change(lists), unnamed)
        plan = planned(request, would="create", lists=named, optedOut=left, **started_then)
        return CreatedContact.planned(plan)
    contact, verified = await _create(call, expected)
    notes = [VERIFIED] if verified else []
    notes += await list_notes(call, contact, lists, verified=verified)
    differing = differences(expected, contact)
    notes += started(call, _change(lists)) + not_as_asked(differing) + [NO_MOBILE] * (MOBILE in differing)
    steps = deleting([contact])
    return CreatedContact.showing(contact, outcome="created", steps=steps, notes=notes)


def _refusal(expected: Values, existing: StoredContact) -> dict[str, object]:
    """Return what a dry run shows where the address is taken: what the call itself would say."""
    differing = differences(expected, existing)
    rest = remaining(expected, existing, differing)
    return {
        "refusedBecauseItExists": existing.payload(),
        "differences": differing,
        "upsertArguments": rest if len(rest) > 1 else None,
    }


def _change(lists: Sequence[ContactList]) -> Change:
    return Change(creates=True, joins=[contact_list.id for contact_list in lists])


async def _create(call: Call, expected: Values) -> tuple[StoredContact, bool]:
    """Return the contact as created, and whether only a look-up showed it."""
    try:
        return await call.write(contacts.create(expected)), False
    except Unknown as lost:
        return await _find_out(call, expected, lost), True
    except Refused as refusal:
        if refusal.status not in _MAY_MEAN_EXISTS or (refusal.fields and "email" not in refusal.fields):
            raise
        await _explain(call, expected, refusal)


async def _find_out(call: Call, expected: Values, lost: Unknown) -> StoredContact:
    """Return the contact, if this call created it although the reply was lost."""
    email = expected["email"]

    def judge(found: Found) -> StoredContact | None:
        contact = found.get(email)
        return contact and _judged(call, expected, contact, lost)

    return await find_out(
        call,
        lost,
        lambda: call.look_up(contacts.search_emails([email])),
        judge,
        was="the contact was not there",
        again="Do not report it as created. Calling create_contact again is safe: the address is unique.",
    )


def _judged(call: Call, expected: Values, contact: StoredContact, lost: Unknown) -> StoredContact:
    """Return the contact, if it was created during this call and holds every expected value."""
    created = relative_to(call.sent_at, contact.created_at, contact.seen_at)
    differing = differences(expected, contact)
    if created == "during" and not differing.keys() - {MOBILE}:  # not documented here, so that it may be missing
        return contact
    facts = _facts(expected, contact, differing)
    next_step = _next_step(expected, contact, differing)
    if created == "before" and relative_to(call.sent_at, contact.updated_at, contact.seen_at) == "before":
        raise Refused(
            f"Not created: a contact with this address existed before this call. {lost.what}",
            next_step,
            facts=facts,
            status=lost.status,
        )
    changed = {
        "during": "A contact with this address was created during this call, with other values than asked for.",
        "before": "A contact with this address existed before; it is not known whether this call changed it.",
        None: "A contact with this address exists; it is not known whether this call created it.",
    }[created]
    raise lost.looked_into(next_step, changed=changed, facts=facts)


async def _explain(call: Call, expected: Values, refusal: Refused) -> Never:
    """Raise what the refusal of a create means: the contact exists, or what AutoSend said of the arguments."""
    email = expected["email"]
    found = await poll(call, lambda: call.look_up(contacts.search_emails([email])), lambda _found: True, AFTER_A_REPLY)
    if found is not None and not found:
        raise refusal
    if found and (contact := found.get(email)):
        differing = differences(expected, contact)
        raise Refused(
            "Not created: a contact with this address already exists.",
            _next_step(expected, contact, differing),
            facts=_facts(expected, contact, differing),
            status=refusal.status,
        )
    likely = "probably exists" if refusal.status == 409 else "may exist"
    raise Refused(
        f"{refusal.what} The contact {likely} already; looking it up failed.",
        "Call create_contact again in a minute to see the contact as it is, if there is one.",
        facts=refusal.facts,
        status=refusal.status,
        fields=refusal.fields,
    )


def _next_step(expected: Values, contact: Contact, differing: Differences) -> str:
    if differing or lists_hidden(expected, contact):
        return "Ask the user whether to apply these differences; if so, call upsert_contact with the arguments below."
    return "It already holds every value asked for, so there is nothing to do."


def _facts(expected: Values, contact: StoredContact, differing: Differences) -> dict[str, object]:
    facts: dict[str, object] = {"contact now": CreatedContact.showing(contact).payload()}
    if differing:
        facts["differences"] = differing
    if lists_hidden(expected, contact):
        facts["not shown by AutoSend"] = [LISTS]
    rest = remaining(expected, contact, differing)
    return facts | ({"upsert arguments": rest} if len(rest) > 1 else {})
