"""The rows of the journal sent to AutoSend: looked up, written by the hundred, put into lists, and settled one by one.

A row is sent again only where a look-up shows that it was not applied. Sources: AutoSend's documentation, "Bulk update
contacts" (up to 100, the answer only counts), "Search contacts by emails" and "Bulk add contacts to list".
"""

from collections.abc import Awaitable, Iterable, Sequence

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.contacts import Found
from autosend_mcp.errors import AutoSendError, NotSent
from autosend_mcp.imports.journal import AS_ASKED, Doubt, Item, Journal, in_thread
from autosend_mcp.imports.progress import Tally
from autosend_mcp.imports.sending.compare import differing, has_changed, is_as_asked, stamp_of
from autosend_mcp.imports.sending.joins import Joining
from autosend_mcp.imports.sending.requests import Requests
from autosend_mcp.imports.sending.updates import Updating
from autosend_mcp.models.comparison import with_existing_values
from autosend_mcp.models.contact_lists.lists import ContactList

HUNDRED = 100  # AutoSend's limit for one bulk update

_IN_FLIGHT = 2  # enough for any pace; each is in doubt when the process is killed

Batches = MemoryObjectSendStream[list[Item]]


class Sending:
    """One import on its way: a planner that looks ahead, and a few workers that send."""

    def __init__(
        self, autosend: AutoSend, journal: Journal, tally: Tally, lists: Sequence[ContactList], *, run_workflow: bool
    ) -> None:
        """`lists` are joined in this order, by every row that is as asked."""
        self._journal = journal
        self._tally = tally
        self._lists = lists
        self._requests = Requests(autosend)
        self._updating = Updating(self._requests, journal, tally, lists, run_workflow=run_workflow)
        self._joining = Joining(self._requests, journal, tally, lists)
        self._in_doubt: dict[int, str | None] = {}  # sent by a process that was killed: what there was before
        self.error: AutoSendError | None = None

    def stop(self) -> None:
        """Send nothing more; what has left is settled."""
        self._tally.stopped = True
        self._requests.stop()

    async def send(self) -> None:
        """Until every row is settled, or AutoSend lets nothing more through: `error` says why."""
        await self._guarded(self._take_up())
        put, take = anyio.create_memory_object_stream[list[Item]](_IN_FLIGHT)
        async with anyio.create_task_group() as tasks:
            for _ in range(_IN_FLIGHT):
                tasks.start_soon(self._work, take.clone())
            take.close()
            async with put:
                await self._guarded(self._plan(put))
        if self.error is not None:  # it is about one request, and what it says of it is not so of all of them
            self.error.changed = f"{self._tally.settled:,} of {self._tally.total:,} rows are settled."

    async def compare(self) -> None:
        """Only find out what would become of every row."""
        await self._guarded(self._plan(None))

    async def _guarded(self, doing: Awaitable[None]) -> None:
        try:
            await doing
        except (AutoSendError, OSError) as error:
            if not self._tally.stopped:
                self.error = error if isinstance(error, AutoSendError) else _unkept(error)
            self.stop()

    async def _take_up(self) -> None:
        """What a killed process left in doubt."""
        joinings: dict[str, list[Doubt]] = {}
        in_doubt = await in_thread(self._journal.doubts)
        if not in_doubt:
            return
        await self._requests.let_arrive()
        for doubt in in_doubt:
            if doubt.kind == "update":
                self._in_doubt |= doubt.rows
            else:
                joinings.setdefault(doubt.kind, []).append(doubt)
        for doubts in joinings.values():
            await self._joining.take_up(doubts)
        counts = await in_thread(self._journal.counts)
        self._tally.begin(counts, await in_thread(self._journal.settled, len(self._lists)))

    async def _work(self, take: MemoryObjectReceiveStream[list[Item]]) -> None:
        async with take:
            async for items in take:
                if not self._tally.stopped:
                    await self._guarded(self._finish(items))

    async def _finish(self, items: list[Item]) -> None:
        if to_send := [item for item in items if item.outcome is None]:
            await self._updating.update(to_send)
        await self._joining.join(items)

    async def _plan(self, put: Batches | None) -> None:
        """Look ahead, window by window: what is as asked already is not sent."""
        to_send, to_join, last = list[Item](), list[Item](), 0
        while window := await self._window(last, dry_run=put is None):
            last = window[-1].number
            if put is not None:
                to_send += [item for item in window if item.outcome is None]
                to_join += [item for item in window if item.outcome in AS_ASKED and item.joined < len(self._lists)]
                window.clear()  # before there is another
                for waiting in (to_send, to_join):
                    await self._hand_on(put, waiting, HUNDRED)
        if put is not None:
            for waiting in (to_send, to_join):
                await self._hand_on(put, waiting, 1)

    async def _window(self, last: int, *, dry_run: bool) -> list[Item]:
        """The rows after this one, looked up; those that need not be sent are settled. None at the end."""
        if self._tally.stopped:
            return []
        window = await in_thread(self._journal.pending, last, len(self._lists), self._requests.at_once)
        fresh = [item for item in window if item.outcome is None]
        self._compare(fresh, await self._requests.find([item.email for item in fresh]))
        if dry_run:
            for item in fresh:
                item.outcome = item.outcome or ("would update" if item.before else "would create")
        await self._settle([item for item in fresh if item.outcome])
        return window

    async def _hand_on(self, put: Batches, waiting: list[Item], fewest: int) -> None:
        while len(waiting) >= fewest and not self._tally.stopped:
            await put.send(waiting[:HUNDRED])
            del waiting[:HUNDRED]

    def _compare(self, items: Iterable[Item], found: Found) -> None:
        """What there was of each before it is sent; an outcome where nothing is to be sent."""
        for item in items:
            as_asked, in_doubt = is_as_asked(item, found), item.number in self._in_doubt
            if as_asked and not in_doubt:
                item.outcome = "unchanged"
                continue
            now = found.get(item.email)
            item.before = self._in_doubt[item.number] if in_doubt else stamp_of(now)
            if as_asked:
                item.outcome = "updated" if item.before else "created"
                item.reason = "Found as asked after the import was interrupted."
            elif why := self._requests.unfindable.get(item.email):
                item.outcome, item.reason = "failed", f"It was not sent, since it could not be looked up before. {why}"
            elif has_changed(item, found):
                item.outcome, item.reason = "unknown", f"The import was interrupted. {differing(item, found)}"
            elif now is not None:
                item.completes = with_existing_values(item.asked, now) != item.asked

    async def _settle(self, items: Sequence[Item]) -> None:
        if items:
            await in_thread(self._journal.settle, items)
            self._tally.count(items, len(self._lists))


def _unkept(error: OSError) -> AutoSendError:
    """The journal failed: nothing may be sent of which no record is kept."""
    what = f"What becomes of the rows cannot be recorded: {str(error.strerror or error).rstrip('.')}."
    return NotSent(what, "Make room beside the file.")
