"""Judge all contacts of a project by a segment's conditions, inside one SQL statement.

SQL reads the values that the conditions are about, and a function judges them as it judges a contact that is written:
once for all contacts with the same values.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from autosend_mcp.sandbox.contact_lists.contact_list import ContactList
from autosend_mcp.sandbox.contact_lists.criteria import BUILT_IN, bare_name
from autosend_mcp.sandbox.contacts.records import DROPPED, FIELDS

_REMEMBERED = 10_000


def judging(segment: ContactList) -> tuple[str, Callable[..., bool]]:
    """Return the values of a row of `contacts c` that the segment's conditions need, as SQL, and what judges them."""
    groups: list[dict[str, Any]] = (segment.criteria or {}).get("groups", [])
    fields = dict.fromkeys(group["field"] for group in groups)
    own = [field for field in fields if field in BUILT_IN]
    names = [*dict.fromkeys(bare_name(field) for field in fields if field not in BUILT_IN)]

    def is_met(dropped: str | None, custom: str, *values: Any) -> bool:
        found: dict[str, Any] | list[Any] = from_json(custom)
        read = found if isinstance(found, dict) else dict(zip(names, found, strict=False))
        for name in from_json(dropped) if dropped else ():
            read.pop(name, None)
        return segment.is_met(dict(zip(own, values, strict=True)) | {"customFields": read})

    columns = [f"c.{FIELDS[field]}" for field in own]
    return ", ".join([DROPPED, _custom(names), *columns]), lru_cache(_REMEMBERED)(is_met)


def _custom(names: list[str]) -> str:
    """Return the values under these names as SQL: a JSON array of them, or the whole object if one cannot be a path."""
    if not names:
        return "'[]'"
    if any(character in '"\\' or not character.isprintable() for name in names for character in name):
        return "c.custom_fields"
    paths = [f"""'$."{name.replace("'", "''")}"'""" for name in names]
    return f"json_extract(c.custom_fields, {', '.join([*paths, paths[0]])})"
