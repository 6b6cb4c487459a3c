"""The state of every row of an import, in SQLite: it outlives the process, so that a killed import can be resumed.

Before a request leaves, it is recorded with its rows; the record is removed together with its outcome. After a crash
the journal therefore holds exactly the requests whose outcome is not known.
"""

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path
from typing import Any

from autosend_mcp.imports.journal_file import connect, parts_of
from autosend_mcp.imports.journal_rows import IN_NO_LIST, TO_SUPPRESS, JournalRow, OpenRequest, PendingRow, StagedRow

_COLUMNS = "number, line, email, expected, outcome, reason, joins"
_RESULTS = f"SELECT {_COLUMNS} FROM rows WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608 - constants
_REJECTED = (
    f"SELECT {_COLUMNS} FROM rows WHERE number > ? AND joins >= 0"  # noqa: S608 - constants
    " AND (outcome IN ('invalid', 'failed', 'unknown') OR (outcome = 'merged' AND EXISTS (SELECT 1 FROM rows"
    " AS other WHERE other.email = rows.email AND other.outcome IN ('failed', 'unknown')))) ORDER BY number LIMIT ?"
)
_REPEATED = (
    "SELECT email FROM rows WHERE outcome IS NULL AND joins > -2 AND email > ? GROUP BY email HAVING COUNT(*) > 1"
    " ORDER BY email LIMIT ?"
)
_OF_ONE_ADDRESS = (
    f"SELECT {_COLUMNS} FROM rows WHERE outcome IS NULL AND joins > -2 AND email = ?"  # noqa: S608 - constants
    " ORDER BY number"
)
_PENDING = (
    "SELECT number, email, expected, outcome, joins FROM rows WHERE number > ?"
    " AND joins > -2 AND (outcome IS NULL"
    " OR (joins >= 0 AND joins < ? AND outcome IN ('created', 'updated', 'unchanged'))) ORDER BY number LIMIT ?"
)
_TO_SUPPRESS = (
    "SELECT number, email, expected FROM rows WHERE number > ? AND outcome IS NULL AND joins = -2"
    " ORDER BY number LIMIT ?"
)
_SETTLED = "UPDATE rows SET outcome = ?, joins = ? WHERE number BETWEEN ? AND ?"
_REASON = "UPDATE rows SET reason = CASE reason WHEN '' THEN ? ELSE ? || ' ' || reason END WHERE number = ?"
# The no of one row counts for all rows of its address.
_SAID_NO = (
    "UPDATE rows SET outcome = ?, joins = ?, reason = 'another row of this address opted out'"
    " WHERE outcome IS NULL AND joins = 0 AND email IN (SELECT email FROM rows WHERE joins < 0 AND email != '')"
)


