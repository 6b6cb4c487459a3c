"""The endpoints under /webhooks.

Sources: the pages of "Webhooks" in the API reference, and "Webhook event types" for the available events.
"""

import json
from collections.abc import Mapping
from math import ceil
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox.envelope import Handler, Refused, body_of, parameter, success
from autosend_mcp.sandbox.paging import page_of
from autosend_mcp.sandbox.validation import is_strings
from autosend_mcp.sandbox.webhooks.deliveries import Deliveries
from autosend_mcp.sandbox.webhooks.events import EVENTS
from autosend_mcp.sandbox.webhooks.records import MAX_WEBHOOKS, Webhooks

Found = TypeVar("Found")


class WebhookEndpoints:
    """Each method answers one endpoint, in the way its page documents."""

    def __init__(self, webhooks: Webhooks, deliveries: Deliveries) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        return {
            ("GET", "/webhooks"): self.all,
            ("POST", "/webhooks"): self.create,
            ("GET", "/webhooks/events/available"): self.available,
            ("GET", "/webhooks/{id}"): self.get,
            ("PUT", "/webhooks/{id}"): self.update,
            ("DELETE", "/webhooks/{id}"): self.delete,
            ("GET", "/webhooks/{id}/logs"): self.logs,
            ("GET", "/webhooks/{id}/reveal"): self.reveal,
            ("POST", "/webhooks/{id}/resend"): self.resend,
        }

    async def all(self, request: Request, project: str) -> Response:
        """Return one page of the webhooks, or of those that are active or not."""
        page, limit = page_of(request)
        active = {"true": True, "false": False}.get(request.query_params.get("isActive", "").lower())
        found = self._webhooks.all(project, active=active)
        return success({"webhooks": found[(page - 1) * limit : page * limit], **_pages(page, limit, len(found))})

    async def create(self, request: Request, project: str) -> Response:
        """Add a webhook; this response shows its secret."""
        body = await body_of(request)
        _check({"url": None, "events": None} | body)
        made = self._webhooks.create(project, body)
        if made is None:
            raise _invalid(f"A project can have at most {MAX_WEBHOOKS} webhooks")
        return success({"webhook": made}, status=201, message="Webhook created successfully")

    async def available(self, _request: Request, _project: str) -> Response:
        """Return the names of all events."""
        return success({"events": [*EVENTS]})

    async def get(self, request: Request, project: str) -> Response:
        """Return one webhook, its secret hidden."""
        return success(_known(self._webhooks.get(project, parameter(request, "id"))))

    async def update(self, request: Request, project: str) -> Response:
        """Change a webhook, but not its secret."""
        body = await body_of(request)
        if "secret" in body:
            raise _invalid("Secret cannot be updated. Create a new webhook instead.")
        _check(body)
        changed = self._webhooks.update(project, parameter(request, "id"), body)
        return success(_known(changed), message="Webhook updated successfully")

    async def delete(self, request: Request, project: str) -> Response:
        """Delete a webhook."""
        _known(self._webhooks.delete(project, parameter(request, "id")) or None)
        return success(message="Webhook deleted successfully")

    async def logs(self, request: Request, project: str) -> Response:
        """Return one page of the webhook's deliveries, newest first."""
        page, limit = page_of(request)
        webhook = _known(self._webhooks.row(project, parameter(request, "id")))
        found, total = self._webhooks.logs(webhook["id"], page, limit)
        return success({"logs": found, **_pages(page, limit, total)})

    async def reveal(self, request: Request, project: str) -> Response:
        """Return the webhook's secret."""
        return success({"secret": _known(self._webhooks.row(project, parameter(request, "id")))["secret"]})

    async def resend(self, request: Request, project: str) -> Response:
        """Deliver an event with the given data."""
        webhook = _known(self._webhooks.row(project, parameter(request, "id")))
        body = await body_of(request)
        event, data = body.get("event"), body.get("data")
        if not isinstance(event, str) or not isinstance(data, dict):
            raise _invalid("event and data are required")
        if event not in json.loads(webhook["events"]):
            raise Refused(400, "WEBHOOK_NOT_SUBSCRIBED", f"Webhook is not subscribed to this event: {event}")
        number = self._deliveries.send(webhook, event, cast("dict[str, Any]", data))
        return success({"jobId": str(number)}, message="Webhook queued for delivery")


def _pages(page: int, limit: int, total: int) -> dict[str, int]:
    return {"total": total, "page": page, "limit": limit, "totalPages": ceil(total / limit)}


def _known(found: Found | None) -> Found:
    """Return what was found.

    Raises:
        Refused: Nothing was.
    """
    if found is None:
        raise Refused(404, "WEBHOOK_NOT_FOUND", "Webhook not found")
    return found


def _check(body: Mapping[str, Any]) -> None:
    """Refuse what a webhook cannot have, of the members that the body names.

    Raises:
        Refused: There is such a member.
    """
    if "url" in body and not _is_url(body["url"]):
        raise _invalid("A valid webhook URL is required")
    if "events" in body:
        events: object = body["events"]
        if not is_strings(events) or not events or not set(cast("list[str]", events)) <= {*EVENTS}:
            raise _invalid(f"At least one valid event is required, of {', '.join(EVENTS)}")
    if not isinstance(body.get("isActive"), bool | None):
        raise _invalid("isActive must be a boolean")
    if not isinstance(body.get("metadata"), dict | None):
        raise _invalid("metadata must be an object")


def _is_url(value: object) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _invalid(message: str) -> Refused:
    return Refused(400, "VALIDATION_ERROR", message)
