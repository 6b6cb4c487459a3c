"""A write whose reply was lost, and a contact that was there already: look, compare, tell the truth.

AutoSend documents no idempotency key, so a write is never sent twice. What it left behind is looked up instead.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Literal, Never, cast

import anyio
from pydantic import ValidationError

from autosend_mcp.calls import LOOK_UP_TIMES, Call, Moment
from autosend_mcp.envelope import Reply, unreadable
from autosend_mcp.errors import AutoSendError, Refused, Unknown, Unreadable
from autosend_mcp.models.addresses import same_address
from autosend_mcp.models.contacts import Contact, CreateContact, StoredContact, differences, moment

# AutoSend does not document the status of "already exists"; these could be it, unless other fields are at fault.
_MAY_MEAN_EXISTS = {200, 400, 409, 422}
# The Date header counts whole seconds, and is written before or after the record. Whether one clock sets both is not
# known, so that a contact is only called older than the call when it is so by far.
_CLOCK_SLACK = timedelta(seconds=2)
_OLDER_BY_FAR = timedelta(minutes=10)
# After a refusal nothing is in the balance: three look-ups, the first at once.
_EXPLAIN_TIMES = (0.0, 0.5, 2.0)


async def create_contact(call: Call, body: CreateContact) -> tuple[Contact, bool]:
    """Create the contact, once. Returns it, and whether only a look-up could tell.

    Raises:
        Refused: It exists already, or AutoSend refused it for another reason.
        Unknown: The reply was lost and looking did not settle it.
        NotSent: Nothing left this machine.
    """
    try:
        reply = await call.write("POST", "/contacts", body.payload())
        return read_contact(reply, body.email), False
    except Unknown as lost:
        return await _settle(call, body, lost), True
    except Refused as refusal:
        if refusal.status not in _MAY_MEAN_EXISTS or (refusal.fields and "email" not in refusal.fields):
            raise
        await _explain(call, body, refusal)


def read_contact(reply: Reply, email: str) -> StoredContact:
    """The contact in a reply.

    Raises:
        Unreadable: There is none, or it is about another address.
    """
    try:
        contact = StoredContact.model_validate(reply.data)
    except ValidationError:
        raise unreadable(reply.status) from None
    if not same_address(contact.email, email):
        raise unreadable(reply.status)
    return contact


async def find_contact(call: Call, email: str) -> tuple[StoredContact | None, Reply]:
    """The contact with this address, None if there is none; and the reply that says so.

    Raises:
        AutoSendError: The look-up failed.
    """
    reply = await call.look_up("POST", "/contacts/search/emails", {"emails": [email]})
    data = reply.data
    found = cast("dict[str, object]", data).get("contacts") if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise unreadable(reply.status)
    for one in cast("list[object]", found):
        with suppress(Unreadable):
            return read_contact(Reply(reply.status, {"data": one}, reply.server_time), email), reply
    if found:  # something came back for the one address asked for, and could not be read
        raise unreadable(reply.status)
    return None, reply


async def _look(
    call: Call, email: str, times: Sequence[float], *, until_found: bool
) -> tuple[StoredContact | None, Reply] | None:
    """What the last look-up that succeeded found, at these seconds from now (of a 45 s call); None if each failed."""
    began = monotonic()
    last = None
    for seconds in times:
        await anyio.sleep(max(0.0, began + seconds * call.scale - monotonic()))
        with suppress(AutoSendError):
            last = await find_contact(call, email)
            if last[0] is not None or not until_found:
                break
    return last


async def _settle(call: Call, body: CreateContact, lost: Unknown) -> Contact:
    """What became of a create whose reply was lost: the contact, if this call created it."""
    looked = await _look(call, body.email, LOOK_UP_TIMES, until_found=True)
    if looked and looked[0]:
        return _judge(body, looked[0], looked[1], call.sent_at, lost)
    if looked:
        raise Unknown(
            lost.what,
            "Calling create_contact again with the same arguments is safe: the address is unique.",
            changed="Looked up afterwards, the contact was not there, so it was probably not created.",
            status=lost.status,
            cause=lost.cause,
        )
    raise Unknown(
        lost.what,
        "Do not report it as created. Call create_contact again with the same arguments in a minute: the address is "
        "unique, so at worst you are told that it exists.",
        changed="Looking it up failed too: whether the contact was created is not known.",
        status=lost.status,
        cause=lost.cause,
    )


def _judge(body: CreateContact, contact: StoredContact, reply: Reply, sent_at: Moment, lost: Unknown) -> Contact:
    """The contact, if it was created during this call and holds all that was asked for."""
    created = _when(contact.created_at, reply, sent_at)
    differs = differences(body, contact)
    if created == "during" and not differs:
        return contact
    facts = _facts(body, contact, differs)
    if created == "before" and _when(contact.updated_at, reply, sent_at) == "before":
        raise Refused(
            f"Not created: a contact with this address existed before this call. {lost.what}",
            _next_step(body, contact, differs),
            facts=facts,
            status=lost.status,
        )
    changed = {
        "during": "A contact with this address was created during this call, with other values than asked for.",
        "before": "A contact with this address existed before; whether this call changed it cannot be told.",
        None: "A contact with this address exists; whether this call created it cannot be told.",
    }[created]
    next_step = _next_step(body, contact, differs)
    raise Unknown(lost.what, next_step, changed=changed, facts=facts, status=lost.status, cause=lost.cause)


def _when(time: str | None, reply: Reply, sent_at: Moment) -> Literal["before", "during"] | None:
    """Whether the time is from before the write was sent or since, by AutoSend's clock; None if unknowable."""
    instant, elapsed = moment(time), sent_at.elapsed()
    if instant is None or elapsed is None or reply.server_time is None:
        return None
    began = reply.server_time - timedelta(seconds=elapsed)
    if began - _CLOCK_SLACK <= instant <= reply.server_time + _CLOCK_SLACK:
        return "during"
    return "before" if instant < began - _OLDER_BY_FAR else None


