"""What autosend-mcp costs over a bare server with one tool on the same SDK: start-up, memory, latency, rate, tokens.

Both are child processes behind the same MCP client and the same API on loopback, and they take turns, so that what
else the machine does falls on both. They run from a copy of the package alone, as a wheel installs it. Each goal is
printed with its figure, not enforced.

    python benchmarks/overhead.py            about 75 seconds
    python benchmarks/overhead.py --quick    about 12 seconds: does it run, not what the figures are
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import traceback
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import TextIO, cast

import anyio
import bpe_openai  # pyright: ignore[reportMissingTypeStubs]  # it ships none
from fake_api import fake_api
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import Tool
from report import Progress, Row, print_table

_HERE = Path(__file__).resolve().parent
_PACKAGE = _HERE.parent / "autosend_mcp"
_MODULES = {"bare": "bare_server", "ours": "autosend_mcp"}
_ERAS = {"2025-11-25": "legacy", "2026-07-28": "auto"}
_AT_ONCE = 32
_ROUNDS = 5
_WARM_UP = 20

Figures = dict[str, list[float]]
Clients = dict[str, Client]
Connect = Callable[[str, str], AbstractAsyncContextManager[Client]]


class ServerFailed(Exception):
    """A server answered otherwise than it must; there is nothing to measure."""


def _install(directory: str) -> Path:
    """Copy both servers there without the project around them: only so is ours what a wheel brings."""
    shutil.copytree(_PACKAGE, Path(directory) / _PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copy(_HERE / "bare_server.py", directory)).parent


def _connect(base_url: str, log: TextIO, directory: Path, name: str, mode: str) -> Client:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", _MODULES[name]],
        cwd=directory,
        env={"AUTOSEND_API_KEY": "AS_benchmark", "AUTOSEND_BASE_URL": base_url, "AUTOSEND_RATE_LIMIT": "100000"},
    )
    return Client(stdio_client(server, errlog=log), mode=mode, read_timeout_seconds=60)


_numbers = count()


async def _create(client: Client) -> None:
    """Make one call; the address is new each time, for identical calls in flight would be joined into one."""
    email = f"person{next(_numbers)}@example.com"
    fields = {"company": "Acme Corp", "role": "Developer", "plan": "premium"}
    result = await client.call_tool(
        "create_contact",
        {"email": email, "firstName": "John", "lastName": "Doe", "userId": "user_12345", "customFields": fields},
    )
    if result.is_error or email not in str(result.content):
        raise ServerFailed(str(result.content))


def _child_memory() -> float | None:
    """Return the resident MiB of this process's one child, the server; None where there is no /proc."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:
            continue  # it has ended meanwhile
        if int(fields["PPid"]) == os.getpid() and "VmRSS" in fields:
            return int(fields["VmRSS"].split()[0]) / 1024
    return None


async def _start_up(connect: Connect, runs: int, era: str, progress: Progress) -> list[Row]:
    """Measure the time from spawning a server to its list of tools, and its memory then, one server after the other."""
    times: Figures = {name: [] for name in _MODULES}
    memory: Figures = {name: [] for name in _MODULES}
    for run in range(runs + 1):  # the first reads the files into the system's cache
        for name in _MODULES:
            progress.step(f"start-up, {era}")
            started = perf_counter()
            async with connect(name, _ERAS[era]) as client:
                await client.list_tools()
                elapsed = perf_counter() - started
                if client.protocol_version != era:
                    raise ServerFailed(f"{name} speaks {client.protocol_version}, not {era}")
                resident = _child_memory()
            if run:
                times[name].append(elapsed * 1000)
                memory[name] += [] if resident is None else [resident]
    return [
        _row(f"start-up to tools/list, {era}", "ms", times, median, "<= 1.15"),
        _row(f"memory after start-up, {era}", "MiB", memory, median, "<= 1.15"),
    ]


@asynccontextmanager
async def _both(connect: Connect, era: str) -> AsyncGenerator[Clients]:
    """Yield a client of each server, warmed up."""
    async with AsyncExitStack() as stack:
        clients = {name: await stack.enter_async_context(connect(name, _ERAS[era])) for name in _MODULES}
        for client in clients.values():
            for _ in range(_WARM_UP):
                await _create(client)
        yield clients


