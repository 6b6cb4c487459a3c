"""The SQLite file of a journal: private, ours, and open in one process at a time."""

import os
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":  # pragma: no branch
    import fcntl

_OURS = 0x41534A31  # in the file's head: somebody else's database is left as it is
_WHOSE = ("PRAGMA application_id", "SELECT COUNT(*) FROM sqlite_master")
# Open in one process; not lost with it; written past the cache, so that a long file needs no more memory.
_SET_UP = f"""
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -4000;
PRAGMA application_id = {_OURS};
BEGIN EXCLUSIVE;
COMMIT;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY, line INTEGER, email TEXT, expected TEXT, outcome TEXT, reason TEXT, joins INTEGER);
CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY, list_index INTEGER, rows TEXT);
CREATE INDEX IF NOT EXISTS not_applied ON rows (email) WHERE outcome IN ('failed', 'unknown');
"""


class JournalBusyError(Exception):
    """The file is being imported already, by this process or another."""


def lock(file: BinaryIO) -> None:
    """Lock the file that is imported, until it is closed: the file itself, whatever name or link it was opened by.

    Raises:
        JournalBusyError: It is locked already, so it is being imported.
    """
    if sys.platform != "win32":  # pragma: no branch - there the journal is locked alone
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalBusyError from None
        except OSError:  # a network file system without locks
            return


def parts_of(file: Path) -> list[Path]:
    """Return the files that SQLite keeps for this one, itself among them."""
    return [file.with_name(file.name + ending) for ending in ("", "-wal", "-shm")]


def connect(file: Path | None, content: bytes | None = None) -> sqlite3.Connection:
    """Open the journal's database or create it; in memory without a file, then with this content.

    Raises:
        JournalBusyError: Another process has it open.
        OSError: It cannot be opened, or is no journal.
    """
    name = (file or Path()).name
    if file is not None:
        _make_private(file)
    try:
        db = sqlite3.connect(
            file or ":memory:", isolation_level=None, check_same_thread=False, timeout=0.5, cached_statements=64
        )
    except sqlite3.Error:
        raise OSError(f"{name} cannot be opened") from None
    try:
        if content is not None:
            with closing(sqlite3.connect(":memory:")) as before:
                before.deserialize(content)
                before.backup(db)  # a database that was deserialized would keep the mode of a log, and open only once
        (ours,), (tables,) = (db.execute(sql).fetchone() for sql in _WHOSE)
        if tables and ours != _OURS:
            raise sqlite3.DatabaseError(name)
        db.executescript(_SET_UP)
    except sqlite3.Error as error:
        db.close()
        if "locked" in str(error):
            raise JournalBusyError from None
        raise OSError(f"{name} is no journal of an import, or cannot be written") from None
    if file is not None and not file.exists():  # the process that had it open has just removed it
        db.close()
        raise JournalBusyError
    return db


def _make_private(file: Path) -> None:
    """Create the file so that nobody else can read it; not through a link.

    Raises:
        OSError: One of its files is a link.
    """
    for part in parts_of(file):
        if part.is_symlink():
            raise OSError(f"{part.name} is a link")
    with suppress(OSError):  # it is there already, or cannot be made: then it cannot be opened either
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
