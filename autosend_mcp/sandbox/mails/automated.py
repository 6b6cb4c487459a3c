"""The mails of automations: made of the log of what was started, as late as somebody looks or listens.

So a write of contacts, which may start thousands, costs no more for them. Sources: the pages "Create automation" (waits
and mails) and "Automations". A mail is rendered when it is due. Branches, and what makes a contact leave before the
end, are not followed: of a branch the mails before it are sent.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from autosend_mcp.sandbox.automations.definitions import Automation
from autosend_mcp.sandbox.automations.records import Automations
from autosend_mcp.sandbox.contacts.records import Contact, Contacts
from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.mails.records import Mail, Mails, mail_of
from autosend_mcp.sandbox.mails.sending import Sending

_SECONDS = {"seconds": 1, "minutes": 60, "mins": 60, "hours": 3_600, "days": 86_400}
_EMPTIED = "mails emptied"  # its count: the last start of an automation whose mails had been made
_DELETED = "the contact was deleted before the wait was over"


class AutomatedMails:
    """Makes and sends the mails of automations."""

    def __init__(
        self, db: Database, automations: Automations, contacts: Contacts, mails: Mails, sending: Sending
    ) -> None:
        self._db = db
        self._automations = automations
        self._contacts = contacts
        self._mails = mails
        self._sending = sending
        self.forget()

    def forget(self) -> None:
        """Read anew how far the log is read: to the last mail made of it, or to where the mailbox was emptied."""
        emptied = self._db.row("SELECT counts AS n FROM tallies WHERE kind = ?", _EMPTIED)
        made = self._db.row("SELECT MAX(start) AS n FROM mails")["n"]
        self._read: int = max(made or 0, int(emptied["n"]) if emptied else 0)

    def empty(self) -> None:
        """Delete all mails but those that wait, and make none again of what was started before."""
        self.catch_up()
        with self._db.transaction():
            self._db.run("DELETE FROM mails WHERE status <> 'scheduled'")
            self._db.run("INSERT OR REPLACE INTO tallies VALUES ('', ?, ?)", _EMPTIED, str(self._read))

    def catch_up(self) -> None:
        """Make the mails of what was started since the last time, and send those whose wait is over."""
        with self._db.transaction():
            sent = [*self._of_starts(), *self._due()]
        self._sending.tell(sent)

    def catch_up_if_heard(self) -> None:
        """Do so if a webhook gets events of mails."""
        sql = "SELECT 1 FROM webhooks WHERE is_active AND events LIKE '%\"email.%' LIMIT 1"
        if self._db.row(sql):
            self.catch_up()

    def _of_starts(self) -> list[Mail]:
        rows = self._automations.since_number(self._read)
        if not rows:
            return []
        known = {
            project: {one.id: one for one, _ in self._automations.all(project)}
            for project in {row["project"] for row in rows}
        }
        contacts = self._contacts_of(rows)
        suppressed = self._mails.suppressed((row["project"], row["email"]) for row in rows)
        mails: list[Mail] = []
        for row in rows:
            for mail in self._planned(row, known[row["project"]].get(row["automation_id"])):
                mails.append(mail)
                if mail.status == "scheduled" and (mail.due or 0) <= self._db.now():
                    self._send(mail, contacts.get(row["contact"]), suppressed[row["project"]])
        self._read = rows[-1]["number"]
        self._mails.add(mails)
        for mail in mails:
            self._mails.suppress(mail)
        return mails

    def _due(self) -> list[Mail]:
        """Send the mails whose wait is over."""
        sql = (
            "SELECT *, json_extract(why, '$.contact.id') AS contact FROM mails"
            " WHERE status = 'scheduled' AND due <= ? AND start IS NOT NULL ORDER BY due, number"
        )
        rows, mails = self._db.rows(sql, self._db.now()), list[Mail]()
        contacts = self._contacts_of(rows)
        for row in rows:
            mail, contact = mail_of(row), contacts.get(row["contact"])
            if contact is None:
                mail.status, mail.reason = "cancelled", _DELETED
            else:
                self._send(mail, contact)
            self._mails.change(row["number"], mail)
            self._mails.suppress(mail)
            mails.append(mail)
        return mails

    def _send(self, mail: Mail, contact: Contact | None, suppressed: set[str] | None = None) -> None:
        """Render the mail, and decide what becomes of it."""
        mail.id = mail.id or self._db.new_id()
        names = {name: value for name, value in (contact or {}).items() if isinstance(value, str)}
        name = " ".join(names[part] for part in ("firstName", "lastName") if part in names)
        mail.name = name or None
        self._sending.fill(mail, names | (contact["customFields"] if contact else {}))
        self._mails.decide(mail, mail.due or self._db.now(), suppressed=self._mails.is_suppressed(mail, suppressed))

    def _planned(self, row: Any, automation: Automation | None) -> Iterator[Mail]:
        """Yield the mails of one start, with what each says before it is filled."""
        definition = automation.definition if automation else {}
        began = datetime.fromisoformat(row["at"]).timestamp()
        for delay, email in mails_of(definition):
            template = self._sending.stored(row["project"], email.get("templateId"))
            subject = email.get("subject") or template.get("subject") or row["automation"]
            html, text = email.get("htmlTemplate") or template.get("html"), template.get("text")
            mail = Mail(
                row["project"],
                row["email"],
                None,
                _why(row),
                subject,
                html,
                text,
                sender={"email": email.get("senderEmail") or "", "name": email.get("senderName")},
                template=email.get("templateId"),
                group_id=definition.get("unsubscribeGroupId"),
                automation=row["automation_id"],
                start=row["number"],
                due=began + delay,
                status="scheduled",
            )
            if row["reason"]:
                mail.status, mail.reason = "suppressed", row["reason"]
                yield mail
                return
            yield mail

    def _contacts_of(self, rows: list[Any]) -> dict[str, Contact]:
        found: dict[str, Contact] = {}
        for project in {row["project"] for row in rows}:
            found |= self._contacts.by_ids(project, {row["contact"] for row in rows if row["project"] == project})
        return found


def mails_of(definition: Mapping[str, Any]) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """Yield the mails of an automation up to a branch, with the seconds after its start; by default one at once."""
    given = cast("list[object]", definition.get("steps") or [])
    steps = [cast("dict[str, Any]", step) for step in given if isinstance(step, dict)]
    if not steps:
        yield 0, {}
    by_id = {step["stepId"]: place for place, step in enumerate(steps) if step.get("stepId")}
    named = any(step.get("nextStepId") for step in steps)
    place, after, seen = 0, 0.0, set[int]()
    while 0 <= place < len(steps) and place not in seen and steps[place].get("type") != "branch":
        seen.add(place)
        step = steps[place]
        if step.get("type") == "email":
            yield after, step.get("email") or {}
        delay: dict[str, Any] = step.get("delay") or {}
        after += (delay.get("value") or 0) * _SECONDS.get(str(delay.get("unit")), 60)
        place = by_id.get(step.get("nextStepId"), -1) if named else place + 1


def _why(row: Any) -> dict[str, Any]:
    return {
        "automation": {"id": row["automation_id"], "name": row["automation"]},
        "trigger": json.loads(row["trigger"]),
        "contact": {"id": row["contact"], "email": row["email"]},
    }
