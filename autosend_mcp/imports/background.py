"""The work of the import tools: each import goes on after the call, and is asked for by its id."""

import hashlib
from io import BytesIO

import anyio
import anyio.to_thread

from autosend_mcp.api.client import AutoSend
from autosend_mcp.errors import NOTHING_CHANGED, NotSent
from autosend_mcp.imports.file.encodings import digest_of
from autosend_mcp.imports.import_dir import open_file
from autosend_mcp.imports.job import ImportJob
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.resuming import Keeping
from autosend_mcp.imports.run import Import
from autosend_mcp.imports.state import started, state_of
from autosend_mcp.models.automations import AUTOMATIONS_START
from autosend_mcp.models.imports import GetImport, ImportState, StartedImport, StartImport, StopImport
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.jobs import Jobs

UNDER_WAY = "The same import was under way: this is how far it is, and nothing is sent twice."
WORKFLOWS_START = "Any live automation that watches for changed values starts now."
NO_UNDO = "There is no undo for an import. get_contact shows what a contact is now."


async def start(context: Context, body: StartImport) -> StartedImport:
    """Start an import, or find the same one under way; wait a little for its end.

    Raises:
        AutoSendError: The file, its columns or the lists are not clear.
    """
    jobs = _jobs(context)
    if body.import_id is not None:
        body = await _shown_before(context, body.import_id, dry_run=body.dry_run)
    about = what_it_is_about(body)
    dry_run = None if body.dry_run else jobs.ended(what_it_is_about(as_dry_run(body)))
    job_id = await _under_way(context, about)
    notes = notes_on(body, is_new=job_id is None)
    if is_new := job_id is None:
        if jobs.full:
            raise too_many()
        imported = import_of(context.call.autosend, body)
        job_id = jobs.start(about, ImportJob(imported, restart=body.restart, asked=body))
    job = _found(jobs, job_id)
    try:
        await job.wait(context)
    except anyio.get_cancelled_exc_class():
        if is_new:
            job.stop()  # nobody has its id
        raise
    if job.error is not None and not job.was_read:
        raise job.error
    return await started(job, job_id, notes, dry_run if isinstance(dry_run, ImportJob) else None)


async def show(context: Context, body: GetImport) -> ImportState:
    """Return how far an import is; wait a little for its end.

    Raises:
        NotSent: There is no such import.
    """
    job = _found(_jobs(context), body.import_id)
    await job.wait(context)
    return await state_of(job, body.import_id, body.cursor)


async def stop(context: Context, body: StopImport) -> ImportState:
    """Let an import send nothing more.

    Raises:
        NotSent: There is no such import.
    """
    job = _found(_jobs(context), body.import_id)
    job.stop()
    await job.wait(context)
    return await state_of(job, body.import_id)


async def _shown_before(context: Context, import_id: str, *, dry_run: bool) -> StartImport:
    """Return the arguments of the dry run with this id, to do what it showed.

    Raises:
        NotSent: There is none that has ended, or the file has changed since.
    """
    job = _found(_jobs(context), import_id)
    if job.asked is None or job.outcome != "dry_run":
        raise no_dry_run()
    return await as_shown(context, job.asked, job.imported.table.digest, dry_run=dry_run)


async def as_shown(context: Context, asked: StartImport, digest: str, *, dry_run: bool) -> StartImport:
    """Return the arguments of a dry run, to do what it showed. `digest`: of the file that it read.

    Raises:
        NotSent: The file has changed since.
    """
    if asked.file is not None:
        file, _ = open_file(context.call.autosend.settings.import_dir, asked.file)
        with file:
            now = await anyio.to_thread.run_sync(digest_of, file)
        if now != digest:
            raise NotSent("The file has changed since its dry run.", "Call start_import with it and dryRun again.")
    return asked.model_copy(update={"dry_run": dry_run})


def what_it_is_about(body: StartImport) -> str:
    """Return the same text for the same arguments."""
    return hashlib.sha256(compact_json(body.payload()).encode()).hexdigest()


def as_dry_run(body: StartImport) -> StartImport:
    """Return the arguments of the dry run of the same import."""
    return body.model_copy(update={"dry_run": True})


async def _under_way(context: Context, about: str) -> str | None:
    """Return the id of the same import, if it is under way; wait for the end of one that is being stopped."""
    jobs = _jobs(context)
    job_id = jobs.under_way(about)
    if job_id and (job := _found(jobs, job_id)).imported.progress.stopped:
        await job.wait(context)
        job_id = jobs.under_way(about)
    return job_id


def notes_on(body: StartImport, *, is_new: bool) -> list[str]:
    """Return what the caller should know of an import that was started, or found under way."""
    notes = [] if is_new else [UNDER_WAY]
    if not body.dry_run:
        notes += [AUTOMATIONS_START] * bool(body.list_ids) + [WORKFLOWS_START] * body.run_workflow
    return [*notes, NO_UNDO]


def import_of(autosend: AutoSend, body: StartImport, keeping: Keeping | None = None) -> Import:
    """Return the import that these arguments ask for.

    Raises:
        NotSent: There is no such file.
    """
    options = ImportOptions(
        lists=tuple(body.list_ids or ()),
        columns=body.columns or {},
        run_workflow=body.run_workflow,
        create_fields=body.create_fields,
        dry_run=body.dry_run,
        encoding=body.encoding,
        delimiter=body.delimiter,
        header_line=max(0, body.header_line) if body.header_line else None,
        split_name=body.split_name,
        opted_out=body.opted_out,
        opted_out_values=body.opted_out_values or {},
        mailable=body.mailable or {},
        dates=body.dates,
        decimal=body.decimal,
        repeated=body.repeated or "refuse",
    )
    if body.file is None:
        return Import(autosend, BytesIO((body.text or "").encode()), "", options, keeping=keeping)
    file, path = open_file(autosend.settings.import_dir, body.file)
    return Import(autosend, file, body.file, options, path=path, keeping=keeping)


def _jobs(context: Context) -> Jobs:
    assert context.jobs is not None  # noqa: S101 - a server has them
    return context.jobs


def _found(jobs: Jobs, import_id: str) -> ImportJob:
    job = jobs.get(import_id)
    if not isinstance(job, ImportJob):
        raise no_such_import()
    return job


def no_such_import() -> NotSent:
    """Return the error for an importId that nobody knows."""
    return NotSent(
        "There is no import with this id: it is mistyped or has expired, or the server was restarted.",
        "Check the id. After a restart, start_import with the same arguments goes on; ask the user first.",
        changed=NOTHING_CHANGED,
    )


def no_dry_run() -> NotSent:
    """Return the error for the importId of what is no dry run, or has not ended."""
    return NotSent("This is not the importId of a dry run that has ended.", "Call get_import to see how far it is.")


def too_many() -> NotSent:
    """Return the error for an import more than may be under way."""
    return NotSent("Too many imports are under way.", "Wait until one has ended.")
