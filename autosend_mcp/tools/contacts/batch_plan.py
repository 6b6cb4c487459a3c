"""What a batch would do: its dry run."""

from typing import Any

from autosend_mcp.api import contact_lists
from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import Found
from autosend_mcp.api.request import Request
from autosend_mcp.models.automations import Change
from autosend_mcp.models.base import planned
from autosend_mcp.models.comparison import differences, foretold
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.models.contacts.batch import BulkCounts
from autosend_mcp.models.contacts.create import AUTOMATIONS_WOULD, NEW_CONTACTS_MAY
from autosend_mcp.tools.automations import effects
from autosend_mcp.tools.contacts.rows import Row, grouped
from autosend_mcp.tools.contacts.upsert import PROPERTY_AUTOMATIONS


async def plan(
    call: Call,
    request: Request[BulkCounts] | None,
    rows: list[Row],
    before: Found,
    lists: list[ContactList],
    *,
    runs_workflow: bool,
) -> dict[str, Any]:
    """Return what a dry run shows: the request, what would become of each row, and which automations would start."""
    valid = [row for row in rows if row.outcome == "unknown"]
    update = [row for row in valid if row.sent and row.email in before]
    new = [row.email for row in valid if row.email not in before]
    people = People(tuple(row.email for row in valid))
    change = change_of(valid, before, lists, runs_workflow=runs_workflow)
    unnamed = [NEW_CONTACTS_MAY] * change.creates + [AUTOMATIONS_WOULD] * bool(lists)
    return planned(
        request.shown() if request else None,
        then=[contact_lists.bulk_add(contact_list.id, people).shown() for contact_list in lists],
        wouldCreate=new,
        wouldUpdate={row.email: foretold(differences(row.expected, before[row.email])) for row in update},
        unchanged=[row.email for row in valid if not row.sent and not row.kept],
        kept=[row.email for row in valid if row.kept],
        notSent=grouped(row for row in rows if row.outcome != "unknown"),
        lists=[contact_list.named() for contact_list in lists],
        **await effects(call, change, unnamed + [PROPERTY_AUTOMATIONS] * runs_workflow),
    )


def change_of(valid: list[Row], before: Found, lists: list[ContactList], *, runs_workflow: bool) -> Change:
    """Return what the rows that are valid do to contacts, as far as automations start by it."""
    updated = [row for row in valid if row.email in before and not row.kept]
    changes = {name for row in updated for name in differences(row.expected, before[row.email])}
    creates = any(row.email not in before for row in valid)
    held = [before[row.email].list_ids for row in valid if row.email in before]
    ids = [contact_list.id for contact_list in lists]
    joins = [one for one in ids if creates or any(known is not None and one not in known for known in held)]
    may_join = [one for one in ids if one not in joins and None in held]
    return Change(creates, joins, may_join, changes if runs_workflow else None, surely=False)
