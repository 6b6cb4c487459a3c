"""Serving over HTTP under load: 50 clients at once, one to three workers, and a bare server with one tool beside them.

Each server is a process; all are behind the same raw client and the same API on loopback, and they take turns. The
clients go to the workers by turns, as a balancer sends them. `redis, 3` are three workers that share a redis-server.

The clients and the API take a processor of their own, so that calls a second do not grow with the workers on few cores.
What a worker takes of a processor for a call is measured beside: by that, workers on cores of their own would scale.

    python benchmarks/over_http.py            a minute of load in each era for each row: 10 minutes
    python benchmarks/over_http.py --quick    does it run: 10 clients, two workers, half a second each
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from statistics import quantiles
from typing import Any, NamedTuple

from fake_api import fake_api
from http_servers import BARE, ERAS, OURS, Server, call, redis, started

_CLIENTS = 50
_FEW = 10  # clients of a smoke run
_ROUNDS = 3
_PATIENCE = 30.0  # seconds for an answer; without one the call is an error

Kinds = Mapping[str, Sequence[Server]]


class Scale(NamedTuple):
    """How much is measured: the clients at once, the seconds of load for each row, in so many rounds, the workers."""

    clients: int
    seconds: float
    rounds: int
    workers: int


@dataclass
class Load:
    """What loads of one kind have measured. `cpu`: seconds of a processor that the servers took, all together."""

    seconds: float = 0.0
    cpu: float = 0.0
    errors: int = 0
    times: list[float] = field(default_factory=list[float])

    @property
    def rate(self) -> float:
        """The calls a second."""
        return len(self.times) / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """The calls for a second of a processor."""
        return len(self.times) / self.cpu if self.cpu else 0.0

    def percentile(self, percent: int) -> float:
        """Return the milliseconds within which so many of the calls were answered."""
        return quantiles(self.times, n=100)[percent - 1] * 1000


async def load(servers: Sequence[Server], clients: int, seconds: float, era: str, into: Load) -> None:
    """Add a load of so many clients for so many seconds, and at least a call of each."""
    began, before = time.perf_counter(), sum(server.cpu() for server in servers)

    async def client(number: int) -> None:
        port, connection = servers[number % len(servers)].port, None
        while time.perf_counter() < began + seconds:
            sent = time.perf_counter()
            try:
                async with asyncio.timeout(_PATIENCE):
                    right, connection = await call(port, connection, era)
            except (OSError, EOFError, ValueError):
                right, connection = False, None
            into.errors += not right
            into.times.append(time.perf_counter() - sent)
        if connection:
            connection[1].close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    into.seconds += time.perf_counter() - began
    into.cpu += sum(server.cpu() for server in servers) - before


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    era: str
    server: str
    rate: float
    to_one: float
    to_bare: float
    p50: float
    p95: float
    p99: float
    errors: int
    per_cpu_second: float


async def _era(kinds: Kinds, scale: Scale, era: str) -> Iterator[Row]:
    """Load the servers of each kind, in turns; return their rows."""
    loads = {kind: Load() for kind in kinds}
    for servers in kinds.values():
        await load(servers, scale.clients, min(1, scale.seconds / 3), era, Load())  # to warm up
    for _ in range(scale.rounds):
        for kind, servers in kinds.items():
            await load(servers, scale.clients, scale.seconds / scale.rounds, era, loads[kind])
    one, bare = loads["ours, 1"].rate, loads["bare"].rate
    return (
        Row(
            era,
            kind,
            load.rate,
            load.rate / one,
            load.rate / bare,
            load.percentile(50),
            load.percentile(95),
            load.percentile(99),
            load.errors,
            load.per_cpu_second,
        )
        for kind, load in loads.items()
    )


async def _measure(scale: Scale) -> list[Row]:
    most = scale.workers
    rows: list[Row] = []
    async with fake_api() as api:
        with ExitStack() as stack:
            bare, *workers = stack.enter_context(started([BARE, *[OURS] * most], api))
            kinds: dict[str, Sequence[Server]] = {"bare": [bare]}
            kinds |= {f"ours, {number}": workers[:number] for number in range(1, most + 1)}
            if url := stack.enter_context(redis()):
                kinds[f"redis, {most}"] = stack.enter_context(started([OURS] * most, api, AUTOSEND_REDIS_URL=url))
            for era in ERAS:
                rows += await _era(kinds, scale, era)
    return rows


def _shown(rows: Sequence[Row]) -> Iterator[str]:
    times = f"{'p50':>8}{'p95':>8}{'p99':>8} ms"
    yield f"{'era':<12}{'server':<10}{'calls/s':>9}{'/one':>6}{'/bare':>7}{times}  errors  calls/CPU s"
    for row in rows:
        yield (
            f"{row.era:<12}{row.server:<10}{row.rate:>9.1f}{row.to_one:>6.2f}{row.to_bare:>7.2f}"
            f"{row.p50:>8.1f}{row.p95:>8.1f}{row.p99:>8.1f}{row.errors:>11}{row.per_cpu_second:>13.1f}"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; fail if a call was answered wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of load for each row (default 60)")
    parser.add_argument("--quick", action="store_true", help="a smoke run: half a second each, 10 clients, two workers")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(argv)
    scale = Scale(_FEW, 0.5, 1, 2) if args.quick else Scale(_CLIENTS, args.seconds, _ROUNDS, 3)
    about: dict[str, Any] = {"python": platform.python_version(), "cores": os.cpu_count(), "clients": scale.clients}
    about |= {"seconds": scale.seconds, "load of the machine before": round(os.getloadavg()[0], 1)}
    rows = asyncio.run(_measure(scale))
    if args.json:
        print(json.dumps({"about": about, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in about.items()))
        print("\n".join(_shown(rows)))
    return 1 if any(row.errors for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
