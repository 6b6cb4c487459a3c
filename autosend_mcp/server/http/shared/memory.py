"""What a caller's servers remember, in all workers the same."""

from collections.abc import Callable

import anyio.abc

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.elicitation import PendingQuestions
from autosend_mcp.server.http.shared.history import SharedHistory
from autosend_mcp.server.http.shared.pace import SharedPace
from autosend_mcp.server.http.shared.seal import Seal
from autosend_mcp.server.http.shared.store import Shared
from autosend_mcp.server.http.shared.writes import SharedWrites
from autosend_mcp.server.memory import Memory, Remember, in_process
from autosend_mcp.settings import Settings
from autosend_mcp.tools.context import SharedImports
from autosend_mcp.tools.jobs import Jobs

_KEPT = 3_600_000  # ms that a question waits for its answer

_KEEP = "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"
_DROP = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


def remembering(shared: Shared, who: str, imports: Callable[[Settings], SharedImports | None]) -> Remember:
    """Return what makes the memory of this caller's servers. `imports`: makes that of their imports."""

    def remember(autosend: AutoSend, tasks: anyio.abc.TaskGroup, jobs: Jobs) -> Memory:
        pace = autosend.pace
        if autosend.settings.fingerprint("") is None or not isinstance(pace, SharedPace):  # nothing can be written
            return in_process(autosend, tasks, jobs)
        seal = Seal(shared, autosend.settings, who)
        history = SharedHistory(shared, seal)
        writes = SharedWrites(tasks, jobs, shared, seal, pace=pace, history=history)
        return Memory(writes, history, SharedQuestions(shared, seal, pace), imports(autosend.settings))

    return remember


class SharedQuestions(PendingQuestions):
    """Questions that any worker may have asked; each answer counts once."""

    def __init__(self, shared: Shared, seal: Seal, pace: SharedPace) -> None:
        """`seal`: of the caller. `pace`: of the caller's AutoSend key."""
        super().__init__()
        self._shared = shared
        self._seal = seal
        self._pace = pace

    async def keep(self, token: str, digest: str) -> None:
        """Keep what a question is about.

        Raises:
            Unreachable: It was not kept.
        """
        await self._shared.run(_KEEP, [self._seal.name("question", token)], self._seal.hashed(digest), _KEPT)

    async def drop(self, token: str, digest: str) -> bool:
        """Forget a question, if it is about this; return whether it was there.

        Raises:
            Unreachable: Nobody can say.
        """
        name = self._seal.name("question", token)
        return bool(await self._pace.before_request(_DROP, [name], self._seal.hashed(digest)))
