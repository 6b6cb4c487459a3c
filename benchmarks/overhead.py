"""What autosend-mcp costs over a bare server with one tool on the same SDK: start-up, memory, latency, rate, tokens.

All are child processes behind the same raw client and the same API on loopback, and they take turns, so that what else
the machine does falls on all. They run in an environment of their own, with ours from a wheel. Ratios are medians of
those of single rounds, and those of the minima. Each goal is printed with its figure, not enforced.

    python benchmarks/overhead.py                   about two minutes
    python benchmarks/overhead.py --quick           about 15 seconds: does it run, not what the figures are
    python benchmarks/overhead.py --before PACKAGE  the package of another checkout as well
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TextIO

import anyio
import bpe_openai  # pyright: ignore[reportMissingTypeStubs]  # it ships none
from fake_api import fake_api
from overhead_servers import Server, connected, create, install, print_failure
from raw_client import RawClient
from report import Progress, Row, print_table

_ERAS = ("2025-11-25", "2026-07-28")
_AT_ONCE = 32
_ROUNDS = 6  # of as many calls at once
_CALLS = 20  # in a round of single calls
_WARM_UP = 20

# What is to be reached: over every peer, and over the MCPServer.
_GOALS = {"tools/list from exec": "<= 0.10", "first call from exec": "<= 0.98", "memory after it": "<= 1.05"}
_GOALS_OF_CALLS = {"p50 of a call": "<= 1.05", f"{_AT_ONCE} at once": ">= 1.0"}

Rounds = dict[str, list[dict[str, float]]]  # by what was measured: a figure of each server in each round


async def _start(connect: Any, server: Server, era: str) -> dict[str, float]:
    """Return the milliseconds from spawning a server to its list and its first answer, and what it has used by then."""
    began = perf_counter()
    async with connect(server, era) as client:
        await client.request("tools/list", {})
        listed = perf_counter()
        await create(client)
        called = perf_counter()
        used = client.processor_time() * 1000
        memory = client.memory()
    times = {"tools/list from exec": (listed - began) * 1000, "first call from exec": (called - began) * 1000}
    times |= {"processor time to it": used} if used else {}
    return times | ({} if memory is None else {"memory after it": memory})


async def _starts(connect: Any, servers: list[Server], runs: int, era: str, progress: Progress) -> Rounds:
    """Start one server after the other, in another order each time."""
    rounds: Rounds = defaultdict(list)
    for run in range(runs + 1):
        figures: dict[str, dict[str, float]] = {}
        for turn in range(len(servers)):
            server = servers[(run + turn) % len(servers)]
            progress.step(f"start-up, {era}")
            figures[server.name] = await _start(connect, server, era)
        if run:  # the first reads the files into the system's cache
            for what in figures["ours"]:
                rounds[what].append({name: figure[what] for name, figure in figures.items()})
    return rounds


async def _calls(clients: dict[str, RawClient], calls: int, era: str, progress: Progress) -> Rounds:
    """Measure the servers in turn: one call at a time, then as many a second as go through."""
    rounds: Rounds = defaultdict(list)
    progress.step(f"latency, {era}")
    for _ in range(max(2, calls // _CALLS)):
        rounds["p50 of a call"].append({name: await _latency(client) for name, client in clients.items()})
    for _ in range(_ROUNDS):
        progress.step(f"rate, {era}")
        used = {name: client.processor_time() for name, client in clients.items()}
        rounds[f"{_AT_ONCE} at once"].append({name: await _rate(client, calls) for name, client in clients.items()})
        spent = {name: (client.processor_time() - used[name]) * 1000 / calls for name, client in clients.items()}
        if all(spent.values()):
            rounds["processor time of a call"].append(spent)
    return rounds


async def _latency(client: RawClient) -> float:
    """Return the median milliseconds of some calls, one after the other."""
    taken: list[float] = []
    for _ in range(_CALLS):
        began = perf_counter()
        await create(client)
        taken.append((perf_counter() - began) * 1000)
    return median(taken)


async def _rate(client: RawClient, calls: int) -> float:
    """Return the calls a second with this many under way at any time."""
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await create(client)

    began = perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(_AT_ONCE):
            tasks.start_soon(work)
    return calls / (perf_counter() - began)


async def _tokens(clients: dict[str, RawClient]) -> list[Row]:
    """Return what a conversation pays for the tools, whether it uses them or not."""
    encoding = bpe_openai.get_encoding("o200k_base")
    one: dict[str, int] = {}
    all_of_them: dict[str, int] = {}
    for name in ("bare", "ours"):
        tools = (await clients[name].request("tools/list", {}))["tools"]
        wire = {tool["name"]: _wire(tool) for tool in tools}
        one[name] = len(encoding.encode(wire["create_contact"]))
        all_of_them[name] = len(encoding.encode(f"[{','.join(wire.values())}]"))
    return [
        Row("create_contact definition, o200k", "tokens", **one, goal="<= 350", absolute=True),
        Row("whole tool list, o200k", "tokens", **all_of_them, goal="<= 4500", absolute=True),
    ]


def _wire(tool: dict[str, Any]) -> str:
    """Return what hosts put before a model."""
    shown = {name: tool[name] for name in ("name", "description", "inputSchema")}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _rows(rounds: Rounds, era: str, peer: str) -> list[Row]:
    """Return the rows of a comparison with one of the others: medians, and the least or most of each."""
    goals = {} if peer == "before" else _GOALS | (_GOALS_OF_CALLS if peer == "MCPServer" else {})
    rows: list[Row] = []
    for what, figures in rounds.items():
        theirs, ours = ([figure[name] for figure in figures] for name in (peer, "ours"))
        paired = median(mine / other for mine, other in zip(ours, theirs, strict=True))
        best, word = (max, "most") if "at once" in what else (min, "least")
        unit = "MiB" if "memory" in what else "calls/s" if "at once" in what else "ms"
        rows.append(Row(f"{what}, {era}", unit, median(theirs), median(ours), goals.get(what, ""), paired=paired))
        rows.append(Row(f"  the {word} of {len(figures)}", unit, best(theirs), best(ours)))
    return rows


async def _measure(runs: int, calls: int, log: TextIO, servers: list[Server]) -> dict[str, list[Row]]:
    """Return the rows of the comparison with each of the others."""
    progress = Progress(len(_ERAS) * (len(servers) * (runs + 1) + 1 + _ROUNDS))
    rows: dict[str, list[Row]] = {server.name: [] for server in servers[:-1]}
    tokens: list[Row] = []
    async with fake_api() as base_url:
        connect = partial(connected, base_url, log)
        for era in _ERAS:
            rounds = await _starts(connect, servers, runs, era, progress)
            async with AsyncExitStack() as stack:
                clients = {one.name: await stack.enter_async_context(connect(one, era)) for one in servers}
                for client in clients.values():
                    for _ in range(_WARM_UP):
                        await create(client)
                rounds |= await _calls(clients, calls, era, progress)
                tokens = await _tokens(clients)  # the same in both eras
            for peer in rows:
                rows[peer] += _rows(rounds, era, peer)
    progress.clear()
    rows["bare"] += tokens
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print. A goal that is missed is printed too; only a server that fails is an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=12, help="starts of each server in each era (default 12)")
    parser.add_argument("--calls", type=int, default=480, help="calls in each measurement of calls (default 480)")
    parser.add_argument("--quick", action="store_true", help="a smoke run: one start, 40 calls")
    parser.add_argument("--before", type=Path, metavar="PACKAGE", help="the autosend_mcp of another checkout")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(argv)
    runs, calls = (1, 40) if args.quick else (max(1, args.runs), max(_AT_ONCE, args.calls))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log, tempfile.TemporaryDirectory() as directory:
        try:
            rows = anyio.run(_measure, runs, calls, log, install(Path(directory), args.before))
        except KeyboardInterrupt:
            return 130
        except Exception as error:  # noqa: BLE001 - a server failed, whatever it raised here
            print_failure(error, log)
            return 1
    about = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    about |= {"mcp": version("mcp"), "runs": runs, "calls": calls}
    if args.json:
        figures = [
            asdict(row) | {"peer": peer, "ratio": row.ratio, "met": row.met} for peer in rows for row in rows[peer]
        ]
        print(json.dumps({"about": about, "figures": figures}, indent=2))
        return 0
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    for peer, those in rows.items():
        print()
        print_table(those, peer, f"Goals bound ours/{peer}; those in tokens bound ours.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
