"""Who is in a list, found with as few requests as AutoSend allows."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from math import ceil
from typing import Protocol, TypeVar

from autosend_mcp.api import contact_lists, contacts
from autosend_mcp.api.calls import Call
from autosend_mcp.api.request import Request
from autosend_mcp.errors import Refused, Unknown
from autosend_mcp.models.addresses import read_stored
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.models.contacts.contact import AnyContact, StoredContact

ResultT = TypeVar("ResultT")


class Send(Protocol):
    """Sends a request that changes nothing and returns its result."""

    async def __call__(self, request: Request[ResultT], /) -> ResultT:
        """Send it."""
        ...


async def members_among(call: Call, list_id: str, people: People) -> set[str]:
    """Return who of these is in the list now, by the names they were given by.

    Raises:
        AutoSendError: It cannot be found out in the time that the call has left.
    """
    if people.emails:
        found = await call.look_up(contacts.search_emails(people.emails))
        if (inside := shown_members(found, list_id)) is not None:
            return inside
        people = People(tuple(found))  # who is no contact is in no list
    affordable = int(call.time_left * call.autosend.settings.rate_limit)
    return await search_members(call.look_up, list_id, people, affordable)


def shown_members(found: Mapping[str, AnyContact], list_id: str) -> set[str] | None:
    """Return who of these is in the list, where AutoSend shows the lists of each contact; else None."""
    if not found or any(contact.list_ids is None for contact in found.values()):
        return None if found else set()
    return {email for email, contact in found.items() if list_id in (contact.list_ids or ())}


async def search_members(send: Send, list_id: str, people: People, affordable: float = float("inf")) -> set[str]:
    """Return who of these is in the list, by reading all of it, or by searching for each: whichever is less.

    Raises:
        AutoSendError: A request failed, or more than are affordable would be needed.
    """
    if len(people.names) == 1:
        return {name for name in people.names if await _is_member(send, list_id, people, name)}
    first = await send(contact_lists.search(list_id))
    inside, wanted = _names(first.contacts, people), set(people.names)
    pages = 2 if first.total is None else ceil(first.total / contact_lists.PAGE)
    if pages <= 1 or inside >= wanted:
        return inside & wanted
    if min(pages - 1, len(wanted)) > affordable:
        raise Unknown("Finding out who is in the list takes more requests than there is time for.", "")
    if pages > len(wanted):
        return {name for name in people.names if name in inside or await _is_member(send, list_id, people, name)}
    return (inside | await _read_on(send, list_id, people, pages, whole=first.total is not None)) & wanted


async def _read_on(send: Send, list_id: str, people: People, pages: int, *, whole: bool) -> set[str]:
    """Return who is on the pages after the first; where AutoSend counts none, up to the first that is empty."""
    inside: set[str] = set()
    number = 1
    while number < pages or not whole:
        number += 1
        page = await send(contact_lists.search(list_id, number))
        if not page.contacts:
            break
        inside |= _names(page.contacts, people)
    return inside


async def _is_member(send: Send, list_id: str, people: People, name: str) -> bool:
    email = name
    if not people.emails:
        try:
            contact = await send(contacts.get(name))
        except Refused as refusal:
            if contacts.is_no_contact(refusal):
                return False
            raise
        if contact.list_ids is not None:
            return list_id in contact.list_ids
        email = contact.email
    number = 0
    while True:  # the search is for a part of the address, so that others may come first
        number += 1
        page = await send(contact_lists.search(list_id, number, email=email))
        if name in (inside := _names(page.contacts, people)) or not inside:
            return name in inside
        if page.total is not None and number * contact_lists.PAGE >= page.total:
            return False


def _names(rows: Iterable[StoredContact], people: People) -> set[str]:
    return {_address(row.email) if people.emails else row.id for row in rows}


def _address(shown: str) -> str:
    """Return an address from AutoSend as it was sent: in lower case, its domain in ASCII."""
    return shown.lower() if shown.isascii() else read_stored(shown) or shown


def waiting_for(call: Call, list_id: str, people: People, *, inside: bool) -> Callable[[], Awaitable[People]]:
    """Return a look at those who are not yet in the list (`inside`), or not yet out of it.

    Who was found where they should be is not looked for again.
    """
    left = people

    async def look() -> People:
        nonlocal left
        members = await members_among(call, list_id, left)
        left = left.without(members if inside else set(left.names) - members)
        return left

    return look


async def lists_left(call: Call, lists: Sequence[ContactList], contact: StoredContact) -> list[ContactList]:
    """Return those of the lists that the contact is not in.

    Raises:
        AutoSendError: A look-up failed.
    """
    if contact.list_ids is not None:
        return [contact_list for contact_list in lists if contact_list.id not in contact.list_ids]
    alone = People((contact.email.lower(),))
    return [contact_list for contact_list in lists if not await search_members(call.look_up, contact_list.id, alone)]
