"""Imports that assistants start: each goes on after the call, and is asked for by its id."""

import hashlib
import logging
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import anyio

from autosend_mcp.api.client import AutoSend
from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Unknown
from autosend_mcp.imports.hints import Option, explain
from autosend_mcp.imports.import_dir import open_file
from autosend_mcp.imports.journal import JournalRow, in_thread
from autosend_mcp.imports.run import Import, Order
from autosend_mcp.imports.summary import counts_of, reading_of
from autosend_mcp.logs import OURS
from autosend_mcp.models.bounds import shortened, size
from autosend_mcp.models.contacts.create import AUTOMATIONS_START, AUTOMATIONS_WOULD
from autosend_mcp.models.imports import GetImport, ImportState, StartedImport, StartImport, StopImport
from autosend_mcp.models.pages import fitting, read_cursor, write_cursor
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.jobs import Jobs

UNDER_WAY = "The same import was under way: this is how far it is, and nothing is sent twice."
WORKFLOWS_START = "Any live automation that watches for changed values starts now."
WORKFLOWS_WOULD = "Any live automation that watches for changed values would start."
NO_UNDO = "There is no undo for an import. get_contact shows what a contact is now."

PHRASES: dict[Option, str] = {
    "columns": 'Say what each is in columns, as in {{"{column}":"{field}"}}; {{"{column}":""}} leaves it out.',
    "create_fields": "createFields defines those that are new.",
    "encoding": "Name the file's encoding in encoding, such as cp1251 or shift_jis, or have it saved as UTF-8.",
    "restart": "Or begin anew with restart: rows that AutoSend holds already are not sent again.",
}
_WAIT = 15.0  # seconds that a call waits for the end, of the 45 that it may take
_LOOK = 0.5
_PROBLEMS = 20
_MOST_READING = 8_000

_log = logging.getLogger(OURS)


class ImportJob:
    """An import as a job."""

    def __init__(self, imported: Import, *, restart: bool, dry_run: bool) -> None:
        """Not begun."""
        self.imported = imported
        self.dry_run = dry_run
        self.error: AutoSendError | None = None
        self.was_read = False
        self.ended = anyio.Event()
        self._restart = restart

    async def run(self) -> None:
        """Read, then send. `error` is why that could not be, or was ended early."""
        try:
            await self.imported.read(restart=self._restart)
            self.was_read = True
            await self.imported.send()
            self.error = self.imported.error
        except AutoSendError as error:
            explain(error, PHRASES)
            self.error = error
        except Exception as bug:  # noqa: BLE001 - it would end the server
            self.error = Unknown("The import failed with an error of autosend-mcp's own.", "", cause=type(bug).__name__)
        finally:
            self.imported.close()
            self.ended.set()
            self._record()

    def stop(self) -> None:
        """Send nothing more, unless it has ended."""
        if not self.ended.is_set():
            self.imported.stop()

    @property
    def outcome(self) -> str:
        """The word for how far it is."""
        tally = self.imported.tally
        if not self.ended.is_set():
            return "sending" if self.was_read else "reading"
        if self.error is not None:
            return "failed"
        if tally.stopped:
            return "stopped"
        if self.dry_run:
            return "dry_run"
        return "partly_done" if any(tally.outcomes[name] for name in ("invalid", "failed", "unknown")) else "done"

    def _record(self) -> None:
        """One log line an import: numbers alone."""
        fields: dict[str, object] = {"outcome": self.outcome, "rows": self.imported.tally.total}
        if self.error is not None and self.error.cause:
            fields["cause"] = self.error.cause
        _log.info("import", extra={"fields": fields | counts_of(self.imported.tally)})


async def start(context: Context, body: StartImport) -> StartedImport:
    """Start it, and wait a little for its end.

    Raises:
        AutoSendError: The file, its columns or the lists are not clear.
    """
    jobs = _jobs(context)
    about = hashlib.sha256(compact_json(body.payload()).encode()).hexdigest()
    job_id = jobs.under_way(about)
    if job_id and (stopping := _found(jobs, job_id)).imported.tally.stopped:
        await _wait(context, stopping)
        job_id = jobs.under_way(about)
    is_ours = job_id is None
    notes = [] if is_ours else [UNDER_WAY]
    if body.list_ids:
        notes.append(AUTOMATIONS_WOULD if body.dry_run else AUTOMATIONS_START)
    if body.run_workflow:
        notes.append(WORKFLOWS_WOULD if body.dry_run else WORKFLOWS_START)
    notes.append(NO_UNDO)
    if job_id is None:
        if jobs.full:
            raise NotSent("As many imports are under way as may be.", "Wait until one has ended.")
        job_id = jobs.start(about, _job(context.call.autosend, body))
    job = _found(jobs, job_id)
    try:
        await _wait(context, job)
    except anyio.get_cancelled_exc_class():
        if is_ours:
            job.stop()  # nobody has its id
        raise
    if job.error is not None and not job.was_read:
        raise job.error
    started = StartedImport(**await _state(job, job_id, notes=notes))
    if job.was_read:
        started.read_as = _read_as(job.imported)
    return started


