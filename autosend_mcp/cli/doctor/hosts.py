"""What the doctor finds in the files of hosts: whether the server is in them, and whether it starts as they would."""

import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from autosend_mcp.cli.doctor.findings import Finding, note, ok, problem
from autosend_mcp.cli.doctor.settings import of_key_file
from autosend_mcp.cli.install.change import entry_before
from autosend_mcp.cli.install.hosts import HOSTS, KEY, Entry
from autosend_mcp.cli.install.jsonc import CannotEditError
from autosend_mcp.cli.install.key import KEY_FILE
from autosend_mcp.cli.install.machine import Machine
from autosend_mcp.errors import NotSent
from autosend_mcp.secret import content_of, key_in

_PATIENCE = 30.0
_SHORT_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"  # of what is started from the desktop
# Where hosts keep the servers of a project, below its folder.
_IN_PROJECTS = {
    "claude-code": ".mcp.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "copilot-cli": ".github/mcp.json",
    "opencode": "opencode.json",
    "zed": ".zed/settings.json",
}
_REFERENCE = re.compile(r"\$\{(?:env:)?(\w+)\}|\$(\w+)|\{env:(\w+)\}")
_FILE = re.compile(r"\{file:(.+)\}")  # what opencode puts the content of a file in the place of


@dataclass(frozen=True)
class _Place:
    """A host's file: the user's own, or that of the project in the current folder."""

    host: str
    file: Path
    in_project: bool = False

    @property
    def check(self) -> str:
        """What it is called among the findings."""
        return f"{self.host} (project)" if self.in_project else self.host

    def again(self, entry: Entry) -> str:
        """Return what brings an entry in order: the command that installs the server anew, with its flags."""
        if self.in_project:
            return f"change it in {self.file}; autosend-mcp install {self.host} makes an entry for you alone"
        words = [str(word) for word in cast("list[object]", entry.get("args") or [])]
        flags = [word for word in words if word in {"--read-only", "--sandbox", "--sandbox-sample"}]
        if "--toolsets" in words[:-1]:
            flags += ["--toolsets", words[words.index("--toolsets") + 1]]
        return " ".join(["autosend-mcp install", self.host, *flags])


async def of_hosts(machine: Machine) -> list[Finding]:
    """Return what is found of each host whose file is there: the user's, then those of the project in this folder."""
    own = [_Place(name, host.file(machine)) for name, host in HOSTS.items()]
    inside = [_Place(name, Path.cwd() / path, in_project=True) for name, path in _IN_PROJECTS.items()]
    found: list[Finding] = []
    for place in [*own, *(one for one in inside if one.file not in {other.file for other in own})]:
        if place.file.exists():
            found += await _of_place(place, machine)
    return found or [note("hosts", "none has a file on this machine", "autosend-mcp install HOST")]


async def _of_place(place: _Place, machine: Machine) -> list[Finding]:
    def file(_: Machine) -> Path:
        return place.file

    host = replace(HOSTS[place.host], file=file)
    try:
        _, _, entry = entry_before(host, machine)
    except (CannotEditError, OSError) as error:
        said = str(error) if isinstance(error, CannotEditError) else error.strerror
        return [problem(place.check, f"{place.file}: {said}", f"fix this file; {host.title} may not read it either")]
    if not entry:
        missing = note(place.check, f"the server is not in {place.file}", f"autosend-mcp install {place.host}")
        return [] if place.in_project else [missing]
    env, found = _environment(place, machine, entry)
    if entry.get("disabled") is True or entry.get("enabled") is False:
        found.append(note(place.check, f"the server is switched off in {place.file}", "switch it on there"))
    return [*found, await _started(place, machine, entry, env)]


def _environment(place: _Place, machine: Machine, entry: Entry) -> tuple[dict[str, str], list[Finding]]:
    """Return the variables that the host gives the server, and what is wrong with how it gets the key."""
    name, title = place.check, HOSTS[place.host].title
    given = cast("Mapping[str, Any]", entry.get("env") or {})
    env = {variable: str(value) for variable, value in given.items()}
    found: list[Finding] = []
    for variable in cast("list[str]", entry.get("env_vars") or []):
        env[variable] = f"${{{variable}}}"
    for variable, value in [*env.items()]:
        if "${input:" in value:
            del env[variable]
        elif (reference := _REFERENCE.fullmatch(value)) is not None:
            wanted = reference[reference.lastindex or 0]
            env[variable] = machine.variables.get(wanted, "")
            if not env[variable]:
                fix = f"export {wanted} before you start it, or: {place.again(entry)}"
                fix += "" if place.in_project else " --key-file"
                found.append(problem(name, f"{title} reads {wanted}, which is not set here", fix))
        elif variable == KEY and (file := _FILE.fullmatch(value)) is not None:
            del env[KEY]
            env[KEY_FILE] = str(place.file.parent / Path(file[1]).expanduser())
        elif variable == KEY:
            shared = f"{place.file} may be shared: " if place.in_project else ""
            found.append(note(name, "the key stands in the file", f"{shared}{place.again(entry)}"))
    if kept := env.get(KEY_FILE):
        found += _of_file(name, Path(kept).expanduser())
    return env, found


def _of_file(name: str, file: Path) -> list[Finding]:
    try:
        key_in(content_of(file), KEY_FILE)
    except NotSent:
        return [problem(name, f"{file} holds no key", f"put your key into {file}")]
    return of_key_file(file)


async def _started(place: _Place, machine: Machine, entry: Entry, env: Mapping[str, str]) -> Finding:
    """Start the server as the host would, and list its tools."""
    host = HOSTS[place.host]
    path = _SHORT_PATH if host.key is None and not machine.is_windows else machine.variables.get("PATH", "")
    command, *args = (
        str(word).replace("${workspaceFolder}", str(Path.cwd()))
        for word in [entry.get("command"), *cast("list[object]", entry.get("args") or [])]
    )
    server = StdioServerParameters(command=command, args=args, env={"PATH": path, **env})
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            with anyio.fail_after(_PATIENCE):
                async with Client(stdio_client(server, errlog=log)) as client:
                    tools = (await client.list_tools()).tools
        except Exception as error:  # noqa: BLE001 - whatever keeps a host from starting it
            log.seek(0)
            said = log.read().strip().rpartition("\n")[2] or _reason(error)
            return problem(place.check, f"{host.title} cannot start it: {said}", place.again(entry))
    return ok(place.check, f"starts in {time.monotonic() - began:.1f} s and offers {len(tools)} tools")


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseException", error.exceptions[0])
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
