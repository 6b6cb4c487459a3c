"""The people of a file who said no, put into AutoSend's global suppression list before anything else is sent."""

from collections.abc import Sequence

from anyio import to_thread

from autosend_mcp.api import suppression_groups
from autosend_mcp.api.calls import Call
from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.contacts import why_refused
from autosend_mcp.errors import NotSent, Refused, Unknown
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_rows import TO_SUPPRESS, OpenRequest, PendingRow
from autosend_mcp.imports.sending.ledger import Ledger
from autosend_mcp.imports.sending.requests import MAX_TRIES, Requests, is_about_the_rows, is_contradictory
from autosend_mcp.models.suppression_groups.emails import SuppressEmails
from autosend_mcp.tools.lost_reply import poll
from autosend_mcp.tools.suppression_groups.look_up import looking

SUPPRESSED = "AutoSend sends them no mail any more."
WOULD_BE = "AutoSend would send them no mail any more."
NOT_KNOWN = "Whether AutoSend stopped all mail to them is not known: see get_suppression."

_PAGE = 50  # addresses of a request, so that a look-up after a lost reply takes no more requests than there is time for


class Suppressions:
    """The suppressions of one import."""

    def __init__(self, autosend: AutoSend, requests: Requests, ledger: Ledger, journal: Journal) -> None:
        self._autosend = autosend
        self._requests = requests
        self._ledger = ledger
        self._journal = journal

    async def recover(self, requests: Sequence[OpenRequest]) -> None:
        """Find out what became of requests in flight when the process was killed; who is not in is put in later."""
        for request in requests:
            left = await self._left([*request.rows.values()])
            if left is not None:
                inside = [
                    PendingRow(number, email, "{}", joins=TO_SUPPRESS, outcome="opted out", reason=SUPPRESSED)
                    for number, email in request.rows.items()
                    if email not in left
                ]
                self._ledger.settle(inside)
                self._ledger.close(request.id)

    async def send(self) -> None:
        """Suppress everybody who is to be.

        Raises:
            AutoSendError: They cannot be suppressed now, or nothing more can be sent.
        """
        last = 0
        while rows := await to_thread.run_sync(self._journal.to_suppress, last, _PAGE):
            last = rows[-1].number
            by_reason: dict[str, list[PendingRow]] = {}
            for row in rows:
                by_reason.setdefault(row.expected["reason"], []).append(row)
            for alike in by_reason.values():
                if self._ledger.stopped:
                    return
                await self._suppress(alike)

    async def foretell(self) -> None:
        """Settle everybody who would be suppressed; send nothing."""
        last = 0
        while rows := await to_thread.run_sync(self._journal.to_suppress, last, _PAGE):
            last = rows[-1].number
            self._ledger.conclude(rows, "opted out", WOULD_BE)

    async def _suppress(self, rows: list[PendingRow], tries: int = MAX_TRIES) -> None:
        emails = list(dict.fromkeys(row.email for row in rows))
        given = {"emails": emails, "everywhere": True, "reason": rows[0].expected["reason"]}
        body = SuppressEmails.model_validate(given, context=[]).request_body(emails, None)
        intended = self._ledger.intend({row.number: row.email for row in rows}, TO_SUPPRESS)
        try:
            await self._requests.write(suppression_groups.suppress(body))
        except Unknown:
            await self._settle_lost(rows, tries)
        except (NotSent, Refused) as error:
            if is_contradictory(error):
                await self._settle_lost(rows, 1)
            else:
                self._ledger.close(intended)  # nothing was changed
                if not is_about_the_rows(error):
                    raise
                await self._divide_refused(rows, error)
        else:
            self._settle(rows, intended)
            return
        if all(row.outcome for row in rows):
            self._ledger.close(intended)

    async def _settle_lost(self, rows: list[PendingRow], tries: int) -> None:
        """Settle the rows of a lost reply by looking who is suppressed; send the others again."""
        left = await self._left([row.email for row in rows])
        self._settle([row for row in rows if left is not None and row.email not in left])
        rest = [row for row in rows if row.outcome is None]
        if rest and left is not None and tries > 1 and not self._ledger.stopped:
            await self._suppress(rest, tries - 1)
        elif rest and not self._ledger.stopped:
            self._ledger.conclude(rest, "unknown", NOT_KNOWN)

    async def _divide_refused(self, rows: list[PendingRow], refusal: Refused) -> None:
        """Find by halves the rows that AutoSend refuses."""
        if len(rows) == 1:
            self._ledger.conclude(rows, "failed", f"It was not suppressed: {why_refused(refusal)}.")
            return
        middle = len(rows) // 2
        for half in (rows[:middle], rows[middle:]):
            if not self._ledger.stopped:
                await self._suppress(half)

    async def _left(self, emails: list[str]) -> list[str] | None:
        """Return who of these is not suppressed; None where that cannot be looked up."""
        call = Call(self._autosend)
        look = looking(call, list(dict.fromkeys(emails)), None, only_global=True, suppressed=True)
        return await poll(call, look, lambda left: not left)

    def _settle(self, rows: list[PendingRow], request: int | None = None) -> None:
        for row in rows:
            row.outcome, row.reason = "opted out", SUPPRESSED
        self._ledger.settle(rows, request)
