"""A create whose reply was lost, and a contact that was there already: look, compare, tell the truth.

AutoSend documents no idempotency key, so a write is never sent twice. What it left behind is looked up instead.
"""

from collections.abc import Mapping
from typing import Any, Never

from autosend_mcp.api.calls import LOOK_UP_TIMES, Call, Moment
from autosend_mcp.api.contacts import contacts_at, look, read_contact, when
from autosend_mcp.api.directory import resolve_lists
from autosend_mcp.api.envelope import Reply
from autosend_mcp.errors import Refused, Unknown
from autosend_mcp.models.base import planned
from autosend_mcp.models.comparison import differences
from autosend_mcp.models.contacts.contact import Contact, StoredContact
from autosend_mcp.models.contacts.create import AUTOMATIONS_WOULD, CreateContact, CreatedContact
from autosend_mcp.tools.property_checks import check_fields
from autosend_mcp.tools.registry import Effect, tool

# AutoSend does not document the status of "already exists"; these could be it, unless other fields are at fault.
_MAY_MEAN_EXISTS = {200, 400, 409, 422}
# After a refusal nothing is in the balance: three look-ups, the first at once.
_EXPLAIN_TIMES = (0.0, 0.5, 2.0)

Asked = Mapping[str, Any]


@tool("contacts", "Create contact", Effect.CREATE)
async def create_contact(call: Call, body: CreateContact) -> CreatedContact:
    """Add one new contact. It changes none: upsert_contact does.

    If the address exists, nothing changes, and the error shows the contact, the differences and the upsert arguments.
    listIds starts those lists' live automations, which may send mail and cannot be undone: pass only lists the user
    asked for. A lost reply is looked up, never sent again.

    Raises:
        Refused: It exists already, or AutoSend refused it for another reason.
        Unknown: The reply was lost and looking did not settle it.
        NotSent: Nothing left this machine.
    """
    lists = await resolve_lists(call, body.list_ids, fresh=body.dry_run)
    asked = body.attributes()
    await check_fields(call, [asked])
    if lists:
        asked["listIds"] = [one.id for one in lists]
    if body.dry_run:
        existing = (await contacts_at(call, [body.email]))[0].get(body.email)
        return CreatedContact.planned(
            planned(
                "POST",
                "/contacts",
                asked,
                lists=[one.named() for one in lists],
                effects=AUTOMATIONS_WOULD if lists else None,
                refusedBecauseItExists=existing.payload() if existing else None,
            )
        )
    contact, verified = await _create(call, body.email, asked)
    return CreatedContact.of(contact, asked, verified=verified)


async def _create(call: Call, email: str, asked: Asked) -> tuple[Contact, bool]:
    """The contact as created, and whether only a look-up could tell."""
    try:
        return read_contact(await call.write("POST", "/contacts", asked), email), False
    except Unknown as lost:
        return await _settle(call, email, asked, lost), True
    except Refused as refusal:
        if refusal.status not in _MAY_MEAN_EXISTS or (refusal.fields and "email" not in refusal.fields):
            raise
        await _explain(call, email, asked, refusal)


async def _settle(call: Call, email: str, asked: Asked, lost: Unknown) -> Contact:
    """What became of a create whose reply was lost: the contact, if this call created it."""
    looked = await look(call, [email], LOOK_UP_TIMES, enough=bool)
    if looked and (contact := looked[0].get(email)):
        return _judge(asked, contact, looked[1], call.sent_at, lost)
    if looked:
        raise lost.looked_into(
            "Calling create_contact again with the same arguments is safe: the address is unique.",
            changed="Looked up afterwards, the contact was not there, so it was probably not created.",
        )
    raise lost.looked_into(
        "Do not report it as created. Call create_contact again with the same arguments in a minute: the address is "
        "unique, so at worst you are told that it exists.",
        changed="Looking it up failed too: whether the contact was created is not known.",
    )


def _judge(asked: Asked, contact: StoredContact, reply: Reply, sent_at: Moment, lost: Unknown) -> Contact:
    """The contact, if it was created during this call and holds all that was asked for."""
    created = when(contact.created_at, reply, sent_at)
    differs = differences(asked, contact)
    if created == "during" and not differs:
        return contact
    facts = _facts(asked, contact, differs)
    if created == "before" and when(contact.updated_at, reply, sent_at) == "before":
        raise Refused(
            f"Not created: a contact with this address existed before this call. {lost.what}",
            _next_step(asked, contact, differs),
            facts=facts,
            status=lost.status,
        )
    changed = {
        "during": "A contact with this address was created during this call, with other values than asked for.",
        "before": "A contact with this address existed before; whether this call changed it cannot be told.",
        None: "A contact with this address exists; whether this call created it cannot be told.",
    }[created]
    next_step = _next_step(asked, contact, differs)
    raise lost.looked_into(next_step, changed=changed, facts=facts)


async def _explain(call: Call, email: str, asked: Asked, refusal: Refused) -> Never:
    """Raise what the refusal of a create means: the contact exists, or what AutoSend said of the arguments."""
    looked = await look(call, [email], _EXPLAIN_TIMES, enough=lambda _found: True)
    if looked and not looked[0]:
        raise refusal
    if looked and (contact := looked[0].get(email)):
        differs = differences(asked, contact)
        raise Refused(
            "Not created: a contact with this address already exists.",
            _next_step(asked, contact, differs),
            facts=_facts(asked, contact, differs) | refusal.facts,
            status=refusal.status,
            code=refusal.code,
        )
    likely = "probably exists" if refusal.status == 409 else "may exist"
    raise Refused(
        f"{refusal.what} The contact {likely} already; looking it up failed.",
        "Call create_contact again in a minute to see the contact as it is, if there is one.",
        facts=refusal.facts,
        status=refusal.status,
        code=refusal.code,
        fields=refusal.fields,
    )


def _next_step(asked: Asked, contact: Contact, differs: dict[str, dict[str, object]]) -> str:
    if differs or _lists_unshown(asked, contact):
        return "Ask the user whether the rest should be applied; if so, call upsert_contact with the arguments below."
    return "It already holds every value asked for, so there is nothing to do."


def _lists_unshown(asked: Asked, contact: Contact) -> bool:
    """Whether lists were asked for and AutoSend does not show the contact's, as its documentation has it."""
    return "listIds" in asked and contact.list_ids is None


def _facts(asked: Asked, contact: StoredContact, differs: dict[str, dict[str, object]]) -> dict[str, object]:
    facts: dict[str, object] = {"contact now": contact.payload()}
    if differs:
        facts["differences"] = differs
    if _lists_unshown(asked, contact):
        facts["not shown by AutoSend"] = ["listIds"]
    upsert = _upsert(asked, contact, differs)
    return facts | ({"upsert arguments": upsert} if len(upsert) > 1 else {})


def _upsert(asked: Asked, contact: StoredContact, differs: dict[str, dict[str, object]]) -> dict[str, object]:
    """The arguments of an upsert that applies the differences."""
    upsert: dict[str, object] = {"email": asked["email"]}
    upsert |= {name: asked[name] for name in asked if name in differs}
    if _lists_unshown(asked, contact):
        upsert["listIds"] = asked["listIds"]
    custom = {name: v for name, v in asked.get("customFields", {}).items() if f"customFields.{name}" in differs}
    if custom:
        upsert["customFields"] = custom
    return upsert
