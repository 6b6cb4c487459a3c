"""What became of the imports of callers whose servers were closed for others: kept for `get_import`, within bounds."""

from collections import OrderedDict

import anyio.abc

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.memory import Memory, Remember
from autosend_mcp.tools.jobs import Ended, Jobs

MAX_REPORTS = 200  # of all callers together; one of an import with 5,000 rows that failed takes 2 MB


class Reports:
    """The imports that have ended, by caller; the longest unused are forgotten first."""

    def __init__(self, most: int = MAX_REPORTS) -> None:
        self._most = most
        self._open: dict[str, Jobs] = {}
        self._left: OrderedDict[str, Ended] = OrderedDict()

    def of(self, key: str, remember: Remember) -> Remember:
        """Return what makes the memory of this caller's server, which knows the imports of the one before."""

        def remembered(autosend: AutoSend, tasks: anyio.abc.TaskGroup, jobs: Jobs) -> Memory:
            jobs.take_over(self._left.pop(key, {}))
            self._open[key] = jobs
            return remember(autosend, tasks, jobs)

        return remembered

    def leave(self, key: str) -> None:
        """Keep the imports of a caller whose server is closed."""
        if ended := self._open.pop(key).hand_over():
            self._left[key] = ended
        while sum(map(len, self._left.values())) > self._most:
            _, longest = next(iter(self._left.items()))
            longest.pop(next(iter(longest)))
            if not longest:
                self._left.popitem(last=False)
