"""Contacts created and changed by the hundred, each settled: AutoSend only counts them.

A row is sent again only where its contact is still as it was before.
"""

from collections.abc import Sequence

from autosend_mcp.api import contacts
from autosend_mcp.api.contacts import Found
from autosend_mcp.api.request import Request
from autosend_mcp.errors import NotSent, Refused, Unknown
from autosend_mcp.imports.journal import Item, Journal, Outcome, in_thread
from autosend_mcp.imports.progress import Tally
from autosend_mcp.imports.sending.compare import differing, has_changed, is_as_asked, other_values, stamp_of
from autosend_mcp.imports.sending.requests import ABOUT_THE_ROWS, ROW, Requests, is_contradictory, said
from autosend_mcp.models.comparison import with_existing_values
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contacts.batch import BulkCounts

TRIES = 3

NOT_TAKEN = "AutoSend did not take it, and does not say why."
NOT_REFUSED = "AutoSend does not say that it failed."


class Updating:
    """The bulk updates of one import."""

    def __init__(
        self, requests: Requests, journal: Journal, tally: Tally, lists: Sequence[ContactList], *, run_workflow: bool
    ) -> None:
        """`lists` are joined later."""
        self._requests = requests
        self._journal = journal
        self._tally = tally
        self._lists = lists
        self._run_workflow = run_workflow

    async def update(self, items: list[Item], tries: int = TRIES) -> None:
        """Create or change these contacts, and settle each; not all of them where the import is stopped.

        Raises:
            AutoSendError: They cannot be sent now, or nothing more can.
        """
        bulk_update = await self._request(items)
        request = await in_thread(self._journal.intend, "update", {item.number: item.before for item in items})
        try:
            counts = await self._requests.write(bulk_update)
        except Unknown as lost:
            await self._settle_lost(items, lost, tries)
        except (NotSent, Refused) as error:
            if is_contradictory(error):
                await self._settle_contradictory(items, error)
            else:
                await in_thread(self._journal.settle, (), request)  # nothing was changed, so there is no doubt
                if not isinstance(error, Refused) or error.status not in ABOUT_THE_ROWS:
                    raise
                await self._divide_refused(items, error)
        else:
            if counts.success_count == len(items) and not counts.failed_count:
                await self._settle(items, request)
                return
            await self._settle_counted(items, counts)
        if all(item.outcome for item in items):
            await in_thread(self._journal.settle, (), request)

    async def _request(self, items: list[Item]) -> Request[BulkCounts]:
        """The request. A contact that has more values is looked up just before, so that it keeps them."""
        again = [item for item in items if item.completes]
        now = await self._requests.find([item.email for item in again]) if again else {}
        for item in again:
            item.before = stamp_of(now.get(item.email))
        rows = [with_existing_values(item.asked, now.get(item.email)) for item in items]
        return contacts.bulk_update(rows, run_workflow=self._run_workflow)

    async def _settle_counted(self, items: list[Item], counts: BulkCounts) -> None:
        """By what AutoSend counted, and by looking which rows it counted as failures."""
        known = counts.failed_count or 0
        if counts.success_count == 0 and known == len(items):
            await self._conclude(items, "failed", NOT_TAKEN)
            return
        found = await self._requests.look_again(items, failed=known)
        left = await self._settle_applied(items, found)
        if not left:
            return
        if len(left) <= known:
            await self._conclude(left, "failed", NOT_TAKEN)
        elif len(items) == 1:
            await self._conclude(left, "unknown", f"{NOT_REFUSED} {differing(left[0], found)}")
        else:
            await self._divide(items, left)

    async def _settle_lost(self, items: list[Item], lost: Unknown, tries: int) -> None:
        """By looking; what is as it was before is sent again."""
        found = await self._requests.look_again(items)
        await self._settle([item for item in items if is_as_asked(item, found)])
        changed = [item for item in items if item.outcome is None and has_changed(item, found)]
        left = [item for item in items if item.outcome is None and item not in changed]
        if left and tries > 1 and not self._tally.stopped:
            await self.update(left, tries - 1)
            left = []
        elif self._tally.stopped:
            return
        for item in [*changed, *left]:
            await self._conclude([item], "unknown", f"{lost.what} {differing(item, found)}")

    async def _settle_contradictory(self, items: list[Item], refusal: Refused) -> None:
        """By looking: AutoSend said no, with a status that says yes."""
        found = await self._requests.look_again(items)
        left = await self._settle_applied(items, found)
        if left and len(items) == 1:
            await self._conclude(left, "failed", f"{said(refusal)}.")
        elif left:
            await self._divide(items, left)

    async def _settle_applied(self, items: list[Item], found: Found) -> list[Item]:
        """Settle those whose contacts are no longer as they were: AutoSend has answered. The others."""
        for item in items:
            if not is_as_asked(item, found) and has_changed(item, found):
                item.outcome, item.reason = "updated" if item.before else "created", other_values(item, found)
        await self._settle([item for item in items if item.outcome or is_as_asked(item, found)])
        return [item for item in items if item.outcome is None]

    async def _divide_refused(self, items: list[Item], refusal: Refused) -> None:
        """Find the rows that AutoSend refuses: apart from the others, those that it names; else by halves.

        Whether it counts the rows from 0 is not documented, so that a row has failed only where all of a request have.
        """
        named = {int(match[1]) for field in refusal.fields if (match := ROW.match(field))}
        bad = [item for place, item in enumerate(items) if place in named]
        if len(bad) == len(items) or len(items) == 1:
            for place, item in enumerate(items):
                item.outcome, item.reason = "failed", f"{said(refusal, place)}."
            await self._settle(items)
        elif bad:
            await self._send_apart([item for place, item in enumerate(items) if place not in named], bad)
        else:
            await self._divide(items, items)

    async def _divide(self, items: list[Item], left: list[Item]) -> None:
        """Send what is left of a request again: alone, or by halves where that is all of it."""
        if len(left) < len(items):
            await self._send_apart(left)
        else:
            middle = len(items) // 2
            await self._send_apart(items[:middle], items[middle:])

    async def _send_apart(self, *groups: list[Item]) -> None:
        for group in groups:
            if not self._tally.stopped:
                await self.update(group)

    async def _conclude(self, items: Sequence[Item], outcome: Outcome, reason: str) -> None:
        for item in items:
            item.outcome, item.reason = outcome, reason
        await self._settle(items)

    async def _settle(self, items: Sequence[Item], request: int | None = None) -> None:
        """Keep their outcomes: created or updated where they have none yet."""
        for item in items:
            item.outcome = item.outcome or ("updated" if item.before else "created")
        if items:
            await in_thread(self._journal.settle, items, request)
            self._tally.count(items, len(self._lists))