async def _explain(call: Call, body: CreateContact, refusal: Refused) -> Never:
    """Raise what the refusal of a create means: the contact exists, or what AutoSend said of the arguments."""
    looked = await _look(call, body.email, _EXPLAIN_TIMES, until_found=False)
    if looked and looked[0] is None:
        raise refusal
    if looked and (contact := looked[0]):
        differs = differences(body, contact)
        raise Refused(
            "Not created: a contact with this address already exists.",
            _next_step(body, contact, differs),
            facts=_facts(body, contact, differs) | refusal.facts,
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


def _next_step(body: CreateContact, contact: Contact, differs: dict[str, dict[str, object]]) -> str:
    if differs or _lists_unshown(body, contact):
        return (
            "Ask the user whether the rest should be applied. This server cannot do that yet; an upsert with the "
            "arguments below would."
        )
    return "It already holds every value asked for, so there is nothing to do."


def _lists_unshown(body: CreateContact, contact: Contact) -> bool:
    """Whether lists were asked for and AutoSend does not show the contact's, as its documentation has it."""
    return bool(body.list_ids) and contact.list_ids is None


def _facts(body: CreateContact, contact: StoredContact, differs: dict[str, dict[str, object]]) -> dict[str, object]:
    facts: dict[str, object] = {"contact now": contact.payload()}
    if differs:
        facts["differences"] = differs
    if _lists_unshown(body, contact):
        facts["not shown by AutoSend"] = ["listIds"]
    upsert = _upsert(body, contact, differs)
    return facts | ({"upsert arguments": upsert} if len(upsert) > 1 else {})


def _upsert(body: CreateContact, contact: StoredContact, differs: dict[str, dict[str, object]]) -> dict[str, object]:
    """The arguments of an upsert that applies the differences.

    Whether an upsert merges custom fields or replaces them all is not documented, so it repeats those there are.
    """
    asked = body.payload()
    upsert: dict[str, object] = {"email": body.email}
    upsert |= {name: asked[name] for name in asked if name in differs}
    if _lists_unshown(body, contact):
        upsert["listIds"] = asked["listIds"]
    if any(name.startswith("customFields.") for name in differs):
        upsert["customFields"] = contact.unaltered_fields() | asked["customFields"]
    return upsert
