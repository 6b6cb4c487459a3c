"""Contacts created and changed a hundred at a time. AutoSend only counts them, so each is settled by what it shows.

A row is sent again only where its contact is still as it was before.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from autosend_mcp.api.contacts import Held, bulk_update_of_texts, refused_rows, why_refused
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.imports.journal_rows import PendingRow
from autosend_mcp.imports.sending.compare import (
    contact_hash,
    has_changed,
    has_expected_values,
    what_autosend_made,
    what_differs,
)
from autosend_mcp.imports.sending.ledger import Ledger
from autosend_mcp.imports.sending.requests import MAX_TRIES, Requests, is_about_the_rows, is_contradictory
from autosend_mcp.models.comparison import with_existing_values
from autosend_mcp.models.contacts.contact import MOBILE
from autosend_mcp.models.contacts.counts import BulkCounts
from autosend_mcp.models.text import compact_json

NOT_ACCEPTED = "AutoSend did not accept it and does not say why."
NO_MOBILE = "AutoSend does not show its mobile number, which it documents for upsert_contact only."
NOT_REFUSED = "AutoSend does not say that it failed."


class Updates:
    """The bulk updates of one import."""

    def __init__(self, requests: Requests, ledger: Ledger, *, run_workflow: bool) -> None:
        self._requests = requests
        self._ledger = ledger
        self._run_workflow = run_workflow
        self._keeps_mobile: bool | None = None  # whether a bulk update does so; None until one was looked at

    async def update(self, rows: list[PendingRow], tries: int = MAX_TRIES) -> None:
        """Create or change these contacts, and settle each; not all of them where the import is stopped.

        Raises:
            AutoSendError: They cannot be sent now, or nothing more can.
        """
        request = await self._request(rows)
        intended = self._ledger.intend({row.number: row.hash_before for row in rows})
        try:
            counts = await self._requests.write(request)
        except Unknown as lost:
            await self._settle_lost(rows, lost, tries)
        except (NotSent, Refused) as error:
            if is_contradictory(error):
                await self._settle_contradictory(rows, error)
            else:
                self._ledger.close(intended)  # nothing was changed
                if not is_about_the_rows(error):
                    raise
                await self._divide_refused(rows, error)
        else:
            if counts.success_count == len(rows) and not counts.failed_count:
                await self._check_mobile([row for row in rows if f'"{MOBILE}"' in row.text and MOBILE in row.expected])
                await self._settle(rows, intended)
                return
            await self._settle_counted(rows, counts)
        if all(row.outcome for row in rows):
            self._ledger.close(intended)

    async def _request(self, rows: list[PendingRow]) -> Request[BulkCounts]:
        """Return the request. A contact with other values is looked up just before, so that it keeps them."""
        again = [row for row in rows if row.has_others]
        now = await self._requests.find([row.email for row in again]) if again else {}
        for row in again:
            row.hash_before = contact_hash(now.get(row.email), self._requests.own)
        own = await self._requests.own_properties(now)
        texts = [
            compact_json(with_existing_values(row.expected, now[row.email], own)) if row.email in now else row.text
            for row in rows
        ]
        return bulk_update_of_texts(texts, run_workflow=self._run_workflow)

    async def _check_mobile(self, rows: list[PendingRow]) -> None:
        """Look once whether AutoSend keeps mobile numbers, which are not documented for a bulk update."""
        if rows and self._keeps_mobile is None:
            with suppress(AutoSendError):
                found = await self._requests.poll_contacts(rows[:1])
                shown = {contact.raw.get(MOBILE) for contact in found.values()}
                self._keeps_mobile = rows[0].expected[MOBILE] in shown if shown else None
        if not self._keeps_mobile:
            for row in rows:
                row.reason = NO_MOBILE

    async def _settle_counted(self, rows: list[PendingRow], counts: BulkCounts) -> None:
        """Settle the rows by AutoSend's counts, and by looking up which of them it counted as failures."""
        failed = counts.failed_count or 0
        if counts.success_count == 0 and failed == len(rows):
            self._ledger.conclude(rows, "failed", NOT_ACCEPTED)
            return
        found = await self._requests.poll_contacts(rows, failed=failed)
        left = await self._settle_applied(rows, found)
        if not left:
            return
        if len(left) <= failed:
            self._ledger.conclude(left, "failed", NOT_ACCEPTED)
        elif len(rows) == 1:
            self._ledger.conclude(left, "unknown", f"{NOT_REFUSED} {what_differs(left[0], found)}")
        else:
            await self._divide(rows, left)

    async def _settle_lost(self, rows: list[PendingRow], lost: Unknown, tries: int) -> None:
        """Settle the rows of a lost reply by looking them up; send those again whose contacts are as before."""
        found = await self._requests.poll_contacts(rows)
        await self._settle([row for row in rows if has_expected_values(row, found)])
        changed = [row for row in rows if row.outcome is None and has_changed(row, found, self._requests.own)]
        left = [row for row in rows if row.outcome is None and row not in changed]
        if left and tries > 1 and not self._ledger.stopped:
            await self.update(left, tries - 1)
            left = []
        elif self._ledger.stopped:
            return
        for row in [*changed, *left]:
            self._ledger.conclude([row], "unknown", f"{lost.what} {what_differs(row, found)}")

    async def _settle_contradictory(self, rows: list[PendingRow], refusal: Refused) -> None:
        """Settle the rows by looking them up: AutoSend answered 2xx, with success false."""
        found = await self._requests.poll_contacts(rows)
        left = await self._settle_applied(rows, found)
        if left and len(rows) == 1:
            self._ledger.conclude(left, "failed", f"{why_refused(refusal)}.")
        elif left:
            await self._divide(rows, left)

    async def _settle_applied(self, rows: list[PendingRow], found: Held) -> list[PendingRow]:
        """Settle the rows whose contacts are no longer as before, since AutoSend has answered; return the others."""
        for row in rows:
            if not has_expected_values(row, found) and has_changed(row, found, self._requests.own):
                row.outcome, row.reason = _applied(row), what_autosend_made(row, found)
        await self._settle([row for row in rows if row.outcome or has_expected_values(row, found)])
        return [row for row in rows if row.outcome is None]

    async def _divide_refused(self, rows: list[PendingRow], refusal: Refused) -> None:
        """Find the rows that AutoSend refuses: send those that it names apart from the others; else by halves.

        Whether it counts the rows from 0 is not documented, so that a row has failed only where all of a request have.
        """
        named = refused_rows(refusal)
        bad = [row for index, row in enumerate(rows) if index in named]
        if len(bad) == len(rows) or len(rows) == 1:
            for index, row in enumerate(rows):
                row.outcome, row.reason = "failed", f"{why_refused(refusal, index)}."
            await self._settle(rows)
        elif bad:
            await self._send_apart([row for index, row in enumerate(rows) if index not in named], bad)
        else:
            await self._divide(rows, rows)

    async def _divide(self, rows: list[PendingRow], left: list[PendingRow]) -> None:
        """Send what is left of a request again: by itself, or by halves where that is all of it."""
        if len(left) < len(rows):
            await self._send_apart(left)
        else:
            middle = len(rows) // 2
            await self._send_apart(rows[:middle], rows[middle:])

    async def _send_apart(self, *groups: list[PendingRow]) -> None:
        for group in groups:
            if not self._ledger.stopped:
                await self.update(group)

    async def _settle(self, rows: Sequence[PendingRow], request: int | None = None) -> None:
        """Settle the rows, as created or updated where they have no outcome yet."""
        for row in rows:
            row.outcome = row.outcome or _applied(row)
        self._ledger.settle(rows, request)


def _applied(row: PendingRow) -> Literal["created", "updated"]:
    return "updated" if row.hash_before else "created"
