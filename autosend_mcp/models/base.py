"""What all models share: text made safe, request bodies, answers, and the schema published for them."""

import unicodedata
from functools import cache
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, to_json

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


def visible_data(value: Any) -> Any:
    """JSON data with every text in it made visible, the names too."""
    text = to_json(value)
    plain = text.isascii() and b"\\" not in text and b"\x7f" not in text  # a control character is escaped in JSON
    return value if plain else _visible_parts(value)


def _visible_parts(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(name): _visible_parts(v) for name, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_visible_parts(one) for one in cast("list[Any]", value)]
    return value


def quoted(name: str) -> str:
    """A name that somebody else chose as a JSON string, so that it is never taken for the server's own words."""
    return to_json(visible(name)[:80]).decode()


# An object whose members need no spelling out: each member in a schema costs every conversation tokens.
JsonObject = Annotated[dict[str, Any], WithJsonSchema({"type": "object"})]


class Body(BaseModel):
    """A request body: the tool's arguments, validated. The field names in JSON are AutoSend's own."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,  # what is not used is not built, so that starting takes less time
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_by_name=True,
    )

    def payload(self) -> dict[str, Any]:
        """The JSON to send: what was given, under AutoSend's names."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Write(Body):
    """The arguments of a tool that changes something."""

    dry_run: bool = Field(default=False, description="Send nothing; show what would be sent and change.")


# What comes first and last, in a schema and in an answer.
_PLACES = {"outcome": -1, "undo": 1, "confirm": 2, "dryRun": 3, "notes": 4}


class Answer(BaseModel):
    """A tool's answer: what an assistant can use. `notes`: repairs, warnings and effects to know of."""

    model_config = ConfigDict(
        alias_generator=to_camel, defer_build=True, validate_by_name=True, hide_input_in_errors=True
    )

    notes: list[str] | None = None

    def payload(self) -> dict[str, Any]:
        """The answer as JSON data: the outcome first, the notes last, without what is absent."""
        unsaid = None if self.notes else {"notes"}
        data = visible_data(self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=unsaid))
        return _placed(data)


def _placed(members: dict[str, Any]) -> dict[str, Any]:
    return {name: members[name] for name in sorted(members, key=lambda name: _PLACES.get(name, 0))}


class AsHeld(Answer):
    """What AutoSend sent, untouched, beside the parts of it that are shown."""

    raw: dict[str, Any] = Field(default_factory=dict[str, Any], validation_alias="as held", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _keep_raw(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        held = cast("dict[str, Any]", data)
        return held | {"as held": held}


class Written(Answer):
    """The answer of a tool that changes something.

    `plan`: with dryRun, the request that would be sent and what it would change. `undo`: the calls that would take
    the change back, each `{"tool", "arguments"}`; none takes back mail that was sent.
    """

    plan: JsonObject | None = None
    undo: list[JsonObject] | None = None


def step(tool: str, **arguments: object) -> dict[str, object]:
    """One call of a tool, as data."""
    return {"tool": tool, "arguments": arguments}


def planned(method: str, path: str, body: object, **more: object) -> dict[str, Any]:
    """What a dry run shows: the exact request, and what else is known of it."""
    request = {"method": method, "path": path} | ({} if body is None else {"body": body})
    return {"request": request} | {name: value for name, value in more.items() if value}


# In a validation error of this kind the text is ours, complete, and free of the value.
RULE = "rule"


def broken_rule(text: str) -> PydanticCustomError:
    """A validation error that says which rule is broken: "must be ...". Never with the value in it."""
    return PydanticCustomError(RULE, "{text}", {"text": text})


# No answer is longer than this in UTF-8, so that none has more than 25,000 tokens: a token is at least one byte.
MAX_ANSWER_BYTES = 24_000


SHORTENED = "Shortened to fit: long texts end in three dots, and long arrays and objects are cut."

# What tells one thing from another is not cut, as long as it can be one.
_IDENTITY = frozenset({"id", "email", "fieldName", "groupId"})
_LONGEST_IDENTITY = 1_000


def size(value: object) -> int:
    """The bytes of the value as compact JSON."""
    return len(to_json(value))


def shortened(data: Any, most: int = MAX_ANSWER_BYTES) -> Any:
    """The data cut until it has at most `most` bytes: long texts first, then long arrays and objects."""
    for text, entries in ((2_000, 10_000), (500, 10_000), (200, 200), (100, 50), (50, 20), (20, 10), (10, 4)):
        if size(data) <= most:
            break
        data = _cut(data, text, entries)
    return data if size(data) <= most else type(data)()


def _cut(value: Any, text: int, entries: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= text else f"{value[:text]}..."
    if isinstance(value, dict):
        members = list(cast("dict[str, Any]", value).items())[:entries]
        return {name: _cut(inner, _LONGEST_IDENTITY if name in _IDENTITY else text, entries) for name, inner in members}
    if isinstance(value, list):
        return [_cut(one, text, entries) for one in cast("list[Any]", value)[:entries]]
    return value


# In the schema of a field: it may come, and is not worth the tokens of being announced.
UNPUBLISHED = "unpublished"

_UNPUBLISHED = {
    "title", "default", "examples", "propertyNames", "maxLength", "minLength", "maxItems", "minItems", "maxProperties",
    "maximum", "minimum",
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
            shown = {name: _plain(field) for name, field in value.items() if not field.get(UNPUBLISHED)}
            plain[key] = _placed(shown)
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
