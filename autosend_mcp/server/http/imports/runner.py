"""Do imports that any worker may do: one at a time each, under a lease, and go on with what another worker began."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import anyio
from anyio import to_thread
from mcp.server.auth.provider import AccessToken

from autosend_mcp.api.client import AutoSend
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, Unknown
from autosend_mcp.imports.background import import_of
from autosend_mcp.imports.job import ImportJob
from autosend_mcp.imports.resuming import BeingImportedError
from autosend_mcp.imports.run import MAX_PROBLEMS
from autosend_mcp.imports.state import reading, shown
from autosend_mcp.logs import calling, report
from autosend_mcp.server.http.access import caller
from autosend_mcp.server.http.imports.lease import Lease
from autosend_mcp.server.http.imports.principals import from_data, seal_of
from autosend_mcp.server.http.imports.records import Record, Records, Shown
from autosend_mcp.server.http.shared.store import Shared, Unreachable
from autosend_mcp.settings import SettingsError
from autosend_mcp.tools.jobs import GRACE

_BEAT = 2.0  # seconds between two signs of life
_SHOWN_BEFORE_THE_END = 200  # rows that did not succeed
_MAX_PAUSE = 60.0  # seconds until a worker tries again to do an import for which it has no key
_MAX_CLAIMS = 10  # workers that an import may lose: it may be what ends them

_UNHEARD = (
    "The worker that sent it ended before it heard of its last rows: some that are not counted here may be in AutoSend."
)

Connect = Callable[[AccessToken | None], AutoSend]


class Runner:
    """Does the imports of one worker."""

    def __init__(self, shared: Shared, records: Records, connect: Connect) -> None:
        """`connect` makes the client of AutoSend for a caller."""
        self._shared = shared
        self._records = records
        self._connect = connect
        self._running: dict[str, tuple[ImportJob, anyio.Event]] = {}
        self._closing = False
        self._waiting: dict[str, tuple[float, float]] = {}  # when to try again, and how long after that

    async def run(self, import_id: str) -> None:
        """Do an import, or go on with it, unless another worker does."""
        with suppress(Unreachable):  # the lease ends by itself, and a worker goes on once Redis is back
            found = None if self._closing else await self._records.whole(import_id)
            if found is None:
                return
            access = from_data(found[0])
            with calling(caller(access) if access else None):
                try:
                    autosend = self._connect(access)
                except SettingsError as error:
                    await self._wait(import_id, str(error))
                    return
                try:
                    seal = seal_of(self._shared, autosend.settings, access)
                    record = seal and Record(found[1], seal)
                    if record is None or record.shown is None:
                        await self._wait(import_id, "The AutoSend key of its caller is missing, or is another one now.")
                    else:
                        self._waiting.pop(import_id, None)
                        await self._claimed(import_id, record, record.shown, autosend)
                finally:
                    with anyio.CancelScope(shield=True):
                        await autosend.aclose()

    def may_try(self, import_id: str) -> bool:
        """Return whether to try an import that waits for what some worker has: more and more seldom."""
        return anyio.current_time() >= self._waiting.get(import_id, (0.0, 0.0))[0]

    async def _wait(self, import_id: str, why: str) -> None:
        """Let an import wait for what its caller needs; report that once."""
        _, pause = self._waiting.get(import_id, (0.0, _BEAT))
        if import_id not in self._waiting:
            report("import_waits", why=why)
        self._waiting[import_id] = anyio.current_time() + pause, min(2 * pause, _MAX_PAUSE)
        await self._records.wait(import_id)

    async def close(self) -> list[str]:
        """Let every import send nothing more, and wait for the outcomes of what was sent while the grace lasts.

        Returns:
            The ids of those that were being done.
        """
        self._closing = True
        running = dict(self._running)
        for job, _ in running.values():
            job.stop()
        with anyio.move_on_after(GRACE):
            for _, is_over in running.values():
                await is_over.wait()
        return [*running]

    async def _claimed(self, import_id: str, record: Record, before: Shown, autosend: AutoSend) -> None:
        """Do it under a lease; nothing where another worker has that. `before`: what was shown of it until now."""
        lease = Lease(self._records, import_id, record)
        claims, file_is_free = await lease.claim()
        error: AutoSendError | None = None
        goes_on = not file_is_free
        try:
            if claims > _MAX_CLAIMS:
                error = _lost_too_many()
            elif claims and file_is_free:
                goes_on = await self._do(lease, record, autosend, is_first=claims == 1)
            elif claims == 1:
                error = BeingImportedError()
        except AutoSendError as refused:  # the file is gone
            error = refused
        finally:
            with anyio.CancelScope(shield=True), suppress(Unreachable):
                if error is not None:
                    await _end(lease, record, _failed(error, before, sent=record.has("sent")))
                await lease.release(uncounted=goes_on)

    async def _do(self, lease: Lease, record: Record, autosend: AutoSend, *, is_first: bool) -> bool:
        """Do it; return whether it is to be gone on with, by another worker or later, though nothing went wrong.

        Raises:
            NotSent: There is no such file.
        """
        asked, is_over = record.asked, anyio.Event()
        imported = import_of(autosend, asked, lease)
        job = ImportJob(imported, restart=asked.restart and not record.has("sent"), asked=asked)
        self._running[lease.key] = job, is_over
        try:
            await _run(lease, record, job)
            is_handed_back = self._closing and imported.progress.stage != "done"
            is_busy = isinstance(job.error, BeingImportedError) and not is_first  # by a worker that hangs
            if is_handed_back or is_busy:
                return True
            end = await _shown(job, MAX_PROBLEMS)
            if not is_first and end.state["outcome"] == "stopped":
                end = replace(end, state={**end.state, "notes": [*(end.state["notes"] or ()), _UNHEARD]})
            await _end(lease, record, end)
            if lease.held and imported.progress.stage == "done":
                imported.place.discard()
            return False
        finally:
            self._running.pop(lease.key, None)
            is_over.set()


async def _run(lease: Lease, record: Record, job: ImportJob) -> None:
    """Do it to its end, as long as the lease is held."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_keep, lease, job)
        tasks.start_soon(_show, lease, record, job)
        await job.run()
        tasks.cancel_scope.cancel()


