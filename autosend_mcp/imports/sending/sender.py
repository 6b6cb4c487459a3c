"""The rows of the journal sent to AutoSend: looked up, written a hundred at a time, put into lists, settled one by one.

A row is sent again only where a look-up shows that it was not applied. Sources: AutoSend's documentation, "Bulk update
contacts" (up to 100, the answer only counts), "Search contacts by emails" and "Bulk add contacts to list" (up to 500).
"""

from collections.abc import Awaitable, Collection, Iterable, Sequence

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.contacts import Held
from autosend_mcp.errors import AutoSendError, NotSent
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_rows import SUCCESSES, TO_SUPPRESS, OpenRequest, PendingRow
from autosend_mcp.imports.progress import Progress
from autosend_mcp.imports.sending.compare import contact_hash, has_changed, has_expected_values, what_differs
from autosend_mcp.imports.sending.joins import Joins
from autosend_mcp.imports.sending.ledger import Ledger
from autosend_mcp.imports.sending.requests import Permit, Requests
from autosend_mcp.imports.sending.suppressions import Suppressions
from autosend_mcp.imports.sending.updates import Updates
from autosend_mcp.models.comparison import with_existing_values
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.text import counted

BULK_LIMIT = 100  # AutoSend's limit for one bulk update
MAX_JOINING = 500  # and for one bulk add to a list

_WORKERS = 2  # enough for any pace; the outcome of each one's request is open when the process is killed

Batch = list[PendingRow]


