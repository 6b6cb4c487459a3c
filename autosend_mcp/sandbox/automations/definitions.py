"""What an automation is, in AutoSend's documented shape, and what starts it.

Sources: the pages "Create automation", "Get automation" and "Automations" (triggers). The members of a transition from
one value to another are not documented: here `from` and `to`, each absent for any value.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from autosend_mcp.sandbox.contact_lists.criteria import criteria_problems, meets, property_of
from autosend_mcp.sandbox.contact_lists.records import ContactList
from autosend_mcp.sandbox.contacts.records import Contact

Definition = dict[str, Any]

CREATED, ADDED = "contact_created", "contact_added_to_list"
MATCHES, CHANGES = "contact_property_matches_with", "contact_property_changes_from_to"
TYPES = (CREATED, ADDED, MATCHES, CHANGES, "event_trigger")
STATUSES = ("draft", "active", "paused", "archived")


@dataclass(frozen=True)
class Automation:
    """An automation; `about` is the id or the name of its list, `definition` what was declared."""

    id: str
    name: str
    status: str
    type: str
    about: str | None
    criteria: dict[str, Any] | None
    reentry: bool
    definition: Definition

    def is_about(self, found: ContactList) -> bool:
        """Return whether this is its list."""
        return self.about in (found.id, found.name)

    def admits(self, contact: Contact) -> bool:
        """Return whether the contact meets the conditions, where there are any besides the trigger itself."""
        return self.type == CHANGES or self.criteria is None or meets(contact, self.criteria, exact=True)

    def change(self, before: Contact | None, contact: Contact) -> list[dict[str, Any]]:
        """Return the property values at which this write starts it; none if the write does not."""
        groups: list[dict[str, Any]] = (self.criteria or {}).get("groups", [])
        values = [
            (group, property_of(before, group["field"]) if before else None, property_of(contact, group["field"]))
            for group in groups
        ]
        if self.type == MATCHES:
            begins = self.admits(contact) and not (before and self.admits(before))
            return [{"field": group["field"], "value": now} for group, _, now in values] if begins else []
        found = [(group, was, now) for group, was, now in values if _changes(group, was, now)]
        enough = bool(found) if (self.criteria or {}).get("logicalOperator") == "OR" else len(found) == len(groups)
        return [{"field": group["field"], "from": was, "to": now} for group, was, now in found] if enough else []


def declared(definition: Definition, *, reentry: bool = False, automation_id: str = "") -> Automation:
    """Return the automation of a definition as the page "Create automation" has it; also with `status`, `settings`.

    `reentry`: whether a contact may start it again, where `settings.allowReentry` does not say.

    Raises:
        ValueError: It is no such definition.
    """
    name = definition.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ValueError("an automation needs a name")
    entry = definition.get("entryCriteria", {"type": CREATED})
    status = definition.get("status", "active")
    problem = "" if status in STATUSES else f"status is one of {', '.join(STATUSES)}"
    problem = problem or (_problem(cast("dict[str, Any]", entry)) if isinstance(entry, dict) else "no entryCriteria")
    if problem:
        raise ValueError(f"automation {name!r}: {problem}")
    entry = cast("dict[str, Any]", entry)
    kind, about, criteria = (entry.get(member) for member in ("type", "contactListId", "filterCriteria"))
    settings: dict[str, Any] = definition.get("settings") or {}
    reentry = settings.get("allowReentry", reentry)
    automation_id = automation_id or definition.get("id") or id_of(name, json.dumps(entry, sort_keys=True))
    return Automation(automation_id, name, status, str(kind), about, criteria, reentry, definition)


def id_of(*words: str) -> str:
    """Return an id that is the same each time the sandbox is started."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:24]


def added_to_list(name: str, contact_list: str) -> Definition:
    """Return the definition of an automation for those who join this list or segment, by its id or name."""
    return {"name": name, "entryCriteria": {"type": ADDED, "contactListId": contact_list}}


def matches_with(field: str, value: str, contact_list: str | None = None) -> Definition:
    """Return the definition of an automation for contacts whose property comes to have this value."""
    group = {"field": field, "fieldType": "string", "operator": "equals", "value": value}
    return _watching(f"{field} became {value}", MATCHES, group, contact_list)


def changes_from_to(
    field: str, was: str | None = None, now: str | None = None, contact_list: str | None = None
) -> Definition:
    """Return the definition of an automation for contacts whose property changes between values; None is any."""
    name = f"{field} changed{f' from {was}' if was is not None else ''}{f' to {now}' if now is not None else ''}"
    ends = {end: value for end, value in (("from", was), ("to", now)) if value is not None}
    return _watching(name, CHANGES, {"field": field, "fieldType": "string"} | ends, contact_list)


def _watching(name: str, kind: str, group: dict[str, Any], contact_list: str | None) -> Definition:
    criteria = {"logicalOperator": "AND", "groups": [group | {"id": "filter_1"}]}
    scope = {"contactListId": contact_list} if contact_list else {}
    return {"name": name, "entryCriteria": {"type": kind, **scope, "filterCriteria": criteria}}


def _problem(entry: Mapping[str, Any]) -> str:
    """Return what is wrong with an entryCriteria, or nothing."""
    kind = entry.get("type")
    if kind not in TYPES:
        return f"type is one of {', '.join(TYPES)}"
    needed = {ADDED: "contactListId", "event_trigger": "eventName"}.get(kind)
    if needed and not isinstance(entry.get(needed), str):
        return f"{kind} needs {needed}"
    criteria: object = entry.get("filterCriteria")
    if kind == CHANGES:
        groups: object = cast("dict[str, object]", criteria).get("groups") if isinstance(criteria, dict) else None
        rows = cast("list[dict[str, object]]", groups) if isinstance(groups, list) else []
        fits = bool(rows) and all(isinstance(row.get("field"), str) for row in rows)
        return "" if fits else f"{kind} needs filterCriteria with the field, from and to of each of its groups"
    problems = criteria_problems(criteria) if criteria is not None or kind == MATCHES else []
    return "; ".join(f"{one['field']}: {one['message']}" for one in problems)


def _changes(group: Mapping[str, Any], was: Any, now: Any) -> bool:
    """Return whether this is the transition. The first value of a property is no change, as documented."""
    if was is None or _text(was) == _text(now):
        return False
    return all(_text(group[end]) == _text(value) for end, value in (("from", was), ("to", now)) if end in group)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
