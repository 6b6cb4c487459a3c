"""What an assistant pays for jobs in users' words: the calls that a reader of `tools/list` alone would make, played.

    .venv/bin/python benchmarks/jobs.py [--json | --verbose] [JOB ...]

Each job begins in a sandbox of its own and is held to a rule on what the sandbox has in the end. Tokens (o200k) are
those of the arguments and of the answers. The exit code is 1 if a job is not right, or all together cost too much.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import jobs_of_contacts, jobs_of_lists
from benchmarks.job_project import JOBS, Job, Wrong, playing
from tests.support.clock import JumpingLoop

MAX_TOKENS = 24_000
_ = (jobs_of_contacts, jobs_of_lists)  # importing them adds their jobs


@dataclass(frozen=True)
class Played:
    """What came of a job. `wrong`: which point of its rule is not so."""

    job: str
    wish: str
    rule: str
    calls: int
    requests: int
    tokens: int
    wrong: str = ""
    told: tuple[tuple[str, str, str], ...] = ()


def chosen(numbers: Sequence[str] = ()) -> list[Job]:
    """Return these jobs, or all, in the order of their numbers."""
    found = [job for job in JOBS if not numbers or job.number in numbers]
    return sorted(found, key=lambda job: (int(re.findall(r"\d+", job.number)[0]), job.number))


async def play(job: Job) -> Played:
    """Do one job in a project of its own."""
    wrong = ""
    async with playing(job.toolsets, job.rate_limit) as conversation:
        try:
            await job.act(conversation)
        except (Wrong, LookupError, TypeError) as found:
            wrong = f"no: {found!r}"
    figures = (conversation.calls, len(conversation.line.seen), conversation.tokens)
    return Played(job.number, job.wish, job.rule, *figures, wrong=wrong, told=tuple(conversation.told))


async def play_all(numbers: Sequence[str] = ()) -> list[Played]:
    """Do these jobs, or all, one after the other."""
    return [await play(job) for job in chosen(numbers)]


def results(numbers: Sequence[str] = ()) -> list[Played]:
    """Do these jobs, or all, on a clock whose waiting costs nothing."""
    return anyio.run(play_all, numbers, backend_options={"loop_factory": JumpingLoop})


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("jobs", nargs="*", metavar="JOB", help="only these")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--verbose", action="store_true", help="print the calls and answers as well")
    given = parser.parse_args(argv)
    played = results(given.jobs)
    total = sum(one.tokens for one in played)
    if given.json:
        print(json.dumps({"tokens": total, "goal": MAX_TOKENS, "jobs": [asdict(one) for one in played]}))
    else:
        print(f"{'job':<5}{'':62}{'calls':>5}{'requests':>10}{'tokens':>8}  right")
        for one in played:
            print(f"{one.job:<5}{one.wish:62}{one.calls:>5}{one.requests:>10}{one.tokens:>8,}  {one.wrong or 'yes'}")
            for call in one.told if given.verbose else ():
                print(*(f"      {text[:1500]}" for text in call), sep="\n")
        calls, requests = sum(one.calls for one in played), sum(one.requests for one in played)
        print(f"{len(played)} jobs{'':60}{calls:>5}{requests:>10}{total:>8,}  goal <= {MAX_TOKENS:,}")
    return int(total > MAX_TOKENS or any(one.wrong for one in played))


if __name__ == "__main__":
    sys.exit(main())
