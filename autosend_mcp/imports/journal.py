"""What is known of every row of an import, in SQLite: it outlives the process, so that a killed import goes on.

Before a request leaves, its rows are recorded as in doubt; with its outcome they no longer are. Whoever opens the
journal after a crash finds exactly the requests of which it is not known what became of them.
"""

import json
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from anyio import to_thread

AS_ASKED = ("created", "updated", "unchanged")
Outcome = Literal[
    "created", "updated", "unchanged", "merged", "invalid", "failed", "unknown", "would create", "would update"
]

ResultT = TypeVar("ResultT")

_FILES = ("", "-wal", "-shm")
_OURS = 0x41534A31  # in the file's head: somebody else's database is left as it is
_WHOSE = ("PRAGMA application_id", "SELECT COUNT(*) FROM sqlite_master")
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY, line INTEGER, email TEXT, expected TEXT, outcome TEXT, reason TEXT, joined INTEGER);
CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY, kind TEXT, rows TEXT);
CREATE INDEX IF NOT EXISTS not_applied ON rows (email) WHERE outcome IN ('failed', 'unknown');
"""
_RESULTS = "SELECT number, line, email, expected, outcome, reason FROM rows WHERE number > ? ORDER BY number LIMIT ?"
_REJECTED = (
    "SELECT number, line, email, expected, outcome, reason FROM rows WHERE number > ?"
    " AND (outcome IN ('invalid', 'failed', 'unknown') OR (outcome = 'merged' AND EXISTS (SELECT 1 FROM rows"
    " AS other WHERE other.email = rows.email AND other.outcome IN ('failed', 'unknown')))) ORDER BY number LIMIT ?"
)
_REPEATED = (
    "SELECT email FROM rows WHERE outcome IS NULL AND email > ? GROUP BY email HAVING COUNT(*) > 1"
    " ORDER BY email LIMIT ?"
)
_OF_ONE_ADDRESS = (
    "SELECT number, line, email, expected, outcome, reason FROM rows WHERE outcome IS NULL AND email = ?"
    " ORDER BY number"
)
_PENDING = (
    "SELECT number, email, expected, outcome, joined FROM rows WHERE number > ?"
    " AND (outcome IS NULL OR (joined < ? AND outcome IN ('created', 'updated', 'unchanged'))) ORDER BY number LIMIT ?"
)


class JournalBusyError(Exception):
    """Another process is at work on it."""


class JournalRow(NamedTuple):
    """A row of the file as the journal keeps it.

    `line`: where it begins in the file. `expected`: the values that the contact is to have, as JSON. `outcome`: None
    while it is not known.
    """

    number: int
    line: int
    email: str
    expected: str
    outcome: str | None
    reason: str


@dataclass(slots=True, eq=False)
class Item:
    """A row on its way. `before`: what stands for the contact as it was; `joined`: of how many lists it is settled."""

    number: int
    email: str
    asked: dict[str, Any]
    outcome: Outcome | None = None
    reason: str = ""
    joined: int = 0
    before: str | None = None  # there was no such contact
    completes: bool = False  # the contact has values that the row does not name
    counted: str | None = None  # the outcome under which the tally has it


@dataclass(frozen=True, slots=True)
class Doubt:
    """A request of which it is not known what became: `update`, or `join 0` for the first list.

    `rows`: by number; for an update, what stands for the contact as it was before, for a joining, the address.
    """

    id: int
    kind: str
    rows: dict[int, Any]


class Journal:
    """One import's rows. Every method may be called from any thread, and is one transaction."""

    def __init__(self, file: Path | None) -> None:
        """Open or make it; in memory without a file.

        Raises:
            JournalBusyError: Another process has it open.
            OSError: It cannot be opened, or is no journal.
        """
        self._file = file
        self._lock = threading.Lock()
        name = (file or Path()).name
        if file is not None:
            _make_private(file)
        try:
            self._db = sqlite3.connect(
                file or ":memory:", isolation_level=None, check_same_thread=False, timeout=0.5, cached_statements=64
            )
        except sqlite3.Error:
            raise OSError(f"{name} cannot be opened") from None
        try:
            (ours,), (tables,) = (self._db.execute(sql).fetchone() for sql in _WHOSE)
            if tables and ours != _OURS:
                raise sqlite3.DatabaseError(name)
            # Held by one process; not lost with it; written past the cache, so that a long file needs no more memory.
            self._db.executescript(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                f"PRAGMA cache_size = -4000; PRAGMA application_id = {_OURS}; BEGIN EXCLUSIVE; COMMIT;" + _TABLES
            )
        except sqlite3.Error as error:
            self._db.close()
            if "locked" in str(error):
                raise JournalBusyError from None
            raise OSError(f"{name} is no journal of an import, or cannot be written") from None
        if file is not None and not file.exists():  # whoever held it has just removed it
            self._db.close()
            raise JournalBusyError

    def close(self, *, keep: bool = True) -> None:
        """Leave it for another time; or, where there is nothing to keep, for good."""
        with self._lock:  # SQLite would crash a thread that is still at work
            self._db.close()
        if self._file is not None and not keep:
            for ending in _FILES:
                self._file.with_name(self._file.name + ending).unlink(missing_ok=True)

    def was_sent(self) -> bool:
        """Whether a request with any of its rows has left, or may have."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM requests)"
            " OR EXISTS (SELECT 1 FROM rows WHERE outcome IN ('created', 'updated', 'failed', 'unknown') OR joined)"
        )
        return bool(self._read(sql)[0][0])

    def fact(self, name: str) -> Any:
        """Return what was kept under this name, None if nothing was."""
        found = self._read("SELECT value FROM facts WHERE name = ?", name)
        return json.loads(found[0][0]) if found else None

    def keep(self, name: str, value: object) -> None:
        """Keep it under this name."""
        with self._transaction() as db:
            db.execute("REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def clear(self) -> None:
        """Forget all rows and requests."""
        with self._transaction() as db:
            for sql in ("DELETE FROM facts", "DELETE FROM requests", "DELETE FROM rows"):
                db.execute(sql)

    def add(self, rows: Iterable[JournalRow]) -> None:
        """Add rows as they were read."""
        with self._transaction() as db:
            db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, 0)", rows)

    def repeated(self, after: str, most: int = 500) -> list[list[JournalRow]]:
        """Return the rows of the next addresses that stand several times, address by address."""
        with self._transaction() as db:
            db.execute("CREATE INDEX IF NOT EXISTS by_email ON rows (email, number) WHERE outcome IS NULL")
            emails = db.execute(_REPEATED, (after, most)).fetchall()
            if not emails:
                db.execute("DROP INDEX by_email")
            return [[*map(JournalRow._make, db.execute(_OF_ONE_ADDRESS, email))] for email in emails]

    def change(self, rows: Iterable[JournalRow]) -> None:
        """Change the values, the outcome and the reason of rows; an empty reason leaves the one there is."""
        sql = "UPDATE rows SET expected = ?, outcome = ?, reason = COALESCE(NULLIF(?, ''), reason) WHERE number = ?"
        with self._transaction() as db:
            db.executemany(sql, [(row.expected, row.outcome, row.reason, row.number) for row in rows])

    def pending(self, after: int, lists: int, most: int) -> list[Item]:
        """Return the next rows that are not settled, or not yet in so many lists."""
        return [
            Item(number, email, json.loads(expected), outcome, "", joined, counted=outcome)
            for number, email, expected, outcome, joined in self._read(_PENDING, after, lists, most)
        ]

    def intend(self, kind: str, rows: Mapping[int, Any]) -> int:
        """Record that a request with these rows is about to leave; return its number."""
        text = json.dumps(dict(rows), separators=(",", ":"))
        with self._transaction() as db:
            return db.execute("INSERT INTO requests (kind, rows) VALUES (?, ?)", (kind, text)).lastrowid or 0

    def doubts(self) -> list[Doubt]:
        """Return the requests that were about to leave, and of which no more is known."""
        found = self._read("SELECT id, kind, rows FROM requests ORDER BY id")
        return [Doubt(one, kind, {int(n): v for n, v in json.loads(rows).items()}) for one, kind, rows in found]

    def settle(self, items: Sequence[Item], request: int | None = None) -> None:
        """Keep what became of these rows, and with it of the request, whose other rows are as they were."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE rows SET outcome = ?, joined = ?,"
                " reason = CASE WHEN ? = '' THEN reason WHEN reason = '' THEN ? ELSE ? || ' ' || reason END"
                " WHERE number = ?",
                [(one.outcome, one.joined, one.reason, one.reason, one.reason, one.number) for one in items],
            )
            if request is not None:
                db.execute("DELETE FROM requests WHERE id = ?", (request,))
        for item in items:
            item.reason = ""  # it is kept, and would be kept again

    def have_joined(self, numbers: Sequence[int], joined: int, request: int) -> None:
        """Keep that these rows are in so many lists, and that the request is no longer in doubt."""
        with self._transaction() as db:
            db.executemany("UPDATE rows SET joined = ? WHERE number = ?", [(joined, number) for number in numbers])
            db.execute("DELETE FROM requests WHERE id = ?", (request,))

    def settled(self, lists: int) -> int:
        """Return how many rows need nothing more, where each is to join so many lists."""
        sql = (
            "SELECT COUNT(*) FROM rows WHERE outcome NOT IN ('created', 'updated', 'unchanged')"
            " OR (outcome IS NOT NULL AND joined >= ?)"
        )
        return self._read(sql, lists)[0][0]

    def counts(self) -> Counter[str]:
        """Return how many rows have which outcome; those without one are under ""."""
        return Counter(dict(self._read("SELECT COALESCE(outcome, ''), COUNT(*) FROM rows GROUP BY outcome")))

    def results(self, after: int = 0, most: int = 1_000) -> list[JournalRow]:
        """Return the next rows."""
        return [*map(JournalRow._make, self._read(_RESULTS, after, most))]

    def rejected(self, after: int = 0, most: int = 1_000) -> list[JournalRow]:
        """Return the next rows that did not succeed, and those that were merged with one that did not."""
        return [*map(JournalRow._make, self._read(_REJECTED, after, most))]

    def _read(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        """Apply all of what is done within, or nothing; no other thread does anything meanwhile."""
        with self._lock:
            self._db.execute("BEGIN")
            with self._db:
                yield self._db


def _make_private(file: Path) -> None:
    """Make the file, for nobody else to read; not through a link.

    Raises:
        OSError: One of its files is a link.
    """
    for ending in _FILES:
        if file.with_name(file.name + ending).is_symlink():
            raise OSError(f"{file.name}{ending} is a link")
    with suppress(OSError):  # it is there already, or cannot be made: then it cannot be opened either
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


async def in_thread(method: Callable[..., ResultT], *arguments: object) -> ResultT:
    """What a method of the journal brings, without holding up the event loop.

    Raises:
        OSError: The journal cannot be read or written: the disk is full, or the file is damaged.
    """
    try:
        return await to_thread.run_sync(method, *arguments)
    except sqlite3.Error as error:
        raise OSError(f"the import's journal failed: {error}") from error
