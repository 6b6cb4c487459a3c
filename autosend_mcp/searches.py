"""Finding: one contact, many addresses, a page of a list; and pages of the lists and custom fields themselves."""

from collections.abc import Sequence
from typing import Any

from autosend_mcp.calls import Call
from autosend_mcp.directory import read_fields, read_lists, resolve_list
from autosend_mcp.envelope import Reply, as_object
from autosend_mcp.errors import Refused, compact_json
from autosend_mcp.lookups import SEARCH, find_contacts, get_stored, parsed, path_to, rows_of
from autosend_mcp.models.contacts import Contact, StoredContact
from autosend_mcp.models.fields import CustomFieldList, ListCustomFields
from autosend_mcp.models.lists import EVERYBODY, ContactLists, ListContactLists
from autosend_mcp.models.pages import fitting, read_cursor, write_cursor
from autosend_mcp.models.searches import FindContacts, FoundContact, FoundContacts, GetContact
from autosend_mcp.models.suppressions import SuppressionGroup

EVERYBODY_UNVERIFIED = "That all contacts can be searched at once is not documented by AutoSend."

# What a search in a list does not show, by AutoSend's documentation; looking the addresses up does.
_ELSEWHERE = {"userId", "customFields"}


async def get_contact(call: Call, body: GetContact) -> FoundContact:
    """The contact with this address or id.

    Raises:
        Refused: There is none.
    """
    contact = await get_stored(call, body.id) if body.id is not None else await _by_email(call, body.email or "")
    if contact is None:
        wanted = "id" if body.id is not None else "address"
        raise Refused(f"No contact has this {wanted}.", "find_contacts looks for parts of an address.", status=404)
    groups = None
    if body.unsubscribe_groups:
        path = path_to("contacts", contact.id, "unsubscribe-groups")
        groups = await call.read(_groups, "GET", path)
    held = {name: getattr(contact, name) for name in (*Contact.model_fields, "updated_at")}
    return FoundContact.model_construct(_fields_set=None, **held | {"unsubscribe_groups": groups})


def _groups(reply: Reply) -> list[dict[str, Any]]:
    return [parsed(SuppressionGroup, reply, row).shown() for row in rows_of(reply, "groups")]


async def _by_email(call: Call, email: str) -> StoredContact | None:
    return (await find_contacts(call, [email]))[0].get(email)


async def find(call: Call, body: FindContacts) -> FoundContacts:
    """The contacts with these addresses, or a page of those in a list.

    Raises:
        AutoSendError: They could not be read, or there is no such list.
    """
    if body.emails is not None:
        return await _by_addresses(call, body, body.emails)
    return await _in_list(call, body)


async def _by_addresses(call: Call, body: FindContacts, given: Sequence[str]) -> FoundContacts:
    emails = list(dict.fromkeys(given))
    about = compact_json(emails)
    start, limit = read_cursor(body.cursor, len(emails), about)
    found, _ = await find_contacts(call, emails[start:])
    rows, notes = fitting([body.chosen(found[email].payload()) for email in emails[start:] if email in found])
    shown = {str(row["email"]).lower() for row in rows}
    rest = [email for email in emails[start:] if email in found and found[email].email.lower() not in shown]
    return FoundContacts(
        contacts=rows,
        not_found=[email for email in emails if email not in found] if start == 0 else None,
        notes=notes,
        next_cursor=write_cursor(emails.index(rest[0]), limit, about) if rest else None,
    )


async def _in_list(call: Call, body: FindContacts) -> FoundContacts:
    of = (await resolve_list(call, body.contact_list)).id if body.contact_list else EVERYBODY
    about = compact_json([of, body.email_contains])
    start, limit = read_cursor(body.cursor, body.limit, about)
    request: dict[str, object] = {"contactListId": of, "page": start // limit + 1, "limit": limit}
    if body.email_contains:
        request["email"] = body.email_contains
    try:
        page, total = await call.read(_page_of_list, "POST", SEARCH, request, many=True)
    except Refused as refusal:
        if of == EVERYBODY:
            refusal.next_step = f"{EVERYBODY_UNVERIFIED} Call again with a list."
        raise
    rows = page[start % limit :]
    if _ELSEWHERE & set(body.fields or []):
        rows = await _completed(call, rows)
    shown, notes = fitting([body.chosen(row) for row in rows])
    following = start + len(shown)
    more = following < total if total is not None else len(shown) < len(rows) or len(page) == limit
    if total is not None and start % limit == 0 and 0 < len(page) < limit and start + len(page) < total:
        limit = len(page)  # AutoSend gives fewer at once than it was asked for
    return FoundContacts(
        contacts=shown,
        total=total,
        notes=notes,
        next_cursor=write_cursor(following, limit, about) if more and shown else None,
    )


def _page_of_list(reply: Reply) -> tuple[list[dict[str, Any]], int | None]:
    """The contacts of a page, and how many there are in all where AutoSend says."""
    rows = [parsed(Contact, reply, row).payload() | _times(row) for row in rows_of(reply, "contacts")]
    total = as_object(reply.members.get("pagination")).get("total")
    return rows, total if isinstance(total, int) else None


def _times(row: object) -> dict[str, Any]:
    """When the contact last changed, which is shown only where it is asked for."""
    changed = as_object(row).get("updatedAt")
    return {"updatedAt": changed} if isinstance(changed, str) else {}


async def _completed(call: Call, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with what a search in a list does not show."""
    if not rows:
        return rows
    found, _ = await find_contacts(call, [row["email"].lower() for row in rows])
    return [found[email].payload() if (email := row["email"].lower()) in found else row for row in rows]


async def list_contact_lists(call: Call, body: ListContactLists) -> ContactLists:
    """A page of the lists and segments, as they are now."""
    wanted = (body.name_contains or "").lower()
    rows = [
        one.named() | ({"description": one.description} if one.description else {})
        for one in await read_lists(call)
        if wanted in one.name.lower() and (body.type is None or one.is_segment is (body.type == "segment"))
    ]
    shown, following = _page(rows, body.cursor, body.limit, compact_json(["lists", body.type, wanted]))
    return ContactLists(lists=shown, total=len(rows), next_cursor=following)


async def list_custom_fields(call: Call, body: ListCustomFields) -> CustomFieldList:
    """A page of the custom fields, as they are now."""
    rows = [one.shown() for one in await read_fields(call)]
    shown, following = _page(rows, body.cursor, body.limit, "fields")
    return CustomFieldList(fields=shown, total=len(rows), next_cursor=following)


def _page(
    rows: Sequence[dict[str, Any]], cursor: str | None, limit: int, about: str
) -> tuple[list[dict[str, Any]], str | None]:
    """The rows that the cursor stands for, and the cursor of what follows."""
    start, limit = read_cursor(cursor, limit, about)
    shown, _ = fitting(rows[start : start + limit])
    following = start + len(shown)
    return shown, write_cursor(following, limit, about) if following < len(rows) else None
