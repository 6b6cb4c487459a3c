"""What installing or uninstalling changes in the file of a host: worked out first, and then done."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any, cast

from autosend_mcp.cli.exits import without_keys
from autosend_mcp.cli.install import jsonc, toml_tables
from autosend_mcp.cli.install.files import backed_up, content, written
from autosend_mcp.cli.install.hosts import Entry, Host
from autosend_mcp.cli.install.jsonc import CannotEditError
from autosend_mcp.cli.install.key import KEY, KEY_FILE, Key
from autosend_mcp.cli.install.links import INPUT
from autosend_mcp.cli.install.machine import Machine
from autosend_mcp.cli.install.shapes import as_written, entry_in

_NAME, _OTHER_NAME = "autosend", "autosend-contacts"
_OURS = re.compile(r"(?:^|.*[/\\])autosend-mcp(?:\.exe)?(?:[=@\[].*)?|autosend_mcp", re.DOTALL)


@dataclass(frozen=True)
class Change:
    """A change of one file: its text `before` and `after`, and the entry of the server, None where it goes away."""

    file: Path
    name: str
    before: str
    after: str
    entry: Entry | None
    was_there: bool

    @property
    def is_none(self) -> bool:
        """Whether the file is already as it should be."""
        return self.before == self.after

    def shown(self) -> str:
        """Return the lines that go and come, and no others, which may hold secrets; without any key among them."""
        lines = unified_diff(self.before.splitlines(), self.after.splitlines(), n=0, lineterm="")
        return without_keys("\n".join(line for line in lines if not line.startswith(("---", "+++"))))

    def write(self, now: datetime) -> Path | None:
        """Write the file; return the copy of what it was, None where there was none.

        Raises:
            CannotEditError: Somebody else has changed it meanwhile.
            OSError: It cannot be written, and is as it was.
        """
        if _text(self.file) != self.before:
            raise CannotEditError("it was changed meanwhile")
        windows = _has_windows_lines(content(self.file))
        copy = backed_up(self.file, now)
        written(self.file, self.after.replace("\n", "\r\n") if windows else self.after)
        return copy


def servers_in(host: Host, text: str) -> dict[str, Any]:
    """Return the servers that the file names, their entries as most hosts write them.

    Raises:
        CannotEditError: It is not as the host writes it.
    """
    found = _read(host, text).get(host.members, {})
    if not isinstance(found, dict):
        raise CannotEditError(f"{host.members} in it is something else than usual")
    return {name: entry_in(host, entry) for name, entry in cast("dict[str, Any]", found).items()}


def ours_in(servers: Mapping[str, Any]) -> str | None:
    """Return the name of the first server that is this one, by the command that starts it; None for none."""
    for name, entry in servers.items():
        if isinstance(entry, dict):
            words = [cast("Entry", entry).get("command"), *_listed(cast("Entry", entry).get("args"))]
            if any(isinstance(word, str) and _OURS.fullmatch(word) for word in words):
                return name
    return None


def entry_before(host: Host, machine: Machine) -> tuple[str, str, Entry]:
    """Return the text of the host's file, the name of this server in it (or to be), and its entry so far.

    Raises:
        CannotEditError: The file is not as the host writes it.
        OSError: It cannot be read.
    """
    text = _text(host.file(machine))
    servers = servers_in(host, text)
    if (name := ours_in(servers)) is not None:
        return text, name, servers[name]
    return text, _OTHER_NAME if _NAME in servers else _NAME, {}


def installed(
    host: Host,
    machine: Machine,
    words: tuple[str, ...],
    key: Key | None,
    settings: Mapping[str, str],
    *,
    alone: bool = False,
) -> Change:
    """Return the change that installs the server: started by these words, with the key and these settings.

    Whatever else the entry has stays, such as what the user allows it. `alone`: as if the file held nothing else.

    Raises:
        CannotEditError: The file cannot be changed without risk.
        OSError: It cannot be read.
    """
    text, name, before = ("", _NAME, dict[str, Any]()) if alone else entry_before(host, machine)
    env = {one: value for one, value in _members(before.get("env")).items() if one not in {KEY, KEY_FILE}}
    env |= {**settings, **(key.env if key else {})}
    command, *args = words
    entry: Entry = {**host.always, **before, "command": command, "args": args, "env": env}
    if host.key == "forward":
        entry["env_vars"] = [one for one in _listed(before.get("env_vars")) if one != KEY]
        entry["env_vars"] += key.forwards if key else []
    for part in ("args", "env", "env_vars"):
        if not entry.get(part, True) and (part not in before or host.is_toml):
            del entry[part]
    return _to(host, host.file(machine), text, name, entry)


def uninstalled(host: Host, machine: Machine) -> Change:
    """Return the change that takes the server away, and the input that asks for its key.

    Raises:
        CannotEditError: The file cannot be changed without risk.
        OSError: It cannot be read.
    """
    text, name, _ = entry_before(host, machine)
    return _to(host, host.file(machine), text, name, None)


def again(host: Host, change: Change) -> Change:
    """Return the same change of the file as it is now.

    Raises:
        CannotEditError: The file cannot be changed without risk.
        OSError: It cannot be read.
    """
    return _to(host, change.file, _text(change.file), change.name, change.entry)


def _to(host: Host, file: Path, text: str, name: str, entry: Entry | None) -> Change:
    """Return the change after which the server of this name has this entry, or none."""
    before, after = servers_in(host, text).get(name), text
    if host.is_toml:
        after = toml_tables.with_table(text, (host.members, name), entry) if entry != before else text
    elif entry is None:
        after = _without_input(jsonc.without_member(text, [host.members, name]))
    else:
        after = jsonc.with_member(text, [host.members, name], as_written(host, entry)) if entry != before else text
        after = _with_input(after) if "${input:" in str(entry.get("env", "")) else after
    change = Change(file, name, text, after, entry, was_there=before is not None)
    if _others(host, text, name) != _others(host, after, name) or servers_in(host, after).get(name) != entry:
        raise CannotEditError("it is written in a way that is not understood well enough to change it")
    return change


def pasted(host: Host, change: Change) -> str:
    """Return what a user pastes into the file by hand."""
    path, entry = (host.members, change.name), as_written(host, change.entry or {})
    if host.is_toml:
        return toml_tables.shown(path, entry)
    inputs = {"inputs": [INPUT]} if "${input:" in str(entry.get("env")) else {}
    return json.dumps({**inputs, host.members: {change.name: entry}}, indent=2, ensure_ascii=False) + "\n"


def linked(host: Host, change: Change) -> str:
    """Return the link that installs the entry, empty where the host opens none; without any key in it."""
    if host.link is None or change.entry is None:
        return ""
    entry = json.loads(without_keys(json.dumps(change.entry)))
    return host.link(change.name, {part: entry[part] for part in ("command", "args", "env") if part in entry})


def _with_input(text: str) -> str:
    inputs = _listed(jsonc.read(text).get("inputs"))
    if _index_of_input(inputs) is not None:
        return text
    return jsonc.with_member(text, ["inputs", len(inputs)], INPUT)


def _without_input(text: str) -> str:
    at = _index_of_input(_listed(jsonc.read(text).get("inputs")))
    return text if at is None else jsonc.without_member(text, ["inputs", at])


def _index_of_input(inputs: list[Any]) -> int | None:
    return next((at for at, one in enumerate(inputs) if _members(one).get("id") == INPUT["id"]), None)


def _others(host: Host, text: str, name: str) -> Any:
    found = dict(_read(host, text))
    found[host.members] = {one: entry for one, entry in servers_in(host, text).items() if one != name}
    found["inputs"] = [one for one in _listed(found.get("inputs")) if one != INPUT]
    return found


def _read(host: Host, text: str) -> dict[str, Any]:
    return toml_tables.read(text) if host.is_toml else jsonc.read(text)


def _text(file: Path) -> str:
    try:
        text = content(file)
    except UnicodeDecodeError:
        raise CannotEditError("it is not in UTF-8") from None
    return text.replace("\r\n", "\n") if _has_windows_lines(text) else text


def _has_windows_lines(text: str) -> bool:
    return 0 < text.count("\n") == text.count("\r\n")


def _members(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _listed(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
