"""The endpoints under /automations that only read, and the log of what was started, which AutoSend does not have.

Sources: the pages "List automations" and "Get automation". Automations are declared when the sandbox is started.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from autosend_mcp.sandbox.automations.definitions import STATUSES, Automation
from autosend_mcp.sandbox.contact_lists.records import ContactList
from autosend_mcp.sandbox.envelope import Handler, Refused, check, pagination, parameter, success
from autosend_mcp.sandbox.paging import page_of
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import problem

_USER = {"id": "60d5ec49f1b2c72d9c8b3333", "firstName": "Sandbox", "lastName": "User"}
_DEFAULTS = {"maxExecutionDays": 60, "timezone": "UTC", "priority": 1}
_LISTED = ("id", "name", "status", "entryCriteria", "exitCriteria", "steps", "tags", "trackingOpen", "trackingClick")


class AutomationEndpoints:
    """Each method answers one endpoint, in the way its page documents."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._automations = store.automations

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        return {("GET", "/automations"): self.all, ("GET", "/automations/{id}"): self.get}

    async def all(self, request: Request, project: str) -> Response:
        """Return one page of the automations, of one status or with one of some tags if they are given."""
        page, limit = page_of(request)
        status = request.query_params.get("status")
        if status not in (None, *STATUSES):
            check([problem("status", f"status must be one of {', '.join(STATUSES)}")])
        tags = {tag.strip() for tag in request.query_params.get("tags", "").split(",")} - {""}
        counts = self._automations.counts(project)
        found = [
            self._shown(project, automation, about, counts)
            for automation, about in self._automations.all(project)
            if status in (None, automation.status) and (not tags or tags & {*automation.definition.get("tags", ())})
        ]
        rows = [_listed(row) for row in found[(page - 1) * limit : page * limit]]
        return success({"workflowAutomations": rows, "pagination": pagination(page, limit, len(found))})

    async def get(self, request: Request, project: str) -> Response:
        """Return one automation with its steps."""
        for automation, about in self._automations.all(project):
            if automation.id == parameter(request, "id"):
                shown = self._shown(project, automation, about, self._automations.counts(project))
                entered = {name: count for name, count in shown["analytics"].items() if name.startswith("total")}
                return success(shown | {"analytics": entered})
        raise Refused(404, "WORKFLOW_NOT_FOUND", "Workflow automation not found")

    async def log(self, request: Request) -> Response:
        """Return one page of the starts, which needs no key."""
        page, limit = page_of(request, default=100, maximum=1_000)
        starts, total = self._automations.starts(page, limit)
        return JSONResponse({"automations": starts, "pagination": pagination(page, limit, total)})

    def _shown(
        self, project: str, automation: Automation, about: ContactList | None, counts: Mapping[str, tuple[int, int]]
    ) -> dict[str, Any]:
        definition = automation.definition
        entered, sent = counts.get(automation.id, (0, 0))
        totals = {"totalEntered": entered, "totalCompleted": entered, "totalExited": 0, "totalActive": 0}
        settings: dict[str, Any] = definition.get("settings", {})
        analytics = totals | {"sent": sent, "delivered": sent} | dict.fromkeys(("opened", "clicked", "bounced"), 0)
        scope = {"contactListId": about.id} if about else {}
        since = self._automations.since
        steps: list[dict[str, Any]] = definition.get("steps") or _steps(automation)
        return {
            "id": automation.id,
            "projectId": project,
            "name": automation.name,
            "description": definition.get("description", ""),
            "status": automation.status,
            "entryCriteria": {**definition.get("entryCriteria", {"type": automation.type}), **scope},
            "exitCriteria": definition.get("exitCriteria", {"type": "workflow_complete"}),
            "trackingOpen": definition.get("trackingOpen", True),
            "trackingClick": definition.get("trackingClick", True),
            "settings": _DEFAULTS | {"allowReentry": automation.reentry} | settings,
            "steps": steps,
            "tags": definition.get("tags", []),
            "analytics": analytics,
            "activeAt": since if automation.status == "active" else None,
            "createdAt": since,
            "updatedAt": since,
        }


def _listed(shown: dict[str, Any]) -> dict[str, Any]:
    rest: dict[str, Any] = {name: shown[name] for name in ("analytics", "activeAt", "createdAt", "updatedAt")}
    return {name: shown[name] for name in _LISTED} | {"createdBy": _USER} | rest | {"steps": list[Any]()}


def _steps(automation: Automation) -> list[dict[str, Any]]:
    """Return the mail that is sent at once."""
    wait = {"stepId": "step_1", "type": "wait", "delay": {"value": 0, "unit": "minutes"}}
    return [wait, {"stepId": "step_2", "type": "email", "email": {"subject": automation.name}}]
