"""A project with something in it, for who wants to try things without making them first."""

from typing import Any

from autosend_mcp.sandbox.contact_lists.membership import bulk_add
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.store import Store

_PRO: dict[str, Any] = {
    "logicalOperator": "AND",
    "groups": [{"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}],
}
_PEOPLE = (("Jane", "Doe", "pro", 42), ("John", "Smith", "free", 3), ("Ana", "Ruiz", "pro", 7))


def add_sample(store: Store, project: str) -> None:
    """Add two fields, a list, a segment, a suppression group and three contacts to a project that has no contacts."""
    emails = [f"{first.lower()}@example.com" for first, *_ in _PEOPLE]
    if store.contacts.find(project, emails):
        return
    for name, kind in (("plan", "string"), ("logins", "number")):
        store.contact_properties.define(project, name, kind)
    newsletter = store.contact_lists.seed(project, "Newsletter", "list")
    store.contact_lists.seed(project, "Pro users", "segment", _PRO)
    store.suppression_groups.seed(project, "Blog")
    for email, (first, last, plan, logins) in zip(emails, _PEOPLE, strict=True):
        fields = {"plan": plan, "logins": logins}
        writes.create(store, project, {"email": email, "firstName": first, "lastName": last, "customFields": fields})
    bulk_add(store, project, {"contactListId": newsletter, "emails": emails[:2]})
