"""What an argument means that is not quite of the type wanted: nothing, one value for a list, a list as text."""

import ast
import re
from contextlib import suppress
from typing import Any, cast

from pydantic_core import from_json

# What programs print for nothing. As a text for an optional argument none of them is ever meant.
_NOTHING = {"null", "NULL", "undefined", "None", "nil", "NaN", "<nil>", "<null>", "(null)"}
# A word, too: `diet: "None"` says something.
_NOTHING_IN_FIELDS = _NOTHING - {"None"}

_JSON_TYPES: dict[str, type] = {"array": list, "object": dict}
_MAX_LITERAL = 100_000
_FENCE = re.compile(r"^```[a-z0-9]*\s+|\s*```$")
_WORDS = re.compile(r"[\w-]+")
_BETWEEN_ADDRESSES = re.compile(r"[,;\n]+")


def is_blank(value: object) -> bool:
    """Return whether the value is null, or a text of nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_empty(value: object) -> bool:
    """Return whether the value stands for "not given": null, a text of nothing, an empty array or object."""
    return is_blank(value) or value in ([], {})


def is_word_for_nothing(value: object) -> bool:
    """Return whether the value is what a program prints for nothing, such as `null`."""
    return isinstance(value, str) and value.strip() in _NOTHING


def as_wanted(name: str, value: object, schema: dict[str, Any], notes: list[str]) -> object:
    """Return the value as the schema wants it where it is plainly meant so, with a note; else as it is."""
    kind = schema.get("type")
    if isinstance(value, str) and kind in _JSON_TYPES:
        value = _from_text(name, value, kind, notes)
    if kind == "array":
        return _as_array(name, value, schema.get("items", {}), notes)
    if isinstance(value, dict) and "anyOf" in schema.get("additionalProperties", ()):
        return _without_words(name, cast("dict[str, object]", value), notes)
    return cast("object", value)


def object_in(value: object) -> dict[str, object] | None:
    """Return the object that a value is, or is alone in an array, or as text; None if it is none.

    An empty array is an empty object: PHP writes both as `[]`.
    """
    if isinstance(value, str):
        parsed = _parsed(value)
        return None if parsed is None or parsed == value else object_in(parsed)
    if isinstance(value, list):
        entries = cast("list[object]", value)
        value = {} if not entries else entries[0] if len(entries) == 1 else None
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _parsed(text: str) -> object:
    """Return what a text holds in JSON or as Python prints it, also in a Markdown fence; None for anything else."""
    text = _FENCE.sub("", text.strip())
    with suppress(ValueError):
        return cast("object", from_json(text, allow_inf_nan=False))
    if len(text) < _MAX_LITERAL and text[:1] in ("[", "{"):
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            return cast("object", ast.literal_eval(text))
    return None


def _from_text(name: str, text: str, kind: str, notes: list[str]) -> object:
    """Return the array or object that a text holds, in JSON or as Python prints it; else the text."""
    parsed = _parsed(text)
    if isinstance(parsed, str) and kind == "array":
        return parsed
    if isinstance(parsed, _JSON_TYPES[kind]) or (isinstance(parsed, dict) and kind == "array"):
        notes.append(f"{name} came as a JSON string and was read as an {kind}.")
        return cast("object", parsed)
    return text


def _as_array(name: str, value: object, items: dict[str, Any], notes: list[str]) -> object:
    """Return one value as an array of it, and an array without the entries that are nothing."""
    of_objects = items.get("type") == "object"
    if isinstance(value, str) and not of_objects and not is_blank(value) and not is_word_for_nothing(value):
        if "enum" in items:
            value = cast("list[str]", _WORDS.findall(value))
        elif not value.lstrip().startswith(("[", "{")):
            value = _split(value)
        if isinstance(value, list):
            notes.append(f"{name}: one text was read as an array of {len(value)}.")
    elif isinstance(value, dict) and of_objects and value:
        value = cast("list[object]", [value])
        notes.append(f"{name}: one object was read as an array of it.")
    if not isinstance(value, list):
        return cast("object", value)
    entries = cast("list[object]", value)
    if of_objects:
        return [_object_of(entry) for entry in entries]
    kept = [entry for entry in entries if not is_empty(entry) and not is_word_for_nothing(entry)]
    if entries and len(kept) < len(entries):
        notes.append(f"{name}: {len(entries) - len(kept)} empty of {len(entries)} left out.")
    return kept


def _split(text: str) -> list[str]:
    """Return the addresses in a text, where it holds nothing else; else the text alone."""
    parts = [part.strip() for part in _BETWEEN_ADDRESSES.split(text) if part.strip()]
    if len(parts) == 1:
        words = text.split()
        parts = words if all("@" in word for word in words) else parts
    return parts if len(parts) > 1 and all("@" in part for part in parts) else [text]


def _object_of(entry: object) -> object:
    """Return the object that an entry is, or that its text is in JSON."""
    if isinstance(entry, str):
        with suppress(ValueError):
            return cast("object", from_json(entry, allow_inf_nan=False))
    return entry


def _without_words(name: str, fields: dict[str, object], notes: list[str]) -> dict[str, object]:
    """Return the values without those that are a program's word for nothing."""
    words = [field for field, value in fields.items() if isinstance(value, str) and value.strip() in _NOTHING_IN_FIELDS]
    if words:
        notes.append(f"The word for nothing was not sent: {', '.join(f'{name}.{field}'[:80] for field in words[:5])}.")
    return {field: value for field, value in fields.items() if field not in words}
