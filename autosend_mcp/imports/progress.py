"""How far an import is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import anyio

from autosend_mcp.imports.journal_rows import SUCCESSES, PendingRow

Stage = Literal["reading", "defining fields", "sending", "done", "stopped"]


@dataclass(slots=True)
class Progress:
    """Counts of rows: `read` from the file so far, `total` once all are read, and by their `outcomes`.

    `settled` rows need nothing more. `stopped`: nothing more is sent. `fields`: custom fields defined so far,
    of `fields_needed`. `contradicting`: rows that are refused because another row of their address contradicts them.
    `joining`: people by what became of them, by the name of each list: `would join`, `may join` where AutoSend does not
    show who is in it; `joined`, `in it already`, and `found in it` after a lost reply.
    """

    stage: Stage = "reading"
    read: int = 0
    total: int = 0
    settled: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    stopped: bool = False
    contradicting: int = 0
    fields: list[str] = field(default_factory=list[str])
    fields_needed: int = 0
    joining: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    began: float = 0.0
    _to_do: int = 0

    def begin(self, counts: Mapping[str, int], settled: int) -> None:
        """Begin to send: all rows are read. `counts`: rows by outcome, those without one under ""."""
        self.total = sum(counts.values())
        self.outcomes = Counter({name: count for name, count in counts.items() if name})
        self.settled = settled
        self.stage, self.began, self._to_do = "sending", anyio.current_time(), self.total - settled

    def count(self, rows: Iterable[PendingRow], lists: int) -> None:
        """Count the outcomes of these rows, where each is to join `lists` of them."""
        for row in rows:
            if row.counted != row.outcome:
                if row.counted:
                    self.outcomes[row.counted] -= 1
                self.outcomes[row.outcome or ""] += 1
                row.counted = row.outcome
            self.settled += row.outcome not in SUCCESSES or row.joins >= lists or row.joins < 0

    def count_joining(self, contact_list: str, counts: Mapping[str, int]) -> None:
        """Count what became of people who were to join a list."""
        self.joining.setdefault(contact_list, Counter()).update({name: n for name, n in counts.items() if n})

    def joins(self, contact_list: str, word: str) -> int:
        """Return how many people are counted under this word for a list."""
        return self.joining.get(contact_list, Counter())[word]

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
        """Seconds to the end at this rate; None while no row is settled."""
        return (self.total - self.settled) / self.rate if self.done else None
