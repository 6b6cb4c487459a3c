"""Machines for `doctor`: the files of hosts in a home, a server that starts at once, and what is found."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from autosend_mcp.cli.doctor.findings import Finding, as_json, as_text, is_well
from autosend_mcp.cli.install.hosts import HOSTS
from autosend_mcp.cli.install.machine import Machine
from tests.support.worlds import KEY

SERVER = f"""#!{sys.executable} -S
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    known = {{
        "initialize": {{"protocolVersion": "2025-11-25", "capabilities": {{"tools": {{}}}},
                       "serverInfo": {{"name": "x", "version": "1"}}}},
        "tools/list": {{"tools": [{{"name": "a", "inputSchema": {{"type": "object"}}}}]}},
    }}
    if "id" in asked:
        answer = {{"result": known[asked["method"]]}} if asked["method"] in known else {{
            "error": {{"code": -32601, "message": "no such method"}}}}
        print(json.dumps({{"jsonrpc": "2.0", "id": asked["id"], **answer}}), flush=True)
"""


def machine_with(home: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Machine:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Machine("linux", home, {"PATH": "/usr/bin:/bin", **variables})


def put(host: str, machine: Machine, entry: dict[str, Any] | str) -> None:
    file = HOSTS[host].file(machine)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(entry if isinstance(entry, str) else json.dumps({HOSTS[host].members: {"autosend": entry}}))


def started_by(home: Path) -> str:
    """Return the command of a server that lists one tool, which needs no time to start."""
    file = home / "autosend-mcp"
    file.write_text(SERVER)
    file.chmod(0o755)
    return str(file)


def problems(found: list[Finding], *, state: str = "problem") -> list[tuple[str, str, str]]:
    shown = as_text(found) + as_json(found)
    assert KEY not in shown
    assert is_well(found) is json.loads(as_json(found))["ok"]
    assert all(one.fix for one in found if one.state == "problem")
    return [(one.check, one.said, one.fix) for one in found if one.state == state]
