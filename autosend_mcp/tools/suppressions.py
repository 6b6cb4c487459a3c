"""The tools of suppression: who gets no mail. Not offered unless AUTOSEND_TOOLSETS names them."""

from autosend_mcp import suppressions
from autosend_mcp.calls import Call
from autosend_mcp.models.suppressions import (
    ListSuppressionGroups,
    Suppressed,
    SuppressEmails,
    SuppressionGroups,
    UnsuppressEmails,
)
from autosend_mcp.tools.toolset import Effect, tool


@tool("List suppression groups", Effect.READ)
async def list_suppression_groups(call: Call, body: ListSuppressionGroups) -> SuppressionGroups:  # noqa: ARG001 - has none
    """Show the suppression groups that people can opt out of, with their groupId. Those of one contact: get_contact."""
    return SuppressionGroups(groups=[group.shown() for group in await suppressions.read_groups(call)])


@tool("Suppress emails", Effect.ADD)
async def suppress_emails(call: Call, body: SuppressEmails) -> Suppressed:
    """Unsubscribe up to 100 addresses from one group, or from all mail. They stay contacts."""
    return await suppressions.suppress(call, body)


@tool("Unsuppress emails", Effect.CHANGE)
async def unsuppress_emails(call: Call, body: UnsuppressEmails) -> Suppressed:
    """Let up to 100 addresses get mail again. Only for people who have asked for it themselves: they had opted out, or
    their mail bounced.
    """
    return await suppressions.unsuppress(call, body)
