"""The rows that are as asked put into contact lists, each once: joining starts the live automations of a list."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from autosend_mcp.api import contact_lists
from autosend_mcp.errors import NotSent, Refused, Unknown
from autosend_mcp.imports.journal import AS_ASKED, Doubt, Item, Journal, Outcome, in_thread
from autosend_mcp.imports.progress import Tally
from autosend_mcp.imports.sending.requests import ABOUT_THE_ROWS, Requests, is_contradictory, said
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.members import MembershipCounts, People
from autosend_mcp.models.text import quoted

TRIES = 3


class Joining:
    """The lists of one import, joined one after the other."""

    def __init__(self, requests: Requests, journal: Journal, tally: Tally, lists: Sequence[ContactList]) -> None:
        """`lists` in the order in which the journal counts them."""
        self._requests = requests
        self._journal = journal
        self._tally = tally
        self._lists = lists

    async def take_up(self, doubts: Sequence[Doubt]) -> None:
        """What became of requests for one list that were about to leave when the process was killed.

        Who is in the list is done; the others are put into it later.
        """
        place = int(doubts[0].kind.split()[1])
        emails = [email for doubt in doubts for email in doubt.rows.values()]
        inside = await self._requests.members(self._lists[place].id, emails)
        for doubt in doubts:
            numbers = [number for number, email in doubt.rows.items() if email in inside]
            await in_thread(self._journal.have_joined, numbers, place + 1, doubt.id)

    async def join(self, items: Sequence[Item]) -> None:
        """Put those that are as asked into the lists in which they are not yet."""
        for place in range(len(self._lists)):
            waiting = [item for item in items if item.outcome in AS_ASKED and item.joined == place]
            if waiting and not self._tally.stopped:
                await self._add(waiting, place)

    async def _add(self, items: Sequence[Item], place: int, tries: int = TRIES) -> None:
        into = self._lists[place]
        request = await in_thread(self._journal.intend, f"join {place}", {item.number: item.email for item in items})
        people = People(tuple(item.email for item in items))
        try:
            counts = await self._requests.write(contact_lists.bulk_add(into.id, people))
        except Unknown:
            left = await self._settle_by_looking(items, place)
            if left and tries > 1 and not self._tally.stopped:
                await self._add(left, place, tries - 1)
            elif not self._tally.stopped:
                await self._conclude(left, "unknown", self._not_known(place))
        except (NotSent, Refused) as error:
            if is_contradictory(error):
                await self._divide_refused(await self._settle_by_looking(items, place), place, error)
            else:
                await in_thread(self._journal.settle, (), request)  # nothing was changed, so there is no doubt
                if not isinstance(error, Refused) or error.status not in ABOUT_THE_ROWS:
                    raise
                await self._divide_refused(items, place, error)
        else:
            if counts.accounts_for(len(items)):
                await self._settle(items, place, request)
                return
            await self._settle_counted(items, place, counts)
        if all(item.joined > place or item.outcome not in AS_ASKED for item in items):
            await in_thread(self._journal.settle, (), request)

    async def _settle_counted(self, items: Sequence[Item], place: int, counts: MembershipCounts) -> None:
        """By what AutoSend counted and named; where that leaves a doubt, by looking."""
        whys = _whys(counts.refused())
        for item in items:
            if item.email in whys:
                await self._conclude([item], "failed", self._not_in(item, place, whys[item.email]))
        rest = [item for item in items if item.email not in whys]
        if counts.accounts_for(len(rest)):
            await self._settle(rest, place)
            return
        left = await self._settle_by_looking(rest, place)
        if counts.added is None and counts.already_in_list is None:
            await self._conclude(left, "unknown", self._not_known(place))
        for item in left:
            if item.outcome in AS_ASKED:
                await self._conclude([item], "failed", self._not_in(item, place, "AutoSend does not say why"))

    async def _settle_by_looking(self, items: Sequence[Item], place: int) -> list[Item]:
        """Settle those that are in the list; the others."""
        inside = await self._requests.members_again(self._lists[place].id, [item.email for item in items])
        await self._settle([item for item in items if item.email in inside], place)
        return [item for item in items if item.email not in inside]

    async def _divide_refused(self, items: Sequence[Item], place: int, refusal: Refused) -> None:
        """Find by halves whom AutoSend refuses."""
        if len(items) == 1:
            await self._conclude(items, "failed", self._not_in(items[0], place, said(refusal)))
            return
        middle = len(items) // 2
        for half in (items[:middle], items[middle:]):
            if half and not self._tally.stopped:
                await self._add(half, place)

    def _not_known(self, place: int) -> str:
        return f"Whether it joined {self._names(place)} is not known."

    def _not_in(self, item: Item, place: int, why: str) -> str:
        """What was done, and what was not."""
        return f"It is {item.outcome}, but not in {self._names(place)}: {why}."

    def _names(self, place: int) -> str:
        """This list and those that would have come after it."""
        return ", ".join(quoted(one.name) for one in self._lists[place:])

    async def _conclude(self, items: Sequence[Item], outcome: Outcome, reason: str) -> None:
        for item in items:
            item.outcome, item.reason = outcome, reason
        await self._keep(items)

    async def _settle(self, items: Sequence[Item], place: int, request: int | None = None) -> None:
        for item in items:
            item.joined = place + 1
        await self._keep(items, request)

    async def _keep(self, items: Sequence[Item], request: int | None = None) -> None:
        if items:
            await in_thread(self._journal.settle, items, request)
            self._tally.count(items, len(self._lists))


def _whys(refused: dict[str, list[Any]]) -> dict[str, str]:
    """By address, what AutoSend says of those that it did not take."""
    whys: dict[str, str] = {}
    for kind, rows in refused.items():
        for row in cast("Iterable[dict[str, Any]]", (one for one in rows if isinstance(one, dict))):
            if isinstance(email := row.get("email"), str):
                whys[email.lower()] = quoted(str(row.get("message") or row.get("status") or kind))
    return whys
