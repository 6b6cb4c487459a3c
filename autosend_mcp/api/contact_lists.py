"""The endpoints of contact lists and segments. Sources: AutoSend's documentation, the pages of "Contact lists"."""

from collections.abc import Mapping
from typing import Any

from autosend_mcp.api.envelope import Reply, as_object
from autosend_mcp.api.request import Request, nothing, parsed, path_to, rows_of
from autosend_mcp.errors import Refused
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.members import MembershipCounts, MembersPage, People
from autosend_mcp.models.contacts.contact import StoredContact

PAGE = 100  # the most contacts that one search in a list shows


def list_all() -> Request[list[ContactList]]:
    """Read all lists and segments. `data.lists` and the older `data.contacts` are both documented."""
    return Request("GET", "/contact-lists", _lists, many=True)


def get(list_id: str) -> Request[ContactList]:
    """Read the list or segment with this id."""
    return Request("GET", path_to("/contact-lists/{id}", list_id), _list)


def create(body: Mapping[str, Any]) -> Request[ContactList]:
    """Create a list, or a segment."""
    return Request("POST", "/contact-lists", _list, body)


def delete(list_id: str) -> Request[None]:
    """Delete the list or segment, not the contacts in it."""
    return Request("DELETE", path_to("/contact-lists/{id}", list_id), nothing)


def is_in_use(refusal: Refused) -> bool:
    """Return whether the refusal of `delete` says that an active automation uses the list. Page "Delete contact list".

    Where the error has a shape without a code, its text says so.
    """
    said = str(as_object(refusal.facts.get("AutoSend said")).get("message"))
    return refusal.code == "CANNOT_DELETE_CONTACT_LIST_IN_USE" or (refusal.code is None and "used in" in said)


def bulk_add(list_id: str, people: People) -> Request[MembershipCounts]:
    """Put up to 500 people into the list; addresses without a contact become contacts. The reply may show them all."""
    body = {"contactListId": list_id, **people.named()}
    return Request("POST", "/contact-lists/contacts/bulk-add", _counts, body, many=True)


def remove(list_id: str, people: People) -> Request[MembershipCounts]:
    """Take people out of the list; they stay contacts."""
    return Request("POST", path_to("/contact-lists/{id}/contacts/remove", list_id), _counts, people.named())


def search(list_id: str, page: int = 1, limit: int = PAGE, email: str | None = None) -> Request[MembersPage]:
    """Read a page of the contacts in a list, numbered from 1; `email`: only addresses with this in them."""
    body: dict[str, Any] = {"contactListId": list_id, "page": page, "limit": limit}
    body |= {"email": email} if email else {}
    return Request("POST", "/contact-lists/contacts/search", _page, body, many=True)


def _lists(reply: Reply) -> list[ContactList]:
    return [_seen(reply, row) for row in rows_of(reply, "lists", "contacts")]


def _list(reply: Reply) -> ContactList:
    return _seen(reply, reply.data)


def _seen(reply: Reply, data: object) -> ContactList:
    contact_list = parsed(ContactList, reply, data)
    contact_list.seen_at = reply.server_time
    return contact_list


def _counts(reply: Reply) -> MembershipCounts:
    return parsed(MembershipCounts, reply, reply.data)


def _page(reply: Reply) -> MembersPage:
    total = as_object(reply.members.get("pagination")).get("total")
    contacts = [parsed(StoredContact, reply, row) for row in rows_of(reply, "contacts")]
    return MembersPage(contacts, total if isinstance(total, int) else None)
