"""What all models share: text made safe, request bodies, answers, and the schema published for them."""

import unicodedata
from functools import cache
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

# Characters that render as nothing although Unicode calls them letters, marks or symbols.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LINE_BREAKS = frozenset("\t\n\v\f\r\x85\u2028\u2029")


def visible(text: str) -> str:
    """The text without invisible, bidirectional or control characters; line breaks and tabs become spaces.

    Text from AutoSend was written by strangers; what a person cannot see, an assistant should not read.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if char in _LINE_BREAKS else char for char in text if char in _LINE_BREAKS or _shows(char))


def _shows(char: str) -> bool:
    if char in _BLANK or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        return False
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


VisibleText = Annotated[str, AfterValidator(visible)]


class Body(BaseModel):
    """A request body: the tool's arguments, validated. The field names in JSON are AutoSend's own."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True, validate_by_name=True
    )

    def payload(self) -> dict[str, Any]:
        """The JSON to send: what was given, under AutoSend's names."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


_PLACES = {"outcome": -1, "notes": 1}


class Answer(BaseModel):
    """A tool's answer: what an assistant can use. `notes`: repairs, warnings and effects to know of."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, hide_input_in_errors=True)

    notes: list[str] | None = None

    def payload(self) -> dict[str, Any]:
        """The answer as JSON data: the outcome first, the notes last, without what is absent."""
        data = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {name: data[name] for name in sorted(data, key=lambda name: _PLACES.get(name, 0))}


# In a validation error of this kind the text is ours, complete, and free of the value.
RULE = "rule"


def broken_rule(text: str) -> PydanticCustomError:
    """A validation error that says which rule is broken: "must be ...". Never with the value in it."""
    return PydanticCustomError(RULE, "{text}", {"text": text})


_UNPUBLISHED = {
    "title", "default", "examples", "propertyNames", "maxLength", "minLength", "maxItems", "maxProperties",
}  # fmt: skip


@cache
def published_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a body or an answer as every host accepts it.

    Flat: no `$ref`, no null unions, no `const`. Lean: no titles, defaults or length limits, which cost tokens in
    every conversation; a value beyond a limit is refused with the limit in the text.
    """
    plain = _plain(model.model_json_schema(by_alias=True))
    plain.pop("description", None)
    return plain


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _UNPUBLISHED:
            continue
        if key == "properties":
            plain[key] = {name: _plain(field) for name, field in value.items()}
        elif key == "anyOf":
            plain |= _union([_plain(member) for member in value])
        elif key == "const":
            plain["enum"] = [value]
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
