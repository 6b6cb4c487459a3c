"""A row beside the contact that AutoSend shows: what it still asks for, and whether a request for it was applied."""

import hashlib
import json

from autosend_mcp.api.contacts import Found
from autosend_mcp.imports.journal import Item
from autosend_mcp.models.comparison import differences, listed
from autosend_mcp.models.contacts.contact import StoredContact


def is_as_asked(item: Item, found: Found) -> bool:
    """Whether the contact is there, and holds everything that the row asks for."""
    return item.email in found and not differences(item.asked, found[item.email])


def differing(item: Item, found: Found) -> str:
    """What a look-up showed that is not as asked."""
    if item.email not in found:
        return "Looked up afterwards, there is no such contact."
    return f"Looked up afterwards, these are not as asked: {listed(differences(item.asked, found[item.email]))}."


def stamp_of(contact: StoredContact | None) -> str | None:
    """What stands for a contact as AutoSend shows it: a hash of all of it; None where there is none."""
    if contact is None:
        return None
    return hashlib.blake2b(json.dumps(contact.raw, sort_keys=True).encode(), digest_size=8).hexdigest()


def has_changed(item: Item, found: Found) -> bool:
    """Whether the contact is there, and not as it was before it was sent: a request for it was applied."""
    return item.email in found and stamp_of(found[item.email]) != item.before


def other_values(item: Item, found: Found) -> str:
    """What AutoSend made of the row, where that is not what it asks for."""
    return f"AutoSend holds another value than the row: {listed(differences(item.asked, found[item.email]))}."
