"""The SQLite file under the sandbox: its tables, its transactions, and the events announced after each."""

import os
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache, lru_cache, partial
from itertools import chain
from typing import Any, TypeVar

from pydantic_core import from_json, to_json

from autosend_mcp.sandbox.tables import SCHEMA, SETTINGS, VERSION

Event = tuple[str, dict[str, Any]]
"""The name of an event, and what it is about."""
Listener = Callable[[list[Event]], None]
"""Take the events of one transaction, in their order."""
Hears = Callable[[str], bool]
"""Return whether the listener takes events about contacts of a project."""
Clock = Callable[[], float]
"""Return the current wall-clock time in seconds, as `time.time` does."""

T = TypeVar("T")

_ROWS_AT_ONCE = 34

Task = Callable[[], None]
"""Do a part of a write that AutoSend may do later."""


@cache
def _empty() -> bytes:
    """Return a database of empty tables. Copying them takes a tenth of the time of making them."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(f"{SCHEMA} PRAGMA user_version = {VERSION};")
        return db.serialize()


def _make_private(file: str | os.PathLike[str]) -> None:
    """Make the file so that nobody else can read it: it may come to hold real contacts. One that is there stays."""
    with suppress(OSError):  # SQLite says what is wrong
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


@cache
def _insertion(table: str, columns: tuple[str, ...], rows: int) -> str:
    marks = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * rows)}"  # noqa: S608 - constants


class Database:
    """One SQLite connection, which any thread may use.

    With a file, write-ahead logging keeps every finished transaction, also when the process is killed; the last few may
    be lost with the power of the machine.
    """

    def __init__(self, file: str | os.PathLike[str] | None, now: Clock = time.time, delay: float = 0) -> None:
        """Open or make the file, also one of an older version; in memory without one.

        `delay`: how many seconds after its transaction a task of `later` is run.

        Raises:
            OSError: The file cannot be opened, or is no SQLite database.
        """
        self.now = now
        self.listener: Listener | None = None
        self.hears: Hears = lambda _project: True
        self._lock = threading.RLock()
        self._inside = False
        self._events: list[Event] = []
        self.delay = delay
        self._newest = 0
        self._own = f"{random.getrandbits(44):011x}"
        self._definitions = 0
        self._kept: dict[tuple[str, str], Any] = {}
        self._kept_version = (-1, -1)
        self._late = False
        self._tasks: list[Task] = []
        self._waiting: deque[tuple[float, Task]] = deque()
        if file:
            _make_private(file)
        try:
            self._db = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.executescript(SETTINGS)
            if file:
                self._db.executescript(SCHEMA)
            else:
                self._db.deserialize(_empty())
            self.version: int = self.row("PRAGMA user_version")[0]
        except sqlite3.Error:
            raise OSError(f"the file {file} cannot be opened as a SQLite database") from None

    def close(self) -> None:
        """Close the file, once no other thread uses it."""
        with self._lock:
            self._db.close()

    def new_id(self) -> str:
        """Return an unused id of 24 hex digits, greater than those before.

        They are seconds, as MongoDB's, microseconds, and what is random for each time the file is opened.
        So the ids of a list's contacts are in the order of their age, and new ones are stored beside each other.
        """
        now = int(self.now() * 1_000_000)
        with self._lock:
            self._newest = newest = now if now > self._newest else self._newest + 1
        seconds, rest = divmod(newest, 1_000_000)
        return f"{seconds:08x}{rest:05x}{self._own}"

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
            self._inside, self._events, self._tasks = True, [], []
            try:
                with self._db:
                    yield
            except BaseException:
                self.define()  # what was read of definitions may be undone
                raise
            finally:
                self._inside = False
            self._waiting.extend((self.now() + self.delay, task) for task in self._tasks)
            if self.listener and self._events:
                self.listener(self._events)

    def later(self, task: Task) -> None:
        """Run the task, within the transaction; with a delay, in one of its own once that is over."""
        if self.delay and not self._late:
            self._tasks.append(task)
        else:
            task()

    def catch_up(self) -> None:
        """Run the tasks whose time has come."""
        while self._waiting and self._waiting[0][0] <= self.now():
            with self.transaction():
                self._late = True
                try:
                    if self._waiting:  # no other thread was quicker
                        self._waiting.popleft()[1]()
                finally:
                    self._late = False

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

    def add(self, table: str, columns: Iterable[str], rows: Sequence[Sequence[object]]) -> None:
        """Add rows, several with one statement, which takes two thirds of the time of one for each."""
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[start : start + _ROWS_AT_ONCE]
            self._db.execute(_insertion(table, tuple(columns), len(some)), [*chain.from_iterable(some)])

    def run(self, sql: str, *values: object) -> int:
        """Change rows and return how many."""
        return self._db.execute(sql, values).rowcount

    def insert(self, table: str, columns: Sequence[str], *values: object) -> bool:
        """Add a row, unless its key exists; return whether it was added."""
        marks = ", ".join("?" * len(values))
        return self.run(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})", *values) > 0  # noqa: S608 - constants

    def function(self, name: str, function: Callable[..., bool]) -> None:
        """Let statements call this function, which depends on nothing but its arguments."""
        self._db.create_function(name, -1, function, deterministic=True)

    def define(self) -> None:
        """Note that a list, segment or property was defined or deleted, so that what was kept of them is read again."""
        self._definitions += 1

    def kept(self, kind: str, project: str, read: Callable[[], T]) -> T:
        """Return what was read of definitions, or read it: again after each of them, also one by another process."""
        with self._lock:
            version = (self._definitions, self.row("PRAGMA data_version")[0])
            if version != self._kept_version:
                self._kept.clear()
                self._kept_version = version
            if (kind, project) not in self._kept:
                self._kept[kind, project] = read()
            return self._kept[kind, project]

    def tally(self, project: str, kind: str) -> dict[str, int]:
        """Return the kept counts of a kind: `list` (contacts in each), `mailed` or `quiet` (starts of automations)."""
        row = self.row("SELECT counts FROM tallies WHERE project = ? AND kind = ?", project, kind)
        return from_json(row["counts"]) if row else {}

    def add_to_tally(self, project: str, kind: str, changes: Mapping[str, int]) -> None:
        """Change kept counts. They are one row: hundreds are written as fast as one."""
        if changes:
            counts = self.tally(project, kind)
            counts |= {name: counts.get(name, 0) + change for name, change in changes.items()}
            kept = to_json({name: count for name, count in counts.items() if count}).decode()
            self.run("INSERT OR REPLACE INTO tallies VALUES (?, ?, ?)", project, kind, kept)

    def resize(self, project: str, changes: Mapping[str, int]) -> None:
        """Change how many contacts are in each of these lists; with a delay, later."""
        self.later(partial(self.add_to_tally, project, "list", changes))
