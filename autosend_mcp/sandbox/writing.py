"""One write to a contact with all that follows from it: lists joined, automations started, webhooks told."""

from collections.abc import Iterable, Mapping
from typing import Any

from autosend_mcp.sandbox.automations import Automations
from autosend_mcp.sandbox.contacts import Contact, Contacts
from autosend_mcp.sandbox.criteria import Details
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.fields import Fields, Settled, settle
from autosend_mcp.sandbox.lists import GLOBAL, ContactList, Lists
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.suppressions import Suppressions

_NAMED = ("firstName", "lastName", "userId")


class RefusedError(Exception):
    """The write is not allowed; `details` says why, field by field. Nothing was changed."""

    def __init__(self, details: Details) -> None:
        """One detail a wrong field."""
        super().__init__("refused")
        self.details = details


class Writing:
    """The writes of one transaction. What they all need is read once."""

    def __init__(self, db: Database, project: str, options: Options, *, run_workflow: bool | None = None) -> None:
        """Inside a transaction. `run_workflow`: whether changed properties start automations."""
        self._db = db
        self._project = project
        self._options = options
        self._runs = options.single_writes_run_workflow if run_workflow is None else run_workflow
        self._contacts, self._lists, self._fields = Contacts(db), Lists(db), Fields(db)
        self._automations = Automations(db)
        self._known = self._lists.known(project)
        self._segments = [one for one in self._known.values() if one.type == "segment"]
        self._types = self._fields.types(project)

    def write(self, body: Mapping[str, Any], held: Contact | None) -> Contact:
        """A new contact, or the held one changed.

        Raises:
            RefusedError: A list, a custom field or the address itself is not allowed.
        """
        settled = self.check(body)
        for name, kind in settled.defined.items():
            self._fields.define(self._project, name, kind)
        self._types |= settled.defined
        kept = held if held and self._options.upsert_rule == "merge" else None
        named = {name: body[name] if name in body else (kept or {}).get(name) for name in _NAMED}
        custom: dict[str, Any] = {**(kept["customFields"] if kept else {}), **settled.values}
        custom = {name: value for name, value in custom.items() if value is not None}
        segments = self._segments_of(held)
        if held:
            contact = self._contacts.update(held, named, custom)
        else:
            contact = self._contacts.insert(self._project, body["email"], named, custom)
        self._db.announce("contact.updated" if held else "contact.created", contact)
        self._follow(contact, held, segments, body.get("listIds") or [])
        return contact

    def check(self, body: Mapping[str, Any]) -> Settled:
        """What the write would do to custom fields.

        Raises:
            RefusedError: As `write` would.
        """
        settled = settle(body.get("customFields") or {}, self._types, self._options)
        lists = self._list_problems(body.get("listIds") or [])
        problems = [*lists, *settled.problems, *self._address_problems(body["email"])]
        if problems:
            raise RefusedError(problems)
        return settled

    def join(self, contact: Contact, list_id: str) -> bool:
        """Put a contact into a list; whether it is new there."""
        if list_id == GLOBAL or self._lists.holds(list_id, contact):
            return False
        self._follow(contact, contact, self._segments_of(contact), [list_id])
        return True

    def _follow(self, contact: Contact, held: Contact | None, segments: set[str], asked: Iterable[str]) -> None:
        for list_id in asked:
            if list_id != GLOBAL and self._lists.join(contact["id"], list_id):
                self._automations.joined(contact, self._list(list_id))
        if not self._runs:
            return
        for segment in sorted(self._segments_of(contact) - segments):
            self._automations.joined(contact, self._known[segment])
        if contact is not held:
            for automation in self._options.automations:
                self._automations.changed(contact, held, automation)

    def _segments_of(self, contact: Contact | None) -> set[str]:
        if contact is None or not self._runs:
            return set()
        return {one.id for one in self._segments if self._lists.within(self._known, one.id, contact)}

    def _list(self, list_id: str) -> ContactList:
        """The list; made, if it is not known."""
        if list_id not in self._known:
            self._lists.insert(self._project, list_id, "list", list_id=list_id)
            self._known = self._lists.known(self._project)
        return self._known[list_id]

    def _list_problems(self, asked: Iterable[str]) -> Details:
        kinds = (self._known[one].type if one in self._known else "none" for one in asked if one != GLOBAL)
        return [
            {"field": "listIds", "message": _LIST_PROBLEMS[kind]}
            for kind in kinds
            if kind == "segment" or (kind == "none" and self._options.known_lists_only)
        ]

    def _address_problems(self, email: str) -> Details:
        if self._options.suppressed_on_write == "accept":
            return []
        found = Suppressions(self._db).suppressed(self._project, [email])
        return [{"field": "email", "message": "Email is suppressed"}] if found else []


_LIST_PROBLEMS = {"segment": "Segment ids are not allowed", "none": "Contact list not found"}
