"""Which live automations an import would start, for its dry run."""

from collections.abc import Sequence

from autosend_mcp.api.calls import Call
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.progress import Progress
from autosend_mcp.models.automations import AUTOMATIONS_WOULD, NEW_CONTACTS_MAY, Change
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.tools.automations import effects, in_words, started

WORKFLOWS_WOULD = "Any live automation that watches for changed values would start."


async def starts(
    call: Call, progress: Progress, columns: Sequence[Column], lists: Sequence[ContactList], options: ImportOptions
) -> list[str]:
    """Return notes that name what an import starts, or what a dry run would."""
    if options.dry_run:
        return await _would_start(call, progress, columns, lists, run_workflow=options.run_workflow)
    return _started(call, progress, columns, lists, run_workflow=options.run_workflow)


async def _would_start(
    call: Call, progress: Progress, columns: Sequence[Column], lists: Sequence[ContactList], *, run_workflow: bool
) -> list[str]:
    """Return notes that name the automations. `progress`: what a dry run has counted."""
    creates, updates = (progress.outcomes[f"would {name}"] for name in ("create", "update"))
    if not (creates or updates or progress.outcomes["unchanged"]):
        return []
    joins = [one.id for one in lists if progress.joins(one.name, "would join")]
    may_join = [one.id for one in lists if one.id not in joins and progress.joins(one.name, "may join")]
    changes = [column.field for column in columns if column.field] if run_workflow and updates else None
    unnamed = (
        [NEW_CONTACTS_MAY] * bool(creates)
        + [AUTOMATIONS_WOULD] * bool(joins or may_join)
        + [WORKFLOWS_WOULD] * bool(changes)
    )
    return in_words(await effects(call, Change(bool(creates), joins, may_join, changes, surely=False), unnamed))


def _started(
    call: Call, progress: Progress, columns: Sequence[Column], lists: Sequence[ContactList], *, run_workflow: bool
) -> list[str]:
    """Return notes that name what an import starts, where its dry run has read that in the last minute."""
    changes = [column.field for column in columns if column.field]
    watched = changes if run_workflow and progress.outcomes["updated"] else None
    joins = [one.id for one in lists if progress.joins(one.name, "joined")]
    may_join = [one.id for one in lists if one.id not in joins and progress.joins(one.name, "found in it")]
    return started(call, Change(bool(progress.outcomes["created"]), joins, may_join, watched, surely=False))
