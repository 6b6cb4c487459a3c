"""One server after another in all situations, each with a line and a process of its own."""

import asyncio
import compileall
import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peer_imports import opt_outs
from benchmarks.peer_line import Line, line_to
from benchmarks.peer_servers import OURS, Server
from benchmarks.peer_situations import Seen, put_through
from benchmarks.raw_client import RawClient, ServerFailed, started

ERA = "2025-11-25"
IMPORTS = {"AUTOSEND_TOOLSETS": "contacts,lists,fields,suppressions,imports", "AUTOSEND_RATE_LIMIT": "100000"}
"""Settings of ours for imports: their tools are no default, and the peers know no pace."""
_PACKAGE = Path(__file__).resolve().parents[1] / "autosend_mcp"


@dataclass(frozen=True)
class Trial:
    """What was seen of a server, by situation."""

    server: Server
    seen: dict[str, Seen]


@asynccontextmanager
async def running(
    server: Server, directory: Path, scratch: Path, *, line: Line, log: str = "log", **settings: str
) -> AsyncGenerator[RawClient]:
    """Start a server in a directory of its own, with its own log, and yield a client."""
    home = scratch / server.name
    if not home.exists():
        home.mkdir()
        if server is OURS:  # from a copy of the package alone, compiled, as a wheel brings it
            shutil.copytree(_PACKAGE, home / _PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
            compileall.compile_dir(home / _PACKAGE.name, quiet=2)
    command = server.command(directory)
    if command is None:
        raise LookupError(server.name)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **server.environment(line.url), **settings}
    with (home / log).open("a+", encoding="utf-8") as stderr:
        async with started(command, home, environment, stderr, ERA) as client:
            yield client


async def those_that_start(servers: list[Server], directory: Path, scratch: Path) -> list[Server]:
    """Return the servers without those peers whose installation does not start, and print which these are."""
    found: list[Server] = []
    for server in servers:
        try:
            async with line_to(server.api()) as line, running(server, directory, scratch, line=line) as client:
                await client.request("tools/list", {})
        except ServerFailed as failed:
            if server is OURS:
                raise
            print(f"{server.name} is left out: it does not start ({failed})", file=sys.stderr)
        else:
            found.append(server)
    return found


async def _trial(server: Server, directory: Path, scratch: Path, *, quick: bool) -> Trial:
    pace = {"AUTOSEND_RATE_LIMIT": "100000"} if quick and server is OURS else {}
    async with line_to(server.api()) as line, running(server, directory, scratch, line=line, **pace) as client:
        with (scratch / server.name / "log").open(encoding="utf-8") as log:
            seen = await put_through(server, client, line, log, quick=quick)
    settings = IMPORTS if server is OURS else {}
    async with line_to(server.api()) as line, running(server, directory, scratch, line=line, **settings) as client:
        return Trial(server, seen | await opt_outs(server, client, line))


async def trials(servers: list[Server], directory: Path, scratch: Path, *, quick: bool) -> list[Trial]:
    """Put all servers through the situations, side by side: most of the time is waiting."""
    return await asyncio.gather(*(_trial(server, directory, scratch, quick=quick) for server in servers))
