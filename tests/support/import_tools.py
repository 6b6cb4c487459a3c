"""start_import and get_import through a client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client

from tests.support.line import Line
from tests.support.seeded import seeded
from tests.support.worlds import answer_of

TOOLS = "contacts,lists,imports"
ROWS = "E-Mail,First name,plan\njane@example.com,Janet,pro\nnew@example.com,Nia,free\nmary,,free\n"


def people(number: int) -> str:
    return "email,firstName\n" + "".join(f"p{place}@example.com,P{place}\n" for place in range(number))


@asynccontextmanager
async def importing(era: str = "2026-07-28", **settings: Any) -> AsyncGenerator[tuple[Client, Line]]:
    async with seeded(era, toolsets=TOOLS, **settings) as (client, line):
        yield client, line


async def started(client: Client, **arguments: Any) -> dict[str, Any]:
    return answer_of(await client.call_tool("start_import", arguments))


async def state(client: Client, import_id: str, **arguments: Any) -> dict[str, Any]:
    return answer_of(await client.call_tool("get_import", {"importId": import_id, **arguments}))


async def ended(client: Client, import_id: str) -> dict[str, Any]:
    while (now := await state(client, import_id))["outcome"] in {"reading", "sending"}:
        pass
    return now
