"""The SQLite file under the sandbox: its tables, its transactions, and the events announced after each."""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache, lru_cache
from typing import Any

Event = tuple[str, dict[str, Any]]
"""The name of an event, and what it is about."""
Listener = Callable[[list[Event]], None]
"""Take the events of one transaction, in their order."""
Clock = Callable[[], float]
"""Return the current wall-clock time in seconds, as `time.time` does."""

_SETTINGS = """
PRAGMA busy_timeout = 5000;
PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = ON;
"""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, email TEXT NOT NULL, first_name TEXT, last_name TEXT, user_id TEXT,
    mobile TEXT, custom_fields TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (project, email)
);
DROP INDEX IF EXISTS contacts_by_user;
CREATE INDEX IF NOT EXISTS contacts_by_user_id ON contacts (project, user_id) WHERE user_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS lists (
    id TEXT NOT NULL, project TEXT NOT NULL, name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('list', 'segment')),
    description TEXT, criteria TEXT, parent TEXT, created_at TEXT, updated_at TEXT,
    PRIMARY KEY (project, id)
);
CREATE TABLE IF NOT EXISTS members (
    contact TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE, list TEXT NOT NULL,
    PRIMARY KEY (contact, list)
);
CREATE INDEX IF NOT EXISTS members_by_list ON members (list, contact);
CREATE TABLE IF NOT EXISTS sizes (
    project TEXT NOT NULL, list TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (project, list)
) WITHOUT ROWID;
DROP TRIGGER IF EXISTS member_joined;
DROP TRIGGER IF EXISTS member_left;
CREATE TABLE IF NOT EXISTS fields (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, description TEXT,
    default_value TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (project, name)
);
CREATE TABLE IF NOT EXISTS suppression_groups (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, group_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
    is_global INTEGER NOT NULL, is_active INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (project, group_id)
);
CREATE TABLE IF NOT EXISTS suppressions (
    project TEXT NOT NULL, email TEXT NOT NULL, group_id TEXT NOT NULL, reason TEXT, created_at TEXT NOT NULL,
    PRIMARY KEY (project, email, group_id)
);
CREATE TABLE IF NOT EXISTS starts (
    number INTEGER PRIMARY KEY, project TEXT NOT NULL, at TEXT NOT NULL, automation TEXT NOT NULL,
    "trigger" TEXT NOT NULL, list TEXT, contact TEXT NOT NULL, email TEXT NOT NULL, subject TEXT, reason TEXT,
    automation_id TEXT
);
CREATE INDEX IF NOT EXISTS starts_by_contact ON starts (contact);
CREATE TABLE IF NOT EXISTS webhooks (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1, failure_count INTEGER NOT NULL DEFAULT 0, metadata TEXT NOT NULL,
    last_failed_at TEXT, last_success_at TEXT, last_delivered_at TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS webhook_logs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, project TEXT NOT NULL, webhook TEXT NOT NULL,
    event TEXT NOT NULL, url TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, status_code INTEGER, duration INTEGER,
    error TEXT, ended REAL, delivered_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
"""

_COUNTED = """
DELETE FROM sizes;
INSERT INTO sizes
    SELECT c.project, m.list, COUNT(*) FROM members m JOIN contacts c ON c.id = m.contact GROUP BY c.project, m.list;
INSERT INTO sizes SELECT project, 'GLOBAL_CONTACT_LIST', COUNT(*) FROM contacts GROUP BY project;
"""

_VERSION = 1
"""Of the file: since 1, it keeps who is in a segment, and how many are in each list."""

# The columns of each table that the first files did not have.
_ADDED = {
    "contacts": {"mobile": "TEXT"},
    "lists": {"description": "TEXT", "criteria": "TEXT", "parent": "TEXT", "created_at": "TEXT", "updated_at": "TEXT"},
    "starts": {"automation_id": "TEXT"},
    "suppression_groups": {"is_active": "INTEGER NOT NULL DEFAULT 1"},
}


@cache
def _empty() -> bytes:
    """Return a database of empty tables. Copying them takes a tenth of the time of making them."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(_SCHEMA)
        return db.serialize()


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


class Database:
    """One SQLite connection, which any thread may use.

    With a file, write-ahead logging keeps every finished transaction, also when the process is killed.
    """

    def __init__(self, file: str | os.PathLike[str] | None, now: Clock = time.time) -> None:
        """Open or make the file, also one of an older version; in memory without one.

        Raises:
            OSError: The file cannot be opened, or is no SQLite database.
        """
        self.now = now
        self.listener: Listener | None = None
        self._lock = threading.RLock()
        self._inside = False
        self._events: list[Event] = []
        try:
            self._db = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.executescript(_SETTINGS)
            if file:
                self._db.executescript(_SCHEMA)
                self._upgrade()
            else:
                self._db.deserialize(_empty())
            self.is_older = self.row("PRAGMA user_version")[0] < _VERSION
        except sqlite3.Error:
            raise OSError(f"the file {file} cannot be opened as a SQLite database") from None

    def close(self) -> None:
        """Close the file, once no other thread uses it."""
        with self._lock:
            self._db.close()

    def new_id(self) -> str:
        """Return an unused id of 24 hex digits, as MongoDB makes them: seconds, then random."""
        return f"{int(self.now()):08x}{random.getrandbits(64):016x}"

    def timestamp(self) -> str:
        """Return the current time as AutoSend writes it: UTC with milliseconds."""
        seconds, milliseconds = divmod(int(self.now() * 1_000), 1_000)
        return f"{_second(seconds)}.{milliseconds:03}Z"

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Apply all or nothing, with no other thread in between. Inside a transaction, be a part of it."""
        with self._lock:
            if self._inside:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._inside, self._events = True, []
            try:
                with self._db:
                    yield
            finally:
                self._inside = False
            if self.listener and self._events:
                self.listener(self._events)

    def announce(self, event: str, data: dict[str, Any]) -> None:
        """Pass an event to the listener, with the others of the transaction once that is finished."""
        if self.listener:
            self._events.append((event, data))

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Return all rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Any:
        """Return the first row of a query, or None."""
        with self._lock:
            return self._db.execute(sql, values).fetchone()

    def among(self, sql: str, wanted: Iterable[str], *values: object) -> list[Any]:
        """Return all rows of a query whose `IN (?)` stands for each of `wanted`; `values` come before them."""
        names = list(dict.fromkeys(wanted))
        found: list[Any] = []
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            found += self.rows(sql.replace("IN (?)", f"IN ({', '.join('?' * len(part))})"), *values, *part)
        return found

    def each(self, sql: str, *values: object) -> Iterator[Any]:
        """Yield the rows of a query one by one, inside a transaction."""
        return iter(self._db.execute(sql, values))

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each row of values."""
        self._db.executemany(sql, rows)

    def run(self, sql: str, *values: object) -> int:
        """Change rows and return how many."""
        return self._db.execute(sql, values).rowcount

    def insert(self, table: str, columns: Sequence[str], *values: object) -> bool:
        """Add a row, unless its key exists; return whether it was added."""
        marks = ", ".join("?" * len(values))
        return self.run(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})", *values) > 0  # noqa: S608 - constants

    def count_anew(self) -> None:
        """Count the contacts of each list, and note that this file keeps the counts from now on."""
        for statement in filter(str.strip, _COUNTED.split(";")):
            self.run(statement)
        self.run(f"PRAGMA user_version = {_VERSION}")

    def resize(self, project: str, changes: Mapping[str, int]) -> None:
        """Change how many contacts are in each of these lists."""
        sql = "INSERT INTO sizes VALUES (?, ?, ?) ON CONFLICT (project, list) DO UPDATE SET size = size + excluded.size"
        self.many(sql, [(project, list_id, change) for list_id, change in changes.items()])

    def _upgrade(self) -> None:
        missing = [
            (table, column, kind)
            for table, added in _ADDED.items()
            for column, kind in added.items()
            if column not in {row["name"] for row in self.rows(f"PRAGMA table_info ({table})")}
        ]
        if not missing:
            return
        with self.transaction():
            for table, column, kind in missing:
                self.run(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
            now = self.timestamp()
            self.run("UPDATE lists SET created_at = ?, updated_at = ? WHERE created_at IS NULL", now, now)
