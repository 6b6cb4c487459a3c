"""The custom fields that an import defines: those of which a row to be sent has a value, and no others."""

import json
from collections.abc import Iterator, Sequence

from anyio import to_thread

from autosend_mcp.api.directory import read_properties
from autosend_mcp.errors import AutoSendError
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.field_names import bare
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.progress import Progress
from autosend_mcp.imports.sending.requests import Requests
from autosend_mcp.imports.staging import new_field
from autosend_mcp.models.comparison import custom_fields
from autosend_mcp.models.text import quoted
from autosend_mcp.tools.contact_properties import create_custom_field
from autosend_mcp.tools.context import Context

_DEFINED = "defined"  # the journal's list of the fields that were


async def define_fields(
    requests: Requests, journal: Journal, columns: Sequence[Column], progress: Progress
) -> AutoSendError | None:
    """Define the new fields that are needed, until the import is stopped; return the error that ended it early.

    Those that were defined are in `progress`, also after the import was resumed.
    """
    new = [column for column in columns if column.new]
    if not new:
        return None
    begun = journal.get_fact(_DEFINED)
    progress.fields = [*(begun or ())]
    used = await to_thread.run_sync(lambda: {*_used(journal)})
    missing = [column for column in new if bare(column.field) in used and bare(column.field) not in progress.fields]
    if not missing:
        return None
    progress.stage, progress.fields_needed = "defining fields", len(progress.fields) + len(missing)
    try:
        there = set[str]()
        if begun is not None:  # the import was killed while it defined them
            there = {known.field_name for known in await requests.repeat(read_properties, reads=True)}
        journal.set_fact(_DEFINED, progress.fields)
        for column in missing:
            if progress.stopped:
                return None
            body = new_field(column)
            if body.field_name not in there:
                await requests.change(lambda call, body=body: create_custom_field(Context(call), body))
            progress.fields.append(body.field_name)
            journal.set_fact(_DEFINED, progress.fields)
    except AutoSendError as error:
        if progress.fields:
            error.changed = f"These custom fields were defined: {', '.join(map(quoted, progress.fields))}."
        return error
    progress.stage = "sending"
    return None


def _used(journal: Journal) -> Iterator[str]:
    """Yield the custom fields of the rows that are left to be sent."""
    after = 0
    while rows := journal.results(after):
        after = rows[-1].number
        for row in rows:
            if row.outcome is None:
                yield from custom_fields(json.loads(row.expected))


def what_was_defined(progress: Progress) -> list[str]:
    """Return a note on the fields that were defined, with what takes that back."""
    if not progress.fields:
        return []
    names = ", ".join(quoted(name) for name in progress.fields[:50])
    more = f" and {len(progress.fields) - 50} more" if len(progress.fields) > 50 else ""
    return [f"Custom fields defined: {names}{more}. delete_custom_field takes each back."]
