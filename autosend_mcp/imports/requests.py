"""The requests of an import, each patient: an import has no deadline, so it waits out what passes by itself."""

import random
import re
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic, time
from typing import Any, TypeVar

import anyio
from pydantic_core import PydanticCustomError

from autosend_mcp.calls import LOOK_UP_TIMES, Call
from autosend_mcp.client import AutoSend
from autosend_mcp.envelope import Reply, as_object
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown
from autosend_mcp.imports.journal import Item
from autosend_mcp.lookups import SEARCH, Found, find_contacts, look, parsed, rows_of
from autosend_mcp.models.addresses import read_address
from autosend_mcp.models.base import quoted
from autosend_mcp.models.comparison import differences, listed
from autosend_mcp.models.contacts import Contact, StoredContact

# Refusals of one request because of what is in it. After any other, the next request would be refused as well.
ABOUT_THE_ROWS = (400, 409, 413, 422)

ROW = re.compile(r"contacts[.\[]?(\d+)")  # contacts[3].email, contacts.3.email

_NAMES = ("firstName", "lastName", "userId")
_FEWEST = 100
_PATIENCE = 120.0  # seconds that AutoSend may be away, of an import whose calls have 45 s
_LONGEST_PAUSE = 15.0
_PAGE = 100

ResultT = TypeVar("ResultT")


