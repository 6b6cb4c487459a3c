"""The suppression group that a name or a groupId means."""

from collections.abc import Sequence

from autosend_mcp.api import suppression_groups
from autosend_mcp.errors import NOTHING_CHANGED, NotSent
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup
from autosend_mcp.tools.context import Context
from autosend_mcp.tools.names import called, called_in_any_case, note_reading

_MAX_SHOWN = 10


async def resolve_group(context: Context, given: str) -> SuppressionGroup:
    """Return the group of this name or groupId, as it is now.

    Raises:
        NotSent: There is none, or several; with those there are.
    """
    return group_among(context, await context.call.read(suppression_groups.list_all()), given)


def group_among(context: Context, groups: list[SuppressionGroup], given: str) -> SuppressionGroup:
    """Return the group of this groupId, of this name, or the only one of this name in another case, with a note.

    Raises:
        NotSent: There is none, or several; with those there are.
    """
    named = [row for row in groups if row.group_id == given.strip()] or named_so(groups, given)
    if not named and len(named := called_in_any_case(groups, given, _name_of)) == 1:
        note_reading(context, given, named[0].name)
    if len(named) == 1:
        return named[0]
    if not groups:
        next_step = "There are none yet; create_suppression_group makes one, or use everywhere: true for all mail."
        raise NotSent("No suppression group has this name or id.", next_step, changed=NOTHING_CHANGED)
    shown = [group.short() for group in named or groups][:_MAX_SHOWN]
    raise NotSent(
        "Several suppression groups have this name." if named else "No suppression group has this name or id.",
        "Call again with a groupId, or ask the user.",
        changed=NOTHING_CHANGED,
        facts={"there are": shown} | ({"in all": len(groups)} if len(named or groups) > _MAX_SHOWN else {}),
    )


def _name_of(group: SuppressionGroup) -> str:
    return group.name


def named_so(groups: Sequence[SuppressionGroup], name: str) -> list[SuppressionGroup]:
    """Return the groups of this name."""
    return called(groups, name, _name_of)
