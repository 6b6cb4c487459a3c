"""The sandbox's records: contacts and contact lists per project, in SQLite (in memory or in a file)."""

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

SCHEMA = """
PRAGMA busy_timeout = 5000;
PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS contacts (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    email TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    user_id TEXT,
    custom_fields TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (project, email)
);
CREATE TABLE IF NOT EXISTS lists (
    id TEXT NOT NULL,
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('list', 'segment')),
    PRIMARY KEY (project, id)
);
CREATE TABLE IF NOT EXISTS members (
    contact TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    list TEXT NOT NULL,
    PRIMARY KEY (contact, list)
);
"""

_COLUMNS = {"firstName": "first_name", "lastName": "last_name", "userId": "user_id"}


class AlreadyExistsError(Exception):
    """The project has a contact with this address."""


def new_id() -> str:
    """24 hex digits, as MongoDB makes them: seconds, then random."""
    return f"{int(time.time()):08x}{secrets.token_hex(8)}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store:
    """All records. Every method is one transaction and may be called from any thread.

    With a file, write-ahead logging keeps every finished transaction through a kill of the process.
    """

    def __init__(self, file: str | os.PathLike[str] | None = None) -> None:
        """Open or make the file; in memory without one.

        Raises:
            OSError: The file cannot be opened, or is no SQLite database.
        """
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
            self._db.executescript(SCHEMA)
        except sqlite3.Error:
            raise OSError(f"the file {file} cannot be opened as a SQLite database") from None
        self._db.row_factory = sqlite3.Row

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def seed_list(self, project: str, name: str, kind: str) -> str:
        """Make a list or segment, unless one of that name is there; its id."""
        with self._transaction():
            known = self._db.execute(
                "SELECT id FROM lists WHERE project = ? AND name = ? AND type = ?", (project, name, kind)
            ).fetchone()
            if known:
                return str(known["id"])
            list_id = new_id()
            self._db.execute("INSERT INTO lists VALUES (?, ?, ?, ?)", (list_id, project, name, kind))
            return list_id

    def kinds(self, project: str, list_ids: Iterable[str]) -> dict[str, str]:
        """`list` or `segment` for each of the ids that is known."""
        with self._lock:
            rows = self._db.execute("SELECT id, type FROM lists WHERE project = ?", (project,)).fetchall()
        wanted = set(list_ids)
        return {row["id"]: row["type"] for row in rows if row["id"] in wanted}

    def create(self, project: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A new contact.

        Raises:
            AlreadyExistsError: The project has one with this address.
        """
        with self._transaction():
            if self._contact(project, "email", body["email"]):
                raise AlreadyExistsError
            return self._insert(project, body)

    def upsert(self, project: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A new contact, or the one with this address changed: what is given is set, custom fields are merged."""
        with self._transaction():
            held = self._contact(project, "email", body["email"])
            return self._update(project, held, body) if held else self._insert(project, body)

    def get(self, project: str, contact_id: str) -> dict[str, Any] | None:
        """The contact with this id."""
        with self._lock:
            return self._contact(project, "id", contact_id)

    def find(self, project: str, emails: Iterable[str]) -> list[dict[str, Any]]:
        """The contacts with these addresses, those that exist."""
        with self._lock:
            found = (self._contact(project, "email", email) for email in dict.fromkeys(emails))
            return [contact for contact in found if contact]

    def delete(self, project: str, contact_id: str) -> bool:
        """Delete the contact; whether there was one."""
        with self._transaction():
            return (
                self._db.execute("DELETE FROM contacts WHERE project = ? AND id = ?", (project, contact_id)).rowcount
                > 0
            )

    def members(self, list_id: str) -> list[str]:
        """The ids of the list's contacts."""
        with self._lock:
            rows = self._db.execute("SELECT contact FROM members WHERE list = ? ORDER BY contact", (list_id,))
            return [row["contact"] for row in rows]

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                yield

    def _insert(self, project: str, body: Mapping[str, Any]) -> dict[str, Any]:
        contact_id, now = new_id(), _now()
        names = [body.get(name) for name in _COLUMNS]
        row = (contact_id, project, body["email"], *names, _custom({}, body), now, now)
        self._db.execute("INSERT INTO contacts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return self._joined(project, contact_id, body)

    def _update(self, project: str, held: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        given = {column: body[name] for name, column in _COLUMNS.items() if name in body}
        given |= {"custom_fields": _custom(held["customFields"], body), "updated_at": _now()}
        sets = ", ".join(f"{column} = ?" for column in given)
        self._db.execute(f"UPDATE contacts SET {sets} WHERE id = ?", (*given.values(), held["id"]))  # noqa: S608 - ours
        return self._joined(project, held["id"], body)

    def _joined(self, project: str, contact_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The contact, once it is in the lists that the body names."""
        lists: list[str] = body.get("listIds") or []
        for list_id in lists:
            self._db.execute("INSERT OR IGNORE INTO lists VALUES (?, ?, ?, 'list')", (list_id, project, list_id))
            self._db.execute("INSERT OR IGNORE INTO members VALUES (?, ?)", (contact_id, list_id))
        return self._contact(project, "id", contact_id) or {}

    def _contact(self, project: str, column: str, value: str) -> dict[str, Any] | None:
        row = self._db.execute(
            f"SELECT * FROM contacts WHERE project = ? AND {column} = ?",  # noqa: S608 - "id" or "email"
            (project, value),
        ).fetchone()
        if row is None:
            return None
        named = {name: row[column] for name, column in _COLUMNS.items() if row[column] is not None}
        return {
            "id": row["id"],
            "email": row["email"],
            **named,
            "customFields": json.loads(row["custom_fields"]),
            "updatedAt": row["updated_at"],
            "createdAt": row["created_at"],
            "projectId": row["project"],
        }


def _custom(held: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    given: dict[str, Any] = body.get("customFields") or {}
    merged = {**held, **given}
    return json.dumps({name: value for name, value in merged.items() if value is not None})
