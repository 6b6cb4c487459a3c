"""The servers that overhead.py compares: installed as users install them, connected and called."""

import compileall
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple, TextIO, cast

from raw_client import RawClient, ServerFailed, started

_HERE = Path(__file__).resolve().parent
_PROJECT = _HERE.parent
_OURS = "autosend_mcp"
_PEERS = {"bare": "bare_server", "MCPServer": "mcp_server"}


class Server(NamedTuple):
    """A server to be started: by what name, where, by which Python, and as which module."""

    name: str
    directory: Path
    python: Path
    module: str


def install(directory: Path, before: Path | None) -> list[Server]:
    """Install ours from a wheel, with its dependencies alone, and copy the peers there, which run on the same ones."""
    venv, uv = directory / "venv", str(Path(sys.executable).with_name("uv"))
    pinned = ["--constraints", str(_PROJECT / "constraints.txt")]
    subprocess.run([uv, "venv", "-q", str(venv)], check=True)
    subprocess.run(
        [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(venv), *pinned, str(_PROJECT)], check=True
    )
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    for module in _PEERS.values():
        shutil.copy(_HERE / f"{module}.py", directory)
    servers = [Server(name, directory, python, module) for name, module in _PEERS.items()]
    if before:
        copy = directory / "before"
        shutil.copytree(before, copy / _OURS, ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(copy / _OURS, quiet=2)  # as the others are
        servers.append(Server("before", copy, python, _OURS))
    return [*servers, Server("ours", directory, python, _OURS)]


@asynccontextmanager
async def connected(base_url: str, log: TextIO, server: Server, era: str) -> AsyncGenerator[RawClient]:
    """Yield a client of the server as a child process, which has an API on loopback and few variables."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    environment |= {"AUTOSEND_API_KEY": "AS_benchmark", "AUTOSEND_BASE_URL": base_url, "AUTOSEND_RATE_LIMIT": "100000"}
    command = [str(server.python), "-m", server.module]
    async with started(command, server.directory, environment, log, era) as client:
        yield client


_numbers = count()


async def create(client: RawClient) -> None:
    """Make one call; the address is new each time, for identical calls in flight would be joined into one."""
    email = f"person{next(_numbers)}@example.com"
    fields = {"company": "Acme Corp", "role": "Developer", "plan": "premium"}
    person = {"email": email, "firstName": "John", "lastName": "Doe", "userId": "user_12345", "customFields": fields}
    result = await client.request("tools/call", {"name": "create_contact", "arguments": person})
    if result.get("isError") or email not in str(result["content"]):
        raise ServerFailed(str(result["content"]))


def print_failure(error: BaseException, log: TextIO) -> None:
    """Print what went wrong first, and what the servers last said of it."""
    while isinstance(error, BaseExceptionGroup):  # each task group wraps it once more
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    print(file=sys.stderr)  # the line of progress ends here
    traceback.print_exception(error, chain=False)
    log.seek(0)
    print("The servers' last lines on stderr:", *log.read().splitlines()[-10:], sep="\n", file=sys.stderr)
