"""Serving over HTTP under load: 50 clients at once, one to three workers, and a bare server with one tool beside them.

Each server is a process; all are behind the same raw client and the same API on loopback, and they take turns. The
clients go to the workers by turns, as a balancer sends them. A worker is also given 1,000 callers with a token each.

    python benchmarks/over_http.py            a minute of load in each era for each number of workers
    python benchmarks/over_http.py --quick    a few seconds: does it run, not what the figures are
"""

import argparse
import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

from fake_api import fake_api

from autosend_mcp.server.http.tokens import TokenFile

_HERE = Path(__file__).resolve().parent
_ERAS = ("2025-11-25", "2026-07-28")
_CLIENTS = 50
_ROUNDS = 3
_PATIENCE = 60.0
_META = "io.modelcontextprotocol/"
_numbers = count()


class Server(NamedTuple):
    """A process that serves, and where."""

    process: "subprocess.Popen[bytes]"
    port: int

    def memory(self) -> float:
        """Return its resident MiB; 0 where there is no /proc."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return 0.0
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


class Load(NamedTuple):
    """What a load has measured."""

    seconds: float
    times: list[float]
    errors: int

    @property
    def rate(self) -> float:
        """The calls a second."""
        return len(self.times) / self.seconds

    def percentile(self, percent: int) -> float:
        """Return the milliseconds within which so many of the calls were answered."""
        return quantiles(self.times, n=100)[percent - 1] * 1000


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _started(words: Sequence[str], api: str) -> Generator[Server]:
    port = _free_port()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_HERE.parent), "AUTOSEND_API_KEY": "AS_benchmark"}
    environment |= {"AUTOSEND_BASE_URL": api, "AUTOSEND_RATE_LIMIT": "100000", "AUTOSEND_LOG_LEVEL": "ERROR"}
    command = [sys.executable, *(word.replace("PORT", str(port)) for word in words)]
    with subprocess.Popen(command, env=environment, cwd=_HERE, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield Server(process, port)
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("a server did not start")


def _request(port: int, era: str, token: str) -> tuple[bytes, str]:
    """Return a call that creates a contact nobody else creates, as bytes, and the contact's address."""
    email = f"person{next(_numbers)}@example.com"
    params: dict[str, Any] = {"name": "create_contact", "arguments": {"email": email, "firstName": "John"}}
    head = [
        "POST /mcp HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"MCP-Protocol-Version: {era}",
    ]
    head.append("Accept: application/json, text/event-stream")
    if era == _ERAS[1]:
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


async def _call(port: int, connection: Any, era: str, token: str = "") -> tuple[bool, Any]:
    """Make one call; return whether it was answered rightly, and the connection that is kept."""
    reader, writer = connection or await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    request, email = _request(port, era, token)
    writer.write(request)
    answer = await _answer(reader)
    right = answer.startswith(b"HTTP/1.1 200") and email.encode() in answer and b'"isError":true' not in answer
    return right, (reader, writer)


async def _load(servers: Sequence[Server], seconds: float, era: str) -> Load:
    times: list[float] = []
    errors = 0
    began = time.perf_counter()

    async def client(number: int) -> None:
        nonlocal errors
        port, connection = servers[number % len(servers)].port, None
        while time.perf_counter() < began + seconds:
            sent = time.perf_counter()
            try:
                async with asyncio.timeout(_PATIENCE):
                    right, connection = await _call(port, connection, era)
            except (OSError, EOFError, ValueError):
                right, connection = False, None
            errors += not right
            times.append(time.perf_counter() - sent)
        if connection:
            connection[1].close()

    await asyncio.gather(*(client(number) for number in range(_CLIENTS)))
    return Load(time.perf_counter() - began, times, errors)


def _joined(loads: Sequence[Load]) -> Load:
    return Load(
        sum(load.seconds for load in loads),
        [taken for load in loads for taken in load.times],
        sum(load.errors for load in loads),
    )


async def _loads(api: str, seconds: float) -> list[dict[str, Any]]:
    """Return a row for each era and server: the bare one, and one, two and three workers of ours, by turns."""
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        bare = stack.enter_context(_started(["bare_http.py", "PORT"], api))
        ours = ["-m", "autosend_mcp", "serve", "--http", "127.0.0.1:PORT"]
        workers = [stack.enter_context(_started(ours, api)) for _ in range(3)]
        kinds = {"bare": [bare]} | {f"ours, {number}": workers[:number] for number in (1, 2, 3)}
        for era in _ERAS:
            for servers in kinds.values():
                await _load(servers, min(1, seconds / 3), era)  # to warm up
            loads: dict[str, list[Load]] = {kind: [] for kind in kinds}
            for _ in range(_ROUNDS):
                for kind, servers in kinds.items():
                    loads[kind].append(await _load(servers, seconds / _ROUNDS, era))
            whole = {kind: _joined(those) for kind, those in loads.items()}
            for kind, load in whole.items():
                figures = {f"p{percent}": load.percentile(percent) for percent in (50, 95, 99)}
                ratio = load.rate / whole["ours, 1"].rate
                rows.append({"server": kind, "era": era, "rate": load.rate, **figures, "errors": load.errors})
                rows[-1]["ratio"] = ratio
    return rows


async def _memory(api: str, callers: int) -> dict[str, float]:
    """Return the MiB of a worker after a call of one caller, and after one of each of so many."""
    with tempfile.TemporaryDirectory() as folder:
        tokens = TokenFile(Path(folder) / "tokens.json")
        names = [tokens.create(f"caller{number}") for number in range(callers)]
        words = ["-m", "autosend_mcp", "serve", "--http", "127.0.0.1:PORT", "--tokens", f"{folder}/tokens.json"]
        with _started(words, api) as server:
            memory: dict[str, float] = {}
            connection = None
            for number, token in enumerate(names, start=1):
                right, connection = await _call(server.port, connection, _ERAS[1], token)
                if not right:
                    sys.exit("a caller with a token was not served")
                if number in {1, callers}:
                    memory[str(number)] = server.memory()
    return memory


async def _measure(seconds: float, callers: int) -> tuple[list[dict[str, Any]], dict[str, float]]:
    async with fake_api() as api:
        return await _loads(api, seconds), await _memory(api, callers)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; fail if a call was answered wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of load for each server in each era (default 60)")
    parser.add_argument("--quick", action="store_true", help="a smoke run: a second each, 20 callers")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(argv)
    seconds, callers = (1.0, 20) if args.quick else (args.seconds, 1_000)
    busy = os.getloadavg()[0]
    rows, memory = asyncio.run(_measure(seconds, callers))
    about: dict[str, Any] = {"python": platform.python_version(), "cores": os.cpu_count(), "clients": _CLIENTS}
    about |= {"seconds": seconds, "load of the machine before": round(busy, 1)}
    if args.json:
        print(json.dumps({"about": about, "loads": rows, "memory": memory}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in about.items()))
        print(f"{'era':<12}{'server':<10}{'calls/s':>9}{'to ours, 1':>12}{'p50':>8}{'p95':>8}{'p99':>8} ms  errors")
        for row in rows:
            times = "".join(f"{row[name]:>8.1f}" for name in ("p50", "p95", "p99"))
            print(
                f"{row['era']:<12}{row['server']:<10}{row['rate']:>9.1f}{row['ratio']:>12.2f}{times}{row['errors']:>11}"
            )
        for number, mebibytes in memory.items():
            print(f"memory of a worker with {number} caller(s): {mebibytes:.1f} MiB")
    return 1 if any(row["errors"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
