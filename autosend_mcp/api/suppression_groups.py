"""The endpoints of suppression groups. Sources: AutoSend's documentation, the pages of "Suppression groups"."""

from collections.abc import Mapping
from typing import Any

from autosend_mcp.api.envelope import Reply, as_object
from autosend_mcp.api.request import Request, parsed, rows_of
from autosend_mcp.models.suppression_groups import EntriesPage, SuppressionEntry, SuppressionGroup

PAGE = 100  # the most entries that one search shows


def list_all() -> Request[list[SuppressionGroup]]:
    """Read all groups, the global one too. Page "List suppression groups"."""
    return Request("GET", "/suppression-groups?includeGlobal=true", _groups, many=True)


def suppress(body: Mapping[str, Any]) -> Request[int | None]:
    """Put addresses into a group, or stop all mail to them; the reply counts. Page "Bulk suppress emails"."""
    return Request("POST", "/suppression-groups/emails/suppress", lambda reply: _count(reply, "suppressed"), body)


def unsuppress(body: Mapping[str, Any]) -> Request[int | None]:
    """Take addresses out of a group, or out of all; the reply counts. Page "Bulk unsuppress emails"."""
    return Request("POST", "/suppression-groups/emails/unsuppress", lambda reply: _count(reply, "unsuppressed"), body)


def search_entries(
    *, group_id: str | None = None, only_global: bool = False, email: str | None = None, page: int = 1
) -> Request[EntriesPage]:
    """Read a page of who is in a group, or in any; numbered from 1. Page "Search suppression entries"."""
    body: dict[str, Any] = {"page": page, "limit": PAGE}
    body |= {"groupId": group_id} if group_id else {}
    body |= {"isGlobal": True} if only_global else {}
    body |= {"email": email} if email else {}
    return Request("POST", "/suppression-groups/entries", _entries, body, many=True)


def _groups(reply: Reply) -> list[SuppressionGroup]:
    return [parsed(SuppressionGroup, reply, row) for row in rows_of(reply, "groups")]


def _count(reply: Reply, name: str) -> int | None:
    count = reply.members.get(name)
    return count if isinstance(count, int) else None


def _entries(reply: Reply) -> EntriesPage:
    total = as_object(reply.members.get("pagination")).get("total")
    entries = [parsed(SuppressionEntry, reply, row) for row in rows_of(reply, "entries")]
    return EntriesPage(entries, total if isinstance(total, int) else None)
