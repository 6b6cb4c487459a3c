"""Automations: which of them a write to contacts starts.

Sources: AutoSend's documentation, the pages of "Automations" (their `entryCriteria`) and "Triggers".
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from autosend_mcp.models.base import JsonObject
from autosend_mcp.models.contact_lists.lists import EVERYBODY
from autosend_mcp.models.text import VisibleText

# Sources: the page "Create contact" of 2026-01-20 (automations run for the list of all contacts and for those passed)
# and the automation trigger `contact_created`. For contacts that a bulk write makes, nothing is documented.
NEW_CONTACT_WOULD = "Any live automation for new contacts would start."
NEW_CONTACTS_MAY = "Live automations for new contacts may start."

AUTOMATIONS_START = "Any live automation of these lists starts now."
AUTOMATIONS_WOULD = "Any live automation of these lists would start."


@dataclass(frozen=True, slots=True)
class Change:
    """What a write does to contacts.

    `creates`: whether there are new ones. `joins`: the ids of the lists that somebody joins; `may_join`: of those in
    which all may be already. `changes`: the names of the values that change, as in replies; None where the write does
    not start what watches values. `surely`: False where AutoSend does not document what such a write starts.
    """

    creates: bool = False
    joins: Collection[str] = ()
    may_join: Collection[str] = ()
    changes: Collection[str] | None = None
    surely: bool = True


class Trigger(BaseModel):
    """What starts an automation. `filter_criteria`: conditions that it has besides."""

    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)

    type: str = "contact_created"  # the documented default
    contact_list_id: str | None = None
    filter_criteria: JsonObject | None = None

    @property
    def fields(self) -> set[str]:
        """The names of the values in its conditions, without `customFields.` or `contactProperties.` before them."""
        criteria = self.filter_criteria or {}
        rows = criteria.get("groups") or criteria.get("conditions")
        conditions = cast("list[Any]", rows) if isinstance(rows, list) else []
        named = (cast("dict[str, Any]", row).get("field") for row in conditions if isinstance(row, dict))
        return {_bare(field) for field in named if isinstance(field, str)}


class Automation(BaseModel):
    """An automation as AutoSend returns it."""

    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)

    name: VisibleText
    entry_criteria: Trigger = Field(default_factory=Trigger)

    def starts(self, change: Change, plain_lists: Collection[str]) -> bool | None:
        """Return whether a change like this starts it; None where that depends on what is not known here.

        `plain_lists`: the ids of the lists that are no segments; who a change moves into a segment is not known.
        """
        trigger = self.entry_criteria
        joined = trigger.contact_list_id in change.joins
        changed = {_bare(name) for name in change.changes or ()}
        touched = bool(changed & trigger.fields or (changed and not trigger.fields))
        fates: dict[str, bool | None] = {
            "contact_created": change.creates,
            "contact_added_to_list": joined or _by_scope(trigger.contact_list_id, change, plain_lists),
            "contact_property_matches_with": None if change.creates or touched else False,
            "contact_property_changes_from_to": None if touched else False,  # a first value is no change
            "event_trigger": False,
        }
        fate = fates.get(trigger.type)
        return None if fate and (trigger.filter_criteria or not (change.surely or joined)) else fate


def _by_scope(scope: str | None, change: Change, plain_lists: Collection[str]) -> bool | None:
    """Return whether the change puts somebody into this list or segment, that it does not surely name."""
    if scope == EVERYBODY:
        return change.creates
    return False if scope in plain_lists and scope not in change.may_join else None


def _bare(name: str) -> str:
    return name.rpartition(".")[2]
