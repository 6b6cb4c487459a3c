"""What 1,000 teams cost a worker: memory, open files, and what stands in Redis of each.

Each caller has a token and an AutoSend key of their own, and so a server, a client and a pace. All call one worker by
turns: once each, then one in ten of them 20 times more. What is in Redis is counted key by key.

    python benchmarks/callers.py            1,000 callers, about two minutes
    python benchmarks/callers.py --quick    20 callers: does it run
"""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

from fake_api import fake_api
from http_servers import ERAS, OURS, Server, call, redis, started
from redis.asyncio import Redis

from autosend_mcp.server.http.tokens import PREFIX, hashed

_AT_ONCE = 10  # callers who call at the same time
_MORE = 20  # further writes of each of those who make some


class Kind(NamedTuple):
    """The keys of one kind in Redis. `kept`: the longest time until one expires, in seconds."""

    keys: int
    size: int
    kept: float


def _tokens(folder: Path, callers: int) -> list[str]:
    """Write a file of tokens, each with an AutoSend key of its own; return the tokens."""
    made = [PREFIX + secrets.token_urlsafe(32) for _ in range(callers)]
    rows: list[dict[str, str]] = []
    for number, token in enumerate(made):
        key = folder / f"key{number}"
        key.write_text(f"AS_benchmark{number}", encoding="utf-8")
        created = datetime.now(UTC).isoformat()
        rows.append({"name": f"team{number}", "sha256": hashed(token), "created": created, "key_file": str(key)})
    (folder / "tokens.json").write_text(json.dumps({"tokens": rows}), encoding="utf-8")
    return made


async def _calls(server: Server, tokens: Sequence[str], times: int) -> None:
    """Let each of these callers write so many contacts."""
    left = [token for token in tokens for _ in range(times)]

    async def client() -> None:
        connection = None
        while left:
            right, connection = await call(server.port, connection, ERAS[1], left.pop())
            if not right:
                sys.exit("a caller with a token was not served")
        if connection:
            connection[1].close()

    await asyncio.gather(*(client() for _ in range(_AT_ONCE)))


async def _held(url: str) -> dict[str, Kind]:
    """Return what is in Redis, by kind of key."""
    kinds: dict[str, Kind] = defaultdict(lambda: Kind(0, 0, 0.0))
    async with cast("Any", Redis).from_url(url, decode_responses=True) as client:
        async for key in client.scan_iter(count=1_000):
            size, left = int(await client.memory_usage(key) or 0), await client.pttl(key) / 1_000
            kind: str = key.split(":")[1]
            before = kinds[kind]
            kinds[kind] = Kind(before.keys + 1, before.size + size, max(before.kept, left))
    return dict(kinds)


async def _redis_cpu(url: str) -> float:
    """Return the seconds of a processor that Redis has taken so far."""
    async with cast("Any", Redis).from_url(url) as client:
        about = await client.info("cpu")
    return float(about["used_cpu_user"] + about["used_cpu_sys"])


def _files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


async def _worker(api: str, callers: int, url: str | None) -> dict[str, Any]:
    """Return what a worker takes after one caller, after all, and after some have written more."""
    with tempfile.TemporaryDirectory() as folder:
        tokens = _tokens(Path(folder), callers)
        more = {"AUTOSEND_REDIS_URL": url} if url else {}
        some = tokens[: max(1, callers // 10)]
        with started([[*OURS, "--tokens", f"{folder}/tokens.json"]], api, **more) as (server,):
            await _calls(server, tokens[:1], 1)
            rows: dict[str, Any] = {"one": {"MiB": server.memory(), "files": _files(server)}}
            await _calls(server, tokens[1:], 1)
            rows["all"] = {"MiB": server.memory(), "files": _files(server)}
            rows["KiB a caller"] = (rows["all"]["MiB"] - rows["one"]["MiB"]) * 1024 / (callers - 1)
            held = await _held(url) if url else {}
            busy, busy_redis = server.cpu(), await _redis_cpu(url) if url else 0.0
            await _calls(server, some, _MORE)
            writes = len(some) * _MORE
            rows["after more"] = {"MiB": server.memory(), "files": _files(server)}
            rows["ms a write"] = (server.cpu() - busy) * 1_000 / writes
            if url:
                rows["ms of Redis a write"] = (await _redis_cpu(url) - busy_redis) * 1_000 / writes
                rows["redis"] = {kind: one._asdict() for kind, one in held.items()}
                rows["bytes of a record"] = ((await _held(url))["writes"].size - held["writes"].size) / writes
    return rows


async def _measure(callers: int) -> dict[str, Any]:
    async with fake_api() as api:
        with ExitStack() as stack:
            url = stack.enter_context(redis())
            found = {"alone": await _worker(api, callers, None)}
            if url:
                found["with Redis"] = await _worker(api, callers, url)
    return found


def _shown(callers: int, found: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, rows in found.items():
        title = f"a worker {name}"
        lines.append(f"{title:<30}{'MiB':>8}  open files")
        points = {"1 caller": "one", f"{callers:,} callers": "all", f"{_MORE} more writes of 1 in 10": "after more"}
        for label, point in points.items():
            lines.append(f"  {label:<28}{rows[point]['MiB']:>8.1f}{rows[point]['files']:>12}")
        lines.append(f"  a caller {rows['KiB a caller']:.1f} KiB, a write {rows['ms a write']:.2f} ms of a processor")
    if shared := found.get("with Redis"):
        lines.append(f"Redis: a write {shared['ms of Redis a write']:.2f} ms of its processor")
        for kind, one in shared["redis"].items():
            each, kept = one["size"] / one["keys"], f"{one['kept']:,.0f} s"
            lines.append(f"  {kind:<10}{one['keys']:>7,} keys of {each:>5,.0f} bytes, kept at most {kept}")
        lines.append(f"  a further record of a write, in writes: {shared['bytes of a record']:.0f} bytes")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, default=1_000, help="how many (default 1,000)")
    parser.add_argument("--quick", action="store_true", help="a smoke run: 20 callers")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(argv)
    callers = 20 if args.quick else args.callers
    found = asyncio.run(_measure(callers))
    print(json.dumps(found, indent=2) if args.json else "\n".join(_shown(callers, found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
