"""Copy who is in one list or segment into another list, page by page, as far as one call has time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autosend_mcp.api import contact_lists, contacts
from autosend_mcp.api.calls import Call
from autosend_mcp.api.contacts import Found
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Refused
from autosend_mcp.models.automations import AUTOMATIONS_WOULD, Change
from autosend_mcp.models.base import planned
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contact_lists.member_tools import AddedToList, AddToList
from autosend_mcp.models.contact_lists.members import People
from autosend_mcp.models.pages import read_cursor, write_cursor
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.automations import effects, started
from autosend_mcp.tools.contact_lists.look_up import shown_members
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.suppression_groups.opted_out import LEAVE_OUT, OPTED_OUT, opted_out

MAX_PAGES = 10  # of a hundred each, in one call
_LEAST_SECONDS = 6.0  # in which a hundred are looked up and put in

THEY_STAY = "They stay in {} as well. To move them, take them out of it, or delete it."
GO_ON = (
    "Not all fit in one call. To go on, call again with fromList and this cursor; who is in the list is only counted."
)
ENDED_EARLY = "The next {} were not put in, or that is not known: {}"

Join = Callable[[Call, ContactList, People, Found | None], Awaitable[AddedToList]]


@dataclass(slots=True)
class _Copy:
    """What has become of those that were put in so far.

    `left_out`: who else was not put in, by kind. `joining`: how many were to be. `unsure`: some of them may
    be in the list already.
    """

    call: Call
    into: ContactList
    join: Join
    dry_run: bool
    answer: AddedToList
    opted_out: list[str]
    left_out: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    joining: int = 0
    unsure: bool = False

    async def put(self, emails: Sequence[str]) -> AutoSendError | None:
        """Put in those who are not in the list yet; return what ends the copy, after others were put in.

        Raises:
            AutoSendError: That, where nobody was put in before.
        """
        found = await self.call.read(contacts.search_emails(emails))
        shown = shown_members(found, self.into.id)
        inside = shown or set[str]()
        self.unsure |= shown is None
        people = People(tuple(email for email in emails if email not in inside))
        self.answer.already_in_list = (self.answer.already_in_list or 0) + len(inside)
        self.joining += len(people.names)
        if self.dry_run or not people.names:
            return None
        try:
            self._sum_up(await self.join(self.call, self.into, people, found), len(people.names))
        except AutoSendError as error:
            if isinstance(error, Refused) and error.status is None:  # each of them was left out
                self._leave_out(error.facts)
                return None
            if not self.answer.added:
                raise
            return error
        return None

    def _sum_up(self, done: AddedToList, number: int) -> None:
        """Add what became of a hundred; without counts, a look-up found all of them in the list."""
        answer, counted = self.answer, done.added is not None or done.already_in_list is not None
        answer.added = (answer.added or 0) + ((done.added or 0) if counted else number)
        answer.created = (answer.created or 0) + (done.created or 0) or None
        answer.already_in_list = (answer.already_in_list or 0) + (done.already_in_list or 0)
        answer.steps = [*(answer.steps or ()), *(done.steps or ())]
        answer.notes = [*(answer.notes or ()), *(done.notes or ())]
        self.opted_out += done.opted_out or []
        self._leave_out(done.not_added or {})

    def _leave_out(self, more: Mapping[str, Any]) -> None:
        for kind, rows in more.items():
            if kind == OPTED_OUT:
                self.opted_out += rows if isinstance(rows, list) else []
                continue
            self.left_out[kind] = [*self.left_out.get(kind, []), *(rows if isinstance(rows, list) else [])]


async def copy(context: Context, body: AddToList, source: ContactList, into: ContactList, join: Join) -> AddedToList:
    """Put everybody of the source into the list. `join`: puts a hundred in, and settles a lost reply.

    Raises:
        AutoSendError: Nobody was put in, or that is not known.
    """
    if source.id == into.id:
        raise NotSent("fromList and list are the same.", "Name another list.", changed=NOTHING_CHANGED)
    call, about = context.call, compact_json([source.id, into.id])
    start, size = read_cursor(body.cursor, contact_lists.PAGE, about)
    emails, following = await _walk(call, source, start, size)
    left = await opted_out(context, emails)
    wanted = [email for email in emails if email not in left]
    answer = AddedToList(outcome="done", contact_list=into.short(), added=0, already_in_list=0)
    copied = _Copy(call, into, join, body.dry_run, answer, left)
    for place in range(0, len(wanted), contact_lists.PAGE):
        some = wanted[place : place + contact_lists.PAGE]
        short_of_time = place and call.seconds_left < _LEAST_SECONDS * call.scale
        ended = None if short_of_time else await copied.put(some)
        if ended:
            answer.notes = [*(answer.notes or ()), ENDED_EARLY.format(len(some), ended.sentence)]
        if ended or short_of_time:
            following = start + emails.index(some[0])
            break
    if body.dry_run:
        return AddedToList(outcome="dry_run", plan=await _plan(source, copied))
    answer.outcome = "done" if following is None and not (copied.left_out or copied.opted_out) else "partly_done"
    answer.opted_out, answer.not_added = copied.opted_out or None, dict(copied.left_out) or None
    answer.next_cursor = None if following is None else write_cursor(following, size, about)
    notes = [*(answer.notes or ()), *[LEAVE_OUT] * bool(copied.opted_out)]
    notes += [THEY_STAY.format(compact_json(source.name)), *[GO_ON] * (following is not None)]
    notes += started(call, Change(joins=[into.id], surely=False)) if answer.added else []
    answer.notes = list(dict.fromkeys(notes))
    return answer


async def _walk(call: Call, source: ContactList, start: int, size: int) -> tuple[list[str], int | None]:
    """Return the addresses from this place on, and the place of the next; None at the end."""
    emails: dict[str, None] = {}
    place = start
    for _ in range(MAX_PAGES):
        page = await call.read(contact_lists.search(source.id, place // size + 1, size))
        rows = page.contacts[place % size :]
        emails |= {contact.email.lower(): None for contact in rows}
        place += len(rows)
        if not rows or (place >= page.total if page.total is not None else len(page.contacts) < size):
            return [*emails], None
    return [*emails], place


async def _plan(source: ContactList, copied: _Copy) -> dict[str, Any]:
    """Return what a dry run shows."""
    ids, word = [copied.into.id], "mayJoin" if copied.unsure else "wouldJoin"
    change = Change(may_join=ids, surely=False) if copied.unsure else Change(joins=ids, surely=False)
    start = await effects(copied.call, change, [AUTOMATIONS_WOULD]) if copied.joining else {}
    inside = copied.answer.already_in_list or None
    return planned(
        None,
        list=copied.into.named(),
        **{"from": source.named(), word: copied.joining},
        alreadyInList=inside,
        optedOut=copied.opted_out,
        **start,
    )
