"""Why an address gets no mail: the suppressions that AutoSend shows of it.

Source: AutoSend's documentation, "Search suppression entries" and "Suppressions".
"""

from typing import Any

from autosend_mcp.api import suppression_groups
from autosend_mcp.api.calls import Call
from autosend_mcp.models.suppression_groups.emails import GetSuppression, Suppressions
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.entries import addresses_in
from autosend_mcp.tools.registry import Effect, tool
from autosend_mcp.tools.suppression_groups.look_up import search_for

NOT_SHOWN = (
    "AutoSend shows no suppression of an address with suppressed: no. If it gets no mail, look in AutoSend's "
    "dashboard for bounces and blocked recipient domains."
)


@tool("suppressions", "Show why people get no mail", Effect.READ)
async def get_suppression(context: Context, body: GetSuppression) -> Suppressions:
    """Show why up to 10 people get no mail from AutoSend: whether they unsubscribed, bounced or complained, from all
    mail or that of some groups, and since when."""
    emails, invalid = addresses_in(context, body.emails)
    groups = {row.group_id: row for row in await context.call.read(suppression_groups.list_all())}
    addresses = [await _suppression_of(context.call, email, groups) for email in emails]
    if any(not row["where"] for row in addresses):
        context.notes.append(NOT_SHOWN)
    return Suppressions(addresses=addresses, invalid=invalid or None)


async def _suppression_of(call: Call, email: str, groups: dict[str, SuppressionGroup]) -> dict[str, Any]:
    """Return where AutoSend shows this address.

    It is searched for twice: whether a search shows the entries of global groups as well is not documented.
    """
    stopped = await search_for(call.read, email, only_global=True)
    others = [entry for entry in await search_for(call.read, email) if entry not in stopped]
    in_global = [entry for entry in others if (group := groups.get(entry.group_id or "")) and group.is_global]
    stopped += in_global
    entries = [*stopped, *(entry for entry in others if entry not in in_global)]
    return {
        "email": email,
        "suppressed": "everywhere" if stopped else "in_groups" if entries else "no",
        "where": [
            entry.shown(groups.get(entry.group_id or ""), is_global=place < len(stopped))
            for place, entry in enumerate(entries)
        ],
    }