async def _calls(clients: Clients, calls: int, era: str, progress: Progress) -> list[Row]:
    """Measure the servers in turn: one call at a time, then as many a second as go through."""
    latencies: Figures = {name: [] for name in _MODULES}
    rates: Figures = {name: [] for name in _MODULES}
    progress.step(f"latency, {era}")
    for _ in range(calls):
        for name, client in clients.items():
            started = perf_counter()
            await _create(client)
            latencies[name].append((perf_counter() - started) * 1000)
    for _ in range(_ROUNDS):
        progress.step(f"rate, {era}")
        for name, client in clients.items():
            rates[name].append(await _rate(client, calls))
    return [
        _row(f"latency p50, {era}", "ms", latencies, median, "<= 1.25"),
        _row(f"latency p95, {era}", "ms", latencies, _p95),
        _row(f"{_AT_ONCE} at once, {era}", "calls/s", rates, median, ">= 0.9"),
    ]


async def _rate(client: Client, calls: int) -> float:
    """Return the calls a second with this many under way at any time."""
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await _create(client)

    started = perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(_AT_ONCE):
            tasks.start_soon(work)
    return calls / (perf_counter() - started)


async def _tokens(clients: Clients) -> list[Row]:
    """Return what a conversation pays for the tools, whether it uses them or not."""
    encoding = bpe_openai.get_encoding("o200k_base")
    one: dict[str, int] = {}
    all_of_them: dict[str, int] = {}
    for name, client in clients.items():
        wire = {tool.name: _wire(tool) for tool in (await client.list_tools()).tools}
        one[name] = len(encoding.encode(wire["create_contact"]))
        all_of_them[name] = len(encoding.encode(f"[{','.join(wire.values())}]"))
    return [
        Row("create_contact definition, o200k", "tokens", **one, goal="<= 350", absolute=True),
        Row("whole tool list, o200k", "tokens", **all_of_them, goal="<= 4500", absolute=True),
    ]


def _wire(tool: Tool) -> str:
    """Return what hosts put before a model."""
    return tool.model_dump_json(by_alias=True, include={"name", "description", "input_schema"})


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def _row(what: str, unit: str, figures: Figures, reduce: Callable[[list[float]], float], goal: str = "") -> Row:
    bare, ours = (reduce(figures[name]) if figures[name] else None for name in _MODULES)
    return Row(what, unit, bare, ours, goal)


async def _measure(runs: int, calls: int, log: TextIO, directory: Path) -> list[Row]:
    progress = Progress(len(_ERAS) * (2 * (runs + 1) + 1 + _ROUNDS))
    rows: list[Row] = []
    async with fake_api() as base_url:
        connect = partial(_connect, base_url, log, directory)
        for era in _ERAS:
            rows += await _start_up(connect, runs, era, progress)
        tokens: list[Row] = []
        for era in _ERAS:
            async with _both(connect, era) as clients:
                rows += await _calls(clients, calls, era, progress)
                tokens = await _tokens(clients)  # the same in both eras
    progress.clear()
    return rows + tokens


def _print_failure(error: BaseException, log: TextIO) -> None:
    """Print what went wrong first, and what the servers last said of it."""
    while isinstance(error, BaseExceptionGroup):  # each client's task groups wrap it once more
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    print(file=sys.stderr)  # the line of progress ends here
    traceback.print_exception(error, chain=False)
    log.seek(0)
    print("The servers' last lines on stderr:", *log.read().splitlines()[-10:], sep="\n", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print. A goal that is missed is printed too; only a server that fails is an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=12, help="starts of each server in each era (default 12)")
    parser.add_argument("--calls", type=int, default=500, help="calls in each measurement of calls (default 500)")
    parser.add_argument("--quick", action="store_true", help="a smoke run: one start, 40 calls")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(argv)
    runs, calls = (1, 40) if args.quick else (max(1, args.runs), max(2, args.calls))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log, tempfile.TemporaryDirectory() as directory:
        try:
            rows = anyio.run(_measure, runs, calls, log, _install(directory))
        except KeyboardInterrupt:
            return 130
        except Exception as error:  # noqa: BLE001 - a server failed, whatever it raised here
            _print_failure(error, log)
            return 1
    about = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    about |= {"mcp": version("mcp"), "runs": runs, "calls": calls}
    if args.json:
        figures = [asdict(row) | {"ratio": row.ratio, "met": row.met} for row in rows]
        print(json.dumps({"about": about, "figures": figures}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in about.items()), end="\n\n")
        print_table(rows, "bare", "Goals bound ours/bare; those in tokens bound ours.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
