"""What the doctor finds in the files of hosts: whether the server is in them, and whether it starts as they would."""

import re
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from autosend_mcp.cli.doctor.findings import Finding, note, ok, problem
from autosend_mcp.cli.doctor.settings import of_key_file
from autosend_mcp.cli.install.change import entry_before
from autosend_mcp.cli.install.hosts import HOSTS, KEY, Entry, Host
from autosend_mcp.cli.install.jsonc import CannotEditError
from autosend_mcp.cli.install.key import KEY_FILE
from autosend_mcp.cli.install.machine import Machine
from autosend_mcp.errors import NotSent
from autosend_mcp.secret import content_of, key_in

_PATIENCE = 30.0
_SHORT_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"  # of what is started from the desktop
_REFERENCE = re.compile(r"\$\{(?:env:)?(\w+)\}|\$(\w+)")


async def of_hosts(machine: Machine) -> list[Finding]:
    """Return what is found of each host whose file is there."""
    found: list[Finding] = []
    for name, host in HOSTS.items():
        if host.file(machine).exists():
            found += await _of_host(name, host, machine)
    return found or [note("hosts", "none has a file on this machine", "autosend-mcp install HOST")]


async def _of_host(name: str, host: Host, machine: Machine) -> list[Finding]:
    file = host.file(machine)
    try:
        _, _, entry = entry_before(host, machine)
    except (CannotEditError, OSError) as error:
        said = str(error) if isinstance(error, CannotEditError) else error.strerror
        return [problem(name, f"{file}: {said}", f"fix this file; {host.title} may not read it either")]
    if not entry:
        return [note(name, f"the server is not in {file}", f"autosend-mcp install {name}")]
    env, found = _environment(name, host, machine, entry)
    return [*found, await _started(name, host, machine, entry, env)]


def _environment(name: str, host: Host, machine: Machine, entry: Entry) -> tuple[dict[str, str], list[Finding]]:
    """Return the variables that the host gives the server, and what is wrong with how it gets the key."""
    given = cast("Mapping[str, Any]", entry.get("env") or {})
    env = {variable: str(value) for variable, value in given.items()}
    found: list[Finding] = []
    for variable in cast("list[str]", entry.get("env_vars") or []):
        env[variable] = f"${{{variable}}}"
    for variable, value in [*env.items()]:
        if "${input:" in value:
            del env[variable]
        elif (reference := _REFERENCE.fullmatch(value)) is not None:
            wanted = reference[1] or reference[2]
            env[variable] = machine.variables.get(wanted, "")
            if not env[variable]:
                fix = f"export {wanted} before you start it, or: {_again(name, entry)} --key-file"
                found.append(problem(name, f"{host.title} reads {wanted}, which is not set here", fix))
        elif variable == KEY:
            found.append(note(name, "the key stands in the file", _again(name, entry)))
    if file := env.get(KEY_FILE):
        found += _of_file(name, Path(file).expanduser())
    return env, found


def _of_file(name: str, file: Path) -> list[Finding]:
    try:
        key_in(content_of(file), KEY_FILE)
    except NotSent:
        return [problem(name, f"{file} holds no key", f"put your key into {file}")]
    return of_key_file(file)


async def _started(name: str, host: Host, machine: Machine, entry: Entry, env: Mapping[str, str]) -> Finding:
    """Start the server as the host would, and list its tools."""
    path = _SHORT_PATH if host.key is None and not machine.is_windows else machine.variables.get("PATH", "")
    args = [str(word) for word in cast("list[object]", entry.get("args") or [])]
    server = StdioServerParameters(command=str(entry.get("command")), args=args, env={"PATH": path, **env})
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            with anyio.fail_after(_PATIENCE):
                async with Client(stdio_client(server, errlog=log)) as client:
                    tools = (await client.list_tools()).tools
        except Exception as error:  # noqa: BLE001 - whatever keeps a host from starting it
            log.seek(0)
            said = log.read().strip().rpartition("\n")[2] or _reason(error)
            return problem(name, f"{host.title} cannot start it: {said}", _again(name, entry))
    return ok(name, f"starts in {time.monotonic() - began:.1f} s and offers {len(tools)} tools")


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseException", error.exceptions[0])
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__


def _again(name: str, entry: Entry) -> str:
    """Return the command that installs the server anew, with the flags that it has now."""
    words = [str(word) for word in cast("list[object]", entry.get("args") or [])]
    flags = [word for word in words if word in {"--read-only", "--sandbox", "--sandbox-sample"}]
    if "--toolsets" in words[:-1]:
        flags += ["--toolsets", words[words.index("--toolsets") + 1]]
    return " ".join(["autosend-mcp install", name, *flags])
