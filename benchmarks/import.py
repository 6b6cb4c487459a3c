"""What an import takes: rows a second, share of AutoSend's pace, memory; beside the script that people write today.

Both are child processes that import the same file into a sandbox of their own, which is a child process too. The plain
script validates nothing, looks nothing up and keeps no journal. The runs take turns. Goals bound the best runs.

    python benchmarks/import.py            about 15 minutes; exit code 1 when a goal is missed
    python benchmarks/import.py --quick    about 20 seconds: does it run, not what the figures are
    python benchmarks/import.py --part speed --before DIRECTORY    beside an earlier commit, checked out there
"""

import argparse
import compileall
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from statistics import median
from time import perf_counter

from report import Progress, Row, print_table

_HERE = Path(__file__).resolve().parent
_COMMAND = [sys.executable, "-m", "autosend_mcp"]
_PAUSE = 0.5  # between the plain script's requests, where there are two a second
_PER_SECOND = 200.0  # contacts that two requests a second can bring
_ROWS_A_REQUEST = 100, 5_000  # of a bulk update, and of the look-up before it
_PARTS = ("speed", "pace", "memory")


@dataclass(frozen=True)
class Sizes:
    """Numbers of rows, and of rounds."""

    rounds: int
    speed: int
    pace: int
    memory: tuple[int, ...]


_FULL = Sizes(rounds=3, speed=50_000, pace=10_000, memory=(1_000, 100_000, 1_000_000))
_QUICK = Sizes(rounds=1, speed=2_000, pace=400, memory=(1_000, 5_000))


@dataclass(frozen=True)
class Ran:
    """One run: seconds from start to end, of a core, and from the end of reading to the end; peak memory in MiB."""

    seconds: float
    cpu: float
    sending: float
    memory: float


@dataclass(frozen=True)
class Sandbox:
    """Where it is, and the id of its list."""

    url: str
    newsletter: str