class Requests:
    """What an import asks of AutoSend."""

    def __init__(self, autosend: AutoSend) -> None:
        """Over this client, in its pace."""
        self._autosend = autosend
        self.at_once = 5_000  # addresses in one look-up; AutoSend documents no limit, and says where there is one
        self._stopped = anyio.Event()
        self._calls = set[Call]()

    def stop(self) -> None:
        """Wait for nothing, and repeat nothing, any more."""
        self._stopped.set()
        for call in self._calls:
            call.stop()

    async def let_arrive(self, left_at: float) -> None:
        """Wait as long as a request that left at this Unix time may still be on its way, or being applied."""
        longest = LOOK_UP_TIMES[-1] * Call(self._autosend).scale
        await anyio.sleep(min(max(left_at + longest - time(), 0.0), longest))

    async def write(self, path: str, body: dict[str, object]) -> dict[str, object]:
        """What AutoSend says of a request that changes something.

        Raises:
            Unknown: It may have been applied.
            AutoSendError: It was not.
        """
        if self._stopped.is_set():
            raise NotSent("The import was stopped before this request left.", "")
        reply = await self._patiently(lambda call: call.write("POST", path, body))
        return reply.members

    async def _patiently(self, ask: Callable[[Call], Awaitable[ResultT]], *, reads: bool = False) -> ResultT:
        """Ask, again and again while nothing was changed by it and waiting may help."""
        until, pause = 0.0, 0.5
        while True:
            call = Call(self._autosend)
            self._calls.add(call)
            try:
                return await ask(call)
            except AutoSendError as error:
                passes = error.repeat_after is not None or (reads and isinstance(error, Unknown))
                now = monotonic()
                until = until or now + _PATIENCE * call.scale
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
        """The contacts with these addresses, by address; in as few requests as AutoSend allows."""
        found: Found = {}
        rest = list(emails)
        while rest:
            some, rest = rest[: self.at_once], rest[self.at_once :]
            found |= await self._find(some, rest)
        return found

    async def _find(self, some: list[str], rest: list[str]) -> Found:
        """Some of them; what it did not ask for after all goes back to the rest."""
        few = len(some) <= _FEWEST
        try:
            found, _ = await self._patiently(lambda call: find_contacts(call, some), reads=few)
        except (Refused, Unknown) as error:
            if few or (isinstance(error, Refused) and error.status not in ABOUT_THE_ROWS):
                raise
            self.at_once = max(_FEWEST, len(some) // 2)  # too many at once, or too long an answer
            rest[:0] = some
            return {}
        if found and len(found) < len(some) and len(found) % 10 == 0:
            # A round number: AutoSend may have cut the answer. Whoever is missing is asked for once more.
            rest[:0] = [email for email in some if email not in found]
        return found

    async def look_again(self, items: Sequence[Item], *, failed: int = 0) -> Found:
        """The contacts after a request, looked for until all but `failed` are as asked or the last look-up is over."""
        emails = [item.email for item in items]

        def enough(found: Found) -> bool:
            return sum(is_as_asked(item, found) for item in items) >= len(items) - failed

        looked = await look(Call(self._autosend), emails, LOOK_UP_TIMES, enough)
        return looked[0] if looked else await self.find(emails)

    async def members(self, list_id: str, emails: Sequence[str]) -> set[str]:
        """Who of them is in the list."""
        found = await self.find(emails)
        if found and all(contact.list_ids is not None for contact in found.values()):
            return {email for email, contact in found.items() if list_id in (contact.list_ids or ())}
        inside, pages = await self._page(list_id, 1)
        if pages > len(emails):
            return {email for email in emails if await self._is_member(list_id, email)}
        number = 1
        while number < pages:
            number += 1
            more, pages = await self._page(list_id, number)
            inside |= more
        return inside & set(emails)

    async def _is_member(self, list_id: str, email: str) -> bool:
        number = pages = 1
        while number <= pages:
            inside, pages = await self._page(list_id, number, email)
            if email in inside or not inside:
                return email in inside
            number += 1
        return False

    async def _page(self, list_id: str, number: int, email: str | None = None) -> tuple[set[str], int]:
        """The addresses on one page of a list, and how many pages there are."""
        body = {"contactListId": list_id, "page": number, "limit": _PAGE} | ({"email": email} if email else {})

        def read(reply: Reply) -> tuple[set[str], int]:
            rows = {_address(parsed(Contact, reply, row).email) for row in rows_of(reply, "contacts")}
            total = as_object(reply.members.get("pagination")).get("total")
            return rows, -(-total // _PAGE) if isinstance(total, int) else number + bool(rows)

        return await self._patiently(lambda call: call.read(read, "POST", SEARCH, body, many=True), reads=True)


def _address(shown: str) -> str:
    """An address from AutoSend as it was sent: in lower case, its domain in ASCII."""
    try:
        return shown.lower() if shown.isascii() else read_address(shown)
    except PydanticCustomError:
        return shown


def whole(asked: dict[str, Any], before: StoredContact | None) -> dict[str, Any]:
    """The row with the other values the contact has: whether AutoSend keeps what is not named is not documented."""
    if before is None:
        return asked
    named = {name: value for name in _NAMES if isinstance(value := before.raw.get(name), str) and value}
    held = {name: value for name, value in before.raw_fields.items() if isinstance(value, str | int | float)}
    custom = held | asked.get("customFields", {})
    return named | asked | ({"customFields": custom} if custom else {})


def is_as_asked(item: Item, found: Found) -> bool:
    """Whether the contact is there, and holds everything that the row asks for."""
    return item.email in found and not differences(item.asked, found[item.email])


def differing(item: Item, found: Found) -> str:
    """What a look-up showed that is not as asked."""
    if item.email not in found:
        return "Looked up afterwards, there is no such contact."
    return f"Looked up afterwards, these are not as asked: {listed(differences(item.asked, found[item.email]))}."


def said(refusal: Refused, place: int = 0) -> str:
    """Why AutoSend refused the row at this place of the request: its own words, quoted."""
    members = as_object(refusal.facts.get("AutoSend said"))
    details = [row for row in members.get("details") or () if row.get("message")]
    about = [row for row in details if (named := ROW.match(row.get("field", ""))) and int(named[1]) == place]
    told = [str(row["message"]) for row in [*about, *details]]
    if message := told[0] if told else members.get("message"):
        return f"AutoSend refused it: {quoted(str(message))}"
    return f"AutoSend refused it (status {refusal.status})"
