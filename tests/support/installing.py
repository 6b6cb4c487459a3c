"""`install` on a machine with a fake home, and the servers that a host's file then has."""

import tomllib
from argparse import Namespace
from functools import cache
from pathlib import Path
from typing import Any

from autosend_mcp.cli.flags import parser
from autosend_mcp.cli.install import jsonc
from autosend_mcp.cli.install.hosts import HOSTS
from autosend_mcp.cli.install.install import run
from autosend_mcp.cli.install.machine import Machine

PROGRAM = "/opt/a folder/bin/autosend-mcp"
PARSER = cache(parser)


def machine_in(home: Path, platform: str = "linux", **variables: str) -> Machine:
    return Machine(platform, home, {"PATH": str(home / "bin"), **variables}, (PROGRAM,))


def install(machine: Machine, *words: str) -> int:
    flags: Namespace = PARSER().parse(["install", *words])
    return run(flags, machine)


def servers(host: str, machine: Machine) -> dict[str, Any]:
    text = HOSTS[host].file(machine).read_text()
    read = tomllib.loads(text) if HOSTS[host].is_toml else jsonc.read(text)
    found = read.get(HOSTS[host].members, {})
    return {name: as_most_hosts_write(entry) for name, entry in found.items()} if host == "opencode" else found


def as_most_hosts_write(entry: dict[str, Any]) -> dict[str, Any]:
    assert entry["type"] == "local"
    command, *args = entry["command"]
    return {"command": command, "args": args, **({"env": entry["environment"]} if "environment" in entry else {})}


TABLES = """\
# my settings
model = 'o3' # fast
[mcp_servers.other]
command = "x"

# about tui
[tui]
notifications = [
  "a",
]
text = '''
[mcp_servers.autosend]
'''
"""
