"""The writes of a caller and what would take each back, where every worker finds them."""

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from autosend_mcp.models.base import SUMMARY, Answer, Step
from autosend_mcp.server.http.shared.batches import Command
from autosend_mcp.server.http.shared.lease import leased
from autosend_mcp.server.http.shared.results import SharedAnswer
from autosend_mcp.server.http.shared.seal import Seal
from autosend_mcp.server.http.shared.store import Shared, Unreachable
from autosend_mcp.tools.history import LETTERS, MAX_WRITES, History, Write, rows_of

NO_UNDO = "It has no undo: what this server's workers share (Redis) could not be reached."

_KEPT = 24 * 3_600_000  # ms after the last write

# The names: a number for each write, the order of the references, and by reference the write.
_ADD = """
local number = redis.call('INCR', KEYS[1])
local reference = number .. ARGV[1]
redis.call('ZADD', KEYS[2], number, reference)
redis.call('HSET', KEYS[3], reference, ARGV[2])
if redis.call('ZCARD', KEYS[2]) > tonumber(ARGV[3]) then
  redis.call('HDEL', KEYS[3], redis.call('ZPOPMIN', KEYS[2])[1])
end
for _, name in ipairs(KEYS) do redis.call('PEXPIRE', name, ARGV[4]) end
return reference
"""
_FIND = "return redis.call('HGET', KEYS[1], ARGV[1])"
_ALL = """
local found = {}
for _, reference in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  found[#found + 1] = reference
  found[#found + 1] = redis.call('HGET', KEYS[2], reference) or ''
end
return found
"""
_CHANGE = "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end"


class SharedHistory(History):
    """The last hundred writes of a caller, by whichever worker."""

    def __init__(self, shared: Shared, seal: Seal) -> None:
        """`seal`: of the caller."""
        super().__init__()
        self._shared = shared
        self._seal = seal
        self._unsaved: list[Write] = []
        self._number, self._order, self._rows = (seal.name(kind) for kind in ("number", "order", "writes"))

    async def add(self, tool: str, answer: Answer) -> Write:
        """Keep a write, by its answer, until it is saved."""
        write = Write(tool, answer, steps=list(answer.steps))
        self._unsaved.append(write)
        return write

    async def save(self, result: object, also: Command) -> Any:
        """Save the write whose answer this is, if it is one, and run another command in the same exchange.

        What was written has been applied: where it cannot be saved, its answer says that there is no undo.

        Returns:
            The result of the other command.

        Raises:
            Unreachable: Redis cannot be reached.
        """
        write = next((write for write in self._unsaved if write.answer is result), None)
        if write is None:
            return (await self._shared.together(also))[0]
        self._unsaved.remove(write)
        letters = "".join(secrets.choice(LETTERS) for _ in range(3))
        args = (letters, self._seal.closed(_as_data(write)), MAX_WRITES, _KEPT)
        add = Command(_ADD, [self._number, self._order, self._rows], args)
        answer = write.answer
        try:
            given, other = await self._shared.together(add, also)
        except Unreachable:
            answer.notes = [*(answer.notes or []), NO_UNDO] if answer.steps else answer.notes
            raise
        answer.undo = given if answer.steps else None
        return other

    @asynccontextmanager
    async def taking_back(self, reference: str) -> AsyncGenerator[Write | None]:
        """Lend the write that this is the undo of, to one call of all workers; None where it is not known any more.

        Raises:
            Unreachable: Nobody can say.
        """
        find = Command(_FIND, [self._rows], [reference])
        async with leased(self._shared, self._seal.name("undo", reference), find) as sealed:
            data = self._seal.opened(sealed) if sealed else None
            write = _from_data(data, reference) if data and data["undo"] else None
            before = write.undone_at if write else None
            yield write
            if write and write.undone_at != before:
                self._shared.post(_CHANGE, [self._rows], reference, self._seal.closed(_as_data(write)))

    async def rows(self) -> list[dict[str, Any]]:
        """Return the writes, the latest first; as many as fit in one reading, each whole.

        Raises:
            Unreachable: Nobody can say.
        """
        found = await self._shared.run(_ALL, [self._order, self._rows])
        pairs = zip(found[::2], found[1::2], strict=True)
        read = ((self._seal.opened(sealed), reference) for reference, sealed in pairs)
        return rows_of(_from_data(data, reference) for data, reference in read if data)


def _as_data(write: Write) -> dict[str, Any]:
    """Return what is kept of a write: which it was, and the calls that would take it back."""
    about = {name: value for name, value in write.answer.payload().items() if name in SUMMARY}
    steps = [{**step.shown(), "changed": step.changed} for step in write.steps]
    kept = {"tool": write.tool, "word": write.answer.outcome_word, "about": about, "steps": steps, "left": write.left}
    times = {"at": write.at, "undone_at": write.undone_at}
    return kept | times | {"undo": bool(write.answer.steps)}


def _from_data(data: Mapping[str, Any], reference: str) -> Write:
    steps = [Step(**step) for step in data["steps"]]
    done = [Step("", {})] if data["undo"] else []  # it had steps, also once none is left
    write = Write(
        data["tool"],
        SharedAnswer(data=data["about"], word=data["word"], steps=steps or done),
        reference if data["undo"] else "",
        datetime.fromisoformat(data["at"]),
        steps,
        data["left"],
    )
    write.undone_at = datetime.fromisoformat(data["undone_at"]) if data["undone_at"] else None
    return write