def _read_as(imported: Import) -> dict[str, Any]:
    """What the file was read as, within bounds: so that the rest of the answer is whole."""
    reading = {name: value for name, value in reading_of(imported).items() if value}
    return reading if size(reading) <= _MOST_READING else shortened(reading, _MOST_READING) | {"shortened": True}


def _job(autosend: AutoSend, body: StartImport) -> ImportJob:
    order = Order(
        lists=tuple(body.list_ids or ()),
        columns=body.columns or {},
        run_workflow=body.run_workflow,
        create_fields=body.create_fields,
        dry_run=body.dry_run,
        encoding=body.encoding,
        delimiter=body.delimiter,
    )
    if body.file is None:
        imported = Import(autosend, BytesIO((body.text or "").encode()), "", order)
    else:
        file, place = open_file(autosend.settings.import_dir, body.file)
        imported = Import(autosend, file, body.file, order, place=place)
    return ImportJob(imported, restart=body.restart, dry_run=body.dry_run)


async def show(context: Context, body: GetImport) -> ImportState:
    """How far it is; waits a little for its end.

    Raises:
        NotSent: There is no such import.
    """
    job = _found(_jobs(context), body.import_id)
    await _wait(context, job)
    return ImportState(**await _state(job, body.import_id, body.cursor))


async def stop(context: Context, body: StopImport) -> ImportState:
    """Let it send nothing more.

    Raises:
        NotSent: There is no such import.
    """
    job = _found(_jobs(context), body.import_id)
    job.stop()
    await _wait(context, job)
    return ImportState(**await _state(job, body.import_id))


def _jobs(context: Context) -> Jobs:
    assert context.jobs is not None  # noqa: S101 - a server has them
    return context.jobs


def _found(jobs: Jobs, import_id: str) -> ImportJob:
    job = jobs.get(import_id)
    if not isinstance(job, ImportJob):
        raise NotSent(
            "There is no import with this id: it is mistyped, has expired, or the server was started anew since.",
            "Check it. If the server was, start_import with the same arguments goes on. Ask the user first.",
            changed=NOTHING_CHANGED,
        )
    return job


async def _wait(context: Context, job: ImportJob) -> None:
    """Wait for the end, telling the client how far it is."""
    tally, told = job.imported.tally, 0
    with anyio.move_on_after(_WAIT * context.call.scale):
        while not job.ended.is_set():
            with anyio.move_on_after(_LOOK * context.call.scale):
                await job.ended.wait()
            # Reading counts as much as sending, so that the number only grows, as the protocol wants it.
            done, total = tally.total + tally.settled if job.was_read else tally.read, 2.0 * tally.total
            if done > told:
                word = f"{tally.settled} of {tally.total} rows settled" if job.was_read else f"{tally.read} rows read"
                await context.progress(done, total if job.was_read else None, word)
                told = done


async def _state(
    job: ImportJob, import_id: str, cursor: str | None = None, notes: Sequence[str] = ()
) -> dict[str, Any]:
    tally = job.imported.tally
    ended = job.ended.is_set()
    after, _ = read_cursor(cursor, _PROBLEMS, import_id)
    rows = await in_thread(job.imported.problems, after, _PROBLEMS + 1) if job.was_read else []
    kept, more = fitting([_problem(row) for row in rows[:_PROBLEMS]])
    further = write_cursor(rows[len(kept) - 1].number, _PROBLEMS, import_id) if len(rows) > len(kept) else None
    return {
        "outcome": job.outcome,
        "import_id": import_id,
        "rows": tally.total if job.was_read else tally.read,
        "settled": tally.settled if job.was_read else None,
        "seconds_left": round(left) if not ended and job.was_read and (left := tally.seconds_left) else None,
        "counts": counts_of(tally) or None,
        "problems": kept or None,
        "next_cursor": further,
        "files": [file.name for file in job.imported.files] or None,
        "next_step": _next_step(job),
        "notes": [*notes, *job.imported.notes, *(more or [])] or None,
    }


def _problem(row: JournalRow) -> dict[str, Any]:
    return (
        {"line": row.line} | ({"email": row.email} if row.email else {}) | {"outcome": row.outcome, "why": row.reason}
    )


_AFTER_DRY_RUN = "Nothing was sent. Show the user; if they agree, call start_import again without dryRun."


def _would_send(job: ImportJob) -> bool:
    outcomes = job.imported.tally.outcomes
    return bool(outcomes["would create"] + outcomes["would update"])


def _next_step(job: ImportJob) -> str | None:
    again = "call start_import with the same arguments to go on: rows that are as asked already are not sent again."
    if job.error is not None:
        return f"{job.error.sentence} Then {again}"
    return {
        "reading": "Call get_import to see how far it is.",
        "sending": "Call get_import to see how far it is; stop_import stops it.",
        "dry_run": _AFTER_DRY_RUN if _would_send(job) else "Nothing was sent, and nothing would be.",
        "partly_done": "Mend the rows under problems and import those alone; the others need nothing more.",
        "stopped": f"To finish it, {again}",
    }.get(job.outcome)
