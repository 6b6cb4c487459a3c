"""Find contacts: one, many by their addresses, or a page of a list."""

from collections.abc import Mapping, Sequence
from typing import Any

from autosend_mcp.api import contact_lists, contacts
from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import known_lists
from autosend_mcp.errors import Refused
from autosend_mcp.models.contact_lists.lists import EVERYBODY, ContactList
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.models.contacts.contact import Contact, StoredContact
from autosend_mcp.models.contacts.find import (
    GROUPS,
    SHOWN_BY_LOOK_UP,
    FindContacts,
    FoundContact,
    FoundContacts,
    GetContact,
)
from autosend_mcp.models.pages import csv_of, fitting, read_cursor, write_cursor
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.contact_lists.look_up import search_members
from autosend_mcp.tools.contact_lists.resolve import resolve_list
from autosend_mcp.tools.contacts.by_name import walk
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.entries import addresses_in
from autosend_mcp.tools.registry import Effect, tool

EVERYBODY_UNVERIFIED = "AutoSend does not document that all contacts can be searched at once."


@tool("contacts", "Show contact", Effect.READ)
async def get_contact(context: Context, body: GetContact) -> FoundContact:
    """Show one AutoSend contact by address or id: all its details, and the lists and segments it is in. find_contacts
    searches.

    Raises:
        Refused: There is none.
    """
    call = context.call
    contact = await contact_with_id(call, body.id) if body.id is not None else await _contact_at(call, body.email or "")
    if contact is None:
        wanted = "id" if body.id is not None else "address"
        raise Refused(f"No contact has this {wanted}.", "find_contacts looks for parts of an address.", status=404)
    groups = None
    if body.unsubscribe_groups:
        groups = [group.shown() for group in await call.read(contacts.unsubscribe_groups(contact.id))]
    shown = {name: getattr(contact, name) for name in (*Contact.model_fields, "updated_at")}
    lists = _groups(contact, await known_lists(call)) if contact.list_ids or contact.segment_ids else contact.list_ids
    return FoundContact.model_construct(_fields_set=None, **shown | {"unsubscribe_groups": groups, GROUPS: lists})


def _groups(contact: Contact, known: Mapping[str, ContactList]) -> list[dict[str, Any]]:
    """Return the lists and segments that the contact is in, with their names where they are known."""
    return [
        {"id": group} | ({"name": known[group].name} if group in known else {}) | {"type": kind}
        for kind, ids in (("list", contact.list_ids), ("segment", contact.segment_ids))
        for group in ids or ()
        if group != EVERYBODY
    ]


async def _rows(call: Call, contacts: Sequence[Contact], body: FindContacts) -> list[dict[str, Any]]:
    """Return the contacts with their lists, where these are asked for and AutoSend shows them."""
    shown = [contact for contact in contacts if contact.list_ids is not None or contact.segment_ids is not None]
    if GROUPS not in (body.fields or ()) or not shown:
        return [contact.payload() for contact in contacts]
    known = await known_lists(call)
    return [contact.payload() | ({GROUPS: _groups(contact, known)} if contact in shown else {}) for contact in contacts]


async def contact_with_id(call: Call, contact_id: str) -> StoredContact | None:
    """Return the contact with this id, None if there is none."""
    try:
        return await call.read(contacts.get(contact_id))
    except Refused as refusal:
        if contacts.is_no_contact(refusal):
            return None
        raise


async def _contact_at(call: Call, email: str) -> StoredContact | None:
    return (await call.read(contacts.search_emails([email]))).get(email)


@tool("contacts", "Search contacts", Effect.READ)
async def find_contacts(context: Context, body: FindContacts) -> FoundContacts:
    """Search AutoSend contacts: who's in this list (members, subscribers), segment or the whole audience, by name or
    part of the address; check many addresses at once; export page by page. Shows the email, unless fields asks for
    more.

    Raises:
        AutoSendError: They could not be read, or there is no such list.
    """
    within = await resolve_list(context, body.contact_list) if body.contact_list else None
    of = within.id if within else EVERYBODY
    if body.emails is not None:
        return await _at_addresses(context, body, within)
    return await (_by_name(context.call, body, of, body.name) if body.name else _in_list(context, body, of))


