"""The automations of every project, and the log of what they would have done: who started which, and the mail.

Sources: the pages "Automations" (triggers), "Get automation" (`allowReentry`) and "Suppressions". Where none is
declared, each list, segment and project has one of its own, so that whatever may start an automation shows as a start.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any

from pydantic_core import to_json

from autosend_mcp.sandbox.automations.definitions import (
    ADDED,
    CHANGES,
    CREATED,
    MATCHES,
    Automation,
    added_to_list,
    declared,
    id_of,
)
from autosend_mcp.sandbox.contact_lists.records import GLOBAL, ContactList, ContactLists
from autosend_mcp.sandbox.contacts.records import Contact
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.suppression_groups.records import SuppressionGroups

_COLUMNS = ("last", "project", "at", "contact", "email", "reason", "starts")
_SUPPRESSED = "the address is suppressed"

Start = tuple[Contact, Automation, str, str | None]
"""Who starts what, by which trigger as JSON, and by joining which list."""

_NEW = json.dumps({"type": CREATED})


class Automations:
    """The automations of the options, those of lists without one, and the starts of every project."""

    def __init__(
        self, db: Database, contact_lists: ContactLists, suppression_groups: SuppressionGroups, options: Options
    ) -> None:
        """Read the declared automations.

        Raises:
            ValueError: One of them is no definition of an automation.
        """
        self._db = db
        self._contact_lists = contact_lists
        self._suppression_groups = suppression_groups
        self._reentry = options.allow_reentry
        self._declared = [declared(definition, reentry=self._reentry) for definition in options.automations]
        self._by_default = options.default_automations
        self._joins: dict[tuple[str, str, str], list[tuple[Automation, str]]] = {}
        self.since = db.timestamp()
        self.sleeps = False  # while a seed is added

    @property
    def definitions(self) -> list[dict[str, Any]]:
        """What was declared."""
        return [one.definition for one in self._declared]

    def declare(self, definitions: Iterable[dict[str, Any]], *, anew: bool = False) -> None:
        """Declare more automations, or `anew` these instead.

        Raises:
            ValueError: One of them is no definition of an automation.
        """
        more = [declared(definition, reentry=self._reentry) for definition in definitions]
        known = {one.id for one in ([] if anew else self._declared)}
        self._declared = [*([] if anew else self._declared), *(one for one in more if one.id not in known)]
        self._joins.clear()

    def all(self, project: str) -> list[tuple[Automation, ContactList | None]]:
        """Return the project's automations with their lists: those declared, and those of what has none declared."""
        known = self._contact_lists.known(project).values()
        listed = [(one, next(filter(one.is_about, known), None)) for one in self._declared]
        made = [(one, None) for one in self._made_for_new_contacts(project)]
        return [*listed, *made, *((one, found) for found in known for one in self._made_for(found))]

    def using(self, found: ContactList) -> list[Automation]:
        """Return the declared active automations that are about this list."""
        return [one for one in self._active() if one.is_about(found)]

    def created(self, contact: Contact) -> Iterator[Start]:
        """Yield what starts for each new contact, which is in All Contacts from then on."""
        for automation in [*self._active(CREATED), *self._made_for_new_contacts(contact["projectId"])]:
            yield contact, automation, _NEW, None
        for automation in self._active(ADDED):
            if automation.about == GLOBAL:
                yield contact, automation, _added(GLOBAL, None), GLOBAL

    def joined(self, contact: Contact, joined: ContactList) -> list[Start]:
        """Return the starts of a list or segment that the contact is newly in."""
        name = (joined.row["project"], joined.id, joined.name)
        if name not in self._joins:
            declared_for = (one for one in self._active(ADDED) if one.is_about(joined))
            trigger = _added(joined.id, joined.name)
            self._joins[name] = [(one, trigger) for one in (*declared_for, *self._made_for(joined))]
        return [(contact, automation, trigger, joined.id) for automation, trigger in self._joins[name]]

    def changed(self, contact: Contact, before: Contact | None, known: Mapping[str, ContactList]) -> Iterator[Start]:
        """Yield the starts of changed properties for a contact in their list, which `before` had others."""
        for automation in self._active(MATCHES, CHANGES):
            change = automation.change(before, contact)
            if change and self._in_scope(automation, contact, known):
                yield contact, automation, json.dumps({"type": automation.type, "changes": change}), None

    def start(self, project: str, starts: Iterable[Start]) -> None:
        """Log the starts, but of no contact that does not meet the conditions, or started it and may not again."""
        starts = [start for start in starts if start[1].admits(start[0])]
        if not starts or self.sleeps:
            return
        before = self._started(contact["id"] for contact, *_ in starts)
        suppressed = self._suppression_groups.suppressed(project, {contact["email"] for contact, *_ in starts})
        last: int = self._db.row("SELECT MAX(last) FROM started")[0] or 0
        rows, now = list[tuple[object, ...]](), self._db.timestamp()
        tallies = {"mailed": Counter[str](), "quiet": Counter[str]()}
        for contact_id, of_one in groupby(starts, lambda start: start[0]["id"]):
            new, email = list[tuple[str, str, str, str | None]](), ""
            for contact, automation, trigger, list_id in of_one:
                email = contact["email"]
                if automation.reentry or automation.id not in before[contact_id]:
                    before[contact_id].add(automation.id)
                    new.append((automation.id, automation.name, trigger, list_id))
            if new:
                last += len(new)
                reason = _SUPPRESSED if email in suppressed else None
                rows.append((last, project, now, contact_id, email, reason, to_json(new).decode()))
                tallies["quiet" if reason else "mailed"].update(one[0] for one in new)
        self._db.add("started", _COLUMNS, rows)
        for kind, changes in tallies.items():
            self._db.add_to_tally(project, kind, changes)

    def starts(self, page: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return a page of the starts, oldest first, as GET /sandbox/automations shows them, and how many there are."""
        first = (page - 1) * limit
        found = [_shown(start) for start in self.since_number(first, limit)[:limit]]
        return found, self._db.row("SELECT MAX(last) FROM started")[0] or 0

    def since_number(self, number: int, at_least: int = -1) -> list[dict[str, Any]]:
        """Return the starts after this one, oldest first: all, or `at_least` if there are as many."""
        rows = self._db.rows("SELECT * FROM started WHERE last > ? ORDER BY last LIMIT ?", number, at_least)
        return [start for row in rows for start in each_start(row) if start["number"] > number]

    def counts(self, project: str) -> dict[str, tuple[int, int]]:
        """Return, by the id of each automation that was started, how often, and how many mails it sent."""
        mailed, quiet = self._db.tally(project, "mailed"), self._db.tally(project, "quiet")
        return {one: (mailed.get(one, 0) + quiet.get(one, 0), mailed.get(one, 0)) for one in mailed | quiet}

    def _started(self, contacts: Iterable[str]) -> dict[str, set[str]]:
        """Return the ids of the automations that each of the contacts started."""
        before: dict[str, set[str]] = {contact: set() for contact in contacts}
        for contact, starts in self._db.among("SELECT contact, starts FROM started WHERE contact IN (?)", before):
            before[contact].update(one[0] for one in json.loads(starts))
        return before

    def _active(self, *types: str) -> Iterator[Automation]:
        return (one for one in self._declared if one.status == "active" and (not types or one.type in types))

    def _made_for_new_contacts(self, project: str) -> list[Automation]:
        """Return the project's own automation for new contacts, unless one is declared."""
        if not self._by_default or any(one.type == CREATED for one in self._declared):
            return []
        return [_made("Welcome", project, None, reentry=self._reentry)]

    def _made_for(self, found: ContactList) -> list[Automation]:
        """Return the list's own automation for those who join it, unless one is declared."""
        if not self._by_default or any(one.type == ADDED and one.is_about(found) for one in self._declared):
            return []
        return [_made(f"Welcome to {found.name}", found.row["project"], found.id, reentry=self._reentry)]

    def _in_scope(self, automation: Automation, contact: Contact, known: Mapping[str, ContactList]) -> bool:
        if automation.about in (None, GLOBAL):
            return True
        about = filter(automation.is_about, known.values())
        return any(self._contact_lists.holds(found.id, contact) for found in about)


@lru_cache(maxsize=1_000)
def _made(name: str, project: str, list_id: str | None, *, reentry: bool) -> Automation:
    """Return the automation that a project has for new contacts, or for a list, where none is declared."""
    definition = added_to_list(name, list_id) if list_id else {"name": name}
    return declared(definition, reentry=reentry, automation_id=id_of(project, list_id or CREATED))


@lru_cache(maxsize=1_000)
def _added(list_id: str, name: str | None) -> str:
    return json.dumps({"type": ADDED, "contactListId": list_id} | ({"listName": name} if name else {}))


def each_start(row: Any) -> list[dict[str, Any]]:
    """Return the starts of a row, one for each automation that the write started."""
    started = json.loads(row["starts"])
    named = ("automation_id", "automation", "trigger", "list")
    both = {name: row[name] for name in ("project", "at", "contact", "email", "reason")}
    return [
        {"number": number, **dict(zip(named, start, strict=True)), **both}
        for number, start in enumerate(started, row["last"] - len(started) + 1)
    ]


def _shown(start: dict[str, Any]) -> dict[str, Any]:
    sent = start["reason"] is None
    return {
        "at": start["at"],
        "automationId": start["automation_id"],
        "automation": start["automation"],
        "trigger": json.loads(start["trigger"]),
        "contact": {"id": start["contact"], "email": start["email"]},
        "mail": {"to": start["email"], "subject": start["automation"]} if sent else None,
        **({} if sent else {"reason": start["reason"]}),
    }
