"""What is known of the lists that a create or an upsert was to join."""

from collections.abc import Sequence

from autosend_mcp.api.calls import Call
from autosend_mcp.models.automations import AUTOMATIONS_START
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contacts.contact import StoredContact
from autosend_mcp.models.text import quoted
from autosend_mcp.tools.contact_lists.look_up import lists_left
from autosend_mcp.tools.lost_reply import AFTER_A_REPLY, poll

UNCHECKED = f"{AUTOMATIONS_START} AutoSend does not show the contact's lists, so joining them was not checked."
UNKNOWN = "Looking up whether it joined the lists failed; if it did, their live automations start now."
VERIFIED = f"A look-up then found it in the lists. {AUTOMATIONS_START}"
LEFT_OUT = (
    "Looked up afterwards, it was not in {}. To put it in, call add_to_list; if it was in and has left since, that "
    "starts the list's live automations again."
)


async def list_notes(call: Call, contact: StoredContact, lists: Sequence[ContactList], *, verified: bool) -> list[str]:
    """Return what to say of these lists. `verified`: the reply was lost and the contact looked up."""
    if not lists:
        return []
    if not verified:
        return [UNCHECKED if contact.list_ids is None else AUTOMATIONS_START]
    left = await poll(call, lambda: lists_left(call, lists, contact), lambda left: not left, AFTER_A_REPLY)
    return lookup_notes(lists, left)


def lookup_notes(lists: Sequence[ContactList], left: Sequence[ContactList] | None) -> list[str]:
    """Return what a look-up says of these lists. `left`: those without the contact; None where it failed."""
    if left is None:
        return [UNKNOWN]
    if not left:
        return [VERIFIED]
    out = LEFT_OUT.format(", ".join(quoted(contact_list.name) for contact_list in left))
    return [out, AUTOMATIONS_START] if len(left) < len(lists) else [out]
