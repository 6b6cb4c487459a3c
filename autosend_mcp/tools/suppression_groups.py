"""Who gets no mail: the suppression groups, and putting addresses into them and taking them out.

Source: AutoSend's documentation, "Bulk suppress emails", "Bulk unsuppress emails" and "Search suppression entries".
"""

from collections.abc import Awaitable, Callable
from math import ceil

from autosend_mcp.api import suppression_groups
from autosend_mcp.api.calls import Call
from autosend_mcp.api.request import Request
from autosend_mcp.errors import NOTHING_CHANGED, NotSent, Unknown
from autosend_mcp.models.addresses import same_address
from autosend_mcp.models.base import planned, step
from autosend_mcp.models.suppression_groups import (
    ListSuppressionGroups,
    Suppressed,
    SuppressEmails,
    SuppressionGroup,
    SuppressionGroups,
    UnsuppressEmails,
)
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.lost_reply import find_out
from autosend_mcp.tools.registry import Effect, tool

VERIFIED = "AutoSend's reply was lost; a look-up then found it done."
AGAIN = "Calling again with the same arguments is safe: it does nothing a second time."

Look = Callable[[], Awaitable[list[str]]]


@tool("suppressions", "List suppression groups", Effect.READ)
async def list_suppression_groups(
    context: Context,
    body: ListSuppressionGroups,  # noqa: ARG001 - has none
) -> SuppressionGroups:
    """Show the suppression groups that people can opt out of, with groupId. get_contact shows those of one contact."""
    groups = await context.call.read(suppression_groups.list_all())
    return SuppressionGroups(groups=[group.shown() for group in groups])


@tool("suppressions", "Suppress emails", Effect.ADD)
async def suppress_emails(context: Context, body: SuppressEmails) -> Suppressed:
    """Unsubscribe up to 100 addresses from one group, or from all mail. They stay contacts.

    Raises:
        AutoSendError: It was not done, or that is not known.
    """
    group = await _resolve_group(context.call, body.group)
    request = suppression_groups.suppress(body.request_body(group.group_id if group else None))
    look = _looking(context.call, body.addresses(), group, only_global=body.everywhere, suppressed=True)
    # Letting mail through everywhere would also end the opt-outs that were there before.
    return await _write(context, body, request, group, look, back="unsuppress_emails")


@tool("suppressions", "Unsuppress emails", Effect.CHANGE)
async def unsuppress_emails(context: Context, body: UnsuppressEmails) -> Suppressed:
    """Let up to 100 addresses get mail again. Only for people who have asked for it themselves: they had opted out, or
    their mail bounced.

    Raises:
        AutoSendError: It was not done, or that is not known.
    """
    group = await _resolve_group(context.call, body.group)
    request = suppression_groups.unsuppress(body.request_body(group.group_id if group else None))
    look = _looking(context.call, body.addresses(), group, only_global=False, suppressed=False)
    return await _write(context, body, request, group, look, back="suppress_emails")


async def _resolve_group(call: Call, wanted: str | None) -> SuppressionGroup | None:
    """Return the group of this exact name or id, None where none is asked for.

    Raises:
        NotSent: There is none, or several; with those there are.
    """
    if wanted is None:
        return None
    groups = await call.read(suppression_groups.list_all())
    named = [row for row in groups if row.group_id == wanted] or [row for row in groups if row.name == wanted]
    if len(named) == 1:
        return named[0]
    raise NotSent(
        "Several suppression groups have this name." if named else "No suppression group has this name or id.",
        "Call again with a groupId, or ask the user.",
        changed=NOTHING_CHANGED,
        facts={"there are": [group.shown() for group in named or groups]},
    )


async def _write(
    context: Context,
    body: SuppressEmails | UnsuppressEmails,
    request: Request[int | None],
    group: SuppressionGroup | None,
    look: Look,
    *,
    back: str,
) -> Suppressed:
    """Send it, or show it; `back`: the tool that takes it back, where it is about one group."""
    if body.dry_run:
        return Suppressed(outcome="dry_run", plan=planned(request.shown(), group=group.shown() if group else None))
    try:
        changed = await context.call.write(request)
    except Unknown as lost:
        await find_out(
            context.call,
            lost,
            look,
            lambda left: None if left else True,
            was="it was not so for all of them",
            again=AGAIN,
            facts=lambda left: {"not done for": left},
        )
        return Suppressed(outcome="done", notes=[VERIFIED])
    # An undo for more than what changed would take away what was there before.
    exact = group is not None and changed == len(body.addresses())
    undo = [step(back, emails=body.addresses(), group=body.group)] if exact else None
    return Suppressed(outcome="done", changed=changed, undo=undo)


def _looking(
    call: Call, emails: list[str], group: SuppressionGroup | None, *, only_global: bool, suppressed: bool
) -> Look:
    """Return a look at those of the addresses that are not yet in the group (`suppressed`), or not yet out of it.

    Without a group: in any, or in a global one (`only_global`).
    """
    left = emails

    async def look() -> list[str]:
        nonlocal left
        inside = await _suppressed_among(call, left, group.group_id if group else None, only_global=only_global)
        left = [email for email in left if (email in inside) is not suppressed]
        return left

    return look


async def _suppressed_among(call: Call, emails: list[str], group_id: str | None, *, only_global: bool) -> set[str]:
    """Return who of these is suppressed, by reading every entry or searching for each address: whichever is less.

    Raises:
        AutoSendError: It cannot be found out in the time that the call has left.
    """
    page = await call.look_up(suppression_groups.search_entries(group_id=group_id, only_global=only_global))
    entries = page.entries
    pages = None if page.total is None else ceil(page.total / suppression_groups.PAGE)
    further = len(emails) if pages is None else min(pages - 1, len(emails))
    if further > call.time_left * call.autosend.settings.rate_limit:
        raise Unknown("Finding out who is suppressed takes more requests than there is time for.", "")
    if pages is None or pages - 1 > len(emails):
        searches = [
            suppression_groups.search_entries(group_id=group_id, only_global=only_global, email=email)
            for email in emails
        ]
    else:
        searches = [
            suppression_groups.search_entries(group_id=group_id, only_global=only_global, page=number)
            for number in range(2, pages + 1)
        ]
    for search in searches:
        entries = entries + (await call.look_up(search)).entries
    return {email for email in emails if any(same_address(entry.email, email) for entry in entries)}
