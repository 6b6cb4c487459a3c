"""The rows of mails: what was asked to be sent, and what automations would send. Nothing leaves this machine.

Sources: the pages "Send email", "Get email status" and "Suppressions"; the changelog of 2026-01-21 (copies are mails of
their own, and go nowhere when the recipient is suppressed).
"""

import json
import time
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.mails.outcomes import Happening, happenings_of, is_suppressed_by_name
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.suppression_groups.records import SuppressionGroups

SUPPRESSED = "the address is suppressed"
_COLUMNS = (
    *("id", "project", "at", "due", "status", "reason", "email", "name", "role", "sender", "reply_to", "subject"),
    *(
        "html",
        "text",
        "headers",
        "attachments",
        "template",
        "group_id",
        "batch",
        "automation",
        "start",
        "why",
        "events",
    ),
)


@dataclass
class Mail:
    """One mail to one address. `at`, `due`: Unix seconds; `why`: what caused it; `start`: of which automation's log."""

    project: str
    email: str
    name: str | None
    why: dict[str, Any]
    subject: str = ""
    html: str | None = None
    text: str | None = None
    sender: dict[str, Any] = field(default_factory=dict[str, Any])
    reply_to: dict[str, Any] | None = None
    role: str = "to"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    attachments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    template: str | None = None
    group_id: str | None = None
    batch: str | None = None
    automation: str | None = None
    start: int | None = None
    due: float | None = None
    id: str = ""
    status: str = "queued"
    reason: str | None = None
    happenings: list[tuple[float, Happening]] = field(default_factory=list[tuple[float, Happening]])


