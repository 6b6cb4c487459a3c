"""The rows of the journal sent to AutoSend: looked up, written by the hundred, put into lists, and settled one by one.

A row is sent again only where a look-up shows that it was not applied. Sources: AutoSend's documentation, "Bulk update
contacts" (up to 100, the answer only counts), "Search contacts by emails" and "Bulk add contacts to list".
"""

from collections.abc import Awaitable, Iterable, Sequence

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from autosend_mcp.batches import BULK
from autosend_mcp.client import AutoSend
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.imports.joining import Joining
from autosend_mcp.imports.journal import AS_ASKED, Doubt, Item, Journal, Outcome, in_thread
from autosend_mcp.imports.requests import ABOUT_THE_ROWS, ROW, Requests, differing, is_as_asked, said, whole
from autosend_mcp.imports.tally import Tally
from autosend_mcp.lookups import Found
from autosend_mcp.models.comparison import differences
from autosend_mcp.models.lists import ContactList

HUNDRED = 100  # AutoSend's limit for one bulk update
TRIES = 3

NOT_TAKEN = "AutoSend did not take it, and does not say why."
NOT_REFUSED = "AutoSend does not say that it failed."

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
        self._run_workflow = run_workflow
        self._requests = Requests(autosend)
        self._joining = Joining(self._requests, journal, tally, lists)
        self._sent_before: dict[int, bool] = {}  # by a process that was killed: whether there was such a contact
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
        await self._requests.let_arrive(max(doubt.at for doubt in in_doubt))
        for doubt in in_doubt:
            if doubt.kind == "update":
                self._sent_before |= {number: bool(was) for number, was in doubt.rows.items()}
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
            await self._update(to_send)
        await self._joining.join(items)

    async def _plan(self, put: Batches | None) -> None:
        """Look ahead, window by window: what is as asked already is not sent."""
        to_send, to_join, last = list[Item](), list[Item](), 0
        while not self._tally.stopped:
            window = await in_thread(self._journal.pending, last, len(self._lists), self._requests.at_once)
            if not window:
                break
            last = window[-1].number
            fresh = [item for item in window if item.outcome is None]
            self._compare(fresh, await self._requests.find([item.email for item in fresh]))
            as_asked = [item for item in fresh if item.outcome]
            if put is None:
                for item in fresh:
                    item.outcome = item.outcome or ("would update" if item.was else "would create")
                as_asked = fresh
            await self._settle(as_asked)
            if put is not None:
                to_send += [item for item in fresh if item.outcome is None]
                to_join += [item for item in window if item.outcome in AS_ASKED and item.joined < len(self._lists)]
                for waiting in (to_send, to_join):
                    await self._hand_on(put, waiting, HUNDRED)
        if put is not None:
            for waiting in (to_send, to_join):
                await self._hand_on(put, waiting, 1)

    async def _hand_on(self, put: Batches, waiting: list[Item], fewest: int) -> None:
        while len(waiting) >= fewest and not self._tally.stopped:
            await put.send(waiting[:HUNDRED])
            del waiting[:HUNDRED]

    def _compare(self, items: Iterable[Item], found: Found) -> None:
        """What there was of each before it is sent; `unchanged` where nothing is to be sent."""
        for item in items:
            before = found.get(item.email)
            item.was = self._sent_before.get(item.number, before is not None)
            if before is not None and not differences(item.asked, before):
                sent = item.number in self._sent_before
                item.outcome = ("updated" if item.was else "created") if sent else "unchanged"
                item.reason = "Found as asked after the import was interrupted." if sent else ""
            elif before is not None:
                item.completes = whole(item.asked, before) != item.asked

    async def _update(self, items: list[Item], tries: int = TRIES) -> None:
        """Create or change these contacts, and settle each."""
        body = await self._body(items)
        request = await in_thread(self._journal.intend, "update", {item.number: item.was for item in items})
        try:
            counts = await self._requests.write(BULK, body)
        except Unknown as lost:
            await self._settle_lost(items, request, lost, tries)
        except (NotSent, Refused) as error:
            await in_thread(self._journal.settle, (), request)  # nothing was changed, so there is no doubt
            if not isinstance(error, Refused) or error.status not in ABOUT_THE_ROWS:
                raise
            await self._divide_refused(items, error)
        else:
            await self._settle_counted(items, request, counts)

    async def _body(self, items: list[Item]) -> dict[str, object]:
        """The request. A contact that has more values is looked up just before, so that it keeps them."""
        again = [item.email for item in items if item.completes]
        now = await self._requests.find(again) if again else {}
        rows = [whole(item.asked, now.get(item.email)) for item in items]
        return {"contacts": rows, "runWorkflow": self._run_workflow}

    async def _settle_counted(self, items: list[Item], request: int, counts: dict[str, object]) -> None:
        """By what AutoSend counted; where it counts failures, by looking which rows they are."""
        succeeded, failed = counts.get("successCount"), counts.get("failedCount", 0)
        if succeeded == len(items) and not failed:
            await self._settle(items, request)
            return
        if succeeded == 0 and failed == len(items):
            await self._conclude(items, "failed", NOT_TAKEN, request)
            return
        known = failed if isinstance(failed, int) else 0
        found = await self._requests.look_again(items, failed=known)
        left = await self._settle_found(items, found, request)
        if not left:
            return
        if len(left) <= known:
            await self._conclude(left, "failed", NOT_TAKEN)
        elif len(items) == 1:
            await self._conclude(left, "unknown", f"{NOT_REFUSED} {differing(left[0], found)}")
        elif len(left) < len(items):
            await self._send_apart(left)
        else:
            await self._halve(left)

    async def _settle_lost(self, items: list[Item], request: int, lost: Unknown, tries: int) -> None:
        """By looking; what was not applied is sent again."""
        found = await self._requests.look_again(items)
        left = await self._settle_found(items, found, request)
        if left and tries > 1 and not self._tally.stopped:
            await self._update(left, tries - 1)
        elif left and not self._tally.stopped:
            for item in left:
                await self._conclude([item], "unknown", f"{lost.what} {differing(item, found)}")

    async def _settle_found(self, items: list[Item], found: Found, request: int) -> list[Item]:
        """Settle those that are as asked; the others."""
        done = [item for item in items if is_as_asked(item, found)]
        await self._settle(done, request)
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
            await self._halve(items)

    async def _halve(self, items: list[Item]) -> None:
        middle = len(items) // 2
        await self._send_apart(items[:middle], items[middle:])

    async def _send_apart(self, *groups: list[Item]) -> None:
        for group in groups:
            if not self._tally.stopped:
                await self._update(group)

    async def _conclude(self, items: Sequence[Item], outcome: Outcome, reason: str, request: int | None = None) -> None:
        for item in items:
            item.outcome, item.reason = outcome, reason
        await self._settle(items, request)

    async def _settle(self, items: Sequence[Item], request: int | None = None) -> None:
        """Keep their outcomes: created or updated where they have none yet."""
        for item in items:
            item.outcome = item.outcome or ("updated" if item.was else "created")
        await in_thread(self._journal.settle, items, request)
        self._tally.count(items, len(self._lists))


def _unkept(error: OSError) -> AutoSendError:
    """The journal failed: nothing may be sent of which no record is kept."""
    what = f"What becomes of the rows cannot be recorded: {error.strerror or error}."
    return NotSent(what, "Make room beside the file.", changed="Nothing more is sent.")
