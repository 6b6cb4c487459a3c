"""The registry of tools: name, effect, body and answer model. The decorator is the registration."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from mcp_types import Tool as ToolDefinition
from mcp_types import ToolAnnotations

from autosend_mcp.api.calls import Call
from autosend_mcp.models.base import Answer, Body
from autosend_mcp.models.schema import published_schema
from autosend_mcp.settings import Toolset

BodyT = TypeVar("BodyT", bound=Body)
AnswerT = TypeVar("AnswerT", bound=Answer)


def _hints(*, read_only: bool = False, destructive: bool = False, idempotent: bool = False) -> ToolAnnotations:
    return ToolAnnotations(
        read_only_hint=read_only, destructive_hint=destructive, idempotent_hint=idempotent, open_world_hint=True
    )


class Effect(Enum):
    """What a tool does to AutoSend, as the hints that hosts read.

    CREATE makes something new, and is refused or makes another a second time. ADD only adds, and nothing a second
    time. CHANGE and DELETE may take something away; a second identical call changes nothing more.
    """

    READ = _hints(read_only=True, idempotent=True)
    CREATE = _hints()
    ADD = _hints(idempotent=True)
    CHANGE = DELETE = _hints(destructive=True, idempotent=True)


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: what is published of it, and the function behind it."""

    name: str
    title: str
    description: str
    effect: Effect
    toolset: Toolset
    body: type[Body]
    answer: type[Answer]
    run: Callable[[Call, Any], Awaitable[Answer]]

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.effect is Effect.READ

    def schemas(self) -> dict[str, Any]:
        """The schemas of its arguments and its answer, derived from the models."""
        return {"input": published_schema(self.body), "output": published_schema(self.answer)}

    @property
    def definition(self) -> ToolDefinition:
        """The tool as `tools/list` shows it."""
        schemas = _written_schemas().get(self.name) or self.schemas()
        return ToolDefinition(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=schemas["input"],
            output_schema=schemas["output"],
            annotations=self.effect.value.model_copy(update={"title": self.title}),
        )


TOOLS: dict[str, Tool] = {}


@cache
def _written_schemas() -> dict[str, Any]:
    """The schemas as `manifests/generate.py` wrote them: deriving them takes as long as importing all of ours."""
    file = Path(__file__).with_name("schemas.json")
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


ToolFunction = Callable[[Call, BodyT], Awaitable[AnswerT]]


def tool(
    toolset: Toolset, title: str, effect: Effect
) -> Callable[[ToolFunction[BodyT, AnswerT]], ToolFunction[BodyT, AnswerT]]:
    """Register the function as a tool: its name, its annotations as models, its docstring as description.

    What follows "Raises:" in the docstring is for whoever reads the code, and is not published.
    """

    def register(function: ToolFunction[BodyT, AnswerT]) -> ToolFunction[BodyT, AnswerT]:
        hints = get_type_hints(function)
        name = function.__name__
        TOOLS[name] = Tool(
            name=name,
            title=title,
            description=" ".join((function.__doc__ or "").partition("Raises:")[0].split()),
            effect=effect,
            toolset=toolset,
            body=hints["body"],
            answer=hints["return"],
            run=function,
        )
        return function

    return register
