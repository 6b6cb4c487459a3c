"""The requests of an import, each patient: an import has no deadline, so it waits out what passes by itself."""

import random
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeGuard, TypeVar

import anyio

from autosend_mcp.api.calls import LOOK_UP_TIMES, Call
from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.contacts import Found, search_emails
from autosend_mcp.api.envelope import as_object
from autosend_mcp.api.request import Request
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown, Unreadable
from autosend_mcp.imports.journal import Item
from autosend_mcp.imports.sending.compare import is_as_asked
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.models.text import quoted
from autosend_mcp.tools.contact_lists.look_up import search_members, shown_members
from autosend_mcp.tools.lost_reply import poll

# Refusals of one request because of what is in it. After any other, the next request would be refused as well.
ABOUT_THE_ROWS = (400, 409, 413, 422)

ROW = re.compile(r"contacts[.\[]?(\d+)")  # contacts[3].email, contacts.3.email

_FEWEST = 100
_PATIENCE = 120.0  # seconds that AutoSend may be away, of an import whose calls have 45 s
_LONGEST_PAUSE = 15.0
_SEVERAL = 3  # of so many addresses, all may be wrong

ResultT = TypeVar("ResultT")


class Requests:
    """What an import asks of AutoSend."""

    def __init__(self, autosend: AutoSend, patience: float = _PATIENCE) -> None:
        """Over this client, in its pace. `patience`: seconds that AutoSend may be away."""
        self._autosend = autosend
        self._patience = patience
        self.at_once = 5_000  # addresses in one look-up; AutoSend documents no limit, and says where there is one
        self._most = self.at_once
        self.unfindable: dict[str, str] = {}  # addresses that cannot be looked up, and why
        self._stopped = anyio.Event()
        self._calls = set[Call]()

    def stop(self) -> None:
        """Wait for nothing, and repeat nothing, any more."""
        self._stopped.set()
        for call in self._calls:
            call.forbid_writes()

    async def let_arrive(self) -> None:
        """Wait as long as a request that has left may still be on its way, or being applied."""
        with anyio.move_on_after(LOOK_UP_TIMES[-1] * Call(self._autosend).scale):
            await self._stopped.wait()

    async def write(self, request: Request[ResultT]) -> ResultT:
        """Send a request that changes something; return its result.

        Raises:
            Unknown: It may have been applied.
            AutoSendError: It was not.
        """
        if self._stopped.is_set():
            raise NotSent("The import was stopped before this request left.", "")
        return await self.patiently(lambda call: call.write(request))

    async def read(self, request: Request[ResultT]) -> ResultT:
        """Send a request that changes nothing; return its result."""
        return await self.patiently(lambda call: call.read(request), reads=True)

    async def patiently(self, ask: Callable[[Call], Awaitable[ResultT]], *, reads: bool = False) -> ResultT:
        """Ask, again and again while nothing was changed by it and waiting may help. `reads`: it changes nothing."""
        until, pause = 0.0, 0.5
        while True:
            call = Call(self._autosend)
            self._calls.add(call)
            try:
                return await ask(call)
            except AutoSendError as error:
                passes = error.repeat_after is not None or (reads and isinstance(error, Unknown))
                passes = passes and not _is_about_an_address(error)
                now = anyio.current_time()
                until = until or now + self._patience * call.scale
                if not passes or now > until:
                    raise
                jittered = min(pause, _LONGEST_PAUSE) * call.scale * random.uniform(0.5, 1)  # noqa: S311 - jitter, no secret
                with anyio.move_on_after(max(error.repeat_after or 0.0, jittered)):
                    await self._stopped.wait()
                    raise
                pause *= 2
            finally:
                self._calls.discard(call)

    async def find(self, emails: Sequence[str]) -> Found:
        """The contacts with these addresses, by address; in as few requests as AutoSend allows.

        Raises:
            AutoSendError: AutoSend cannot be asked now.
        """
        found: Found = {}
        waiting = list(emails)
        while waiting:
            missing: list[str] = []  # of answers that may have been cut: asked for again, until one shows nobody
            while waiting:
                some, waiting = waiting[: self.at_once], waiting[self.at_once :]
                now = await self._find(some)
                found |= now
                if now:
                    missing += [email for email in some if email not in found and email not in self.unfindable]
            waiting = missing
        return found

    async def _find(self, some: list[str]) -> Found:
        """Those that one answer shows, or several where so many cannot be asked for at once."""
        few = len(some) <= _FEWEST
        try:
            found = await self.patiently(lambda call: call.read(search_emails(some)), reads=few)
        except (Refused, Unknown) as error:
            about = _is_about_an_address(error)
            if not about and (few or not isinstance(error, Unknown)):
                raise
            if not few and not isinstance(error, Unreadable):
                self._ask_for_fewer(len(some) // 2, for_good=isinstance(error, Refused))
            return await self._find_apart(some, error)
        self.at_once = min(max(self.at_once, 2 * len(some)), self._most)
        return found

    def _ask_for_fewer(self, number: int, *, for_good: bool) -> None:
        """`for_good`: AutoSend takes no more; else the line may have been slow, once."""
        self.at_once = max(_FEWEST, number)
        self._most = self.at_once if for_good else self._most

    async def _find_apart(self, some: list[str], error: AutoSendError) -> Found:
        """Find by halves, down to the addresses that AutoSend cannot be asked about.

        Raises:
            AutoSendError: It can be asked about none of several.
        """
        if len(some) == 1:
            self.unfindable[some[0]] = f"{said(error)}." if isinstance(error, Refused) else error.what
            return {}
        middle = len(some) // 2
        found = await self._find(some[:middle]) | await self._find(some[middle:])
        if len(some) > _SEVERAL and all(email in self.unfindable for email in some):
            raise error  # it is not about them
        return found

    async def look_again(self, items: Sequence[Item], *, failed: int = 0) -> Found:
        """The contacts after a request, looked for until all but `failed` are as asked or the last look-up is over."""
        emails = [item.email for item in items]

        def enough(found: Found) -> bool:
            return sum(is_as_asked(item, found) for item in items) >= len(items) - failed

        call = Call(self._autosend)
        seen = await poll(call, lambda: call.look_up(search_emails(emails)), enough)
        found = seen or {}
        missing = [email for email in emails if email not in found]
        return found | (await self.find(missing) if missing and (found or seen is None) else {})

    async def members_again(self, list_id: str, emails: Sequence[str]) -> set[str]:
        """Who of them is in the list after a request, looked for until all are or the last look-up is over."""
        inside, began = set[str](), anyio.current_time()
        for seconds in LOOK_UP_TIMES:
            due = began + seconds * Call(self._autosend).scale
            with anyio.move_on_after(max(0.0, due - anyio.current_time())):
                await self._stopped.wait()
            inside |= await self.members(list_id, [email for email in emails if email not in inside])
            if len(inside) == len(emails) or self._stopped.is_set():
                break
        return inside

    async def members(self, list_id: str, emails: Sequence[str]) -> set[str]:
        """Return who of them is in the list."""
        found = await self.find(emails)
        if found and (inside := shown_members(found, list_id)) is not None:
            return inside
        return await search_members(self.read, list_id, People(tuple(emails)))


def is_contradictory(error: AutoSendError) -> TypeGuard[Refused]:
    """Whether AutoSend said no with a status of success: what it did is not certain."""
    return isinstance(error, Refused) and 200 <= (error.status or 0) < 300


def _is_about_an_address(error: AutoSendError) -> bool:
    """Whether the look-up failed because of what one of the addresses, or its contact, is."""
    if isinstance(error, Unreadable):
        return error.status == 200
    return isinstance(error, Refused) and error.status in ABOUT_THE_ROWS


def said(refusal: Refused, place: int = 0) -> str:
    """Why AutoSend refused the row at this place of the request: its own words, quoted."""
    members = as_object(refusal.facts.get("AutoSend said"))
    details = [row for row in members.get("details") or () if row.get("message")]
    about = [row for row in details if (named := ROW.match(row.get("field", ""))) and int(named[1]) == place]
    told = [str(row["message"]) for row in [*about, *details]]
    if message := told[0] if told else members.get("message"):
        return f"AutoSend refused it: {quoted(str(message))}"
    return f"AutoSend refused it (status {refusal.status})"
