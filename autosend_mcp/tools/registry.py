"""The registry of tools: name, effect, body and answer model. The decorator is the registration."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from autosend_mcp.models.base import Answer, Body
from autosend_mcp.models.schema import published_schema
from autosend_mcp.settings import Toolset
from autosend_mcp.tools.context import Context

if TYPE_CHECKING:  # the SDK is loaded for what is published alone: the import at the shell needs none of it
    from mcp_types import Tool as ToolDefinition

BodyT = TypeVar("BodyT", bound=Body)
AnswerT = TypeVar("AnswerT", bound=Answer)


def _hints(*, read_only: bool = False, destructive: bool = False, idempotent: bool = False) -> dict[str, bool]:
    return {
        "read_only_hint": read_only,
        "destructive_hint": destructive,
        "idempotent_hint": idempotent,
        "open_world_hint": True,
    }


class Effect(Enum):
    """What a tool does to AutoSend, as the hints that hosts read.

    CREATE makes something new, and is refused or makes another a second time; CREATE_AND_MAIL may send mail besides.
    ADD only adds, and nothing a second time. CHANGE and DELETE may take something away, or send mail; a second
    identical call changes nothing more.

    What may send mail is called destructive, too. To the protocol it only adds; but hosts let through unasked what is
    not destructive, and no mail comes back.
    """

    READ = _hints(read_only=True, idempotent=True)
    CREATE = _hints()
    CREATE_AND_MAIL = _hints(destructive=True)
    ADD = _hints(idempotent=True)
    CHANGE = DELETE = _hints(destructive=True, idempotent=True)


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: what is published of it, and the function behind it. `toolset`: None belongs to all that write."""

    name: str
    title: str
    description: str
    effect: Effect
    toolset: Toolset | None
    body: type[Body]
    answer: type[Answer]
    run: Callable[[Context, Any], Awaitable[Answer]]

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.effect is Effect.READ

    @property
    def definition(self) -> "ToolDefinition":
        """The tool as `tools/list` shows it."""
        return published(self)

    def derive(self) -> "ToolDefinition":
        """Return the definition derived from the models and the docstring."""
        from mcp_types import Tool as ToolDefinition  # noqa: PLC0415
        from mcp_types import ToolAnnotations  # noqa: PLC0415

        return ToolDefinition(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=published_schema(self.body),
            output_schema=published_schema(self.answer),
            annotations=ToolAnnotations(title=self.title, **self.effect.value),
        )


TOOLS: dict[str, Tool] = {}


@cache
def published(tool: Tool, root: Path = Path(__file__).parents[2]) -> "ToolDefinition":
    """Return the definition from its file, or derived from the models where their source may be newer than the file.

    That is in a checkout: the generator of the files lies beside the package. An installed package has none, and reads:
    deriving every definition would take as long as importing all of ours.
    """
    file = root / "autosend_mcp" / "tools" / "definitions" / f"{tool.name}.json"
    if (root / "manifests" / "generate.py").exists() or not file.exists():
        return tool.derive()
    from mcp_types import Tool as ToolDefinition  # noqa: PLC0415

    return ToolDefinition.model_validate_json(file.read_bytes())


ToolFunction = Callable[[Context, BodyT], Awaitable[AnswerT]]


def tool(
    toolset: Toolset | None, title: str, effect: Effect
) -> Callable[[ToolFunction[BodyT, AnswerT]], ToolFunction[BodyT, AnswerT]]:
    """Register the function as a tool: its name, its annotations as models, its docstring as description.

    What follows "Raises:" in the docstring is for the reader of the code, and is not published.
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