class Sender:
    """Sends the rows of one import: it looks ahead, and a few workers send what it finds to send.

    `error`: why it ended early.
    """

    def __init__(
        self,
        autosend: AutoSend,
        journal: Journal,
        progress: Progress,
        lists: Sequence[ContactList],
        *,
        run_workflow: bool,
        permit: Permit | None = None,
    ) -> None:
        """Take the lists, which are joined in this order, by every row that succeeded. `permit`: see `Requests`."""
        self._journal = journal
        self._progress = progress
        self._lists = lists
        self._requests = Requests(autosend, permit=permit)
        self._ledger = Ledger(journal, progress, len(lists))
        self._updates = Updates(self._requests, self._ledger, run_workflow=run_workflow)
        self._suppressions = Suppressions(autosend, self._requests, self._ledger, journal)
        self._joins = Joins(self._requests, self._ledger, lists)
        self._joining = Batch()  # rows that are done but for their lists, until they are enough for a request
        self._hashes_before: dict[int, str | None] = {}  # of rows in flight when the process was killed, by number
        self.error: AutoSendError | None = None

    def stop(self) -> None:
        """Send nothing more; wait for the outcomes of what was sent."""
        self._progress.stopped = True
        self._requests.stop()

    async def send(self) -> None:
        """Send until every row is settled, or AutoSend lets nothing more through."""
        await self._guarded(self._recover())
        await self._guarded(self._suppressions.send())
        batches, taken = anyio.create_memory_object_stream[Batch](_WORKERS)
        async with anyio.create_task_group() as tasks:
            for _ in range(_WORKERS):
                tasks.start_soon(self._work, taken.clone())
            taken.close()
            async with batches:
                await self._guarded(self._plan(batches))
        await self._guarded(self._join(1))
        if self.error is not None:  # it is about one request, and what it says of it is not so of all of them
            self.error.changed = f"{self._progress.settled:,} of {counted(self._progress.total, 'row')} are settled."

    async def compare(self) -> None:
        """Find out what would become of every row; send nothing."""
        await self._guarded(self._suppressions.foretell())
        await self._guarded(self._plan(None))

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Do the work; let its error stop the import."""
        try:
            await work
        except (AutoSendError, OSError) as error:
            if not self._progress.stopped:
                self.error = error if isinstance(error, AutoSendError) else _not_recorded(error)
            self.stop()

    async def _recover(self) -> None:
        """Find out what became of requests in flight when the process was killed."""
        requests = await to_thread.run_sync(self._journal.open_requests)
        if not requests:
            return
        await self._requests.let_arrive()
        joining: dict[int, list[OpenRequest]] = {}
        for request in requests:
            if request.list_index is None:
                self._hashes_before |= request.rows
            elif request.list_index == TO_SUPPRESS:
                await self._suppressions.recover([request])
            else:
                joining.setdefault(request.list_index, []).append(request)
        for index, group in joining.items():
            await self._joins.recover(group, index)
        await self._ledger.recount()

    async def _work(self, taken: MemoryObjectReceiveStream[Batch]) -> None:
        async with taken:
            async for rows in taken:
                if not self._progress.stopped:
                    await self._guarded(self._send_batch(rows))

    async def _send_batch(self, rows: Batch) -> None:
        if to_send := [row for row in rows if row.outcome is None]:
            await self._updates.update(to_send)
        if self._lists:
            self._joining += [row for row in rows if row.outcome in SUCCESSES and row.joins >= 0]
            await self._join(MAX_JOINING)

    async def _join(self, at_least: int) -> None:
        """Put the rows that wait for it into their lists, as many as one request may have at a time."""
        while len(self._joining) >= at_least and not self._progress.stopped:
            rows, self._joining = self._joining[:MAX_JOINING], self._joining[MAX_JOINING:]
            await self._joins.join(rows)

    async def _plan(self, batches: MemoryObjectSendStream[Batch] | None) -> None:
        """Look ahead, window by window, and hand on what has to be sent or joined; without `batches`, nothing."""
        to_send, to_join, last = Batch(), Batch(), 0
        while window := await self._next_window(last, dry_run=batches is None):
            last = window[-1].number
            if batches is not None:
                to_send += [row for row in window if row.outcome is None]
                to_join += [row for row in window if row.outcome in SUCCESSES and 0 <= row.joins < len(self._lists)]
                window.clear()  # before there is another
                for waiting in (to_send, to_join):
                    await self._hand_on(batches, waiting, BULK_LIMIT)
        if batches is not None:
            for waiting in (to_send, to_join):
                await self._hand_on(batches, waiting, 1)

    async def _next_window(self, last: int, *, dry_run: bool) -> Batch:
        """Return the rows after this one, looked up; settle those that need not be sent. Empty at the end."""
        if self._progress.stopped:
            return []
        window = await to_thread.run_sync(self._journal.pending, last, len(self._lists), self._requests.window)
        fresh = [row for row in window if row.outcome is None]
        found = await self._requests.find([row.email for row in fresh])
        self._compare(fresh, found, await self._requests.own_properties(found))
        if dry_run:
            for row in fresh:
                row.outcome = row.outcome or ("would update" if row.hash_before else "would create")
            self._foretell_joins([row for row in fresh if row.outcome != "failed" and row.joins >= 0], found)
        self._ledger.settle([row for row in fresh if row.outcome])
        return window

    def _foretell_joins(self, rows: Sequence[PendingRow], found: Held) -> None:
        """Count who would join each list, and of whom AutoSend does not show whether they are in it."""
        for contact_list in self._lists:
            held = [found[row.email].list_ids if row.email in found else [] for row in rows]
            would = sum(ids is not None and contact_list.id not in ids for ids in held)
            self._progress.count_joining(contact_list.name, {"would join": would, "may join": held.count(None)})

    async def _hand_on(self, batches: MemoryObjectSendStream[Batch], waiting: Batch, at_least: int) -> None:
        while len(waiting) >= at_least and not self._progress.stopped:
            await batches.send(waiting[:BULK_LIMIT])
            del waiting[:BULK_LIMIT]

    def _compare(self, rows: Iterable[PendingRow], found: Held, own: Collection[str] | None) -> None:
        """Give an outcome to each row that is not to be sent; keep what there is of the contacts of the others."""
        counting = self._requests.own
        for row in rows:
            if row.email not in found and row.email not in self._requests.unfindable and not self._hashes_before:
                continue
            is_done, was_in_flight = has_expected_values(row, found), row.number in self._hashes_before
            if is_done and not was_in_flight:
                row.outcome = "unchanged"
                continue
            now = found.get(row.email)
            row.hash_before = self._hashes_before[row.number] if was_in_flight else contact_hash(now, counting)
            if is_done:
                row.outcome = "updated" if row.hash_before else "created"
                row.reason = "Found with these values after the import was interrupted."
            elif why := self._requests.unfindable.get(row.email):
                row.outcome, row.reason = "failed", f"It was not sent, since it could not be looked up before. {why}"
            elif has_changed(row, found, counting):
                row.outcome, row.reason = "unknown", f"The import was interrupted. {what_differs(row, found)}"
            elif now is not None:
                row.has_others = with_existing_values(row.expected, now, own) != row.expected


def _not_recorded(error: OSError) -> AutoSendError:
    """Return the error for a journal that failed: nothing may be sent without a record of it."""
    what = f"The outcomes of the rows cannot be recorded: {str(error.strerror or error).rstrip('.')}."
    return NotSent(what, "Make room beside the file.")
