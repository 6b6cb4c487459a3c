"""Who of some people gets no mail at all from AutoSend, looked up before something is written."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autosend_mcp.api.calls import Call
from autosend_mcp.errors import AutoSendError, NotSent, Refused
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.tools.context import Context

if TYPE_CHECKING:
    from autosend_mcp.models.suppression_groups.emails import SuppressionEntry

NOT_CHECKED = "Who of them opted out of all mail could not be looked up; AutoSend itself sends those no mail."
LEAVE_OUT = "Whom AutoSend suppresses has opted out of mail, or it bounced: leave them out, and tell the user."

OPTED_OUT = "opted out"  # the label of those in an error

_JOINS_NONE = "AutoSend suppresses this address, so it is put into no list."
_WITHOUT_LISTS = "Leave it out, and tell the user. Without listIds the same call goes through, if the user wants that."
_ENTRIES = 10  # requests at most to see who is suppressed


async def opted_out(context: Context, emails: Sequence[str]) -> list[str]:
    """Return who of these opted out of all mail; a note where that cannot be looked up."""
    if not emails:
        return []
    from autosend_mcp.tools.suppression_groups.look_up import entries_of  # noqa: PLC0415 - most calls ask nothing

    found = await _entries(context.call, emails)
    if found is None:
        context.notes.append(NOT_CHECKED)
    return [email for email in emails if entries_of(email, found or [])]


async def refuse_opted_out(context: Context, email: str, lists: Sequence[ContactList]) -> None:
    """Keep somebody out of lists who opted out of all mail. It asks nothing where there are no lists.

    Whether a create and an upsert refuse them is not documented; the reply to a bulk add names them.

    Raises:
        NotSent: AutoSend suppresses the address.
    """
    if lists and await opted_out(context, [email]):
        raise NotSent(_JOINS_NONE, _WITHOUT_LISTS, facts={OPTED_OUT: [email]})


async def foreseen(context: Context, emails: Sequence[str]) -> list[str]:
    """Return who of these opted out, for a dry run, with a note on what to do."""
    found = await opted_out(context, emails)
    context.notes += [LEAVE_OUT] * bool(found)
    return found


async def _entries(call: Call, emails: Sequence[str]) -> "list[SuppressionEntry] | None":
    """Return the entries of these; None where they cannot be looked up. A key that may not costs one request."""
    if not call.cache.shows_suppressions:
        return None
    from autosend_mcp.tools.suppression_groups.look_up import entries_among  # noqa: PLC0415

    try:
        return await entries_among(call, [*emails], group_id=None, only_global=True, affordable=_ENTRIES)
    except AutoSendError as error:
        if isinstance(error, Refused) and error.status in (403, 404):
            call.cache.shows_suppressions = False
        return None
