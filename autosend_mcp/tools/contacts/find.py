"""Finding: one contact, many addresses, a page of a list; and pages of the lists and custom fields themselves."""

from collections.abc import Sequence
from typing import Any

from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import SEARCH, contacts_at, get_stored, parsed, path_to, rows_of
from autosend_mcp.api.directory import resolve_list
from autosend_mcp.api.envelope import Reply, as_object
from autosend_mcp.errors import Refused
from autosend_mcp.models.contact_lists import EVERYBODY
from autosend_mcp.models.contacts.contact import Contact, StoredContact
from autosend_mcp.models.contacts.find import FindContacts, FoundContact, FoundContacts, GetContact
from autosend_mcp.models.pages import fitting, read_cursor, write_cursor
from autosend_mcp.models.suppression_groups import SuppressionGroup
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.registry import Effect, tool

EVERYBODY_UNVERIFIED = "That all contacts can be searched at once is not documented by AutoSend."

# What a search in a list does not show, by AutoSend's documentation; looking the addresses up does.
_ELSEWHERE = {"userId", "customFields"}


@tool("contacts", "Get contact", Effect.READ)
async def get_contact(call: Call, body: GetContact) -> FoundContact:
    """Show everything AutoSend holds of one contact, by address or id. For several, or a part of an address:
    find_contacts.

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
    return (await contacts_at(call, [email]))[0].get(email)


@tool("contacts", "Find contacts", Effect.READ)
async def find_contacts(call: Call, body: FindContacts) -> FoundContacts:
    """Look many addresses up (found and not found), or page through a list, a segment or all contacts by part of the
    address. Shows id and email, unless fields asks for more.

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
    found, _ = await contacts_at(call, emails[start:])
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
    found, _ = await contacts_at(call, [row["email"].lower() for row in rows])
    return [found[email].payload() if (email := row["email"].lower()) in found else row for row in rows]
