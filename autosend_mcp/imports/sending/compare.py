"""A row beside the contact that AutoSend shows: what differs, and whether a request for it was applied."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from autosend_mcp.api.contacts import Held
from autosend_mcp.imports.journal_rows import PendingRow
from autosend_mcp.models.comparison import custom_fields, differences, listed, own_values
from autosend_mcp.models.contacts.contact import CUSTOM, HeldContact, Values


def has_expected_values(row: PendingRow, found: Held) -> bool:
    """Return whether the contact exists and has all values of the row."""
    return row.email in found and shows(row.expected, found[row.email])


def shows(expected: Values, contact: HeldContact) -> bool:
    """Return whether there are no `differences`: most values are stored just so, which is seen at once."""
    own = {name: value for name, value in expected.items() if name != CUSTOM}
    just_so = _are_in(own, contact.raw) and _are_in(custom_fields(expected), contact.raw_fields)
    return just_so or not differences(expected, contact)


def _are_in(values: Values, stored: Mapping[str, Any]) -> bool:
    return all(type(value) is type(have := stored.get(name)) and value == have for name, value in values.items())


def contact_hash(contact: HeldContact | None, own: Collection[str] | None) -> str | None:
    """Return a hash of the contact as AutoSend shows it; None where there is none.

    `own`: the custom fields that count; the others AutoSend sets by itself. None: all.
    """
    if contact is None:
        return None
    return hashlib.blake2b(json.dumps(own_values(contact, own), sort_keys=True).encode(), digest_size=8).hexdigest()


def has_changed(row: PendingRow, found: Held, own: Collection[str] | None) -> bool:
    """Return whether the contact exists and is not as it was before: a request for the row was applied."""
    return row.email in found and contact_hash(found[row.email], own) != row.hash_before


def what_differs(row: PendingRow, found: Held) -> str:
    """Return a sentence on how the contact differs from the row, after a look-up."""
    if row.email not in found:
        return "A look-up afterwards found no such contact."
    names = listed(differences(row.expected, found[row.email]))
    return f"A look-up afterwards found other values than the row's: {names}."


def what_autosend_made(row: PendingRow, found: Held) -> str:
    """Return a sentence on the values that AutoSend stored in another form than the row has."""
    return f"AutoSend shows other values than the row's: {listed(differences(row.expected, found[row.email]))}."
