"""The rows of webhooks, and the log of their deliveries.

Sources: the pages of "Webhooks", and "Webhook retries" (`failureCount`, how long logs are kept).
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.webhooks.events import CONTACT_EVENTS

ORGANIZATION = "229f1f77bcf86cd927304800"
MAX_WEBHOOKS = 100
"""How many webhooks a project may have."""
HIDDEN = "***hidden***"

_COLUMNS = ("id", "project", "url", "secret", "events", "metadata", "created_at", "updated_at")
_LOG_COLUMNS = ("id", "project", "webhook", "event", "url", "created_at", "updated_at")
_KEPT_DELIVERED, _KEPT_FAILED = 24 * 3600.0, 48 * 3600.0  # seconds
_MAX_DELIVERED = 1_000


class Webhooks:
    """The webhooks of every project."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self, project: str, *, active: bool | None = None) -> list[dict[str, Any]]:
        """Return the project's webhooks, oldest first, their secrets hidden; those that are active or not, if asked."""
        rows = self._db.rows("SELECT * FROM webhooks WHERE project = ? ORDER BY rowid", project)
        return [_shown(row) for row in rows if active in (None, bool(row["is_active"]))]

    def row(self, project: str, webhook_id: str) -> Any:
        """Return the row of a webhook, or None."""
        return self._db.row("SELECT * FROM webhooks WHERE project = ? AND id = ?", project, webhook_id)

    def get(self, project: str, webhook_id: str) -> dict[str, Any] | None:
        """Return a webhook with its secret hidden, or None."""
        row = self.row(project, webhook_id)
        return row and _shown(row)

    def subscribed(self, project: str, event: str) -> list[Any]:
        """Return the rows of the active webhooks that get this event."""
        rows = self._db.rows("SELECT * FROM webhooks WHERE project = ? AND is_active ORDER BY rowid", project)
        return [row for row in rows if event in json.loads(row["events"])]

    def any_active(self, project: str) -> bool:
        """Return whether the project has a webhook that gets events."""
        return self._db.row("SELECT 1 FROM webhooks WHERE project = ? AND is_active", project) is not None

    def create(self, project: str, body: Mapping[str, Any], secret: str = "") -> dict[str, Any] | None:
        """Add a webhook and return it with its secret; None if the project has as many as it may."""
        secret, now = secret or f"whsec_{secrets.token_hex(16)}", self._db.timestamp()
        written = (json.dumps(list(dict.fromkeys(body["events"]))), json.dumps(body.get("metadata")))
        with self._db.transaction():
            if self._db.row("SELECT COUNT(*) AS n FROM webhooks WHERE project = ?", project)["n"] >= MAX_WEBHOOKS:
                return None
            webhook_id = self._db.new_id()
            self._db.insert("webhooks", _COLUMNS, webhook_id, project, body["url"], secret, *written, now, now)
            return _shown(self.row(project, webhook_id)) | {"secret": secret}

    def seed(self, project: str, url: str, secret: str) -> None:
        """Add a webhook of all contact events, or give the one of this URL the secret."""
        with self._db.transaction():
            known = [webhook["id"] for webhook in self.all(project) if webhook["url"] == url]
            if not known:
                self.create(project, {"url": url, "events": CONTACT_EVENTS}, secret)
                return
            self.update(project, known[0], {"events": CONTACT_EVENTS, "isActive": True})
            self._db.run("UPDATE webhooks SET secret = ? WHERE id = ?", secret, known[0])

    def update(self, project: str, webhook_id: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Change what the body names and return the webhook, or None; active again, it has not failed yet."""
        with self._db.transaction():
            row = self.row(project, webhook_id)
            if row is None:
                return None
            given = {name: json.dumps(list(body[name])) for name in ("events",) if body.get(name) is not None}
            given |= {name: json.dumps(body[name]) for name in ("metadata",) if name in body}
            active = row["is_active"] if body.get("isActive") is None else body["isActive"]
            again = active and not row["is_active"]
            self._db.run(
                "UPDATE webhooks SET url = ?, events = ?, metadata = ?, is_active = ?, failure_count = ?,"
                " updated_at = ? WHERE id = ?",
                body.get("url") or row["url"],
                given.get("events", row["events"]),
                given.get("metadata", row["metadata"]),
                bool(active),
                0 if again else row["failure_count"],
                self._db.timestamp(),
                webhook_id,
            )
            return self.get(project, webhook_id)

    def delete(self, project: str, webhook_id: str) -> bool:
        """Delete a webhook with its log; return False if there is none."""
        with self._db.transaction():
            self._db.run("DELETE FROM webhook_logs WHERE project = ? AND webhook = ?", project, webhook_id)
            return self._db.run("DELETE FROM webhooks WHERE project = ? AND id = ?", project, webhook_id) > 0

    def logs(self, webhook_id: str, page: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return a page of the webhook's deliveries, newest first, and how many there are."""
        sql = "SELECT * FROM webhook_logs WHERE webhook = ? ORDER BY number DESC LIMIT ? OFFSET ?"
        count = self._db.row("SELECT COUNT(*) AS n FROM webhook_logs WHERE webhook = ?", webhook_id)["n"]
        return [_log_of(row) for row in self._db.rows(sql, webhook_id, limit, (page - 1) * limit)], count

    def queue(self, webhook: Any, event: str) -> int:
        """Log that an event is to be delivered; return the number of the delivery."""
        now, about = self._db.timestamp(), (webhook["project"], webhook["id"], event, webhook["url"])
        with self._db.transaction():
            self._db.insert("webhook_logs", _LOG_COLUMNS, self._db.new_id(), *about, now, now)
            return self._db.row("SELECT last_insert_rowid() AS number")["number"]

    def tried(self, number: int, status: int | None, error: str | None, duration: int, *, last: bool) -> None:
        """Log one try of a delivery, and what its end means for the webhook. No `error`: it was delivered."""
        now = self._db.timestamp()
        ended = self._db.now() if last or error is None else None
        with self._db.transaction():
            self._db.run(
                "UPDATE webhook_logs SET attempts = attempts + 1, status_code = ?, duration = ?, error = ?, ended = ?,"
                " delivered_at = ?, updated_at = ? WHERE number = ?",
                *(status, duration, error, ended, None if error else now, now, number),
            )
            webhook = "WHERE id = (SELECT webhook FROM webhook_logs WHERE number = ?)"
            if error is None:
                done = f"failure_count = 0, last_success_at = ?1, last_delivered_at = ?1 {webhook}"
                self._db.run(f"UPDATE webhooks SET {done}", now, number)  # noqa: S608 - constants
            elif last:
                failed = f"failure_count = failure_count + 1, last_failed_at = ? {webhook}"
                self._db.run(f"UPDATE webhooks SET {failed}", now, number)  # noqa: S608 - constants
            self._forget()

    def _forget(self) -> None:
        """Delete what is no longer kept in the log."""
        now = self._db.now()
        sql = "DELETE FROM webhook_logs WHERE (delivered_at IS NOT NULL AND ended < ?) OR ended < ?"
        self._db.run(sql, now - _KEPT_DELIVERED, now - _KEPT_FAILED)
        self._db.run(
            "DELETE FROM webhook_logs WHERE delivered_at IS NOT NULL AND number <= (SELECT number FROM webhook_logs"
            " WHERE delivered_at IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ?)",
            _MAX_DELIVERED,
        )


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "organizationId": ORGANIZATION,
        "projectId": row["project"],
        "url": row["url"],
        "secret": HIDDEN,
        "events": json.loads(row["events"]),
        "isActive": bool(row["is_active"]),
        "status": "active" if row["is_active"] else "inactive",
        "failureCount": row["failure_count"],
        "lastFailedAt": row["last_failed_at"],
        "lastSuccessAt": row["last_success_at"],
        "lastDeliveredAt": row["last_delivered_at"],
        "metadata": json.loads(row["metadata"]),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def _log_of(row: Any) -> dict[str, Any]:
    return {
        "_id": row["id"],
        "webhookId": row["webhook"],
        "projectId": row["project"],
        "event": row["event"],
        "url": row["url"],
        "statusCode": row["status_code"],
        "success": row["delivered_at"] is not None,
        "attempts": row["attempts"],
        "duration": row["duration"],
        **({} if row["error"] is None else {"errorMessage": row["error"]}),
        "deliveredAt": row["delivered_at"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