async def _keep(lease: Lease, job: ImportJob) -> None:
    """Renew the lease, and hear whether the import is to stop; end it here when the lease is lost."""
    while lease.held:
        with anyio.move_on_after(lease.seconds_left), suppress(Unreachable):
            await lease.renew({})
        if lease.is_to_stop:
            job.stop()
        await anyio.sleep(min(_BEAT, lease.seconds_left))
    job.imported.forsake()


async def _show(lease: Lease, record: Record, job: ImportJob) -> None:
    """Record again and again how far the import is, however long it takes to find that out."""
    while lease.held:
        with suppress(Unreachable):
            await lease.renew(record.showing(await _shown(job, _SHOWN_BEFORE_THE_END)))
        await anyio.sleep(_BEAT)


async def _end(lease: Lease, record: Record, end: Shown) -> None:
    """Record the end. What was given as text is forgotten, unless it can be asked for by the id of a dry run."""
    asked, fields = record.asked, record.showing(end)
    if not asked.dry_run:
        fields |= record.asking(asked.model_copy(update={"text": None}))
    await lease.end(fields)


async def _shown(job: ImportJob, problems: int) -> Shown:
    if not job.was_read:
        return Shown(shown(job), error=job.error)
    rows = await to_thread.run_sync(job.imported.problems, 0, problems)
    return Shown(shown(job), rows, job.imported.table.digest, reading(job), job.error)


def _failed(error: AutoSendError, before: Shown, *, sent: bool) -> Shown:
    """Return what is shown of an import that could not begin, or go on."""
    error.changed = "What was sent before stays." if sent else NOTHING_CHANGED
    state = {**before.state, "outcome": "failed", "next_step": error.sentence, "seconds_left": None}
    return replace(before, state=state, error=error)


def _lost_too_many() -> AutoSendError:
    what = f"{_MAX_CLAIMS} workers have ended, or lost Redis, while they did this import, so no other one goes on."
    return Unknown(what, user_step="report it to who runs the server")
