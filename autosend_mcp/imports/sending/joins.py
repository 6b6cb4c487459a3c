"""The rows that succeeded put into contact lists, each once: a list's live automations start for who joins it."""

from collections.abc import Sequence

from autosend_mcp.api.contact_lists import bulk_add
from autosend_mcp.api.contacts import why_refused
from autosend_mcp.errors import NotSent, Refused, Unknown
from autosend_mcp.imports.journal_rows import SUCCESSES, OpenRequest, PendingRow
from autosend_mcp.imports.sending.ledger import Ledger
from autosend_mcp.imports.sending.requests import MAX_TRIES, Requests, is_about_the_rows, is_contradictory
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.members import MembershipCounts, People
from autosend_mcp.models.text import quoted


class Joins:
    """The lists of one import, joined one after the other."""

    def __init__(self, requests: Requests, ledger: Ledger, lists: Sequence[ContactList]) -> None:
        """Take the lists in the order in which the journal counts them."""
        self._requests = requests
        self._ledger = ledger
        self._lists = lists

    async def recover(self, requests: Sequence[OpenRequest], index: int) -> None:
        """Find out what became of requests for this list that were in flight when the process was killed.

        The rows that are in the list are done with it; the others are put in later.
        """
        emails = [email for request in requests for email in request.rows.values()]
        inside = await self._requests.members(self._lists[index].id, emails)
        for request in requests:
            numbers = [number for number, email in request.rows.items() if email in inside]
            self._ledger.settle_joins(numbers, index + 1, request.id)

    async def join(self, rows: Sequence[PendingRow]) -> None:
        """Put the rows that succeeded into the lists that they have not joined yet.

        Raises:
            AutoSendError: They cannot be put in now, or nothing more can be sent.
        """
        for index in range(len(self._lists)):
            waiting = [row for row in rows if row.outcome in SUCCESSES and row.joins == index]
            if waiting and not self._ledger.stopped:
                await self._add(waiting, index)

    async def _add(self, rows: Sequence[PendingRow], index: int, tries: int = MAX_TRIES) -> None:
        intended = self._ledger.intend({row.number: row.email for row in rows}, index)
        people = People(tuple(row.email for row in rows))
        try:
            counts = await self._requests.write(bulk_add(self._lists[index].id, people))
        except Unknown:
            await self._settle_lost(rows, index, tries)
        except (NotSent, Refused) as error:
            if is_contradictory(error):
                await self._divide_refused(await self._settle_members(rows, index), index, error)
            else:
                self._ledger.close(intended)  # nothing was changed
                if not is_about_the_rows(error):
                    raise
                await self._divide_refused(rows, index, error)
        else:
            number = len(rows) - len(counts.suppressed()) * (not counts.accounts_for(len(rows)))
            added = {"joined": counts.joined(number), "in it already": counts.already_in_list or 0}
            self._ledger.count_joining(self._lists[index].name, added)
            if counts.accounts_for(len(rows)):
                await self._settle(rows, index, intended)
                return
            await self._settle_counted(rows, index, counts)
        if all(row.joins > index or row.outcome not in SUCCESSES for row in rows):
            self._ledger.close(intended)

    async def _settle_lost(self, rows: Sequence[PendingRow], index: int, tries: int) -> None:
        """Settle the rows of a lost reply by looking who is in the list; put the others in again."""
        left = await self._settle_members(rows, index)
        self._ledger.count_joining(self._lists[index].name, {"found in it": len(rows) - len(left)})
        if left and tries > 1 and not self._ledger.stopped:
            await self._add(left, index, tries - 1)
        elif not self._ledger.stopped:
            self._ledger.conclude(left, "unknown", self._not_known(index))

    async def _settle_counted(self, rows: Sequence[PendingRow], index: int, counts: MembershipCounts) -> None:
        """Settle the rows by what AutoSend counted and named; where that is not enough, by looking."""
        reasons, suppressed = counts.reasons(), counts.suppressed()
        for row in rows:
            if row.email in suppressed:
                reason = f"It is {row.outcome}, but not in {self._names(index)}: AutoSend suppresses this address."
                self._ledger.conclude([row], "opted out", reason)
            elif row.email in reasons:
                await self._fail(row, index, quoted(reasons[row.email]))
        rest = [row for row in rows if row.email not in suppressed and row.email not in reasons]
        if counts.accounts_for(len(rest)):
            await self._settle(rest, index)
            return
        left = await self._settle_members(rest, index)
        if counts.added is None and counts.already_in_list is None:
            self._ledger.conclude(left, "unknown", self._not_known(index))
        else:
            for row in left:
                await self._fail(row, index, "AutoSend does not say why")

    async def _settle_members(self, rows: Sequence[PendingRow], index: int) -> list[PendingRow]:
        """Settle the rows that are in the list; return the others."""
        inside = await self._requests.poll_members(self._lists[index].id, [row.email for row in rows])
        await self._settle([row for row in rows if row.email in inside], index)
        return [row for row in rows if row.email not in inside]

    async def _divide_refused(self, rows: Sequence[PendingRow], index: int, refusal: Refused) -> None:
        """Find by halves the rows that AutoSend refuses."""
        if len(rows) == 1:
            await self._fail(rows[0], index, why_refused(refusal))
            return
        middle = len(rows) // 2
        for half in (rows[:middle], rows[middle:]):
            if half and not self._ledger.stopped:
                await self._add(half, index)

    async def _fail(self, row: PendingRow, index: int, why: str) -> None:
        reason = f"It is {row.outcome}, but not in {self._names(index)}: {why}."
        self._ledger.conclude([row], "failed", reason)

    def _not_known(self, index: int) -> str:
        return f"Whether it joined {self._names(index)} is not known."

    def _names(self, index: int) -> str:
        """Return the names of this list and of those that would have come after it."""
        return ", ".join(quoted(contact_list.name) for contact_list in self._lists[index:])

    async def _settle(self, rows: Sequence[PendingRow], index: int, request: int | None = None) -> None:
        """Record that the rows have joined this list."""
        for row in rows:
            row.joins = index + 1
        self._ledger.settle(rows, request)
