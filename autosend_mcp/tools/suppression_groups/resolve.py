"""The suppression group that an exact name or a groupId means."""

from collections.abc import Sequence

from autosend_mcp.api import suppression_groups
from autosend_mcp.api.calls import Call
from autosend_mcp.errors import NOTHING_CHANGED, NotSent
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup
from autosend_mcp.models.text import visible


async def resolve_group(call: Call, given: str) -> SuppressionGroup:
    """Return the group of this exact name or groupId, as it is now.

    Raises:
        NotSent: There is none, or several; with those there are.
    """
    return group_among(await call.read(suppression_groups.list_all()), given)


def group_among(groups: list[SuppressionGroup], given: str) -> SuppressionGroup:
    """Return the group of this exact name or groupId.

    Raises:
        NotSent: There is none, or several; with those there are.
    """
    named = [row for row in groups if row.group_id == given.strip()] or named_so(groups, given)
    if len(named) == 1:
        return named[0]
    raise NotSent(
        "Several suppression groups have this name." if named else "No suppression group has this name or id.",
        "Call again with a groupId, or ask the user.",
        changed=NOTHING_CHANGED,
        facts={"there are": [group.shown() for group in named or groups]},
    )


def named_so(groups: Sequence[SuppressionGroup], name: str) -> list[SuppressionGroup]:
    """Return the groups of this name."""
    wanted = visible(name).strip()
    return [row for row in groups if row.name.strip() == wanted]
