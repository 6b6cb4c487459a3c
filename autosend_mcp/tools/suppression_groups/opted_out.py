"""Who of some people gets no mail at all from AutoSend, looked up before something is written."""

from collections.abc import Sequence

from autosend_mcp.errors import AutoSendError
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.suppression_groups.look_up import entries_among, entries_of

NOT_CHECKED = "Who of them opted out of all mail could not be looked up; AutoSend leaves those out itself."
LEAVE_OUT = "Whom AutoSend suppresses has opted out of mail, or it bounced: leave them out, and tell the user."

OPTED_OUT = "opted out"  # the label of those in an error

_ENTRIES = 10  # requests at most to see who is suppressed


async def opted_out(context: Context, emails: Sequence[str]) -> list[str]:
    """Return who of these opted out of all mail; a note where that cannot be looked up."""
    if not emails:
        return []
    try:
        entries = await entries_among(context.call, [*emails], group_id=None, only_global=True, affordable=_ENTRIES)
    except AutoSendError:
        context.notes.append(NOT_CHECKED)
        return []
    return [email for email in emails if entries_of(email, entries)]


async def foreseen(context: Context, emails: Sequence[str]) -> list[str]:
    """Return who of these opted out, for a dry run, with a note on what to do."""
    found = await opted_out(context, emails)
    context.notes += [LEAVE_OUT] * bool(found)
    return found
