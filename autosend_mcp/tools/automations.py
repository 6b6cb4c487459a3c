"""Which live automations a write starts, or keep a list from being deleted; named where AutoSend shows them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from autosend_mcp.api.calls import Call
from autosend_mcp.api.directory import active_automations, recent_lists
from autosend_mcp.errors import AutoSendError
from autosend_mcp.models.automations import Automation, Change
from autosend_mcp.models.text import compact_json

NONE_WOULD = "No live automation would start."
NOT_NAMED = "Which there are could not be read."
WOULD = "Live automations that would start:"
MAY = "Live automations that may start:"
STARTED = "Live automations that start now:"
MAY_HAVE = "Live automations that may start now:"

# Where no call of the last minute has read which automations there are.
CHANGES_MAY_HAVE = "Live automations that watch for the changed values may start now."

_MAX_SHOWN = 20


async def effects(call: Call, change: Change, unnamed: Sequence[str]) -> dict[str, Any]:
    """Return what a dry run says of the automations that the change would start: `wouldStart`, `mayStart`.

    `unnamed`: sentences that say it where AutoSend does not show its automations to this key.
    """
    rows = await active_automations(call)
    if rows is None:
        return {"effects": " ".join([*unnamed, NOT_NAMED])} if unnamed else {}
    if any(row.entry_criteria.contact_list_id for row in rows):
        with suppress(AutoSendError):
            await recent_lists(call)
    would, may = _started(call, rows, change)
    if not would and not may:
        return {"effects": NONE_WOULD}
    return {"wouldStart": would[:_MAX_SHOWN], "mayStart": may[:_MAX_SHOWN]}


async def automations_of(call: Call, list_id: str) -> list[str]:
    """Return the names of the live automations that are about this list or segment; none where that is not known."""
    rows = await active_automations(call) or []
    return [row.name for row in rows if row.entry_criteria.contact_list_id == list_id][:_MAX_SHOWN]


def in_words(shown: Mapping[str, Any]) -> list[str]:
    """Return what `effects` returned as notes."""
    if "effects" in shown:
        return [shown["effects"]]
    named = {WOULD: shown.get("wouldStart"), MAY: shown.get("mayStart")}
    return [f"{text} {compact_json(names)}" for text, names in named.items() if names]


def started(call: Call, change: Change) -> list[str]:
    """Return notes that name what the change starts, from what was read in the last minute; it costs no request.

    Without that, they say what changed values may start: of lists and new contacts the other notes and texts say it.
    """
    cached = call.cache.automations
    if cached.rows is None or not cached.is_fresh:
        return [CHANGES_MAY_HAVE] if change.changes else []
    named = zip((STARTED, MAY_HAVE), _started(call, cached.rows, change), strict=True)
    return [f"{text} {compact_json(names[:_MAX_SHOWN])}" for text, names in named if names]


def _started(call: Call, rows: Sequence[Automation], change: Change) -> tuple[list[str], list[str]]:
    """Return the names of the automations that the change starts, and of those that it may start."""
    plain = {row.id for row in call.cache.lists.rows or () if not row.is_segment}
    fates = [(row.name, row.starts(change, plain)) for row in rows]
    return [name for name, starts in fates if starts], [name for name, starts in fates if starts is None]
