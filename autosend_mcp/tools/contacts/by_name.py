"""Find contacts by a person's name: AutoSend searches addresses alone, so the contacts are read page by page."""

import unicodedata
from dataclasses import dataclass, field

from autosend_mcp.api import contact_lists
from autosend_mcp.api.calls import Call
from autosend_mcp.models.contacts.contact import Contact, StoredContact
from autosend_mcp.models.pages import read_cursor, write_cursor
from autosend_mcp.models.text import compact_json, folded

MAX_PAGES = 30  # of one call: 15 s at two requests a second
_LEAST_SECONDS = 4.0

SO_FAR = (
    "Names cannot be searched, so contacts are read one by one: {} of {} so far. The cursor goes on; a segment with "
    "firstName or lastName as field finds them all at once."
)
NOBODY = "Nobody among all {} has this name, nor an address with it."


@dataclass(slots=True)
class Walk:
    """Those found on the way, where it ended (None at the end), and notes on how far it got."""

    found: list[StoredContact] = field(default_factory=list[StoredContact])
    cursor: str | None = None
    notes: list[str] = field(default_factory=list[str])


async def walk(
    call: Call, list_id: str, name: str, *, email: str | None, limit: int, cursor: str | None = None
) -> Walk:
    """Return at most `limit` contacts of the list with this in their name, or before the @ of their address.

    It reads as many pages as the call has time for, and goes on where the cursor stands.

    Raises:
        AutoSendError: They could not be read.
    """
    about = compact_json([list_id, email, name])
    start, size = read_cursor(cursor, contact_lists.PAGE, about)
    seen, began, total, walked = start, start, None, Walk()
    for _ in range(MAX_PAGES):
        page = await call.read(contact_lists.search(list_id, seen // size + 1, size, email))
        total, rows = page.total, page.contacts[seen % size :]
        for contact in rows:
            seen += 1
            if _has(contact, name):
                walked.found.append(contact)
            if len(walked.found) == limit:
                break
        if not rows or (seen >= total if total is not None else len(page.contacts) < size):
            walked.notes += [NOBODY.format(seen)] * (not walked.found and not began)
            return walked
        if seen < size and seen == len(page.contacts):
            size = seen  # AutoSend gives fewer at once than it was asked for
        if len(walked.found) == limit or call.seconds_left < _LEAST_SECONDS * call.scale:
            break
    walked.cursor = write_cursor(seen, size, about)
    walked.notes.append(SO_FAR.format(seen, "all" if total is None else total))
    return walked


def _has(contact: Contact, name: str) -> bool:
    """Return whether each word of the name is in that of the contact, or before the @ of the address."""
    theirs = plain(f"{contact.first_name or ''} {contact.last_name or ''} {contact.email.rpartition('@')[0]}")
    return all(word in theirs for word in plain(name).split())


def plain(text: str) -> str:
    """Return the text without case, accents and the like."""
    return "".join(char for char in unicodedata.normalize("NFKD", folded(text)) if not unicodedata.combining(char))
