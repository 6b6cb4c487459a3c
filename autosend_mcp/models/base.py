"""What all models share: request bodies, answers, and the rules that values may break."""

from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from autosend_mcp.models.schema import in_order
from autosend_mcp.models.text import visible_data

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
        return in_order(data)


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
