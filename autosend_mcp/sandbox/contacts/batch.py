"""The writes of one transaction, with all that follows: lists joined, automations started, webhooks announced.

Source: the pages "Create contact", "Upsert contact" and "Bulk update contacts".
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any

from autosend_mcp.sandbox.automations.records import Start
from autosend_mcp.sandbox.contact_lists.contact_list import GLOBAL
from autosend_mcp.sandbox.contact_lists.segments import Memberships
from autosend_mcp.sandbox.contacts.records import MOBILE, NAMES, Contact
from autosend_mcp.sandbox.contacts.values import CheckedValues, all_fit, checked_values, fitting
from autosend_mcp.sandbox.envelope import beyond_plan, check
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import Details, problem

_LIST_PROBLEMS = {"segment": "Segment ids are not allowed", "none": "Contact list not found"}


class Writes:
    """The writes of one transaction: what they all need is read once, and `finish` stores them in a few statements."""

    def __init__(
        self,
        store: Store,
        project: str,
        emails: Iterable[str],
        *,
        run_workflow: bool = True,
        accept_suppressed: bool = False,
        bulk: bool = False,
        takes_mobile: bool = True,
    ) -> None:
        """Read what is needed to write contacts with these addresses, inside a transaction.

        `run_workflow`: whether more than lists start automations. `bulk`: these are rows of a bulk update.
        `takes_mobile`: whether `mobile` is a member that is known.
        """
        self._store = store
        self._project = project
        self._runs = run_workflow
        self._bulk = bulk
        self._takes_mobile = takes_mobile
        accepts = accept_suppressed or store.options.suppressed_on_write == "accept"
        self._suppressed = set[str]() if accepts else store.suppression_groups.suppressed(project, emails)
        self._known = store.contact_lists.known(project)
        self._types = store.contact_properties.types(project)
        self._fitting = fitting(self._types, store.options)
        self._now = store.db.timestamp()
        self._merges = store.options.upsert_rule == "merge"
        self._replaces = bulk and not self._merges
        self._keeps = bulk and store.options.empty_in_bulk == "keep"
        limit = store.options.max_contacts
        self._room = limit - store.contact_lists.count(project, GLOBAL) if limit else None
        self._written: list[tuple[Contact, Contact | None, list[str]]] = []
        self._new: dict[str, Contact] = {}
        self._changed: dict[str, Contact] = {}
        self._changed_names: set[str] = set()

    def write(self, body: Mapping[str, Any], existing: Contact | None) -> Contact:
        """Create a contact, or change the existing one; `finish` stores it.

        Raises:
            Refused: A list, a custom field or the address itself is not allowed.
        """
        values: dict[str, Any] = body.get("customFields") or {}
        list_ids: list[str] = body.get("listIds") or []
        defined: dict[str, str] = {}
        if list_ids or body["email"] in self._suppressed or not all_fit(values, self._fitting):
            values, defined, _ = self.check(body)
        if not self._takes_mobile:
            body = {**body, MOBILE: None}
        if not existing and self._room is not None:
            if self._room <= 0:
                raise beyond_plan(self._store.options.plan_limit_status, "Contact limit exceeded for your plan")
            self._room -= 1
        if defined:
            self._define(defined)
        contact_id = existing["id"] if existing else self._store.db.new_id()
        contact: Contact = {"id": contact_id, "email": body["email"]}
        self._set_names(contact, body, existing or {})
        contact["customFields"] = self._custom(values, existing)
        contact["updatedAt"] = self._now
        contact["createdAt"] = existing["createdAt"] if existing else self._now
        contact["projectId"] = self._project
        (self._changed if existing and contact_id not in self._new else self._new)[contact_id] = contact
        self._written.append((contact, existing, list_ids))
        return contact

    def join(self, contact: Contact, list_id: str) -> None:
        """Put a contact, otherwise unchanged, into a list; `finish` does it."""
        self._written.append((contact, contact, [list_id]))

    def finish(self) -> None:
        """Store what was written, with all that follows from it."""
        written = self._written
        self._store.contacts.store(self._new.values(), self._changed.values(), self._changed_names)
        announces = not self._bulk or self._store.options.webhook_bulk_update
        if announces and self._store.db.hears(self._project):
            for contact, existing, _ in written:
                if contact is not existing:
                    change = {"contact": contact, "before": existing}
                    self._store.db.announce("contact.updated" if existing else "contact.created", change)
        joined, segments = self._refresh()
        if self._runs or joined:
            starts = [start for one in written for start in self._starts(*one, joined, segments)]
            self._store.automations.start(self._project, starts)

    def check(self, body: Mapping[str, Any]) -> CheckedValues:
        """Return what the write would do to custom fields.

        Raises:
            Refused: As `write` would.
        """
        checked = checked_values(body.get("customFields") or {}, self._types, self._store.options)
        about_email = [problem("email", "Email is suppressed")] if body["email"] in self._suppressed else []
        check([*self._list_problems(body.get("listIds") or ()), *checked.problems, *about_email])
        return checked

    def _define(self, properties: Mapping[str, str]) -> None:
        """Define properties by name and type."""
        for name, kind in properties.items():
            self._store.contact_properties.define(self._project, name, kind)
        self._types |= properties
        self._fitting = fitting(self._types, self._store.options)

    def _set_names(self, contact: Contact, body: Mapping[str, Any], existing: Mapping[str, Any]) -> None:
        """Give the contact the names that it has after the write."""
        for name in NAMES:
            given, was = body.get(name), existing.get(name)
            if given is None:
                value = None if self._replaces and name not in body else was
            else:
                value = given or (was if self._keeps else None)
            if value:
                contact[name] = value
            if value != was:
                self._changed_names.add(name)

    def _custom(self, given: dict[str, Any], existing: Contact | None) -> dict[str, Any]:
        """Return the custom fields after the write."""
        was: dict[str, Any] = existing["customFields"] if existing else {}
        values = {**was, **given} if self._merges else given
        if None not in given.values():
            return values
        kept = was if self._store.options.null_properties == "keep" else {}
        values = {name: kept.get(name) if value is None else value for name, value in values.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _refresh(self) -> tuple[set[tuple[str, str]], dict[str, list[str]]]:
        """Return who joined which list, and the segments that are new to each contact."""
        if not self._known and not any(map(itemgetter(2), self._written)):
            return set(), {}
        segments = self._store.contact_lists.segments
        latest = {contact["id"]: contact for contact, *_ in self._written}
        within: Memberships = {one: set() for one in latest}
        within |= segments.memberships(contact for one, contact in latest.items() if one not in self._new)
        joined = self._join(within)
        if self._store.db.delay:
            self._store.db.later(partial(self._judge_later, [*latest]))
            return joined, {}
        return joined, segments.refresh(self._project, self._known, latest.values(), within)

    def _judge_later(self, ids: list[str]) -> None:
        """Put the contacts, as they are by now, into their segments, and start what that starts."""
        store, known = self._store, self._store.contact_lists.known(self._project)
        contacts, new = store.contact_lists.segments.judge(self._project, ids)
        if self._runs:
            joined = [(one, known[segment]) for one in contacts for segment in sorted(new.get(one["id"], ()))]
            store.automations.start(
                self._project, [start for pair in joined for start in store.automations.joined(*pair)]
            )

    def _join(self, within: Memberships) -> set[tuple[str, str]]:
        """Put the contacts into the lists that they are to join and are not in; return who joined which."""
        joined: dict[tuple[str, str], None] = {}
        for contact, _, list_ids in self._written:
            inside = within[contact["id"]]
            if list_ids:
                joined |= {(contact["id"], one): None for one in list_ids if one != GLOBAL and one not in inside}
                inside.update(list_ids)
        for _, list_id in joined:
            self._list(list_id)
        self._store.contact_lists.segments.join(self._project, joined)
        return set(joined)

    def _starts(
        self,
        contact: Contact,
        existing: Contact | None,
        list_ids: Iterable[str],
        joined: set[tuple[str, str]],
        segments: dict[str, list[str]],
    ) -> Iterator[Start]:
        """Yield the automations that one write starts; take what it joined out of `joined` and `segments`."""
        automations = self._store.automations
        if existing is None and self._runs:
            yield from automations.created(contact)
        for list_id in list_ids:
            if (contact["id"], list_id) in joined:
                joined.remove((contact["id"], list_id))
                yield from automations.joined(contact, self._known[list_id])
        if not self._runs:
            return
        for segment in sorted(segments.pop(contact["id"], ())):
            yield from automations.joined(contact, self._known[segment])
        if contact is not existing:
            yield from automations.changed(contact, existing, self._known)

    def _list(self, list_id: str) -> None:
        """Make the list if it is not known."""
        if list_id not in self._known:
            self._store.contact_lists.insert(self._project, list_id, "list", list_id=list_id)
            self._known = self._store.contact_lists.known(self._project)

    def _list_problems(self, list_ids: Iterable[str]) -> Details:
        known_only = self._store.options.known_lists_only
        named = (list_id for list_id in list_ids if list_id != GLOBAL)
        kinds = (self._known[list_id].type if list_id in self._known else "none" for list_id in named)
        return [
            problem("listIds", _LIST_PROBLEMS[kind])
            for kind in kinds
            if kind == "segment" or (kind == "none" and known_only)
        ]
