"""The registry of tools: name, effect, body and answer model. The decorator is the registration."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar, get_type_hints

from mcp_types import Tool as ToolDefinition
from mcp_types import ToolAnnotations

from autosend_mcp.calls import Call
from autosend_mcp.models.base import Answer, Body, published_schema

BodyT = TypeVar("BodyT", bound=Body)
AnswerT = TypeVar("AnswerT", bound=Answer)


class Effect(Enum):
    """What a tool does to AutoSend, as the hints that hosts read."""

    CREATE = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: what is published of it, and the function behind it."""

    name: str
    title: str
    description: str
    effect: Effect
    body: type[Body]
    answer: type[Answer]
    run: Callable[[Call, Any], Awaitable[Answer]]

    @property
    def definition(self) -> ToolDefinition:
        """The tool as `tools/list` shows it."""
        return ToolDefinition(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=published_schema(self.body),
            output_schema=published_schema(self.answer),
            annotations=self.effect.value.model_copy(update={"title": self.title}),
        )


TOOLS: dict[str, Tool] = {}

ToolFunction = Callable[[Call, BodyT], Awaitable[AnswerT]]


def tool(title: str, effect: Effect) -> Callable[[ToolFunction[BodyT, AnswerT]], ToolFunction[BodyT, AnswerT]]:
    """Register the function as a tool: its name, its docstring as description, its annotations as models."""

    def register(function: ToolFunction[BodyT, AnswerT]) -> ToolFunction[BodyT, AnswerT]:
        hints = get_type_hints(function)
        name = function.__name__
        TOOLS[name] = Tool(
            name=name,
            title=title,
            description=" ".join(inspect.cleandoc(function.__doc__ or "").split()),
            effect=effect,
            body=hints["body"],
            answer=hints["return"],
            run=function,
        )
        return function

    return register