@contextmanager
def _sandbox(*flags: str, of: Path = _HERE.parent) -> Generator[Sandbox]:
    fields = ["--field", "plan:string", "--field", "logins:number"]
    process = subprocess.Popen(
        [*_COMMAND, "sandbox", "--port", "0", "--list", "Newsletter", *fields, *flags],
        cwd=of,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError
        printed = "".join(process.stdout.readline() for _ in range(2))
        url, newsletter = re.search(r"http\S+", printed), re.search(r"[0-9a-f]{24}", printed)
        if url is None or newsletter is None:
            raise RuntimeError(printed)
        yield Sandbox(url[0], newsletter[0])
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _write(file: Path, rows: int) -> Path:
    with file.open("w", encoding="utf-8") as out:
        out.write("E-Mail,First name,plan,logins\n")
        out.writelines(f"person{n}@example.com,Jane{n},{('free', 'pro')[n % 2]},{n % 100}\n" for n in range(rows))
    return file


def _run(command: Sequence[str], sandbox: Sandbox, rate: str, of: Path = _HERE.parent) -> Ran:
    """Run it to its end; a run that fails ends the benchmark."""
    settings = {"AUTOSEND_BASE_URL": sandbox.url, "AUTOSEND_API_KEY": "AS_benchmark", "AUTOSEND_RATE_LIMIT": rate}
    began = read = perf_counter()
    child = subprocess.Popen(command, cwd=of, env=os.environ | settings, stdout=subprocess.PIPE, text=True)
    if child.stdout is None:
        raise RuntimeError
    with child.stdout:
        for line in child.stdout:
            if line.startswith('{"event":"read"'):
                read = perf_counter()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    ended = perf_counter()
    if child.returncode:
        raise SystemExit(f"{command[-1]} ended with {child.returncode}")
    return Ran(ended - began, usage.ru_utime + usage.ru_stime, ended - read, usage.ru_maxrss / 1024)


def _ours(file: Path, sandbox: Sandbox, *flags: str, rate: str = "100000", of: Path = _HERE.parent) -> Ran:
    return _run([*_COMMAND, "import", str(file), "--json", *flags], sandbox, rate, of)


def _plain(file: Path, sandbox: Sandbox, *, joins: bool = False, pause: float = 0) -> Ran:
    list_id = sandbox.newsletter if joins else ""
    script = [sys.executable, str(_HERE / "plain_import.py"), sandbox.url, str(file), list_id, str(pause)]
    return _run(script, sandbox, "")


def _speed(folder: Path, sizes: Sizes, progress: Progress, before: Path | None) -> list[Row]:
    """Measure from end to end without a limit: the whole command, its start included; each in turn."""
    rows, file = sizes.speed, _write(folder / "speed.csv", sizes.speed)
    figures: list[Row] = []
    joining = ("--list", "Newsletter")
    for what, flags, times, goal in (
        ("created", (), 1, ">= 0.9"),
        ("created, into a list", joining, 1, ">= 1.0"),
        ("again, nothing changed", (), 2, ">= 1.2"),
    ):
        plain, ours, earlier = list[Ran](), list[Ran](), list[Ran]()
        for round_ in range(1, sizes.rounds + 1):
            progress.step(f"{rows:,} rows without a limit: {what}, {round_} of {sizes.rounds}")
            with _sandbox("--no-rate-limit") as sandbox:
                plain.append([_plain(file, sandbox, joins=bool(flags)) for _ in range(times)][-1])
            with _sandbox("--no-rate-limit") as sandbox:
                ours.append([_ours(file, sandbox, *flags) for _ in range(times)][-1])
            if before is not None:
                with _sandbox("--no-rate-limit", of=before) as sandbox:
                    earlier.append([_ours(file, sandbox, *flags, of=before) for _ in range(times)][-1])
        best, peers = (rows / min(ran.seconds for ran in one) for one in (ours, plain))
        figures.append(Row(what, "rows/s", peers, best, goal))
        middle, of_peers = (rows / median(ran.seconds for ran in one) for one in (ours, plain))
        figures.append(Row(f"{what}: median", "rows/s", of_peers, middle))
        cpu, used_by_peers = (min(ran.cpu for ran in one) / rows * 1e6 for one in (ours, plain))
        figures.append(Row(f"{what}: CPU", "us/row", used_by_peers, cpu))
        if earlier:
            bound = ">= 1.7" if what == "created" else ""
            figures.append(Row(f"{what}: before", "rows/s", rows / min(ran.seconds for ran in earlier), best, bound))
    return figures


def _pace(folder: Path, rows: int, progress: Progress) -> list[Row]:
    """Measure how two requests a second are used, from the end of reading to the end.

    That is a share of 200 contacts a second; without a list, also of what the requests that have to be sent allow.
    """
    file = _write(folder / "pace.csv", rows)
    figures: list[Row] = []
    joining = ("--list", "Newsletter")
    for what, flags, goal in (("", (), ""), (", into a list", joining, ">= 0.8")):
        progress.step(f"{rows:,} rows, 2 requests a second{what}: plain")
        with _sandbox() as sandbox:
            plain = _plain(file, sandbox, joins=bool(flags), pause=_PAUSE)
        progress.step(f"{rows:,} rows, 2 requests a second{what}: ours")
        with _sandbox() as sandbox:
            ours = _ours(file, sandbox, *flags, rate="2")
        bare, share = (rows / seconds / _PER_SECOND for seconds in (plain.seconds, ours.sending))
        figures.append(Row(f"share of 200 rows/s{what}", "", bare, share, goal, absolute=True))
        if not flags:
            needed = sum(ceil(rows / of_one) for of_one in _ROWS_A_REQUEST) * _PAUSE
            figures.append(
                Row("share of what that pace allows", "", None, needed / ours.sending, ">= 0.97", absolute=True)
            )
    return figures


def _memory(folder: Path, sizes: Sequence[int], progress: Progress) -> list[Row]:
    """Measure the peak memory of a first import and of a second, which finds nothing to change; small files first."""
    figures: list[Row] = []
    least = 0.0, 0.0
    for rows in sizes:
        progress.step(f"memory at {rows:,} rows")
        file = _write(folder / f"memory{rows}.csv", rows)
        with _sandbox("--no-rate-limit") as sandbox:
            plain = _plain(file, sandbox).memory
        with _sandbox("--no-rate-limit") as sandbox:
            ours, again = _ours(file, sandbox).memory, _ours(file, sandbox).memory
        if not figures:
            least = ours, again
            figures.append(Row(f"peak memory, {rows:,} rows", "MiB", plain, ours, "<= 1.9"))
            continue
        figures.append(Row(f"more at {rows:,} rows", "MiB", None, ours - least[0], "<= 30", absolute=True))
        figures.append(Row(f"more at {rows:,} rows, again", "MiB", None, again - least[1], "<= 30", absolute=True))
    return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small files; the figures mean nothing")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--part", action="append", choices=_PARTS, help="measure only this; may be repeated")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier commit, to be measured beside this one")
    args = parser.parse_args(argv)
    sizes = _QUICK if args.quick else _FULL
    parts = args.part or _PARTS
    for checkout in filter(None, (_HERE.parent, args.before)):
        compileall.compile_dir(checkout / "autosend_mcp", quiet=2)  # as pip does; the libraries of the script are, too
    steps = {"speed": 3 * sizes.rounds, "pace": 4, "memory": len(sizes.memory)}
    progress = Progress(sum(steps[part] for part in parts))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if "speed" in parts:
            rows += _speed(folder, sizes, progress, args.before)
        if "pace" in parts:
            rows += _pace(folder, sizes.pace, progress)
        if "memory" in parts:
            rows += _memory(folder, sizes.memory, progress)
    progress.clear()
    if args.json:
        print(json.dumps([asdict(row) | {"met": row.met} for row in rows]))
    else:
        print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores\n")
        print_table(rows, "plain", "Goals bound ours. Plain: benchmarks/plain_import.py.")
    return int(not args.quick and any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
