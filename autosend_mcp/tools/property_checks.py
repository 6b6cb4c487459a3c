"""Custom fields checked against those that are defined, names and types: no field comes into being unasked."""

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from autosend_mcp.api.directory import property_types
from autosend_mcp.errors import NOTHING_CHANGED, NotSent
from autosend_mcp.models.comparison import custom_fields, moment
from autosend_mcp.models.contact_properties import definition_for
from autosend_mcp.models.contacts.contact import Values
from autosend_mcp.models.opt_out_names import is_opt_out
from autosend_mcp.models.text import compact_json, quoted, visible
from autosend_mcp.models.values import OPTING_OUT, RESERVED, SET_BY_AUTOSEND
from autosend_mcp.tools.context import Context

UNCHECKED = "AutoSend's custom fields could not be read, so names and types were not checked."
DATE = 'a date, such as "2024-03-01". Where day and month could be mistaken for each other, ask the user'

NOBODY_CAN_HAVE = (
    "AutoSend reserves the name {}, and nothing here can give a contact such a value: perhaps nobody has it."
)

_KINDS = {"string": "a string", "number": "a number", "boolean": "a boolean", "date": DATE}
_MAX_SHOWN = 20
MAX_DEFINED = 30


async def check_properties(context: Context, people: Iterable[Values]) -> None:
    """Check the custom fields of each of these people against those defined.

    Raises:
        NotSent: A value has the wrong type, or a name is not defined: AutoSend would define it, for good.
    """
    rows = [custom for person in people if (custom := custom_fields(person))]
    if not rows or (defined := await defined_types(context, rows)) is None:
        return
    if problems := list(dict.fromkeys(line for row in rows for line in property_problems(row, defined))):
        advice = to_define(rows, defined)
        lines = ["Fix this:", *(f"- {line}" for line in problems[:_MAX_SHOWN]), *advice]
        facts = {"defined": [*defined][:MAX_DEFINED]} if advice else {}
        what = "Custom fields are not as defined in AutoSend."
        raise NotSent(what, "\n".join(lines), changed=NOTHING_CHANGED, facts=facts)


async def defined_types(context: Context, rows: Sequence[Mapping[str, Any]] = ()) -> dict[str, str] | None:
    """Return the type of each custom field that is defined, by name; None where that cannot be read, with a note.

    They are a minute old at most, and read again for a name in `rows` that is not among them.
    """
    cached = context.call.cache.properties
    known = cached.rows
    types = await property_types(context.call)
    if types is not None and cached.rows is known and undefined(rows, types):
        cached.invalidate()
        types = await property_types(context.call)
    if types is None:
        context.notes.append(UNCHECKED)
    return types


def undefined(rows: Iterable[Mapping[str, Any]], defined: Mapping[str, str]) -> dict[str, Any]:
    """Return the values whose names are not defined, by name; what is only to be cleared brings no field into being."""
    named = [(name, value) for row in rows for name, value in row.items() if value is not None]
    return {name: value for name, value in named if name not in defined}


def to_define(rows: Iterable[Mapping[str, Any]], defined: Mapping[str, str]) -> list[str]:
    """Return how the names that are not defined would be, if that is wanted: a line, or none."""
    seen = {*map(visible, defined)}  # what looks like a field that there is, is no new one
    new = {
        name: value
        for name, value in undefined(rows, defined).items()
        if visible(name) not in seen and not is_opt_out(name, value)
    }
    if not new:
        return []
    name, value = next(iter(new.items()))
    call = compact_json(definition_for(name, value))
    return [f"For a new field, which is for good, call create_custom_field first, as in {call}."]


def property_problems(custom: Mapping[str, Any], defined: Mapping[str, str]) -> list[str]:
    """Return a line for each value of the wrong type and each name that is not defined."""
    lines: list[str] = []
    for name, value in custom.items():
        kind = defined.get(name)
        if kind is None:
            near = _nearest(name, [known for known in defined if known not in custom], clearing=value is None)
            if near or value is not None:
                opts_out = value is not None and is_opt_out(name, value)
                shown, meant = _told(name, near)
                lines.append(f"customFields.{shown}: {f'{OPTING_OUT}.' if opts_out else f'not defined{meant}'}")
        elif not fits(value, kind):
            lines.append(f"customFields.{quoted(name)}: must be {_KINDS[kind]}.")
    return lines


def _nearest(name: str, known: Sequence[str], *, clearing: bool) -> str:
    """Return the name that is meant, perhaps: `phone` for `phoneNumber`; nothing where none is near."""
    if alike := [each for each in known if visible(each) == visible(name)]:
        return alike[0]
    wanted = name.lower()
    lowered = {each.lower(): each for each in known}
    near = get_close_matches(wanted, lowered, n=1, cutoff=0.8)
    if not near and not clearing:
        near = [each for each in lowered if len(each) > 2 and (each in wanted or wanted in each)]
        near = near or get_close_matches(wanted, lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else ""


def _told(name: str, near: str) -> tuple[str, str]:
    """Return a name that is not defined, and the end of what is said of it: which one is near, if one is.

    Where the two look alike, both are written with escapes, so that they can be told apart and given.
    """
    write = quoted if visible(near) != visible(name) else _escaped
    return write(name), f"; did you mean {write(near)}?" if near else "."


def _escaped(text: str) -> str:
    return json.dumps(text[:80])


def fits(value: object, kind: str) -> bool:
    """Return whether the value is of the type of the custom field."""
    if value is None:  # to be cleared
        return True
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "date":
        return isinstance(value, str) and moment(value) is not None
    return isinstance(value, str) or kind not in _KINDS


async def note_fields_nobody_has(context: Context, names: Iterable[str]) -> None:
    """Note the names of fields, in conditions, that no contact can have: the conditions would never be met."""
    wanted = dict.fromkeys(names)
    if not wanted or (defined := await defined_types(context)) is None:
        return
    known = {"email", *RESERVED, *SET_BY_AUTOSEND, *defined}
    cannot_be_set = {name for name in RESERVED if not RESERVED[name]} - {*SET_BY_AUTOSEND, *defined}
    context.notes += [NOBODY_CAN_HAVE.format(quoted(name)) for name in wanted if name in cannot_be_set]
    for name in [name for name in wanted if name not in known][:20]:
        near, *_ = [*get_close_matches(name, known, n=1, cutoff=0.7), ""]
        shown, meant = _told(name, near)
        context.notes.append(f"No custom field or field of contacts is called {shown}{meant}")
