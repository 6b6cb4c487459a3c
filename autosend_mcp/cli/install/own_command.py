"""A host's own command, used where it has one that can say all there is to say; else its file is changed."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from autosend_mcp.cli.exits import without_keys
from autosend_mcp.cli.install.change import Change, again, servers_in
from autosend_mcp.cli.install.files import backed_up, content
from autosend_mcp.cli.install.hosts import Entry, Host
from autosend_mcp.cli.install.machine import Machine

_SAID = {"command", "args", "env", "type"}  # what the commands can say of a server


def commands_for(host: Host, machine: Machine, change: Change) -> list[list[str]]:
    """Return the commands of the host's own that make this change; none where its file has to be changed."""
    if host.add is None or machine.command(host.program) is None or _has_comments(host, change.before):
        return []
    if change.was_there and host.remove is None:
        return []
    if any(part not in _SAID and host.always.get(part) != value for part, value in (change.entry or {}).items()):
        return []
    remove = [[*host.remove(change.name)]] if host.remove and change.was_there else []
    return remove if change.entry is None else [*remove, [*host.add(change.name, change.entry)]]


def _has_comments(host: Host, text: str) -> bool:
    """Return whether a file is JSON with comments, which such a command may leave out when it writes the file anew."""
    if host.is_toml or not text.strip():
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def done_by(
    commands: Sequence[Sequence[str]], host: Host, machine: Machine, change: Change, now: datetime
) -> Path | None:
    """Make the change by these commands; by the file where there are none, or they do not what they should.

    Return the copy of the file as it was, None where there was none.

    Raises:
        CannotEditError: The file was changed meanwhile.
        OSError: It cannot be written.
    """
    if not commands:
        return change.write(now)
    backup = backed_up(change.file, now)
    for name, *words in commands:
        code, printed = machine.run([machine.command(name) or name, *words])
        if code:
            said = without_keys(printed.strip().rpartition("\n")[2])
            print(f"autosend-mcp: {name} ended with {code}: {said}", file=sys.stderr)
            break
    found = servers_in(host, content(change.file)).get(change.name)
    if _essence(found) != _essence(change.entry):
        print(f"autosend-mcp: so {change.file} is changed itself", file=sys.stderr)
        again(host, change).write(now)
    return backup


def _essence(entry: Entry | None) -> Entry | None:
    return entry and {"command": entry.get("command"), "args": entry.get("args") or [], "env": entry.get("env") or {}}
