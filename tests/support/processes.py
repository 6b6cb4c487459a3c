"""The command as a process of its own, whose pipes are read and which is signalled and killed.

It is forked from a process that has loaded the modules already: to start Python and load the SDK takes over a second,
and is not what these tests are about. `stdio_client` of the SDK and the demo start the real thing.
"""

import asyncio
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import anyio

from autosend_mcp.__main__ import run
from tests.support.worlds import KEY

COMMAND = [sys.executable, "-m", "autosend_mcp"]
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds for what takes one: only a process that hangs takes longer
LONGEST_LINE = 2**24  # bytes

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "tests.support.processes",
        "autosend_mcp.cli.call",
        "autosend_mcp.cli.connect",
        "autosend_mcp.cli.http",
        "autosend_mcp.cli.import_file",
        "autosend_mcp.cli.main",
        "autosend_mcp.cli.sandbox",
        "autosend_mcp.sandbox.app",
        "autosend_mcp.server.stdio",
    ]
)


class Child:
    """The command, spoken to in lines; `out` and `err` are what it writes."""

    def __init__(self, process: BaseProcess, stdin: Connection) -> None:
        self.out, self.err = asyncio.StreamReader(LONGEST_LINE), asyncio.StreamReader(LONGEST_LINE)
        self._process = process
        self._stdin = stdin
        self._reading: list[asyncio.ReadTransport] = []

    async def listen(self, *pipes: Connection) -> None:
        """Read its stdout and its stderr from these."""
        for reader, pipe in zip((self.out, self.err), pipes, strict=True):
            protocol = partial(asyncio.StreamReaderProtocol, reader)
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(protocol, pipe)
            self._reading.append(transport)

    def send(self, line: dict[str, Any] | str) -> None:
        """Write a line to its stdin."""
        text = line if isinstance(line, str) else json.dumps(line)
        os.write(self._stdin.fileno(), f"{text}\n".encode())

    def request(self, number: int, method: str, params: dict[str, Any]) -> None:
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    def call(self, number: int, arguments: Any, **params: Any) -> None:
        """Call create_contact."""
        self.request(number, "tools/call", {"name": "create_contact", "arguments": arguments, **params})

    async def initialize(self) -> None:
        client = {"name": "raw", "version": "0"}
        self.request(0, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client})
        assert (await self.read())["result"]["serverInfo"]["name"] == "autosend-mcp"
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def read(self) -> dict[str, Any]:
        return json.loads(await line_of(self.out))

    def end_stdin(self) -> None:
        self._stdin.close()

    def stop_reading(self) -> None:
        """Close this end of its stdout."""
        self._reading[0].close()

    def signal(self, number: int) -> None:
        assert self._process.pid
        os.kill(self._process.pid, number)

    async def exit_code(self) -> int:
        """Wait for its end; return its exit code, negative for the signal that ended it."""
        await anyio.wait_readable(self._process.sentinel)
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode

    async def ended(self) -> tuple[int, str]:
        """Return its exit code and the rest of what it writes on stderr."""
        with anyio.fail_after(PATIENCE):
            rest = await rest_of(self.err)
            return await self.exit_code(), rest


async def line_of(stream: asyncio.StreamReader) -> str:
    return (await stream.readuntil()).decode()


async def rest_of(stream: asyncio.StreamReader) -> str:
    return (await stream.read()).decode()


@asynccontextmanager
async def started(*words: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> AsyncGenerator[Child]:
    """Yield the command with these arguments; `env` is its whole environment. It is killed if it has not ended."""
    (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = (_FORKS.Pipe(duplex=False) for _ in range(3))
    process = _FORKS.Process(target=_run, args=(words, dict(env or {}), cwd, stdin, stdout, stderr), daemon=True)
    process.start()
    for theirs in (stdin, stdout, stderr):
        theirs.close()
    child = Child(process, to_stdin)
    await child.listen(from_stdout, from_stderr)
    try:
        yield child
    finally:
        process.kill()
        await child.exit_code()
        to_stdin.close()
        for reader in (child.out, child.err):
            await reader.read()


def _run(words: Sequence[str], env: dict[str, str], cwd: Path, *streams: Connection) -> None:
    """Be the command, in the process that was forked."""
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin, sys.stdout, sys.stderr = (open(fd, mode) for fd, mode in ((0, "r"), (1, "w"), (2, "w")))  # noqa: PTH123, SIM115
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background of a shell ignores it
    sys.argv = ["autosend-mcp", *words]
    run()


def at(url: str, **env: str) -> dict[str, str]:
    """Return the environment of a command that works with the AutoSend there."""
    return {"AUTOSEND_API_KEY": KEY, "AUTOSEND_BASE_URL": url, "AUTOSEND_RATE_LIMIT": "1000", **env}