class Mails:
    """The mails of every project, oldest first."""

    def __init__(self, db: Database, suppression_groups: SuppressionGroups, options: Options) -> None:
        self._db = db
        self._suppression_groups = suppression_groups
        self._options = options

    def decide(self, mail: Mail, at: float, *, suppressed: bool) -> None:
        """Decide what becomes of the mail, which is sent at this time, unless its address is suppressed."""
        mail.id = mail.id or self._db.new_id()
        if suppressed:
            mail.status, mail.reason = "suppressed", SUPPRESSED
            return
        pace = self._options.mail_pace
        happenings = happenings_of(mail.email, mail.group_id)
        mail.status = "sent" if happenings else "queued"
        mail.happenings = [(at + number * pace, one) for number, one in enumerate(happenings)]

    def is_suppressed(self, mail: Mail, known: Container[str] | None = None) -> bool:
        """Return whether the address gets no mail at all, or none of this group.

        `known`: who gets none at all, where that was looked up for many.
        """
        if known is None:
            known = self._suppression_groups.suppressed(mail.project, [mail.email])
        if is_suppressed_by_name(mail.email) or mail.email in known:
            return True
        groups = self._suppression_groups.of(mail.project, mail.email) if mail.group_id else []
        return any(mail.group_id in (one["groupId"], one["id"]) for one in groups)

    def suppressed(self, addresses: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
        """Return by project who of these gets no mail at all."""
        wanted: defaultdict[str, set[str]] = defaultdict(set)
        for project, email in addresses:
            wanted[project].add(email)
        return {project: self._suppression_groups.suppressed(project, emails) for project, emails in wanted.items()}

    def suppress(self, mail: Mail) -> None:
        """Suppress the address where what happens to the mail says so."""
        for _, happening in mail.happenings:
            if reason := happening.suppresses:
                known = {one["groupId"] for one in self._suppression_groups.all(mail.project)}
                group = mail.group_id if reason == "UNSUBSCRIBE" and mail.group_id in known else None
                args = (mail.project, [mail.email], group, reason)
                self._suppression_groups.suppress(*args, is_global=group is None)

    def add(self, mails: Iterable[Mail]) -> None:
        """Add mails as they are decided."""
        self._db.add("mails", _COLUMNS, [self._row(mail) for mail in mails])

    def change(self, number: int, mail: Mail) -> None:
        """Write what was decided of a mail that waited."""
        values = dict(zip(_COLUMNS, self._row(mail), strict=True))
        names = ("status", "reason", "name", "subject", "html", "text", "template", "events")
        sets = ", ".join(f"{name} = ?" for name in names)
        self._db.run(f"UPDATE mails SET {sets} WHERE number = ?", *(values[name] for name in names), number)  # noqa: S608 - constants

    def row(self, project: str, mail_id: str) -> Any:
        """Return the row of a mail, or None."""
        return self._db.row("SELECT * FROM mails WHERE project = ? AND id = ?", project, mail_id)

    def one(self, mail_id: str) -> dict[str, Any] | None:
        """Return a mail of any project as GET /sandbox/mails shows it, or None."""
        row = self._db.row("SELECT * FROM mails WHERE id = ?", mail_id)
        return self.shown(row) if row else None

    def page(self, page: int, limit: int, email: str = "") -> tuple[list[dict[str, Any]], int]:
        """Return a page of all mails, or of those to one address, as GET /sandbox/mails shows them; and how many."""
        where, values = ("WHERE email = ?", (email,)) if email else ("", ())
        sql = f"SELECT * FROM mails {where} ORDER BY number LIMIT ? OFFSET ?"  # noqa: S608 - constants
        rows = self._db.rows(sql, *values, limit, (page - 1) * limit)
        total = self._db.row(f"SELECT COUNT(*) AS n FROM mails {where}", *values)["n"]  # noqa: S608 - constants
        return [self.shown(row) for row in rows], total

    def history(self, row: Any) -> tuple[str, list[tuple[float, str, str | None]]]:
        """Return the status of a mail by now, and what has happened to it: when, which event, which status."""
        now = self._db.now()
        events = [(at, event, status) for at, event, status in json.loads(row["events"]) if at <= now]
        return next(
            (status for *_, status in reversed(events) if status), row["status"] if not events else "sent"
        ), events

    def shown(self, row: Any) -> dict[str, Any]:
        """Return a mail as GET /sandbox/mails shows it."""
        status, events = self.history(row)
        return {
            "id": row["id"],
            "at": timestamp(row["due"] if row["due"] is not None else row["at"]),
            "status": status,
            "reason": row["reason"],
            "to": {"email": row["email"], "name": row["name"]},
            "role": row["role"],
            "from": json.loads(row["sender"]),
            "replyTo": json.loads(row["reply_to"]),
            "subject": row["subject"],
            "html": row["html"],
            "text": row["text"],
            "headers": json.loads(row["headers"]),
            "attachments": json.loads(row["attachments"]),
            "templateId": row["template"],
            "unsubscribeGroupId": row["group_id"],
            "batchId": row["batch"],
            "why": json.loads(row["why"]),
            "events": [{"event": event or status, "at": timestamp(at)} for at, event, status in events],
        }

    def _row(self, mail: Mail) -> list[Any]:
        events = [(at, one.event, one.status) for at, one in mail.happenings]
        written = [json.dumps(part) for part in (mail.sender, mail.reply_to)]
        parts = [json.dumps(part) for part in (mail.headers, mail.attachments)]
        about = (mail.template, mail.group_id, mail.batch, mail.automation, mail.start, json.dumps(mail.why))
        return [
            *(mail.id or self._db.new_id(), mail.project, self._db.now(), mail.due, mail.status, mail.reason),
            *(mail.email, mail.name, mail.role, *written, mail.subject, mail.html, mail.text, *parts, *about),
            json.dumps(events),
        ]


def timestamp(at: float) -> str:
    """Return a time in Unix seconds as AutoSend writes it."""
    seconds, milliseconds = divmod(round(at * 1_000), 1_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"


def mail_of(row: Any) -> Mail:
    """Return the mail of a row that waits to be sent."""
    parts = {name: row[name] for name in ("project", "email", "name", "subject", "html", "text", "due", "id")}
    about = {name: row[name] for name in ("template", "group_id", "automation", "start", "status")}
    return Mail(**parts, **about, why=json.loads(row["why"]), sender=json.loads(row["sender"]))
