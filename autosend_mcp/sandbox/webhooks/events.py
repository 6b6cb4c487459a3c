"""The events of webhooks, and the data of those about contacts.

Source: the page "Webhook event types". What is unknown there: `name` of a contact without one (left out), what
`changedFields` holds for a property (its bare name), and which further properties are shown.
"""

from typing import Any, Literal

from autosend_mcp.sandbox.contacts.records import NAMES, Contact

CONTACT_EVENTS = ("contact.created", "contact.updated", "contact.deleted")
EVENTS = (
    *("email.sent", "email.delivered", "email.deferred", "email.opened", "email.clicked", "email.bounced"),
    *("email.spam_reported", "email.unsubscribed", "email.group_unsubscribed", "email.group_resubscribed"),
    *CONTACT_EVENTS,
    "email.received",
)

Properties = Literal["none", "flat", "nested"]
"""How the further properties of a contact are shown: not at all, beside its name, or under `customFields`."""


def data_of(event: str, contact: Contact, before: Contact | None, properties: Properties) -> dict[str, Any] | None:
    """Return what the event says of the contact; None if nothing happened to it."""
    data = {"contactId": contact["id"], "email": contact["email"]}
    if event == "contact.deleted":
        return data
    name = _name(contact)
    data |= {"name": name} if name else {}
    if properties != "none":
        data |= {member: contact[member] for member in NAMES if contact.get(member)}
        custom = contact["customFields"]
        beside = {name: value for name, value in custom.items() if name not in data}
        data |= {"customFields": custom} if properties == "nested" else beside
    if event == "contact.created":
        return data
    changed = _changed(before or {}, contact)
    return data | {"changedFields": changed} if changed else None


def _name(contact: Contact) -> str:
    return " ".join(contact[part] for part in ("firstName", "lastName") if contact.get(part))


def _changed(before: Contact, contact: Contact) -> list[str]:
    """Return the names of what is different, a first or last name as `name`."""
    own = [member for member in NAMES if member not in ("firstName", "lastName")]
    was, now = before.get("customFields", {}), contact["customFields"]
    return [
        *(["name"] if _name(before) != _name(contact) else []),
        *(member for member in own if before.get(member) != contact.get(member)),
        *(name for name in was | now if was.get(name) != now.get(name)),
    ]
