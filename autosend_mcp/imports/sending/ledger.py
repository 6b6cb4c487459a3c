"""The outcomes of the rows on their way, recorded in the journal and counted in the progress."""

from collections.abc import Mapping, Sequence
from typing import Any

from anyio import to_thread

from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_rows import Outcome, PendingRow
from autosend_mcp.imports.progress import Progress


class Ledger:
    """Where one import records requests and outcomes: on the event loop, for a write takes less than a thread does.

    Each method raises OSError where the journal cannot be written.
    """

    def __init__(self, journal: Journal, progress: Progress, lists: int) -> None:
        """Take the number of lists that each row is to join."""
        self._journal = journal
        self._progress = progress
        self._lists = lists

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._progress.stopped

    def intend(self, rows: Mapping[int, Any], list_index: int | None = None) -> int:
        """Record that a request is about to leave, as `Journal.intend` has it; return its id."""
        return self._journal.intend(rows, list_index)

    def settle(self, rows: Sequence[PendingRow], request: int | None = None) -> None:
        """Record the outcomes of these rows, if any; with `request`, also that its outcome is known."""
        if rows:
            self._journal.settle(rows, request)
            self._progress.count(rows, self._lists)

    def conclude(self, rows: Sequence[PendingRow], outcome: Outcome, reason: str) -> None:
        """Give these rows this outcome, and record it."""
        for row in rows:
            row.outcome, row.reason = outcome, reason
        self.settle(rows)

    def settle_joins(self, numbers: Sequence[int], joins: int, request: int) -> None:
        """Record that these rows are done with this many lists, and that the request's outcome is known."""
        self._journal.settle_joins(numbers, joins, request)

    def count_joining(self, contact_list: str, counts: Mapping[str, int]) -> None:
        """Count what became of people who were to join a list."""
        self._progress.count_joining(contact_list, counts)

    async def recount(self) -> None:
        """Start the progress from what the journal has recorded."""
        counts = await to_thread.run_sync(self._journal.count_outcomes)
        self._progress.begin(counts, await to_thread.run_sync(self._journal.count_settled, self._lists))

    def close(self, request: int) -> None:
        """Record that the request's outcome is known: its rows have theirs, or are as they were."""
        self._journal.settle((), request)