class Journal:
    """The rows of one import. Every method may be called from any thread, and is one transaction.

    Each raises OSError if the file cannot be read or written: the disk is full, or the file is damaged.
    """

    def __init__(self, file: Path | None, content: bytes | None = None) -> None:
        """Open or create it; in memory without a file, then with the `content` of an earlier one.

        Raises:
            JournalBusyError: Another process has it open.
            OSError: It cannot be opened, or is no journal.
        """
        self._file = file
        self._lock = threading.Lock()
        self._db = connect(file, content)

    def close(self, *, keep: bool = True) -> None:
        """Close it; without `keep`, remove its files too."""
        with self._lock:  # SQLite would crash a thread that is still at work
            self._db.close()
        if self._file is not None and not keep:
            for part in parts_of(self._file):
                part.unlink(missing_ok=True)

    def content(self) -> bytes:
        """Return all of it, to go on with it elsewhere."""
        with self._locked() as db:
            return db.serialize()

    def was_sent(self) -> bool:
        """Return whether a request with any of its rows has left, or may have."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM requests)"
            " OR EXISTS (SELECT 1 FROM rows WHERE outcome IN ('created', 'updated', 'failed', 'unknown')"
            " OR joins > 0 OR (joins = -2 AND outcome IS NOT NULL))"
        )
        return bool(self._read(sql)[0][0])

    def get_fact(self, name: str) -> Any:
        """Return what was stored under this name, None if nothing was."""
        found = self._read("SELECT value FROM facts WHERE name = ?", name)
        return json.loads(found[0][0]) if found else None

    def set_fact(self, name: str, value: object) -> None:
        """Store a value, as JSON, under this name."""
        with self._transaction() as db:
            db.execute("REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def clear(self) -> None:
        """Forget all rows and requests."""
        with self._transaction() as db:
            for sql in ("DELETE FROM facts", "DELETE FROM requests", "DELETE FROM rows"):
                db.execute(sql)

    def add(self, rows: Iterable[StagedRow]) -> None:
        """Add rows as they were read."""
        with self._transaction() as db:
            db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def repeated(self, after: str, limit: int = 500) -> list[list[JournalRow]]:
        """Return the rows of the next addresses that several rows have, address by address."""
        with self._transaction() as db:
            db.execute("CREATE INDEX IF NOT EXISTS by_email ON rows (email, number) WHERE outcome IS NULL")
            emails = db.execute(_REPEATED, (after, limit)).fetchall()
            if not emails:
                db.execute("DROP INDEX by_email")
            return [[*starmap(JournalRow, db.execute(_OF_ONE_ADDRESS, email))] for email in emails]

    def update(self, rows: Iterable[JournalRow]) -> None:
        """Change the values, the outcome and the reason of rows; an empty reason leaves the one there is."""
        sql = "UPDATE rows SET expected = ?, outcome = ?, reason = COALESCE(NULLIF(?, ''), reason) WHERE number = ?"
        with self._transaction() as db:
            db.executemany(sql, [(row.expected, row.outcome, row.reason, row.number) for row in rows])

    def pending(self, after: int, lists: int, limit: int) -> list[PendingRow]:
        """Return the next rows that are not settled, or not yet in this many lists."""
        return [
            PendingRow(number, email, expected, outcome, "", joins, counted=outcome)
            for number, email, expected, outcome, joins in self._read(_PENDING, after, lists, limit)
        ]

    def to_suppress(self, after: int, limit: int) -> list[PendingRow]:
        """Return the next rows that are to be suppressed."""
        found = self._read(_TO_SUPPRESS, after, limit)
        return [PendingRow(number, email, why, joins=TO_SUPPRESS) for number, email, why in found]

    def spread_opt_outs(self, *, imports: bool) -> None:
        """Let the no of one row count for all rows of its address. `imports`: they are imported, into no list."""
        with self._transaction() as db:
            db.execute(_SAID_NO, (None, IN_NO_LIST) if imports else ("opted out", IN_NO_LIST))

    def addresses(self, limit: int) -> list[str]:
        """Return addresses of rows that are to be sent, one more than the limit where there are more."""
        sql = "SELECT DISTINCT email FROM rows WHERE outcome IS NULL AND joins >= 0 LIMIT ?"
        return [email for (email,) in self._read(sql, limit + 1)]

    def opt_out(self, reasons: Mapping[str, str], *, imports: bool) -> None:
        """Let nobody at these addresses join a list. `reasons`: by address. `imports`: they are imported even so."""
        sql = "UPDATE rows SET outcome = ?, joins = ?, reason = ? WHERE outcome IS NULL AND joins = 0 AND email = ?"
        outcome, joins = (None, IN_NO_LIST) if imports else ("opted out", IN_NO_LIST)
        with self._transaction() as db:
            db.execute("CREATE INDEX by_address ON rows (email)")
            db.executemany(sql, [(outcome, joins, reason, email) for email, reason in reasons.items()])
            db.execute("DROP INDEX by_address")

    def intend(self, rows: Mapping[int, Any], list_index: int | None = None) -> int:
        """Record that a request with these rows (see `OpenRequest`) is about to leave; return its id."""
        text = json.dumps(dict(rows), separators=(",", ":"))
        with self._transaction() as db:
            sql = "INSERT INTO requests (list_index, rows) VALUES (?, ?)"
            return db.execute(sql, (list_index, text)).lastrowid or 0

    def open_requests(self) -> list[OpenRequest]:
        """Return the requests that were about to leave and whose outcome is not known."""
        found = self._read("SELECT id, list_index, rows FROM requests ORDER BY id")
        return [
            OpenRequest(request, list_index, {int(number): value for number, value in json.loads(rows).items()})
            for request, list_index, rows in found
        ]

    def settle(self, rows: Sequence[PendingRow], request: int | None = None) -> None:
        """Record the outcomes of these rows; with `request`, also that its outcome is known."""
        with self._transaction() as db:
            db.executemany(_SETTLED, _runs(rows))
            if given := [(row.reason, row.reason, row.number) for row in rows if row.reason]:
                db.executemany(_REASON, given)
            if request is not None:
                db.execute("DELETE FROM requests WHERE id = ?", (request,))
        for row in rows:
            row.reason = ""  # it is recorded, and would be recorded again

    def settle_joins(self, numbers: Sequence[int], joins: int, request: int) -> None:
        """Record that these rows are done with this many lists, and that the request's outcome is known."""
        with self._transaction() as db:
            db.executemany("UPDATE rows SET joins = ? WHERE number = ?", [(joins, number) for number in numbers])
            db.execute("DELETE FROM requests WHERE id = ?", (request,))

    def count_settled(self, lists: int) -> int:
        """Return how many rows need nothing more, where each is to join this many lists."""
        sql = (
            "SELECT COUNT(*) FROM rows WHERE outcome NOT IN ('created', 'updated', 'unchanged')"
            " OR (outcome IS NOT NULL AND (joins >= ? OR joins < 0))"
        )
        return self._read(sql, lists)[0][0]

    def count_outcomes(self) -> Counter[str]:
        """Return how many rows have which outcome; those without one are under ""."""
        return Counter(dict(self._read("SELECT COALESCE(outcome, ''), COUNT(*) FROM rows GROUP BY outcome")))

    def results(self, after: int = 0, limit: int = 1_000) -> list[JournalRow]:
        """Return the next rows."""
        return [*starmap(JournalRow, self._read(_RESULTS, after, limit))]

    def outcomes(self, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, str, str | None, str]]:
        """Return the next rows without their values: number, line, address, outcome and reason."""
        sql = "SELECT number, line, email, outcome, reason FROM rows WHERE number > ? ORDER BY number LIMIT ?"
        return self._read(sql, after, limit)

    def rejected(self, after: int = 0, limit: int = 1_000) -> list[JournalRow]:
        """Return the next rows that did not succeed, and those that were merged with one that did not."""
        return [*starmap(JournalRow, self._read(_REJECTED, after, limit))]

    def _read(self, sql: str, *values: object) -> list[Any]:
        with self._locked() as db:
            return db.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        """Apply all of what is done within, or nothing; no other thread does anything meanwhile."""
        with self._locked() as db:
            db.execute("BEGIN")
            with db:
                yield db

    @contextmanager
    def _locked(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise OSError(f"the import's journal failed: {error}") from error


def _runs(rows: Iterable[PendingRow]) -> Iterator[tuple[str | None, int, int, int]]:
    """Yield outcome, joins and the first and last number of rows that follow each other and are alike in these."""
    alike: tuple[str | None, int] = None, 0
    first = last = 0
    for row in rows:
        if not first or row.number != last + 1 or alike != (row.outcome, row.joins):
            if first:
                yield alike[0], alike[1], first, last
            alike, first = (row.outcome, row.joins), row.number
        last = row.number
    if first:
        yield alike[0], alike[1], first, last
