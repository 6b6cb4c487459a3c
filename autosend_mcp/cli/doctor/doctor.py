"""`autosend-mcp doctor`: look at everything between a host and AutoSend, and say what fixes what is wrong."""

import anyio

from autosend_mcp.cli.doctor.findings import Finding, as_json, as_text, is_well
from autosend_mcp.cli.doctor.hosts import of_hosts
from autosend_mcp.cli.doctor.network import of_read, of_way
from autosend_mcp.cli.doctor.settings import of_key, of_settings
from autosend_mcp.cli.install.machine import Machine


def run(machine: Machine, *, json: bool) -> int:
    """Print what is found; return the exit code: 0 if all is well, else 1."""
    findings = anyio.run(examined, machine)
    print(as_json(findings) if json else as_text(findings))
    return 0 if is_well(findings) else 1


async def examined(machine: Machine) -> list[Finding]:
    """Return what is found; one read is sent, and nothing else leaves this machine."""
    found, settings = of_settings(machine)
    if settings is not None:
        before = [*of_key(settings), *await of_way(settings)]
        found += before
        if is_well(before):
            found += await of_read(settings)
    return [*found, *await of_hosts(machine)]
