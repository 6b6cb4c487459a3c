"""An import over the sandbox in memory: a file in, and out of it the report, the contacts and what was sent."""

import csv
import io
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from autosend_mcp.errors import AutoSendError
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.run import Import
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.contacts import writes
from autosend_mcp.sandbox.store import Store
from tests.support.line import Line, empty_sandbox
from tests.support.records import members_of, starts_of
from tests.support.worlds import autosend_over

Row = Mapping[str, Any]


def csv_of(rows: Iterable[Row]) -> bytes:
    """Return the rows as CSV, with the columns that any of them has."""
    given = [*rows]
    text = io.StringIO()
    lines = csv.DictWriter(text, [*dict.fromkeys(name for row in given for name in row)], lineterminator="\n")
    lines.writeheader()
    lines.writerows(given)
    return text.getvalue().encode()


def people(count: int, start: int = 0, **more: Any) -> list[dict[str, Any]]:
    numbers = range(start, start + count)
    return [{"email": f"p{number}@example.com", "firstName": f"P{number}", **more} for number in numbers]


@dataclass
class Done:
    """An import that has ended. `rows`: the report's, each with line, email, outcome and reason."""

    imported: Import
    rows: list[dict[str, str]]

    @property
    def counts(self) -> dict[str, int]:
        return {name: count for name, count in self.imported.progress.outcomes.items() if count}

    @property
    def stage(self) -> str:
        return self.imported.progress.stage

    @property
    def error(self) -> AutoSendError | None:
        return self.imported.error

    def of(self, outcome: str) -> list[str]:
        """Return the addresses of the rows with this outcome."""
        return [row["email"] for row in self.rows if row["outcome"] == outcome]

    def reasons(self, outcome: str) -> list[str]:
        return [row["reason"] for row in self.rows if row["outcome"] == outcome]


@dataclass
class World:
    """A sandbox behind a line, a folder for the files, and how often each contact was written, by address."""

    line: Line
    folder: Path
    written: Counter[str] = field(default_factory=Counter[str])

    @property
    def store(self) -> Store:
        return self.line.sandbox.store

    def held(self, email: str) -> dict[str, Any] | None:
        return next(iter(self.store.contacts.find(PROJECT, [email])), None)

    def values(self, email: str) -> dict[str, Any]:
        """Return what the contact holds, without what AutoSend gave it."""
        held = self.held(email) or {}
        return {name: held[name] for name in ("firstName", "lastName", "userId", "customFields") if held.get(name)}

    def seed(self, *contacts: Row) -> None:
        writes.bulk_update(self.store, PROJECT, contacts, run_workflow=False)
        self.written.clear()

    def made_list(self, name: str = "Newsletter") -> str:
        return self.store.contact_lists.seed(PROJECT, name, "list")

    def members(self, list_id: str) -> int:
        return len(members_of(self.store, list_id))

    def starts(self) -> dict[tuple[str, str], int]:
        return starts_of(self.store)

    def begin(self, content: bytes, name: str = "people.csv", **order: Any) -> Import:
        """Return an import of a file of this content, not begun yet."""
        path = self.folder / name
        path.write_bytes(content)
        autosend = autosend_over(self.line, target=order.pop("target", ""))
        report = order.pop("report_dry_run", False)
        return Import(autosend, path.open("rb"), name, ImportOptions(**order), path=path, report_dry_run=report)

    async def run(self, content: bytes | list[dict[str, Any]], name: str = "people.csv", **order: Any) -> Done:
        """Import it to its end."""
        restart = order.pop("restart", False)
        imported = self.begin(content if isinstance(content, bytes) else csv_of(content), name, **order)
        try:
            await imported.read(restart=restart)
            await imported.send()
        finally:
            imported.close()
        progress = imported.progress
        if progress.stage == "done":
            assert progress.total == sum(progress.outcomes.values())
            assert order.get("dry_run") or progress.settled == progress.total
        return Done(imported, report_of(imported.files[0]) if imported.files else [])


def report_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [*csv.DictReader(lines)]


@contextmanager
def world(options: Options | None = None) -> Generator[World]:
    """Yield a fresh one, with the custom fields plan (string) and logins (number)."""
    sandbox = empty_sandbox(options)
    with TemporaryDirectory() as folder:
        here = World(Line(sandbox), Path(folder))

        def announced(events: Iterable[tuple[str, dict[str, Any]]]) -> None:
            for event, change in events:
                here.written[change["contact"]["email"]] += event in {"contact.created", "contact.updated"}

        sandbox.store.db.listener, sandbox.store.db.hears = announced, bool
        try:
            yield here
        finally:
            sandbox.close()


async def at_once(check: Callable[..., Awaitable[None]], cases: Iterable[tuple[Any, ...]]) -> None:
    """Check each case in a world of its own, eight at a time: what they do most is wait."""
    room = anyio.CapacityLimiter(8)

    async def one(case: tuple[Any, ...]) -> None:
        async with room:
            try:
                await check(*case)
            except AssertionError as error:
                error.add_note(f"the case: {case!r}")
                raise

    async with anyio.create_task_group() as tasks:
        for case in cases:
            tasks.start_soon(one, case)


def file_of(columns: dict[str, list[str]]) -> bytes:
    """Return a CSV file with these columns beside the address."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["email", *columns])
    for number, cells in enumerate(zip(*columns.values(), strict=True)):
        lines.writerow([f"p{number}@example.com", *cells])
    return text.getvalue().encode()
