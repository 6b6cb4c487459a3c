"""The endpoints of automations. Source: AutoSend's documentation, the pages of "Automations" (API since 2026-05-12)."""

from typing import NamedTuple

from autosend_mcp.api.envelope import Reply, as_object
from autosend_mcp.api.request import Request, parsed, rows_of
from autosend_mcp.models.automations import Automation

PAGE = 100  # the most automations that one reply shows


class AutomationsPage(NamedTuple):
    """A page of automations, and how many there are in all; None where AutoSend does not say."""

    rows: list[Automation]
    total: int | None


def list_active(page: int = 1) -> Request[AutomationsPage]:
    """Read a page of the automations that are active: only those start."""
    return Request("GET", f"/automations?status=active&page={page}&limit={PAGE}", _page, many=True)


def _page(reply: Reply) -> AutomationsPage:
    rows = [parsed(Automation, reply, row) for row in rows_of(reply, "workflowAutomations", "automations")]
    total = as_object(reply.members.get("pagination")).get("total")
    return AutomationsPage(rows, total if isinstance(total, int) else None)