async def _by_name(call: Call, body: FindContacts, of: str, name: str) -> FoundContacts:
    walked = await walk(call, of, name, email=body.email_contains, limit=body.limit, cursor=body.cursor)
    rows = [contact.payload() for contact in walked.found]
    if SHOWN_BY_LOOK_UP & set(body.fields or []):
        rows = await _completed(call, rows, body)
    shown, notes = fitting([body.chosen(row) for row in rows], as_csv=body.as_csv)
    if len(shown) < len(rows):
        return await _by_name(call, body.model_copy(update={"limit": len(shown)}), of, name)
    notes = [*(notes or ()), *walked.notes]
    return FoundContacts(**_shown(body, shown), next_cursor=walked.cursor, notes=notes or None)


def _shown(body: FindContacts, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"csv": csv_of(rows)} if body.as_csv else {"contacts": rows}


async def _at_addresses(context: Context, body: FindContacts, within: ContactList | None) -> FoundContacts:
    call = context.call
    emails, invalid = addresses_in(context, body.emails or ())
    about = compact_json([emails, within.id if within else None])
    start, limit = read_cursor(body.cursor, len(emails), about)
    found = await call.read(contacts.search_emails(emails[start:]))
    inside = found if within is None or within.id == EVERYBODY else await _inside(call, within, found)
    there = await _rows(call, [found[email] for email in emails[start:] if email in inside], body)
    rows, notes = fitting([body.chosen(row) for row in there], as_csv=body.as_csv)
    shown = {str(row["email"]).lower() for row in rows}
    rest = [email for email in emails[start:] if email in inside and found[email].email.lower() not in shown]
    return FoundContacts(
        **_shown(body, rows),
        total=len(inside) if start == 0 else None,
        not_found=[email for email in emails if email not in found] if start == 0 else None,
        not_in_list=[email for email in emails[start:] if email in found and email not in inside] or None,
        invalid=invalid or None,
        notes=notes,
        next_cursor=write_cursor(emails.index(rest[0]), limit, about) if rest else None,
    )


async def _inside(call: Call, within: ContactList, found: contacts.Found) -> set[str]:
    """Return who of these is in the list or segment: as their look-up shows, else by searching there."""
    shown = {email: contact.segment_ids if within.is_segment else contact.list_ids for email, contact in found.items()}
    if None not in shown.values():
        return {email for email, ids in shown.items() if within.id in (ids or ())}
    affordable = int(call.seconds_left * call.autosend.settings.rate_limit)
    return await search_members(call.read, within.id, People(tuple(found)), affordable)


async def _in_list(context: Context, body: FindContacts, of: str) -> FoundContacts:
    about = compact_json([of, body.email_contains])
    start, limit = read_cursor(body.cursor, body.limit, about)
    try:
        page = await context.call.read(contact_lists.search(of, start // limit + 1, limit, body.email_contains))
    except Refused as refusal:
        if of == EVERYBODY:
            refusal.next_step = f"{EVERYBODY_UNVERIFIED} Call again with a list."
        raise
    size, total = len(page.contacts), page.total
    rows = [contact.payload() for contact in page.contacts[start % limit :]]
    if SHOWN_BY_LOOK_UP & set(body.fields or []):
        rows = await _completed(context.call, rows, body)
    shown, notes = fitting([body.chosen(row) for row in rows], as_csv=body.as_csv)
    following = start + len(shown)
    more = following < total if total is not None else len(shown) < len(rows) or size == limit
    if total is not None and start % limit == 0 and 0 < size < limit and start + size < total:
        limit = size  # AutoSend gives fewer at once than it was asked for
    return FoundContacts(
        **_shown(body, shown),
        total=total,
        notes=notes,
        next_cursor=write_cursor(following, limit, about) if more and shown else None,
    )


async def _completed(call: Call, rows: list[dict[str, Any]], body: FindContacts) -> list[dict[str, Any]]:
    """Return the rows with what a search in a list does not show."""
    if not rows:
        return rows
    found = await call.read(contacts.search_emails([row["email"].lower() for row in rows]))
    whole = dict(zip(found, await _rows(call, [*found.values()], body), strict=True))
    return [whole.get(row["email"].lower(), row) for row in rows]
