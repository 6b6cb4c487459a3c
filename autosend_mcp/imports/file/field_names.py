"""The names of custom fields that columns become: those that are defined, and new ones that AutoSend can have."""

import re
from collections.abc import Iterable

from autosend_mcp.imports.file.known_headers import plain
from autosend_mcp.models.contacts.contact import CUSTOM, LISTS, PROPERTIES
from autosend_mcp.models.text import quoted
from autosend_mcp.models.values import RESERVED, SET_BY_AUTOSEND

CUSTOM_PREFIX = f"{CUSTOM}."
_NEWER_PREFIX = f"{PROPERTIES}."

# What these say must not be stored under another name: they are no attributes, but lists and opt-outs.
_NEVER = {name for name in RESERVED if name.startswith(("unsubscribe", "contactLists"))} | {LISTS, CUSTOM, PROPERTIES}
_TAKEN = {*RESERVED, *SET_BY_AUTOSEND, *_NEVER}
_MAX_NAMED = 20


def bare(name: str) -> str:
    """Return the name of a custom field without what may stand before it."""
    return name.removeprefix(CUSTOM_PREFIX).removeprefix(_NEWER_PREFIX)


def is_reserved(field: str) -> bool:
    """Return whether no custom field can have this name."""
    return field in _TAKEN


def new_name(column: str) -> str:
    """Return a name for a custom field that a template can use: `trialEnds` for `Trial ends`, `created_at` for
    `Created At`, as AutoSend has a `createdAt` of its own.

    A name that must not be stored under another stays as it is.
    """
    name = _camel(column)
    if name in _NEVER or name not in _TAKEN:
        return name
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    others = [snake, *(f"{name}{number}" for number in range(2, 9))]
    return next(other for other in others if other not in _TAKEN)


def _camel(column: str) -> str:
    if column in _TAKEN or re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", column):
        return column
    parts = [part for part in re.split(r"[\W_]+", re.sub(r"(?i)\be-mail", "email", column)) if part]
    first, *rest = [*parts, ""]
    return first.lower().replace("i\u0307", "i") + "".join(part[:1].upper() + part[1:] for part in rest)


def alike(name: str, defined: Iterable[str]) -> list[str]:
    """Return the defined fields whose names differ from this one in case, accents, spaces and punctuation alone."""
    key = plain(name)
    return [known for known in defined if plain(known) == key]


def named(names: Iterable[str]) -> str:
    """Return names for a sentence; of many the first."""
    every = [*names]
    shown = ", ".join(quoted(name) for name in every[:_MAX_NAMED])
    return f"{shown} and {len(every) - _MAX_NAMED} more" if len(every) > _MAX_NAMED else shown
