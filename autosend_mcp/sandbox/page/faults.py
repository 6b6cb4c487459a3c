"""The section of faults that a test has asked for and that are still to come, the newest first."""

from dataclasses import asdict

from autosend_mcp.sandbox.control.faults import Fault
from autosend_mcp.sandbox.page.listed import Listed
from autosend_mcp.sandbox.page.section import Seen, Shown


class WaitingFaults(Listed):
    """The faults, by the number of each."""

    name = "faults"
    title = "Faults"
    columns = ("Request", "What happens", "Times", "Applied")
    nothing = "No fault waits. POST /sandbox/faults makes the next request fail."

    def all_rows(self, seen: Seen) -> list[Shown]:
        """Return every row, the oldest first."""
        return [_shown(fault) for fault in seen.exchanges.faults.all]


def _shown(fault: Fault) -> Shown:
    happens = [f"status {fault.status}"] * bool(fault.status) + ["connection dropped"] * fault.drop
    happens += [f"after {fault.delay:g} s"] * bool(fault.delay)
    times, applied = str(fault.times) if fault.times else "always", "before it" if fault.applied else "no"
    return Shown(fault.id, (f"{fault.method} {fault.path}", ", ".join(happens), times, applied), asdict(fault))
