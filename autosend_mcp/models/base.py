"""What all models share: request bodies, answers, and the rules that values may break."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from autosend_mcp.models.bounds import size
from autosend_mcp.models.schema import UNPUBLISHED, in_order
from autosend_mcp.models.shapes import Plan
from autosend_mcp.models.text import visible_data

# An object whose members need no spelling out: each member in a schema costs every conversation tokens.
JsonObject = Annotated[dict[str, Any], WithJsonSchema({"type": "object"})]


OutcomeT = TypeVar("OutcomeT", bound=str)


class Body(BaseModel):
    """A request body: the tool's arguments, validated. The field names in JSON are AutoSend's own.

    `spellings`: the further names that AutoSend has for some of them; accepted, never published.
    """

    spellings: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,  # what is not used is not built, so that starting takes less time
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_by_name=True,
    )

    def payload(self) -> dict[str, Any]:
        """Return the JSON to send: what was given, under AutoSend's names."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class WriteBody(Body):
    """The arguments of a tool that changes something."""

    dry_run: bool = Field(default=False, description="Only show what would be sent and change.")


# By name, what a write changed: `{"firstName": {"was": "Jan", "now": "Jane"}}`.
Changes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a tool that takes back a part of a write: an undo is some of these.

    `changed`: by address (or other name), what the write changed there. What is no longer so is somebody else's.
    """

    tool: str
    arguments: Mapping[str, object]
    changed: Mapping[str, Changes] = field(default_factory=dict[str, Changes])

    def shown(self) -> dict[str, object]:
        """Return the call as data."""
        return {"tool": self.tool, "arguments": dict(self.arguments)}


def step(tool: str, changed: Mapping[str, Changes] | None = None, /, **arguments: object) -> Step:
    """Return one call of a tool, with its arguments under AutoSend's names."""
    return Step(tool, arguments, changed or {})


class Answer(BaseModel):
    """A tool's answer: what an assistant can use. `notes`: repairs, warnings and effects to know of.

    `steps`: the calls that would take back what the tool did, in this order; they are kept, not shown. `undo`: what
    the tool `undo` takes instead.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, defer_build=True, validate_by_name=True, hide_input_in_errors=True
    )

    notes: list[str] | None = None
    undo: SkipJsonSchema[str | None] = None
    steps: SkipJsonSchema[list[Step]] = Field(default_factory=list[Step], exclude=True)

    @property
    def outcome_word(self) -> str:
        """What became of the call, in one word: a read is done."""
        return "done"

    def payload(self) -> dict[str, Any]:
        """Return the answer as JSON data: the outcome first, the notes last, without what is absent."""
        unsaid = None if self.notes else {"notes"}
        data = visible_data(self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=unsaid))
        return in_order(data)


# The members of a write's answer that say what it was about.
SUMMARY = ("email", "name", "fieldName", "list", "counts", "deleted")


class Stored(Answer):
    """Something as AutoSend shows it. `seen_at`: AutoSend's own time of the reply that shows it, if it says."""

    seen_at: datetime | None = Field(default=None, exclude=True, json_schema_extra={UNPUBLISHED: True})


class KeepsRaw(Stored):
    """Keeps AutoSend's original object in `raw`, beside the parts of it that are shown."""

    raw: dict[str, Any] = Field(default_factory=dict[str, Any], validation_alias="original", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _keep_raw(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        original = cast("dict[str, Any]", data)
        return original | {"original": original}


class WriteAnswer(Answer, Generic[OutcomeT]):
    """The answer of a tool that changes something.

    `plan`: with dryRun, the request that would be sent and what it would change. `undo`: what the tool `undo` takes to
    take the change back; nothing takes back mail that was sent.
    """

    outcome: OutcomeT
    plan: Plan | None = None
    undo: str | None = None

    @property
    def outcome_word(self) -> str:
        """The outcome, whatever the tool calls it."""
        return self.outcome


_MAX_BODY = 1_000


def planned(request: Mapping[str, Any] | None, **more: object) -> dict[str, Any]:
    """Return what a dry run shows: the request that would be sent, and what else is known of it; nothing empty but 0.

    Of a long request only method and path: its body repeats the arguments.
    """
    sent = dict(request or {})
    if size(sent.get("body")) > _MAX_BODY:
        del sent["body"]
    return {name: value for name, value in {"request": sent, **more}.items() if value or value == 0}


# In a validation error of this kind the text is ours, complete, and free of the value.
RULE = "rule"


def broken_rule(text: str) -> PydanticCustomError:
    """Return a validation error that says which rule is broken: "must be ...". Never with the value in it."""
    return PydanticCustomError(RULE, "{text}", {"text": text})
