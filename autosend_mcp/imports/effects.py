"""Which live automations an import would start, for its dry run."""

from collections.abc import Sequence

from autosend_mcp.api.calls import Call
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.progress import Progress
from autosend_mcp.models.automations import Change
from autosend_mcp.models.contact_lists.lists import ContactList
from autosend_mcp.models.contacts.create import AUTOMATIONS_WOULD, NEW_CONTACTS_MAY
from autosend_mcp.tools.automations import effects, in_words

WORKFLOWS_WOULD = "Any live automation that watches for changed values would start."


async def would_start(
    call: Call, progress: Progress, columns: Sequence[Column], lists: Sequence[ContactList], *, run_workflow: bool
) -> list[str]:
    """Return notes that name the automations. `progress`: what a dry run has counted."""
    creates, updates = (progress.outcomes[f"would {name}"] for name in ("create", "update"))
    if not (creates or updates or progress.outcomes["unchanged"]):
        return []
    changes = [column.field for column in columns if column.field] if run_workflow and updates else None
    ids = [contact_list.id for contact_list in lists]
    joining = {name for name, count in progress.joining.items() if count}
    joins = ids if "would create" in joining else []
    may_join = ids if joining and not joins else []  # who was there before may be in them
    unnamed = (
        [NEW_CONTACTS_MAY] * bool(creates)
        + [AUTOMATIONS_WOULD] * bool(joins or may_join)
        + [WORKFLOWS_WOULD] * bool(changes)
    )
    return in_words(await effects(call, Change(bool(creates), joins, may_join, changes, surely=False), unnamed))
