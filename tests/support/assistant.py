"""An assistant who knows tools/list and the answers and nothing else, and what it has played."""

import json
from dataclasses import dataclass, field
from typing import Any

from jsonschema.validators import validator_for
from mcp import Client
from mcp_types import Tool

from autosend_mcp.sandbox.store import Store
from tests.support.records import snapshot
from tests.support.worlds import answer_of, error_of, text_of

Json = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """One call: its answer, or None and the text of its refusal; what AutoSend held before and after it."""

    tool: Tool
    arguments: Json
    answer: Json | None
    text: str
    before: Any
    after: Any


def check(instance: Json, schema: Json) -> None:
    """Hold it against a schema, which a test of its own holds against the rules for schemas."""
    validator_for(schema)(schema).validate(instance)  # pyright: ignore[reportUnknownMemberType]  # untyped


@dataclass
class Assistant:
    """Calls tools as tools/list describes them: arguments and answers are held against the published schemas."""

    client: Client
    store: Store
    tools: dict[str, Tool]
    played: list[Played] = field(default_factory=list[Played])

    async def call(self, name: str, /, **arguments: Any) -> Json:
        """Return the structured answer."""
        answer = (await self._play(name, arguments, refused=False)).answer or {}
        check(answer, self.tools[name].output_schema or {})
        return answer

    async def refused(self, name: str, /, **arguments: Any) -> Json:
        """Return what the refusal shows, by label."""
        facts: Json = {}
        for line in (await self._play(name, arguments, refused=True)).text.splitlines()[1:]:
            label, _, value = line.partition(": ")
            facts[label] = value if label == "Note" else json.loads(value)
        return facts

    async def pages(self, name: str, /, **arguments: Any) -> list[Json]:
        """Return the answer, and those that its cursors lead to."""
        pages = [await self.call(name, **arguments)]
        while "nextCursor" in pages[-1]:
            pages.append(await self.call(name, **arguments, cursor=pages[-1]["nextCursor"]))
        return pages

    async def take_back(self, answer: Json) -> None:
        """Undo the write with this answer."""
        await self.call("undo", write=answer["undo"])

    def answers(self, name: str) -> list[Json]:
        """Return what the tool has answered so far."""
        return [one.answer for one in self.played if one.tool.name == name and one.answer is not None]

    async def _play(self, name: str, arguments: Json, *, refused: bool) -> Played:
        tool = self.tools[name]
        check(arguments, tool.input_schema)
        before = snapshot(self.store)
        result = await self.client.call_tool(name, arguments)
        answer = None if refused else answer_of(result)
        text = error_of(result) if refused else text_of(result)
        self.played.append(Played(tool, arguments, answer, text, before, snapshot(self.store)))
        return self.played[-1]
