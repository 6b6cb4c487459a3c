"""This server beside three that a user would pick: what each does when things go wrong, and what each costs.

Each is driven over stdio by the same raw client, against an API on loopback that imitates its own just enough. All of
it runs in a network namespace of its own with nothing but a loopback device, so that no request can leave the machine.
A verdict is computed from the requests that arrived, from what the API then holds and from the answer:
benchmarks/peer_rules.py has the rules, and --rules prints them.

    python benchmarks/peers.py            installs the peers first, takes about five minutes
    python benchmarks/peers.py --quick    only what is installed, without waiting for what never answers
"""

import argparse
import asyncio
import fcntl
import json
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peer_figures import Figures, measured
from benchmarks.peer_report import as_json, print_all, print_rules
from benchmarks.peer_servers import OURS, PEERS, Server
from benchmarks.peer_trial import Trial, those_that_start, trials

_SCRATCH = Path(__file__).resolve().parents[1] / "build" / "peers"
_SIOCSIFFLAGS = 0x8914
_UP = 0x1 | 0x40


def _loopback_alone() -> None:
    """Bring up the loopback device, and see that there is no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP))
    if (names := [name for _, name in socket.if_nameindex()]) != ["lo"]:
        raise SystemExit(f"not a network namespace of its own: {names}")


def _install(servers: Sequence[Server], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for server in servers:
        if failed := server.install(directory):
            print(f"{server.name} is left out: {failed}", file=sys.stderr)


def _isolated(argv: Sequence[str]) -> int:
    """Run this again in a namespace of its own, and return its exit code."""
    command = ["unshare", "--map-root-user", "--net", "--", sys.executable, __file__, *argv, "--inside"]
    return subprocess.run(command, check=False).returncode


def _can_be_isolated() -> bool:
    tried = ["unshare", "--map-root-user", "--net", "--", "true"]
    return bool(shutil.which(tried[0])) and not subprocess.run(tried, capture_output=True, check=False).returncode


async def _measure(servers: list[Server], directory: Path, args: argparse.Namespace) -> tuple[list[Trial], Figures]:
    with tempfile.TemporaryDirectory() as scratch:
        servers = await those_that_start(servers, directory, Path(scratch))
        done = await trials(servers, directory, Path(scratch), quick=args.quick)
        return done, await measured(servers, directory, Path(scratch), 1 if args.quick else max(1, args.rounds))


def main(argv: Sequence[str] | None = None) -> int:
    """Install, measure and print. The exit code is 1 if this server is wrong in a situation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only what is installed, one round, no endless silence")
    parser.add_argument("--rounds", type=int, default=5, help="starts and imports of each (default 5)")
    parser.add_argument(
        "--directory", type=Path, default=_SCRATCH, help=f"where they are installed (default {_SCRATCH})"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with each answer and why it is wrong")
    parser.add_argument("--rules", action="store_true", help="print the rules in words, and measure nothing")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = list(sys.argv[1:] if argv is None else argv)
    args = parser.parse_args(given)
    directory = args.directory.resolve()
    if args.rules:
        print_rules()
        return 0
    servers = [OURS, *PEERS]
    if not args.inside:
        if not args.quick:
            _install(PEERS, directory)
        if not _can_be_isolated():
            print("No network namespace can be made here (Linux's unshare), so no server is driven.", file=sys.stderr)
            return 0 if args.quick else 1
        return _isolated(given)
    _loopback_alone()
    servers = [server for server in servers if server.command(directory)]
    done, figures = asyncio.run(_measure(servers, directory, args))
    about: dict[str, Any] = {"quick": args.quick, "rounds": 1 if args.quick else max(1, args.rounds)}
    if args.json:
        print(json.dumps(as_json(done, figures, about), indent=2, ensure_ascii=False))
    else:
        print_all(done, figures)
    return int(any(one.verdict.word == "wrong" for one in done[0].seen.values()))


if __name__ == "__main__":
    sys.exit(main())
