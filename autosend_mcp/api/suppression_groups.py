"""The endpoints of suppression groups. Sources: AutoSend's documentation, the pages of "Suppression groups"."""

from collections.abc import Mapping
from typing import Any, cast

from autosend_mcp.api.envelope import Reply, as_object
from autosend_mcp.api.request import Request, nothing, parsed, path_to, rows_of
from autosend_mcp.models.suppression_groups.emails import EntriesPage, SuppressionEntry
from autosend_mcp.models.suppression_groups.groups import SuppressionGroup

PAGE = 100  # the most entries that one search shows


def list_all() -> Request[list[SuppressionGroup]]:
    """Read all groups, the global ones too. Page "List suppression groups"; `data` was an array until March 2026."""
    return Request("GET", "/suppression-groups?includeGlobal=true", _groups, many=True)


def get(group_id: str) -> Request[SuppressionGroup]:
    """Read one group. Page "Get suppression group"."""
    return Request("GET", path_to("/suppression-groups/{id}", group_id), _group)


def create(body: Mapping[str, Any]) -> Request[SuppressionGroup]:
    """Create a group. Page "Create suppression group"."""
    return Request("POST", "/suppression-groups", _group, body)


def update(group_id: str, body: Mapping[str, Any]) -> Request[SuppressionGroup]:
    """Change a group; without `isActive` it may be switched on. Page "Update suppression group"."""
    return Request("PUT", path_to("/suppression-groups/{id}", group_id), _group, body)


def delete(group_id: str) -> Request[None]:
    """Delete a group that is not global. Page "Delete suppression group"."""
    return Request("DELETE", path_to("/suppression-groups/{id}", group_id), nothing)


def suppress(body: Mapping[str, Any]) -> Request[int | None]:
    """Put addresses into a group, or stop all mail to them; the reply counts. Page "Bulk suppress emails"."""
    return Request("POST", "/suppression-groups/emails/suppress", lambda reply: _count(reply, "suppressed"), body)


def unsuppress(body: Mapping[str, Any]) -> Request[int | None]:
    """Take addresses out of a group, of all, or of the global list; the reply counts. Page "Bulk unsuppress emails"."""
    return Request("POST", "/suppression-groups/emails/unsuppress", lambda reply: _count(reply, "unsuppressed"), body)


def search_entries(
    *, group_id: str | None = None, only_global: bool = False, email: str | None = None, page: int = 1
) -> Request[EntriesPage]:
    """Read a page of who is in a group, or in any; numbered from 1. Page "Search suppression entries".

    Whether entries of global groups are shown without `only_global` is not documented.
    """
    body: dict[str, Any] = {"page": page, "limit": PAGE}
    body |= {"groupId": group_id} if group_id else {}
    body |= {"isGlobal": True} if only_global else {}
    body |= {"email": email} if email else {}
    return Request("POST", "/suppression-groups/entries", _entries, body, many=True)


def _groups(reply: Reply) -> list[SuppressionGroup]:
    data = reply.data
    rows = cast("list[Any]", data) if isinstance(data, list) else rows_of(reply, "groups")
    return [_seen(reply, row) for row in rows]


def _group(reply: Reply) -> SuppressionGroup:
    return _seen(reply, reply.data)


def _seen(reply: Reply, data: object) -> SuppressionGroup:
    group = parsed(SuppressionGroup, reply, data)
    group.seen_at = reply.server_time
    return group


def _count(reply: Reply, name: str) -> int | None:
    count = reply.members.get(name)
    return count if isinstance(count, int) else None


def _entries(reply: Reply) -> EntriesPage:
    total = as_object(reply.members.get("pagination")).get("total")
    entries = [parsed(SuppressionEntry, reply, row) for row in rows_of(reply, "entries")]
    return EntriesPage(entries, total if isinstance(total, int) else None)
