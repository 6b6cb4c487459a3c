"""The sections of the page. Rows are read by key, so that a page of ten thousand costs as much as one of ten."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from autosend_mcp.sandbox.contacts.records import SELECT, contact_of
from autosend_mcp.sandbox.page.requests import Requests
from autosend_mcp.sandbox.page.section import ROWS, Section, Seen, Shown, shown_time
from autosend_mcp.sandbox.store import Store


@dataclass(frozen=True)
class Table:
    """A section of rows in the database. `searched`: the columns in which a text is looked for."""

    name: str
    title: str
    columns: Sequence[str]
    select: str
    table: str
    searched: Sequence[str]
    shown: Callable[[Store, Any], Shown]
    nothing: str

    def rows(self, seen: Seen, text: str, before: int | None) -> list[Shown]:
        """Return the newest rows, as every section does."""
        where, values = self._where(text)
        if before is not None:
            where, values = f"{where} AND {self.table}.rowid < ?", [*values, before]
        sql = f"{self.select} WHERE {where} ORDER BY {self.table}.rowid DESC LIMIT {ROWS + 1}"
        return [self.shown(seen.store, row) for row in seen.store.db.rows(sql, *values)]

    def row(self, seen: Seen, key: int) -> Shown | None:
        """Return one row, as every section does."""
        row = seen.store.db.row(f"{self.select} WHERE {self.table}.rowid = ?", key)
        return self.shown(seen.store, row) if row else None

    def count(self, seen: Seen, text: str = "") -> int:
        """Return how many rows there are, as every section does."""
        where, values = self._where(text)
        return seen.store.db.row(f"SELECT COUNT(*) FROM ({self.select} WHERE {where})", *values)[0]  # noqa: S608 - constants

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


def _start(_store: Store, row: Any) -> Shown:
    trigger = json.loads(row["trigger"])
    mail = row["subject"] if row["subject"] is not None else f"none: {row['reason']}"
    detail = {name: row[name] for name in ("at", "automation", "automation_id", "email", "subject", "reason")}
    return Shown(
        row[0],
        (shown_time(row["at"]), row["automation"], row["email"], _why(trigger), mail),
        detail | {"trigger": trigger},
    )


def _why(trigger: dict[str, Any]) -> str:
    """Return what started an automation, in words."""
    if "contactListId" in trigger:
        return f"joined {trigger.get('listName') or 'All Contacts'}"
    if "changes" in trigger:
        return f"changed: {json.dumps(trigger['changes'], ensure_ascii=False)}"
    return "new contact"


def _mail(store: Store, row: Any) -> Shown:
    mail = store.mails.shown(row)
    why = mail["why"]
    reason = f"{mail['status']}: {mail['reason']}" if mail["reason"] else mail["status"]
    because = f"{why['automation']['name']}: {_why(why['trigger'])}" if "trigger" in why else "sent by the API"
    detail = {name: value for name, value in mail.items() if name not in {"html", "text"}}
    cells = (mail["subject"] or "(no subject)", mail["to"]["email"], reason, because, shown_time(mail["at"]))
    return Shown(row["number"], cells, detail, mail["html"], mail["text"])


_STARTS = """SELECT a.* FROM (
    SELECT w.last - json_array_length(w.starts) + 1 + s.key AS rowid, w.at, w.email, w.reason,
        json_extract(s.value, '$[0]') AS automation_id, json_extract(s.value, '$[1]') AS automation,
        json_extract(s.value, '$[2]') AS "trigger",
        iif(w.reason IS NULL, json_extract(s.value, '$[1]'), NULL) AS subject
    FROM started w, json_each(w.starts) s
) a"""

SECTIONS: dict[str, Section] = {
    section.name: section
    for section in cast(
        "tuple[Section, ...]",
        (
        Table(
            "contacts", "Contacts", ("Address", "Name", "Lists", "Fields", "Created"),
            SELECT.replace("SELECT ", "SELECT c.rowid, ", 1), "c",
            ("c.email", "coalesce(c.first_name, '')", "coalesce(c.last_name, '')", "c.custom_fields"), _contact,
            "No contact yet. A tool call, or POST /v1/contacts, makes one.",
        ),
        Table(
            "lists", "Lists", ("Name", "Type", "Contacts", "Id"),
            "SELECT l.rowid, l.*, s.value AS size FROM lists l LEFT JOIN tallies t ON t.project = l.project"
            " AND t.kind = 'list' LEFT JOIN json_each(t.counts) s ON s.key = l.id",
            "l", ("l.name", "l.id"), _contact_list, "No contact list yet.",
        ),
        Table(
            "fields", "Custom fields", ("Name", "Type", "Description", "Created"),
            "SELECT f.rowid, f.* FROM fields f", "f", ("f.name", "f.type"), _field, "No custom field yet.",
        ),
        Table(
            "suppressions", "Opted out", ("Address", "From", "Reason", "Since"),
            "SELECT p.rowid, p.*, g.name AS group_name, g.is_global FROM suppressions p LEFT JOIN suppression_groups g"
            " ON g.group_id = p.group_id AND g.project = p.project",
            "p", ("p.email", "coalesce(p.reason, '')"), _suppression, "Nobody has opted out.",
        ),
        Table(
            "automations", "Automations", ("At", "Automation", "Contact", "Started by", "Mail"),
            _STARTS, "a", ("a.email", "a.automation"), _start,
            "No automation was started yet.",
        ),
        Table(
            "mails", "Mails", ("Subject", "To", "Status", "Why", "At"), "SELECT m.* FROM mails m", "m",
            ("m.email", "coalesce(m.subject, '')"), _mail, "No mail would have gone out yet.",
        ),
        Requests(),
        ),
    )
}  # fmt: skip
