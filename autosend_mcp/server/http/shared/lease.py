"""A name that one worker at a time holds, by a lease in Redis."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from autosend_mcp.errors import NotSent
from autosend_mcp.server.http.shared.batches import Command
from autosend_mcp.server.http.shared.store import LEASE, Shared

_POLL = 0.1
_TURNS = 200

# ARGV: the holder, ms.
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


@asynccontextmanager
async def leased(shared: Shared, name: str, then: Command) -> AsyncGenerator[Any]:
    """Hold a name that only one worker holds at a time; wait for it. A worker that dies loses it soon.

    Yields:
        The result of `then`, which is run as soon as the name is held.

    Raises:
        NotSent: Another one has held it for 20 s.
        Unreachable: Redis cannot be reached.
    """
    take = Command(_TAKE, [name], [secrets.token_hex(8), LEASE])
    try:
        await shared.settled(_TURNS * _POLL)
        for _ in range(_TURNS):
            is_held, result = await shared.together(take, then)
            if is_held:
                break
            await anyio.sleep(_POLL)
        else:
            what = "Another worker is at this, and has not ended yet."
            raise NotSent(what, "Try the same call again in a minute.")
        with shared.renewing(take):
            yield result
    finally:
        shared.post(_LEAVE, [name], take.args[0])
