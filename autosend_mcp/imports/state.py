"""What the answers of the import tools say of an import."""

from collections.abc import Sequence
from typing import Any

from anyio import to_thread

from autosend_mcp.imports.job import ImportJob
from autosend_mcp.imports.journal_rows import JournalRow
from autosend_mcp.imports.summary import counts_of, joining_of, reading_of
from autosend_mcp.models.bounds import shortened, size
from autosend_mcp.models.imports import ImportState, StartedImport
from autosend_mcp.models.pages import fitting, read_cursor, write_cursor

_PROBLEMS = 20  # rows on a page
_MAX_READ_AS = 8_000  # bytes
_AFTER_DRY_RUN = "Nothing was sent. Show the user; if they agree, call start_import with this importId alone."


async def state_of(job: ImportJob, import_id: str, cursor: str | None = None) -> ImportState:
    """Return how far the import is, with a page of the rows that did not succeed."""
    return ImportState(**await _members(job, import_id, cursor, ()))


async def started(job: ImportJob, import_id: str, notes: Sequence[str], *, was_shown: bool = False) -> StartedImport:
    """Return how far the import is, and what the file was read as once it was.

    `was_shown`: a dry run has shown that of the same file, so that only what is new is said again.
    """
    answer = StartedImport(**await _members(job, import_id, None, notes))
    if job.was_read:
        # Within bounds, so that the rest of the answer is whole.
        reading = {name: value for name, value in reading_of(job.imported).items() if value}
        if was_shown:
            reading = {name: value for name, value in reading.items() if name == "resumed"}
        fits = size(reading) <= _MAX_READ_AS
        answer.read_as = (reading or None) if fits else shortened(reading, _MAX_READ_AS) | {"shortened": True}
    return answer


async def _members(job: ImportJob, import_id: str, cursor: str | None, notes: Sequence[str]) -> dict[str, Any]:
    progress = job.imported.progress
    after, _ = read_cursor(cursor, _PROBLEMS, import_id)
    rows = await to_thread.run_sync(job.imported.problems, after, _PROBLEMS + 1) if job.was_read else []
    shown, more = fitting([_problem(row) for row in rows[:_PROBLEMS]])
    further = write_cursor(rows[len(shown) - 1].number, _PROBLEMS, import_id) if len(rows) > len(shown) else None
    left = (progress.seconds_left or job.imported.seconds_needed) if job.was_read and not job.ended.is_set() else None
    return {
        "outcome": job.outcome,
        "import_id": import_id,
        "rows": progress.total if job.was_read else progress.read,
        "settled": progress.settled if job.was_read else None,
        "fields_defined": progress.fields or None,
        "fields_to_define": progress.fields_needed - len(progress.fields) or None,
        "seconds_left": round(left) if left else None,
        "counts": counts_of(progress) or None,
        "lists": joining_of(progress) or None,
        "problems": shown or None,
        "next_cursor": further,
        "files": [file.name for file in job.imported.files] or None,
        "next_step": _next_step(job),
        "notes": [*notes, *job.imported.notes, *(more or [])] or None,
    }


def _problem(row: JournalRow) -> dict[str, Any]:
    email = {"email": row.email} if row.email else {}
    return {"line": row.line, **email, "outcome": row.outcome, "why": row.reason}


def _next_step(job: ImportJob) -> str | None:
    again = "call start_import with the same arguments to go on: rows that AutoSend holds already are not sent again."
    if job.error is not None:
        return f"{job.error.sentence} Then {again}"
    progress, options = job.imported.progress, job.imported.options
    would_send = progress.outcomes["would create"] + progress.outcomes["would update"]
    would_send += sum(counts["would join"] + counts["may join"] for counts in progress.joining.values())
    would_send += progress.outcomes["opted out"] * (options.opted_out == "suppress")
    return {
        "reading": "Call get_import to see how far it is.",
        "defining_fields": "Call get_import to see how far it is; stop_import stops it.",
        "sending": "Call get_import to see how far it is; stop_import stops it.",
        "dry_run": _AFTER_DRY_RUN if would_send else "Nothing was sent, and nothing would be.",
        "partly_done": "Fix the rows under problems and import those alone; the others need nothing more.",
        "stopped": f"To finish it, {again}",
    }.get(job.outcome)
