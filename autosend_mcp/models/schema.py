"""The JSON schema that is published for a model."""

from functools import cache
from typing import Any, cast

from pydantic import BaseModel

# What comes first and last, in a schema and in an answer.
_POSITIONS = {"outcome": -1, "limit": 1, "cursor": 1, "undo": 1, "confirm": 2, "dryRun": 3, "notes": 4}


def in_order(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members with the outcome first and the notes last."""
    return {name: members[name] for name in sorted(members, key=lambda name: _POSITIONS.get(name, 0))}


# In the schema of a field: it may come, and is not worth the tokens of being announced.
UNPUBLISHED = "unpublished"


_UNPUBLISHED = {
    "title", "default", "examples", "propertyNames", "maxLength", "minLength", "minItems", "maxProperties",
    "maximum", "minimum",
}  # fmt: skip


@cache
def published_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a body or an answer as every host accepts it.

    Flat: no `$ref`, no null unions, no `const`. Lean: no titles, defaults or limits, which cost tokens in every
    conversation; a value beyond a limit is refused with the limit in the text. Only how many entries an array takes is
    published: who learns of that afterwards has written hundreds of them for nothing.
    Open at its root: the server knows by itself which arguments are its own, and `additionalProperties: false` there
    breaks google-genai's converter.
    """
    plain = _plain(model.model_json_schema(by_alias=True))
    plain.pop("description", None)
    plain.pop("additionalProperties", None)
    return {"type": plain.pop("type"), **plain}  # first, as the SDK sends it


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _UNPUBLISHED:
            continue
        if key == "properties":
            shown = {name: _plain(field) for name, field in value.items() if not field.get(UNPUBLISHED)}
            plain[key] = in_order(shown)
        elif key == "anyOf":
            plain |= _union([_plain(member) for member in value])
        elif isinstance(value, dict):
            plain[key] = _plain(cast("dict[str, Any]", value))
        else:
            plain[key] = value
    return plain


def _union(members: list[dict[str, Any]]) -> dict[str, Any]:
    kept = [member for member in members if member.get("type") != "null"]
    if any(member.get("type") == "number" for member in kept):
        kept = [member for member in kept if member.get("type") != "integer"]
    return kept[0] if len(kept) == 1 else {"anyOf": kept}
