"""How far an import is: what whoever watches it sees."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import anyio

from autosend_mcp.imports.journal import AS_ASKED, Item

Stage = Literal["reading", "sending", "done", "stopped"]


@dataclass(slots=True)
class Tally:
    """Counts of rows: `read` from the file so far, `outcomes` by what became of them, `total` once all are read.

    `settled` rows need nothing more.
    """

    stage: Stage = "reading"
    read: int = 0
    total: int = 0
    settled: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    stopped: bool = False
    began: float = 0.0
    _to_do: int = 0

    def begin(self, counts: Mapping[str, int], settled: int) -> None:
        """All rows are read: so many have which outcome already, those without one under ""; so many are settled."""
        self.total = sum(counts.values())
        self.outcomes = Counter({name: count for name, count in counts.items() if name})
        self.settled = settled
        self.stage, self.began, self._to_do = "sending", anyio.current_time(), self.total - settled

    def count(self, items: Iterable[Item], lists: int) -> None:
        """What became of these rows, where each is to join so many lists."""
        for item in items:
            if item.counted != item.outcome:
                if item.counted:
                    self.outcomes[item.counted] -= 1
                self.outcomes[item.outcome or ""] += 1
                item.counted = item.outcome
            self.settled += item.outcome not in AS_ASKED or item.joined >= lists

    @property
    def done(self) -> int:
        """Rows settled since `begin`."""
        return self._to_do - (self.total - self.settled)

    @property
    def rate(self) -> float:
        """Rows a second since `begin`."""
        return self.done / max(anyio.current_time() - self.began, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """At this rate; None while none is settled."""
        return (self.total - self.settled) / self.rate if self.done else None
