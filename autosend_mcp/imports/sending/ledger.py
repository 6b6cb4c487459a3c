"""The outcomes of the rows on their way, recorded in the journal and counted in the progress."""

from collections.abc import Mapping, Sequence
from typing import Any

from autosend_mcp.imports.journal import Journal, Outcome, PendingRow
from autosend_mcp.imports.progress import Progress
from autosend_mcp.imports.threads import in_thread


class Ledger:
    """Where one import records requests and outcomes."""

    def __init__(self, journal: Journal, progress: Progress, lists: int) -> None:
        """Take the number of lists that each row is to join."""
        self._journal = journal
        self._progress = progress
        self._lists = lists

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._progress.stopped

    async def intend(self, rows: Mapping[int, Any], list_index: int | None = None) -> int:
        """Record that a request is about to leave, as `Journal.intend` has it; return its id."""
        return await in_thread(self._journal.intend, rows, list_index)

    async def settle(self, rows: Sequence[PendingRow], request: int | None = None) -> None:
        """Record the outcomes of these rows, if any; with `request`, also that its outcome is known."""
        if rows:
            await in_thread(self._journal.settle, rows, request)
            self._progress.count(rows, self._lists)

    async def conclude(self, rows: Sequence[PendingRow], outcome: Outcome, reason: str) -> None:
        """Give these rows this outcome, and record it."""
        for row in rows:
            row.outcome, row.reason = outcome, reason
        await self.settle(rows)

    async def settle_joins(self, numbers: Sequence[int], joins: int, request: int) -> None:
        """Record that these rows are done with this many lists, and that the request's outcome is known."""
        await in_thread(self._journal.settle_joins, numbers, joins, request)

    async def recount(self) -> None:
        """Begin the progress anew with what the journal has recorded."""
        counts = await in_thread(self._journal.count_outcomes)
        self._progress.begin(counts, await in_thread(self._journal.count_settled, self._lists))

    async def close(self, request: int) -> None:
        """Record that the request's outcome is known: its rows have theirs, or are as they were."""
        await in_thread(self._journal.settle, (), request)
