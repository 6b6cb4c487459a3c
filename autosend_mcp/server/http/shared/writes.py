"""The writes in flight of all workers: identical ones at once are one, whichever worker each call has come to."""

import secrets
from collections.abc import Awaitable, Callable, Sequence

import anyio
import anyio.abc

from autosend_mcp.api.calls import Call
from autosend_mcp.errors import AutoSendError, Unknown
from autosend_mcp.models.base import Answer
from autosend_mcp.server.http.shared.batches import Command
from autosend_mcp.server.http.shared.history import SharedHistory
from autosend_mcp.server.http.shared.pace import SharedPace
from autosend_mcp.server.http.shared.results import as_data, from_data
from autosend_mcp.server.http.shared.seal import Seal
from autosend_mcp.server.http.shared.store import LEASE, Shared, Unreachable
from autosend_mcp.server.in_flight import FINISHED, IN_DOUBT, JOINED, InFlightWrites, Result, Write
from autosend_mcp.tools.context import ConfirmationNeeded
from autosend_mcp.tools.jobs import Jobs

LOST = (
    "An identical call was under way in a worker that has ended since. What became of it was not known; this call "
    "looked, and ran again."
)

_KEPT = 600_000  # ms that the outcome of a write is kept whose caller was cancelled
_HANDED_ON = 30_000  # ms that those who wait for a result can fetch it
_POLL = 0.1
_ROOM = 1.0  # seconds before the end of a call in which a joined one answers that the write goes on

# The names: the write, and the lease of the worker that is at it; "run" tells one run of it from another.
_CLAIM = """
local state, run = unpack(redis.call('HMGET', KEYS[1], 'state', 'run'))
if state == 'at_work' and run ~= ARGV[1] and redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('HSET', KEYS[1], 'joined', '1')
  return {'join', run}
end
local before = ''
if state == 'at_work' and run ~= ARGV[1] then before = 'lost' elseif state then before = state end
redis.call('HSET', KEYS[1], 'state', 'at_work', 'run', ARGV[1])
redis.call('HDEL', KEYS[1], 'joined')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'run', before}
"""
_RENEW = """
local run = redis.call('HGET', KEYS[1], 'run')
if run and run ~= ARGV[1] then return end
redis.call('HSET', KEYS[1], 'state', 'at_work', 'run', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
"""
# ARGV: run, what to say of it to the next identical call (empty: nothing), ms to keep that, sealed result (empty: there
# is none; "?": there is one), ms for that. Returns 1, and changes nothing, where others wait for the result.
_FINISH = """
local run, joined = unpack(redis.call('HMGET', KEYS[1], 'run', 'joined'))
if ARGV[4] == '?' then
  if run == ARGV[1] and joined then return 1 end
elseif ARGV[4] ~= '' then
  redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[5])
end
if run and run ~= ARGV[1] then return end
redis.call('DEL', KEYS[1], KEYS[2])
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'state', ARGV[2], 'run', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
"""
_RESULT = """
local result = redis.call('GET', KEYS[3])
if result then
  if redis.call('HGET', KEYS[1], 'run') == ARGV[1] then redis.call('DEL', KEYS[1]) end
  return {'done', result}
end
if redis.call('HGET', KEYS[1], 'run') == ARGV[1] and redis.call('EXISTS', KEYS[2]) == 1 then return {'wait', ''} end
return {'gone', ''}
"""

_SAID = {"finished": FINISHED, "in_doubt": IN_DOUBT, "lost": LOST}


def _still() -> AutoSendError:
    return Unknown(
        "An identical call is under way in another worker, and has not ended yet.",
        "Nothing was sent by this call. Call again with the same arguments to find out.",
    )


