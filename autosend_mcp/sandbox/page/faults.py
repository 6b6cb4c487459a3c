"""The section of faults that a test has asked for and that are still to come, the newest first."""

from dataclasses import asdict

from autosend_mcp.sandbox.control.faults import Fault
from autosend_mcp.sandbox.page.section import ROWS, Seen, Shown


class WaitingFaults:
    """The faults, by the number of each."""

    name = "faults"
    title = "Faults"
    columns = ("Request", "What happens", "Times", "Applied")
    nothing = "No fault waits. POST /sandbox/faults makes the next request fail."

    def rows(self, seen: Seen, text: str, before: int | None) -> list[Shown]:
        """Return the newest rows, as every section does."""
        return [row for row in self._found(seen, text) if before is None or row.key < before][: ROWS + 1]

    def row(self, seen: Seen, key: int) -> Shown | None:
        """Return one row, as every section does."""
        return next((row for row in self._found(seen, "") if row.key == key), None)

    def count(self, seen: Seen, text: str = "") -> int:
        """Return how many rows there are, as every section does."""
        return len(self._found(seen, text))

    def _found(self, seen: Seen, text: str) -> list[Shown]:
        rows = [_shown(fault) for fault in seen.exchanges.faults.all]
        return [row for row in rows[::-1] if text.lower() in " ".join(row.cells).lower()]


def _shown(fault: Fault) -> Shown:
    happens = [f"status {fault.status}"] * bool(fault.status) + ["connection dropped"] * fault.drop
    happens += [f"after {fault.delay:g} s"] * bool(fault.delay)
    times, applied = str(fault.times) if fault.times else "always", "before it" if fault.applied else "no"
    return Shown(fault.id, (f"{fault.method} {fault.path}", ", ".join(happens), times, applied), asdict(fault))
