"""How a host writes an entry: as most do, or with one list of words and variables as `environment` (opencode)."""

from typing import Any, cast

from autosend_mcp.cli.install.hosts import Entry, Host


def entry_in(host: Host, stated: Any) -> Any:
    """Return an entry as most hosts write it: `command`, `args` and `env`; one without a command as it is."""
    if not host.words or not isinstance(stated, dict):
        return stated
    entry = dict(cast("Entry", stated))
    if not isinstance(entry.get("command"), list) or not entry["command"]:
        return entry
    command, *args = entry["command"]
    shape: Entry = {"command": command, **({"args": args} if args else {})}
    if "environment" in entry:
        shape["env"] = entry.pop("environment")
    return {**entry, **shape}


def as_written(host: Host, entry: Entry) -> Entry:
    """Return an entry as this host writes it."""
    if not host.words:
        return entry
    rest = {part: value for part, value in entry.items() if part not in {"command", "args", "env"}}
    words = {"command": [entry["command"], *entry.get("args", [])]}
    return {**rest, **words, **({"environment": entry["env"]} if "env" in entry else {})}
