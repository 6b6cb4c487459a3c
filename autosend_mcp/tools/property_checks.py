"""Custom fields checked against those that are defined: types, and names that look misspelt."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from autosend_mcp.api.directory import property_types
from autosend_mcp.errors import NOTHING_CHANGED, NotSent
from autosend_mcp.models.comparison import custom_fields, moment
from autosend_mcp.models.contacts.contact import Values
from autosend_mcp.models.text import quoted, visible
from autosend_mcp.models.values import RESERVED, SET_BY_AUTOSEND
from autosend_mcp.tools.context import Context

UNCHECKED = "AutoSend's custom fields could not be read, so names and types were not checked."
UNDEFINED = "Not defined as custom fields: {}. What AutoSend does with such a value is not documented."

NOBODY_CAN_HAVE = (
    "AutoSend reserves the name {}, and nothing here can give a contact such a value: perhaps nobody has it."
)

_KINDS = {"string": "string", "number": "number", "boolean": "boolean", "date": 'date, such as "2024-03-01"'}


async def check_properties(context: Context, people: Iterable[Values]) -> None:
    """Check the custom fields of each of these people against those defined.

    A name that is not defined and near no other goes through, with a note.

    Raises:
        NotSent: A value has the wrong type, or a name looks misspelt.
    """
    rows = [custom for person in people if (custom := custom_fields(person))]
    if not rows or (defined := await defined_types(context)) is None:
        return
    problems = list(dict.fromkeys(line for row in rows for line in property_problems(row, defined)))
    if problems:
        lines = ["If a name is meant as it is, define it first with create_custom_field. Fix this:", *problems[:20]]
        raise NotSent("Custom fields are not as defined in AutoSend.", "\n".join(lines), changed=NOTHING_CHANGED)
    note_undefined(context, rows, defined)


async def defined_types(context: Context) -> dict[str, str] | None:
    """Return the type of each custom field that is defined, by name; None where that cannot be read, with a note."""
    types = await property_types(context.call)
    if types is None:
        context.notes.append(UNCHECKED)
    return types


def property_problems(custom: Mapping[str, Any], defined: Mapping[str, str]) -> list[str]:
    """Return a line for each value of the wrong type and each name that looks misspelt."""
    lines: list[str] = []
    for name, value in custom.items():
        kind = defined.get(visible(name))
        if kind is None:
            lowered = {known.lower(): known for known in defined if known not in custom}
            if near := get_close_matches(name.lower(), lowered, n=1, cutoff=0.8):
                lines.append(f"- customFields.{quoted(name)}: not defined; did you mean {quoted(lowered[near[0]])}?")
        elif not _fits(value, kind):
            lines.append(f"- customFields.{quoted(name)}: must be a {_KINDS[kind]}.")
    return lines


def _fits(value: object, kind: str) -> bool:
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
    for name in [name for name in wanted if visible(name) not in known][:20]:
        near = get_close_matches(name, known, n=1, cutoff=0.7)
        meant = f"; did you mean {quoted(near[0])}?" if near else "."
        context.notes.append(f"No custom field or field of contacts is called {quoted(name)}{meant}")


def note_undefined(context: Context, rows: Iterable[Mapping[str, Any]], defined: Mapping[str, str]) -> None:
    """Note the names that are not defined."""
    names = dict.fromkeys(name for row in rows for name in row if visible(name) not in defined)
    if names:
        shown = [quoted(name) for name in names][:20]
        context.notes.append(UNDEFINED.format(", ".join(shown)))
