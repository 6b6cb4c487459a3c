"""What the answers of the import tools say of an import."""

from collections.abc import Mapping, Sequence
from typing import Any

from anyio import to_thread

from autosend_mcp.imports.defining import what_was_defined
from autosend_mcp.imports.file.known_headers import plain
from autosend_mcp.imports.job import ImportJob
from autosend_mcp.imports.journal_rows import JournalRow
from autosend_mcp.imports.summary import counts_of, joining_of, reading_of
from autosend_mcp.models.bounds import shortened, size
from autosend_mcp.models.imports import ImportState, StartedImport
from autosend_mcp.models.pages import fitting, read_cursor, write_cursor

_PROBLEMS = 20  # rows on a page
_MAX_READ_AS = 8_000  # bytes
_USUAL = {"format": "CSV", "encoding": "utf-8", "delimiter": ","}
_DEFINED = "fieldsDefined: delete_custom_field takes each back."
_AFTER_DRY_RUN = "Nothing was sent. Show the user; if they agree, call start_import with this importId alone."


async def state_of(job: ImportJob, import_id: str, cursor: str | None = None) -> ImportState:
    """Return how far the import is, with a page of the rows that did not succeed."""
    rows, was_shown = await _problems(job, import_id, cursor), job.was_shown and not job.ended.is_set()
    job.was_shown |= job.was_read
    return state_from(shown(job), import_id, rows, cursor, was_shown=was_shown)


def state_from(
    about: Mapping[str, Any],
    import_id: str,
    rows: Sequence[JournalRow],
    cursor: str | None = None,
    *,
    was_shown: bool = False,
) -> ImportState:
    """Return how far an import is, by what is `shown` of it. `rows`: those that did not succeed, after the cursor.

    `was_shown`: an answer before has said what it is about, which is said again only at the end.
    """
    members = _with_problems(about, import_id, rows, cursor)
    if cursor is None and was_shown:
        members |= dict.fromkeys(("problems", "next_cursor", "notes"))
    return ImportState(**members)


async def started(
    job: ImportJob, import_id: str, notes: Sequence[str], dry_run: ImportJob | None = None
) -> StartedImport:
    """Return how far the import is, and what the file was read as once it was.

    `dry_run`: the one of the same import, which has shown that, so that only what is new is said again.
    """
    rows, before = await _problems(job, import_id), dry_run and reading(dry_run)
    job.was_shown |= job.was_read
    return started_from(shown(job), import_id, rows, reading(job), notes=notes, before=before)


def started_from(
    about: Mapping[str, Any],
    import_id: str,
    rows: Sequence[JournalRow],
    read: Mapping[str, Any] | None,
    *,
    notes: Sequence[str],
    before: Mapping[str, Any] | None,
) -> StartedImport:
    """Return the same by what is `shown` of it. `read`: its `reading`; `before`: that of its dry run."""
    answer = StartedImport(**_with_problems(about, import_id, rows))
    answer.notes = [*notes, *(answer.notes or ())] or None
    if read is not None:
        told = {**read}
        if before is not None:
            told = {name: value for name, value in read.items() if before.get(name) != value}
        elif about["outcome"] != "dry_run":
            told = _decided(read, answer)
        fits = size(told) <= _MAX_READ_AS  # within bounds, so that the rest of the answer is whole
        answer.read_as = (told or None) if fits else shortened(told, _MAX_READ_AS) | {"shortened": True}
    return answer


def reading(job: ImportJob) -> dict[str, Any] | None:
    """Return what the file was read as, once it was."""
    return {name: value for name, value in reading_of(job.imported).items() if value} if job.was_read else None


def _decided(read: Mapping[str, Any], answer: StartedImport) -> dict[str, Any]:
    """Return what was guessed, chosen or left out, without what names say themselves and what the answer has anyway."""
    columns = {name: field for name, field in read["columns"].items() if plain(name) != plain(field.rpartition(".")[2])}
    hidden = {"columns", *(["lists"] if answer.lists else [])}
    told = {name: value for name, value in read.items() if _USUAL.get(name) != value and name not in hidden}
    return told | ({"columns": columns} if columns else {})


def shown(job: ImportJob) -> dict[str, Any]:
    """Return how far the import is: all but the rows that did not succeed."""
    progress = job.imported.progress
    defined = what_was_defined(progress)
    said = [_DEFINED if note in defined else note for note in job.imported.notes]
    left = (progress.seconds_left or job.imported.seconds_needed) if job.was_read and not job.ended.is_set() else None
    return {
        "outcome": job.outcome,
        "rows": progress.total if job.was_read else progress.read,
        "settled": progress.settled if job.was_read else None,
        "fields_defined": progress.fields or None,
        "fields_to_define": progress.fields_needed - len(progress.fields) or None,
        "seconds_left": round(left) if left else None,
        "counts": counts_of(progress) or None,
        "lists": joining_of(progress) or None,
        "files": [file.name for file in job.imported.files] or None,
        "next_step": _next_step(job),
        "notes": said or None,
    }


def _with_problems(
    about: Mapping[str, Any], import_id: str, rows: Sequence[JournalRow], cursor: str | None = None
) -> dict[str, Any]:
    after = after_cursor(cursor, import_id)
    rows = [row for row in rows if row.number > after][: _PROBLEMS + 1]
    page, more = fitting([_problem(row) for row in rows[:_PROBLEMS]])
    further = write_cursor(rows[len(page) - 1].number, _PROBLEMS, import_id) if len(rows) > len(page) else None
    notes = [*(about["notes"] or ()), *(more or ())] or None
    return {**about, "import_id": import_id, "problems": page or None, "next_cursor": further, "notes": notes}


def after_cursor(cursor: str | None, import_id: str) -> int:
    """Return the number of the last row of the page before.

    Raises:
        NotSent: It is no cursor of this import.
    """
    return read_cursor(cursor, _PROBLEMS, import_id)[0]


async def _problems(job: ImportJob, import_id: str, cursor: str | None = None) -> list[JournalRow]:
    after = after_cursor(cursor, import_id)
    return await to_thread.run_sync(job.imported.problems, after, _PROBLEMS + 1) if job.was_read else []


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
