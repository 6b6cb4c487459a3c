"""Work that outlives the call that started it: by an id that cannot be guessed, until it expires."""

import secrets
import signal
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import anyio.abc

# A job, or a write in flight, has this long to end when the process must: to find out what became of what it sent.
GRACE = 1.2

_EXPIRES = 24 * 3600.0
_MAX_ENDED = 20
_MAX_RUNNING = 3


def ending_signals() -> list[signal.Signals]:
    """Return the signals that ask this process to end; SIGHUP, of a closed terminal, unless `nohup` ignores it."""
    hangup = getattr(signal, "SIGHUP", None)
    ignored = hangup is None or signal.getsignal(hangup) is signal.SIG_IGN
    return [signal.SIGTERM, signal.SIGINT, *([] if hangup is None or ignored else [hangup])]


class Job(Protocol):
    """A piece of work: an import, named by what it does here so that serving need not import sqlite3."""

    async def run(self) -> None:
        """Do the work. Every failure is kept, for the caller who asks."""
        ...

    def stop(self) -> None:
        """Begin nothing more."""
        ...


@dataclass(slots=True)
class _Kept:
    about: str
    job: Job
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)
    ended_at: float | None = None


Ended = dict[str, _Kept]  # jobs that have ended, by their ids


class Jobs:
    """The jobs of one server. A caller who knows the id of one may ask for it."""

    def __init__(self, tasks: anyio.abc.TaskGroup, expires: float = _EXPIRES) -> None:
        """`tasks` outlives every caller. A job is forgotten `expires` seconds after its end."""
        self._tasks = tasks
        self._expires = expires
        self._kept: dict[str, _Kept] = {}

    def under_way(self, about: str) -> str | None:
        """Return the id of the job about this that has not ended, if there is one."""
        return next(
            (job_id for job_id, kept in self._kept.items() if kept.about == about and kept.ended_at is None), None
        )

    def ended(self, about: str) -> Job | None:
        """Return the last job about this that has ended, if there is one."""
        return next((kept.job for kept in reversed(self._kept.values()) if kept.about == about and kept.ended_at), None)

    @property
    def full(self) -> bool:
        """Whether as many are at work as may be."""
        return self._running >= _MAX_RUNNING

    @property
    def are_at_work(self) -> bool:
        """Whether one is."""
        return self._running > 0

    @property
    def _running(self) -> int:
        return sum(kept.ended_at is None for kept in self._kept.values())

    def start(self, about: str, job: Job) -> str:
        """Start the job; return its id, of 128 random bits."""
        self._forget()
        job_id = secrets.token_hex(16)
        kept = self._kept[job_id] = _Kept(about, job)
        self._tasks.start_soon(self._run, kept)
        return job_id

    def get(self, job_id: str) -> Job | None:
        """Return the job with this id, None if there is none or it has expired."""
        self._forget()
        kept = self._kept.get(job_id)
        return kept and kept.job

    def hand_over(self) -> Ended:
        """Return the jobs that have ended, for others to keep."""
        self._forget()
        ended = {job_id: kept for job_id, kept in self._kept.items() if kept.ended_at is not None}
        self._kept = {job_id: kept for job_id, kept in self._kept.items() if job_id not in ended}
        return ended

    def take_over(self, ended: Ended) -> None:
        """Keep jobs that have ended elsewhere, as long as if it had been here."""
        self._kept |= ended

    def stop(self) -> None:
        """Ask all jobs to begin nothing more."""
        for kept in self._kept.values():
            if kept.ended_at is None:
                kept.job.stop()

    async def close(self) -> None:
        """Stop all jobs; wait for their end while the grace lasts, then cut them off."""
        running = [kept for kept in self._kept.values() if kept.ended_at is None]
        self.stop()
        with anyio.move_on_after(GRACE, shield=True):
            for kept in running:
                await kept.ended.wait()
        for kept in running:
            kept.scope.cancel()

    async def _run(self, kept: _Kept) -> None:
        try:
            with kept.scope:
                await kept.job.run()
        finally:
            kept.ended_at = anyio.current_time()
            kept.ended.set()

    def _forget(self) -> None:
        ended = [(kept.ended_at, job_id) for job_id, kept in self._kept.items() if kept.ended_at is not None]
        expired = anyio.current_time() - self._expires
        for rank, (ended_at, job_id) in enumerate(sorted(ended, reverse=True)):
            if ended_at <= expired or rank >= _MAX_ENDED:
                del self._kept[job_id]
