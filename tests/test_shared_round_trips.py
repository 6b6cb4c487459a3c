"""How often a call over HTTP waits for Redis, counted between a worker and a true redis-server."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import ElicitResult

from autosend_mcp.server.http.shared import turns
from tests.support.line import Line
from tests.support.redis import Counted, RedisServer, through
from tests.support.serving import served
from tests.support.worlds import answer_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

# Nobody waits for these alone: they leave with what comes next, or soon after the call.
POSTED = (turns.LEFT, turns.ANNOUNCED, turns.BACK)

# A call, its arguments, and how often it waits: for the turn of each request (that of the first comes with the claim of
# a write), for the end of a write, for the lease of an undo, for what is kept of a question.
CALLS: dict[str, tuple[str, dict[str, Any], int]] = {
    "read": ("get_contact", {"email": "old@example.com"}, 1),
    "create": ("create_contact", {"email": "EMAIL", "firstName": "Jane"}, 2),
    "upsert": ("upsert_contact", {"email": "EMAIL", "firstName": "Jane"}, 3),
    "dry_run": ("create_contact", {"email": "EMAIL", "dryRun": True}, 2),
    "add_by_name": ("add_to_list", {"emails": ["EMAIL"], "list": "News"}, 3),
    "delete": ("delete_contacts", {"emails": ["EMAIL"], "confirm": "EMAIL"}, 6),
    "undo": ("undo", {"write": "UNDO", "confirm": "EMAIL"}, 8),
}
EXISTS = {"add_by_name", "delete", "undo"}


async def yes(_context: Any, _params: Any) -> ElicitResult:
    return ElicitResult(action="accept", content={})


async def waits_of(client: Client, counter: Counted, name: str, email: str) -> int:
    """Return how often a call about this contact waits for Redis."""
    tool, given, _ = CALLS[name]
    undo = ""
    if name in EXISTS:
        undo = answer_of(await client.call_tool("create_contact", {"email": email}))["undo"]
    await anyio.sleep(0.2)  # what was posted has left
    before = counter.waits(POSTED)
    filled = {"EMAIL": email, "UNDO": undo, "EMAILS": [email]}
    arguments = {key: [email] if value == ["EMAIL"] else filled.get(str(value), value) for key, value in given.items()}
    answer_of(await client.call_tool(tool, arguments))
    return counter.waits(POSTED) - before


async def test_usual_calls_wait_for_redis_as_seldom_as_can_be(line: Line, redis: RedisServer, tmp_path: Path) -> None:
    http = {"state_key": "the same in all workers, 32 letters"}
    least: dict[str, int] = {}
    async with (
        through(Counted(redis)) as counter,
        served(line, tmp_path, http | {"redis_url": counter.url}, rate_limit=1_000) as app,
        app.client(app.tokens.create("ana"), elicitation_callback=yes) as client,
    ):
        await client.call_tool("create_contact_list", {"name": "News"})
        await client.call_tool("create_contact", {"email": "old@example.com"})
        for name in CALLS:
            # The first shows its scripts to Redis; on a machine that is held up a turn may be let go.
            _, *waits = [await waits_of(client, counter, name, f"{name}{n}@example.com") for n in range(4)]
            least[name] = min(waits)
    assert least == {name: number for name, (_, _, number) in CALLS.items()}
