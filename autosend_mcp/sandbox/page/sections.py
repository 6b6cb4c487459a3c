"""The sections of the page. Rows are read by key, so that a page of ten thousand costs as much as one of ten."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from autosend_mcp.sandbox.contacts.records import SELECT, contact_of
from autosend_mcp.sandbox.page.faults import WaitingFaults
from autosend_mcp.sandbox.page.requests import Requests
from autosend_mcp.sandbox.page.section import ROWS, Section, Seen, Shown, shown_time
from autosend_mcp.sandbox.page.starts import Starts, started_by
from autosend_mcp.sandbox.page.warned import Warned
from autosend_mcp.sandbox.store import Store


@dataclass(frozen=True)
class Table:
    """A section of rows in a table, named with its alias. `searched`: the columns in which a text is looked for.

    `whole`: what selects one row, where that has more than those of the list.
    """

    name: str
    title: str
    columns: Sequence[str]
    select: str
    table: str
    searched: Sequence[str]
    shown: Callable[[Store, Any], Shown]
    nothing: str
    whole: str = ""

    @property
    def _alias(self) -> str:
        return self.table.split()[1]

    def rows(self, seen: Seen, text: str, before: int | None) -> list[Shown]:
        """Return the newest rows, as every section does."""
        where, values = self._where(text)
        if before is not None:
            where, values = f"{where} AND {self._alias}.rowid < ?", [*values, before]
        sql = f"{self.select} WHERE {where} ORDER BY {self._alias}.rowid DESC LIMIT {ROWS + 1}"
        return [self.shown(seen.store, row) for row in seen.store.db.rows(sql, *values)]

    def row(self, seen: Seen, key: int) -> Shown | None:
        """Return one row, as every section does."""
        row = seen.store.db.row(f"{self.whole or self.select} WHERE {self._alias}.rowid = ?", key)
        return self.shown(seen.store, row) if row else None

    def count(self, seen: Seen, text: str = "") -> int:
        """Return how many rows there are, as every section does."""
        where, values = self._where(text)
        sql = f"SELECT COUNT(*) FROM {self.table}" + (f" WHERE {where}" if text else "")  # noqa: S608 - constants
        return seen.store.db.row(sql, *values)[0]

    def _where(self, text: str) -> tuple[str, list[object]]:
        if not text:
            return "1", []
        like = " OR ".join(f"instr(lower({column}), lower(?))" for column in self.searched)
        return f"({like})", [text] * len(self.searched)


def _contact(store: Store, row: Any) -> Shown:
    contact = contact_of(row[1:])
    names = (
        "SELECT l.name FROM members m JOIN lists l ON l.id = m.list AND l.project = ? WHERE m.contact = ? ORDER BY 1"
    )
    lists = [found["name"] for found in store.db.rows(names, contact["projectId"], contact["id"])]
    name = " ".join(filter(None, (contact.get("firstName"), contact.get("lastName"))))
    fields = ", ".join(f"{field}: {value}" for field, value in contact["customFields"].items())
    cells = (contact["email"], name, ", ".join(lists), fields, shown_time(contact["createdAt"]))
    return Shown(row[0], cells, contact | {"lists": lists})


def _contact_list(_store: Store, row: Any) -> Shown:
    criteria = json.loads(row["criteria"]) if row["criteria"] else None
    detail = {name: row[name] for name in ("id", "name", "type", "description", "parent")} | {"criteria": criteria}
    return Shown(row[0], (row["name"], row["type"], str(row["size"] or 0), row["id"]), detail)


def _field(_store: Store, row: Any) -> Shown:
    return Shown(row[0], (row["name"], row["type"], row["description"] or "", shown_time(row["created_at"])), dict(row))


def _suppression(_store: Store, row: Any) -> Shown:
    of = row["group_name"] or row["group_id"]
    where = "all mail" if row["is_global"] else of
    return Shown(row[0], (row["email"], where, row["reason"] or "", shown_time(row["created_at"])), dict(row))


def _mail(store: Store, row: Any) -> Shown:
    mail = store.mails.shown(row)
    why = mail["why"]
    reason = f"{mail['status']}: {mail['reason']}" if mail["reason"] else mail["status"]
    because = f"{why['automation']['name']}: {started_by(why['trigger'])}" if "trigger" in why else "sent by the API"
    detail = {name: value for name, value in mail.items() if name not in {"html", "text"}}
    cells = (mail["subject"] or "(no subject)", mail["to"]["email"], reason, because, shown_time(mail["at"]))
    return Shown(row["number"], cells, detail, mail["html"], mail["text"])


# The list of mails does without their content, of which each may have megabytes.
_MAILS = "SELECT m.number, m.id, m.at, m.due, m.status, m.reason, m.email, m.name, m.role, m.sender, m.reply_to,\
 m.subject, m.headers, m.attachments, m.template, m.group_id, m.batch, m.why, m.events, {} FROM mails m"

SECTIONS: dict[str, Section] = {
    section.name: section
    for section in cast(
        "tuple[Section, ...]",
        (
        Table(
            "contacts", "Contacts", ("Address", "Name", "Lists", "Fields", "Created"),
            SELECT.replace("SELECT ", "SELECT c.rowid, ", 1), "contacts c",
            ("c.email", "coalesce(c.first_name, '')", "coalesce(c.last_name, '')", "c.custom_fields"), _contact,
            "No contact yet. A tool call, or POST /v1/contacts, makes one.",
        ),
        Table(
            "lists", "Lists", ("Name", "Type", "Contacts", "Id"),
            "SELECT l.rowid, l.*, s.value AS size FROM lists l LEFT JOIN tallies t ON t.project = l.project"
            " AND t.kind = 'list' LEFT JOIN json_each(t.counts) s ON s.key = l.id",
            "lists l", ("l.name", "l.id"), _contact_list, "No contact list yet.",
        ),
        Table(
            "fields", "Custom fields", ("Name", "Type", "Description", "Created"),
            "SELECT f.rowid, f.* FROM fields f", "fields f", ("f.name", "f.type"), _field, "No custom field yet.",
        ),
        Table(
            "suppressions", "Opted out", ("Address", "From", "Reason", "Since"),
            "SELECT p.rowid, p.*, g.name AS group_name, g.is_global FROM suppressions p LEFT JOIN suppression_groups g"
            " ON g.group_id = p.group_id AND g.project = p.project",
            "suppressions p", ("p.email", "coalesce(p.reason, '')"), _suppression, "Nobody has opted out.",
        ),
        Starts(),
        Table(
            "mails", "Mails", ("Subject", "To", "Status", "Why", "At"),
            _MAILS.format("NULL AS html, NULL AS text"), "mails m",
            ("m.email", "coalesce(m.subject, '')"), _mail, "No mail would have gone out yet.",
            _MAILS.format("m.html, m.text"),
        ),
        Requests(),
        Warned(),
        WaitingFaults(),
        ),
    )
}  # fmt: skip
