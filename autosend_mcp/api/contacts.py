"""Looking without changing: contacts by address or id, and when something happened by AutoSend's clock."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Literal, TypeVar, cast
from urllib.parse import quote

import anyio
from pydantic import BaseModel, ValidationError

from autosend_mcp.api.calls import Call, Moment
from autosend_mcp.api.envelope import Reply, as_object, unreadable
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Refused
from autosend_mcp.models.addresses import same_address
from autosend_mcp.models.comparison import moment
from autosend_mcp.models.contacts.contact import Contact, StoredContact

# The Date header counts whole seconds, and is written before or after the record. Whether one clock sets both is not
# known, so that a contact is only called older than the call when it is so by far.
_CLOCK_SLACK = timedelta(seconds=2)
_OLDER_BY_FAR = timedelta(minutes=10)

SEARCH = "/contact-lists/contacts/search"

# After a lost reply each person is looked for by a request of their own: more are not worth the wait.
FEW = 3

Found = dict[str, StoredContact]
ModelT = TypeVar("ModelT", bound=BaseModel)


def read_contact(reply: Reply, email: str) -> StoredContact:
    """The contact in a reply.

    Raises:
        Unreadable: There is none, or it is about another address.
    """
    contact = read_stored(reply)
    if not same_address(contact.email, email):
        raise unreadable(reply.status)
    return contact


def read_stored(reply: Reply) -> StoredContact:
    """The contact in a reply, whoever it is.

    Raises:
        Unreadable: There is none.
    """
    return parsed(StoredContact, reply, reply.data)


def parsed(model: type[ModelT], reply: Reply, data: object) -> ModelT:
    """This part of a reply as the model.

    Raises:
        Unreadable: It is none.
    """
    try:
        return model.model_validate(data)
    except ValidationError:
        raise unreadable(reply.status) from None


def rows_of(reply: Reply, *names: str) -> list[Any]:
    """The array under the first of these members of `data` that is one.

    Raises:
        Unreadable: None is.
    """
    for name in names:
        if isinstance(rows := reply.members.get(name), list):
            return cast("list[Any]", rows)
    raise unreadable(reply.status)


def path_to(*parts: str) -> str:
    """A path of these parts, each escaped: `("contacts", "a/b")` is `/contacts/a%2Fb`.

    Raises:
        NotSent: A part is `.` or `..`, which no URL keeps as it is.
    """
    if {".", ".."} & set(parts):
        raise NotSent("An id or name of dots alone cannot be sent.", "Name it in another way.", changed=NOTHING_CHANGED)
    return "".join(f"/{quote(part, safe='')}" for part in parts)


async def get_stored(call: Call, contact_id: str) -> StoredContact | None:
    """The contact with this id, None if there is none."""
    try:
        return await call.read(read_stored, "GET", path_to("contacts", contact_id))
    except Refused as refusal:
        if refusal.status == 404:
            return None
        raise


async def contacts_at(call: Call, emails: Sequence[str], *, quickly: bool = False) -> tuple[Found, Reply]:
    """The contacts with these addresses, by address, those that exist; and the reply that says so.

    `quickly`: one short attempt, before all that wait in line.

    Raises:
        AutoSendError: The look-up failed.
    """
    request = ("POST", "/contacts/search/emails", {"emails": list(emails)})
    if quickly:
        return _found(await call.look_up(*request, many=len(emails) > 1), emails)
    return await call.read(lambda reply: _found(reply, emails), *request, many=len(emails) > 1)


def _found(reply: Reply, emails: Sequence[str]) -> tuple[Found, Reply]:
    found: Found = {}
    wanted = dict.fromkeys(emails)
    rows = rows_of(reply, "contacts")
    for row in rows:
        contact = parsed(StoredContact, reply, row)
        if (email := _asked(contact.email, wanted)) is not None:
            found.setdefault(email, contact)
    if rows and not found:  # something came back, and not for the addresses asked for
        raise unreadable(reply.status)
    return found, reply


def _asked(email: str, emails: Mapping[str, None]) -> str | None:
    lowered = email.lower()
    if lowered in emails:
        return lowered
    return next((one for one in emails if same_address(email, one)), None)


async def look(
    call: Call, emails: Sequence[str], times: Sequence[float], enough: Callable[[Found], bool]
) -> tuple[Found, Reply] | None:
    """What the last look-up that succeeded found, at these seconds from now (of a 45 s call); None if each failed.

    The first that finds `enough` is the last.
    """
    began = anyio.current_time()
    last = None
    for seconds in times:
        await anyio.sleep(max(0.0, began + seconds * call.scale - anyio.current_time()))
        with suppress(AutoSendError):
            last = await contacts_at(call, emails, quickly=True)
            if enough(last[0]):
                break
    return last


def when(time: str | None, reply: Reply, sent_at: Moment) -> Literal["before", "during"] | None:
    """Whether the time is from before the write was sent or since, by AutoSend's clock; None if unknowable."""
    instant, elapsed = moment(time), sent_at.elapsed()
    if instant is None or elapsed is None or reply.server_time is None:
        return None
    began = reply.server_time - timedelta(seconds=elapsed)
    if began - _CLOCK_SLACK <= instant <= reply.server_time + _CLOCK_SLACK:
        return "during"
    return "before" if instant < began - _OLDER_BY_FAR else None


async def members_among(call: Call, list_id: str, people: Mapping[str, Any]) -> dict[str, bool] | None:
    """Whether each of a few addresses (`{"emails": [...]}`) is in the list now; None where that cannot be told."""
    emails: list[str] = people.get("emails", [])
    if not emails or len(emails) > FEW:
        return None
    inside: dict[str, bool] = {}
    for email in emails:
        try:
            reply = await call.look_up("POST", SEARCH, {"contactListId": list_id, "email": email, "limit": 100})
            members = [parsed(Contact, reply, row) for row in rows_of(reply, "contacts")]
        except AutoSendError:
            return None
        inside[email] = any(same_address(member.email, email) for member in members)
        total = as_object(reply.members.get("pagination")).get("total")
        if not inside[email] and total != len(members):  # there are more, or AutoSend does not say
            return None
    return inside
