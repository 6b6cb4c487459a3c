"""What a batch would do: its dry run."""

from collections.abc import Collection
from typing import Any

from autosend_mcp.api import contact_lists
from autosend_mcp.api.contacts import Found
from autosend_mcp.api.request import Request
from autosend_mcp.models.automations import AUTOMATIONS_WOULD, NEW_CONTACTS_MAY, Change
from autosend_mcp.models.base import planned
from autosend_mcp.models.comparison import differences, foretold
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.models.contacts.counts import BulkCounts
from autosend_mcp.tools.automations import effects
from autosend_mcp.tools.contact_lists.look_up import shown_members
from autosend_mcp.tools.contacts.rows import Row, grouped
from autosend_mcp.tools.contacts.upsert import PROPERTY_AUTOMATIONS
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.suppression_groups.opted_out import foreseen


async def plan(
    context: Context,
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
    left = [] if lists else await foreseen(context, people.emails)
    change = change_of(valid, before, lists, runs_workflow=runs_workflow, opted_out=left)
    unnamed = [NEW_CONTACTS_MAY] * change.creates + [AUTOMATIONS_WOULD] * bool(lists)
    return planned(
        request.shown() if request else None,
        then=[contact_lists.bulk_add(contact_list.id, people).shown() for contact_list in lists],
        wouldCreate=new,
        wouldUpdate={row.email: foretold(differences(row.expected, before[row.email])) for row in update},
        unchanged=[row.email for row in valid if not row.sent and not row.kept],
        kept=[row.email for row in valid if row.kept],
        notSent=grouped(row for row in rows if row.outcome != "unknown"),
        lists=[{**one.named(), **_joining(one, people.without(left), before)} for one in lists],
        optedOut=left,
        **await effects(context.call, change, unnamed + [PROPERTY_AUTOMATIONS] * runs_workflow),
    )


def _joining(contact_list: ContactList, people: People, before: Found) -> dict[str, int]:
    """Return how many of these would join the list, where AutoSend shows who is in it."""
    inside = shown_members({email: before[email] for email in people.emails if email in before}, contact_list.id)
    return {} if inside is None else {"wouldJoin": len(set(people.emails) - inside)}


def _joins(before: Found, email: str, list_id: str) -> bool | None:
    """Return whether this person is not in the list yet; None where AutoSend does not show it."""
    held = before[email].list_ids if email in before else []
    return None if held is None else list_id not in held


def change_of(
    valid: list[Row],
    before: Found,
    lists: list[ContactList],
    *,
    runs_workflow: bool,
    opted_out: Collection[str] = (),
) -> Change:
    """Return what the rows that are valid do to contacts, as far as automations start by it.

    `opted_out`: those who may join no list, whatever is asked.
    """
    updated = [row for row in valid if row.email in before and not row.kept]
    changes = {name for row in updated for name in differences(row.expected, before[row.email])}
    creates = any(row.email not in before for row in valid)
    mailable = [row.email for row in valid if row.email not in opted_out]
    ids = [contact_list.id for contact_list in lists]
    joins = [one for one in ids if any(_joins(before, email, one) for email in mailable)]
    may_join = [
        one for one in ids if one not in joins and any(_joins(before, row.email, one) is not False for row in valid)
    ]
    return Change(creates, joins, may_join, changes if runs_workflow else None, surely=False)
