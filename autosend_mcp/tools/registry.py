"""The registry of tools: name, effect, body and answer model. The decorator is the registration.

An installed package knows its tools by a generated table, `modules.json`, and imports the module of one with its first
call: all of them are a twentieth of the start of a server, and of what it holds in memory beyond the SDK.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_type_hints

from autosend_mcp.errors import NotSent
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


class _Defined(NamedTuple):
    """What the decorated function of a tool has."""

    title: str
    description: str
    body: type[Body]
    answer: type[Answer]
    run: Callable[[Context, Any], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: what it is offered by, and the module with the function behind it, imported where that is asked for.

    `toolset`: None belongs to all that write.
    """

    name: str
    effect: Effect
    toolset: Toolset | None
    module: str

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.effect is Effect.READ

    @property
    def title(self) -> str:
        """Its name for people."""
        return self._defined().title

    @property
    def description(self) -> str:
        """What it does, for the assistant."""
        return self._defined().description

    @property
    def body(self) -> type[Body]:
        """The model of its arguments."""
        return self._defined().body

    @property
    def answer(self) -> type[Answer]:
        """The model of its answer."""
        return self._defined().answer

    @property
    def run(self) -> Callable[[Context, Any], Awaitable[Answer]]:
        """The function behind it."""
        return self._defined().run

    def _defined(self) -> _Defined:
        """Import the module of the tool, unless that has been done.

        Raises:
            NotSent: The package has been replaced since this process started, and does not fit what is loaded of it.
        """
        if self.name not in _DEFINED:
            try:
                import_module(self.module)
                return _DEFINED[self.name]
            except Exception as error:  # noqa: BLE001 - a module of another version fails in any way
                raise NotSent(
                    f"{self.name} could not be loaded: autosend-mcp was changed on disk while it ran.",
                    user_step="start this server again",
                    cause=type(error).__name__,
                ) from None
        return _DEFINED[self.name]

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
_DEFINED: dict[str, _Defined] = {}  # by the decorator, in the modules that have been imported

_ROOT = Path(__file__).parents[2]
_TABLE = Path(__file__).with_name("modules.json")


def is_installed(root: Path = _ROOT) -> bool:
    """Return whether what is generated fits the source: in a checkout, where its generator is, it may be older."""
    return not (root / "manifests" / "generate.py").exists()


def tools_in_table() -> dict[str, Tool]:
    """Return every tool, by the table, which is written from those that the decorator registered."""
    rows = json.loads(_TABLE.read_bytes()).items()
    return {name: Tool(name, Effect[row["effect"]], row["toolset"], row["module"]) for name, row in rows}


def import_all() -> None:
    """Import the modules of all tools: where many call them, nobody should wait for that in the middle of a call."""
    for tool in TOOLS.values():
        import_module(tool.module)


@cache
def published(tool: Tool, root: Path = _ROOT) -> "ToolDefinition":
    """Return the definition from its file, or derived from the models where their source may be newer than the file.

    Deriving every definition would take an installed package as long as importing all of ours.
    """
    file = root / "autosend_mcp" / "tools" / "definitions" / f"{tool.name}.json"
    if not is_installed(root) or not file.exists():
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
        TOOLS[name] = Tool(name, effect, toolset, function.__module__)
        description = " ".join((function.__doc__ or "").partition("Raises:")[0].split())
        _DEFINED[name] = _Defined(title, description, hints["body"], hints["return"], function)
        return function

    return register
