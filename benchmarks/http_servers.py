"""What the benchmarks of serving over HTTP share: servers as processes, a redis-server, and one raw call."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

ERAS = ("2025-11-25", "2026-07-28")
BARE = ["bare_http.py", "PORT"]
OURS = ["-m", "autosend_mcp", "serve", "--http", "127.0.0.1:PORT"]

_HERE = Path(__file__).resolve().parent
_META = "io.modelcontextprotocol/"
_TO_START = 60.0
_TO_END = 15.0
_numbers = count()


class Server(NamedTuple):
    """A process that serves, and where."""

    process: "subprocess.Popen[bytes]"
    port: int

    def memory(self) -> float:
        """Return its resident MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def cpu(self) -> float:
        """Return the seconds of a processor that it has taken so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port of loopback at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def started(commands: Sequence[Sequence[str]], api: str, **more: str) -> Generator[list[Server]]:
    """Start a server by each command, all at once; PORT in it is its port. On the way out all are ended at once."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_HERE.parent), "AUTOSEND_API_KEY": "AS_benchmark"}
    environment |= {"AUTOSEND_BASE_URL": api, "AUTOSEND_RATE_LIMIT": "100000", "AUTOSEND_LOG_LEVEL": "ERROR"}
    servers: list[Server] = []
    try:
        for command in commands:
            port = free_port()
            words = [sys.executable, *(word.replace("PORT", str(port)) for word in command)]
            process = subprocess.Popen(words, env=environment | more, cwd=_HERE, stdout=subprocess.DEVNULL)
            servers.append(Server(process, port))
        for server in servers:
            _wait_for(server)
        yield servers
    finally:
        for server in servers:
            server.process.terminate()
        for server in servers:
            _wait_for_end(server.process)


def _wait_for(server: Server) -> None:
    until = time.monotonic() + _TO_START
    while server.process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("a server did not start")


def _wait_for_end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def redis() -> Generator[str | None]:
    """Start a redis-server; yield its URL, or None, and say so, where there is no such program."""
    if shutil.which("redis-server") is None:
        print("redis-server is not installed: what it takes is left out", file=sys.stderr)
        yield None
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
            try:
                _wait_for(Server(process, port))
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.terminate()


def _request(port: int, era: str, token: str, more: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return a call that creates a contact nobody else creates, as bytes, and the contact's address."""
    email = f"person{next(_numbers)}@example.com"
    params: dict[str, Any] = {"name": "create_contact", "arguments": {"email": email, "firstName": "John", **more}}
    head = [
        "POST /mcp HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"MCP-Protocol-Version: {era}",
        "Accept: application/json, text/event-stream",
    ]
    if era == ERAS[1]:
        params["_meta"] = {f"{_META}protocolVersion": era, f"{_META}clientCapabilities": {}}
        head += ["Mcp-Method: tools/call", "Mcp-Name: create_contact"]
    head += [f"Authorization: Bearer {token}"] if token else []
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body, email


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Return one answer, whose length is given or which comes in chunks."""
    answer = await reader.readuntil(b"\r\n\r\n")
    for line in answer.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return answer + await reader.readexactly(int(line.partition(b":")[2]))
    while size := int(await reader.readuntil(b"\r\n"), 16):
        answer += (await reader.readexactly(size + 2))[:-2]
    return answer + await reader.readexactly(2)


async def call(port: int, connection: Any, era: str, token: str = "", **more: Any) -> tuple[bool, Any]:
    """Create a contact; return whether that was answered rightly, and the connection, which is kept."""
    reader, writer = connection or await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    request, email = _request(port, era, token, more)
    writer.write(request)
    answer = await _answer(reader)
    right = answer.startswith(b"HTTP/1.1 200") and email.encode() in answer and b'"isError":true' not in answer
    return right, (reader, writer)
