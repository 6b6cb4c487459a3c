"""The requests of an import: it has no deadline, so it waits out what passes by itself."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeGuard, TypeVar

import anyio

from autosend_mcp.api.calls import LOOK_UP_TIMES, Call
from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.contacts import Held, search_held, why_refused
from autosend_mcp.api.directory import own_properties
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown, Unreadable
from autosend_mcp.imports.journal_rows import PendingRow
from autosend_mcp.imports.sending.compare import has_expected_values
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.tools.contact_lists.look_up import search_members, shown_members, waiting_for
from autosend_mcp.tools.lost_reply import poll

MAX_TRIES = 3  # of a write whose reply was lost, each after a look-up

# Refusals of one request because of what is in it. After any other, the next request would be refused as well.
_ABOUT_THE_ROWS = (400, 409, 413, 422)

_MAX_SEARCH = 5_000  # addresses in one look-up; AutoSend documents no limit, and says where there is one
_MIN_SEARCH = 100
_PATIENCE = 120.0  # seconds that AutoSend may be away, of an import whose calls have 45 s
_FIRST_PAUSE = 0.5
_MAX_PAUSE = 15.0
_ALL_MAY_BE_BAD = 3  # if more addresses than this all fail, the cause is not the addresses

ResultT = TypeVar("ResultT")
Permit = Callable[[], Awaitable[bool]]
"""Says whether a write may leave: False once another process may do the import."""


class Requests:
    """The requests of one import.

    `window`: how many addresses one look-up asks for now. `unfindable`: addresses that cannot be looked up, and why.
    `own`: the custom fields that are the project's own, as they were when a contact was first seen with any.
    """

    def __init__(self, autosend: AutoSend, patience: float = _PATIENCE, permit: Permit | None = None) -> None:
        """`patience`: seconds that AutoSend may be away. `permit`: asked before each write leaves."""
        self._autosend = autosend
        self._patience = patience
        self._permit = permit
        self.window = self._max_window = _MAX_SEARCH
        self.unfindable: dict[str, str] = {}
        self.own: frozenset[str] | None = None
        self._stopped = anyio.Event()
        self._calls = set[Call]()

    def stop(self) -> None:
        """Send no further write; wait for nothing and repeat nothing any more."""
        self._stopped.set()
        for call in self._calls:
            call.forbid_writes()

    async def let_arrive(self) -> None:
        """Wait as long as a request that has left may still be under way, or being applied."""
        with anyio.move_on_after(LOOK_UP_TIMES[-1] * Call(self._autosend).scale):
            await self._stopped.wait()

    async def write(self, request: Request[ResultT]) -> ResultT:
        """Send a request that changes something; return its result.

        Raises:
            Unknown: It may have been applied.
            AutoSendError: It was not.
        """
        return await self.change(lambda call: call.write(request))

    async def change(self, send: Callable[[Call], Awaitable[ResultT]]) -> ResultT:
        """Send what changes something, as `write` does."""

        async def permitted(call: Call) -> ResultT:
            may_leave = self._permit is None or await self._permit()
            if self._stopped.is_set() or not may_leave:
                raise NotSent("The import was stopped before this request left.", "")
            return await send(call)

        return await self.repeat(permitted)

    async def read(self, request: Request[ResultT]) -> ResultT:
        """Send a request that changes nothing; return its result."""
        return await self.repeat(lambda call: call.read(request), reads=True)

    async def repeat(self, send: Callable[[Call], Awaitable[ResultT]], *, reads: bool = False) -> ResultT:
        """Send, again and again while nothing was changed by it and waiting may help. `reads`: it changes nothing."""
        until, pause = 0.0, _FIRST_PAUSE
        while True:
            call = Call(self._autosend)
            self._calls.add(call)
            try:
                return await send(call)
            except AutoSendError as error:
                now = anyio.current_time()
                until = until or now + self._patience * call.scale
                if not _passes(error, reads=reads) or now > until:
                    raise
                jittered = min(pause, _MAX_PAUSE) * call.scale * random.uniform(0.5, 1)  # noqa: S311 - jitter, no secret
                with anyio.move_on_after(max(error.repeat_after or 0.0, jittered)):
                    await self._stopped.wait()
                    raise
                pause *= 2
            finally:
                self._calls.discard(call)

    async def find(self, emails: Sequence[str]) -> Held:
        """Return the contacts with these addresses, by address; in as few requests as AutoSend allows.

        Raises:
            AutoSendError: AutoSend cannot be asked now.
        """
        found: Held = {}
        waiting = list(emails)
        while waiting:
            missing: list[str] = []  # of answers that may have been cut: asked for again, until one shows nobody
            while waiting:
                some, waiting = waiting[: self.window], waiting[self.window :]
                now = await self._find(some)
                found |= now
                if now:
                    missing += [email for email in some if email not in found and email not in self.unfindable]
            waiting = missing
        return found

    async def _find(self, some: list[str]) -> Held:
        """Return those that one answer shows, or several where this many cannot be asked for at once."""
        few = len(some) <= _MIN_SEARCH
        try:
            found = await self.repeat(lambda call: call.read(search_held(some)), reads=few)
        except (Refused, Unknown) as error:
            if not _is_about_an_address(error) and (few or not isinstance(error, Unknown)):
                raise
            if not few and not isinstance(error, Unreadable):
                self._shrink(len(some) // 2, for_good=isinstance(error, Refused))
            return await self._find_by_halves(some, error)
        self.window = min(max(self.window, 2 * len(some)), self._max_window)
        return found

    def _shrink(self, number: int, *, for_good: bool) -> None:
        """Ask for this many at once. `for_good`: AutoSend takes no more; else the network may have been slow, once."""
        self.window = max(_MIN_SEARCH, number)
        self._max_window = self.window if for_good else self._max_window

    async def _find_by_halves(self, some: list[str], error: AutoSendError) -> Held:
        """Find by halves, down to the addresses that AutoSend cannot be asked about.

        Raises:
            AutoSendError: It can be asked about none of several.
        """
        if len(some) == 1:
            self.unfindable[some[0]] = f"{why_refused(error)}." if isinstance(error, Refused) else error.what
            return {}
        middle = len(some) // 2
        found = await self._find(some[:middle]) | await self._find(some[middle:])
        if len(some) > _ALL_MAY_BE_BAD and all(email in self.unfindable for email in some):
            raise error
        return found

    async def own_properties(self, found: Held) -> frozenset[str] | None:
        """Return which properties of these contacts are the project's own; None where that cannot be read."""
        own = await own_properties(Call(self._autosend), found.values())
        self.own = self.own or own
        return own

    async def poll_contacts(self, rows: Sequence[PendingRow], *, failed: int = 0) -> Held:
        """Return the contacts after a write: polled until all rows but `failed` have the expected values."""
        emails = [row.email for row in rows]
        call = Call(self._autosend)
        seen = await poll(
            call,
            lambda: call.look_up(search_held(emails)),
            lambda found: sum(has_expected_values(row, found) for row in rows) >= len(rows) - failed,
        )
        found = seen or {}
        missing = [email for email in emails if email not in found]
        return found | (await self.find(missing) if missing and (found or seen is None) else {})

    async def poll_members(self, list_id: str, emails: Sequence[str]) -> set[str]:
        """Return who of these is in the list after a write: polled until all are."""
        call, people = Call(self._autosend), People(tuple(emails))
        look = waiting_for(call, list_id, people, inside=True)
        left = (await poll(call, look, lambda left: not left.names) or people).names
        inside = set(emails).difference(left)
        return inside | (await self.members(list_id, left) if left else set())

    async def members(self, list_id: str, emails: Sequence[str]) -> set[str]:
        """Return who of these is in the list."""
        found = await self.find(emails)
        if found and (inside := shown_members(found, list_id)) is not None:
            return inside
        return await search_members(self.read, list_id, People(tuple(emails)))


def is_contradictory(error: AutoSendError) -> TypeGuard[Refused]:
    """Return whether AutoSend said no with a status of success: what it did is not certain."""
    return isinstance(error, Refused) and 200 <= (error.status or 0) < 300


def is_about_the_rows(error: AutoSendError) -> TypeGuard[Refused]:
    """Return whether AutoSend refused the request because of rows in it, so that others may succeed."""
    return isinstance(error, Refused) and error.status in _ABOUT_THE_ROWS


def _is_about_an_address(error: AutoSendError) -> bool:
    """Return whether the look-up failed because of what one of the addresses, or its contact, is."""
    return error.status == 200 if isinstance(error, Unreadable) else is_about_the_rows(error)


def _passes(error: AutoSendError, *, reads: bool) -> bool:
    """Return whether the request may be sent again and may succeed then."""
    may_repeat = error.repeat_after is not None or (reads and isinstance(error, Unknown))
    return may_repeat and not _is_about_an_address(error)
