"""Writes taken back by the tool `undo`, as an assistant does it."""

import json
from typing import Any

from mcp import Client

from tests.support.seeded import fact
from tests.support.worlds import answer_of


async def steps_of(client: Client, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the calls that would take back the write with this answer, from the resource that lists the writes."""
    (content,) = (await client.read_resource("autosend://writes")).contents
    rows = json.loads(content.model_dump()["text"])
    return next(row for row in rows if row.get("undo") == answer["undo"])["steps"]


async def undone(client: Client, answer: dict[str, Any]) -> dict[str, Any]:
    """Take back the write with this answer, and what it deletes with the confirm that the refusal shows."""
    asked = {"write": answer["undo"]}
    result = await client.call_tool("undo", asked)
    if result.is_error:
        result = await client.call_tool("undo", asked | {"confirm": fact(result, "confirm")})
    return answer_of(result)