class SharedWrites(InFlightWrites):
    """Runs writes as one process does, and asks the other workers first."""

    def __init__(
        self,
        tasks: anyio.abc.TaskGroup,
        jobs: Jobs,
        shared: Shared,
        seal: Seal,
        *,
        pace: SharedPace,
        history: SharedHistory,
    ) -> None:
        """`seal`, `history`: of the caller. `pace`: of the caller's AutoSend key."""
        super().__init__(tasks, jobs)
        self._shared = shared
        self._seal = seal
        self._pace = pace
        self._history = history

    async def run(self, key: str, perform: Callable[[], Awaitable[Result]], call: Call) -> tuple[Result, list[str]]:
        """Run the write named by `key`, or join an identical one of any worker; nothing is begun without Redis."""
        names, run = [self._seal.name("write", key), self._seal.name("lease", key)], secrets.token_hex(16)
        notes: list[str] = []
        while key not in self._in_flight:
            try:
                await self._shared.settled(call.seconds_left)
                state, what = await self._claim(names, run)
                if state == "run":
                    notes += [_SAID[what]] if what else []
                    break
                if result := await self._result_of(names, what, call):
                    return result, [JOINED]
            except Unreachable as error:
                return error, []

        async def performed() -> Result:
            return await self._performed(key, names, run, perform, call)

        result, more = await super().run(key, performed, call)
        return result, notes + more

    async def _claim(self, names: Sequence[str], run: str) -> tuple[str, str]:
        try:
            state, what = await self._pace.before_request(_CLAIM, names, run, LEASE, _KEPT)
        except anyio.get_cancelled_exc_class():
            self._shared.post(_FINISH, [*names, names[0]], run, "", 0, "", 0)
            raise
        return state, what

    async def _result_of(self, names: Sequence[str], run: str, call: Call) -> Result | None:
        """Wait for the result of a run in another worker; return None if there will be none."""
        while call.time_left > _ROOM:
            try:
                state, sealed = await self._shared.run(_RESULT, [*names, self._result(run)], run)
            except Unreachable:
                return _still()
            if state == "gone":
                return None
            if state == "done":
                return from_data(self._seal.opened(sealed))
            await anyio.sleep(_POLL)
        return _still()

    async def _performed(
        self, key: str, names: Sequence[str], run: str, perform: Callable[[], Awaitable[Result]], call: Call
    ) -> Result:
        """Run the write, and tell the other workers what became of it before the caller hears."""
        write, result = self._in_flight[key], None
        try:
            with self._shared.renewing(Command(_RENEW, names, [run, LEASE, _KEPT])):
                result = done = await perform()
        finally:
            with anyio.CancelScope(shield=True):
                await self._finish(names, run, write, result, call)
        return done

    async def _finish(self, names: Sequence[str], run: str, write: Write, result: Result | None, call: Call) -> None:
        """Keep the write and its outcome in one exchange; its result only if others wait for that.

        Where Redis is gone, the outcome follows when it is back, so that nobody takes this worker to have ended.
        """
        if result is None and call.exposed:  # cut off
            result = write.result
        said = "" if write.waiting else _said(result)
        keys = [*names, self._result(run)]
        if isinstance(result, ConfirmationNeeded):  # what is kept of the question comes next
            self._shared.post(_FINISH, keys, run, said, _KEPT, self._sealed(result), _HANDED_ON)
            return
        finish = Command(_FINISH, keys, [run, said, _KEPT, "?" if result else "", 0])
        try:
            if await self._history.save(result, finish) and result is not None:
                await self._shared.run(_FINISH, keys, run, said, _KEPT, self._sealed(result), _HANDED_ON)
        except Unreachable:
            sealed = self._sealed(result) if result else ""
            self._shared.post_late(_FINISH, keys, run, said, _KEPT, sealed, _HANDED_ON)

    def _sealed(self, result: Result) -> str:
        return self._seal.closed(as_data(result))

    def _result(self, run: str) -> str:
        return self._seal.name("result", run)

    def _keep(self, key: str, write: Write) -> None:
        """Tell the next identical call, in whichever worker, of a write whose caller was cancelled."""
        names, run = [self._seal.name("write", key), self._seal.name("lease", key)], secrets.token_hex(16)
        if said := _said(write.result):
            self._shared.post(_UNHEARD, [*names, self._result(run)], run, said, _KEPT)


_UNHEARD = """
if redis.call('EXISTS', KEYS[1]) == 1 then return end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'run', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""


def _said(result: Result | None) -> str:
    return "finished" if isinstance(result, Answer) else "in_doubt" if isinstance(result, Unknown) else ""
