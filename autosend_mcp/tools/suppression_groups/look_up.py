"""Who is suppressed, found in AutoSend's entries with as few requests as it allows."""

from collections.abc import Awaitable, Callable
from math import ceil
from typing import Protocol, TypeVar

from autosend_mcp.api import suppression_groups
from autosend_mcp.api.calls import Call
from autosend_mcp.api.request import Request
from autosend_mcp.errors import Unknown
from autosend_mcp.models.addresses import same_address
from autosend_mcp.models.suppression_groups.emails import SuppressionEntry
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup

Look = Callable[[], Awaitable[list[str]]]
ResultT = TypeVar("ResultT")


class Send(Protocol):
    """Sends a request that changes nothing and returns its result."""

    async def __call__(self, request: Request[ResultT], /) -> ResultT:
        """Send it."""
        ...


def looking(
    call: Call, emails: list[str], group: SuppressionGroup | None, *, only_global: bool, suppressed: bool
) -> Look:
    """Return a look at those of the addresses that are not yet in the group (`suppressed`), or not yet out of it.

    Without a group: in a global one (`only_global`), or in any other.
    """
    left = emails

    async def look() -> list[str]:
        nonlocal left
        group_id = group.group_id if group else None
        entries = await entries_among(call, left, group_id=group_id, only_global=only_global)
        if group is None and not only_global:
            groups = await call.look_up(suppression_groups.list_all())
            not_these = {row.group_id for row in groups if row.is_global}
            entries = [entry for entry in entries if entry.group_id not in not_these]
        left = [email for email in left if bool(entries_of(email, entries)) is not suppressed]
        return left

    return look


async def entries_among(
    call: Call, emails: list[str], *, group_id: str | None, only_global: bool = False, affordable: float | None = None
) -> list[SuppressionEntry]:
    """Return the entries of a group, of global ones or of any, with all those that are about these addresses.

    Every entry is read, or each address searched for: whichever takes fewer requests.

    Raises:
        AutoSendError: A request failed, or more than are affordable would be needed; by default, more than the time
            allows that the call has left.
    """

    if len(emails) == 1:
        return await search_for(call.look_up, emails[0], group_id=group_id, only_global=only_global)
    page = await call.look_up(suppression_groups.search_entries(group_id=group_id, only_global=only_global))
    pages = None if page.total is None else ceil(page.total / suppression_groups.PAGE)
    further = len(emails) if pages is None else min(pages - 1, len(emails))
    if affordable is None:
        affordable = call.time_left * call.autosend.settings.rate_limit
    if further > affordable:
        raise Unknown("Finding out who is suppressed takes more requests than there is time for.", "")
    entries = list(page.entries)
    if pages is None or pages - 1 > len(emails):
        for email in emails:
            entries += await search_for(call.look_up, email, group_id=group_id, only_global=only_global)
        return entries
    for number in range(2, pages + 1):
        request = suppression_groups.search_entries(group_id=group_id, only_global=only_global, page=number)
        entries += (await call.look_up(request)).entries
    return entries


async def search_for(
    send: Send, email: str, *, group_id: str | None = None, only_global: bool = False
) -> list[SuppressionEntry]:
    """Return the entries that AutoSend shows of one address; also where it shows those of others as well.

    Raises:
        AutoSendError: A request failed.
    """
    entries: list[SuppressionEntry] = []
    number, pages = 0, 1
    while number < pages:
        number += 1
        request = suppression_groups.search_entries(
            group_id=group_id, only_global=only_global, email=email, page=number
        )
        page = await send(request)
        entries += page.entries
        pages = ceil((page.total or 0) / suppression_groups.PAGE)
    return entries_of(email, entries)


def entries_of(email: str, entries: list[SuppressionEntry]) -> list[SuppressionEntry]:
    """Return the entries that are about this address."""
    return [entry for entry in entries if same_address(entry.email, email)]
