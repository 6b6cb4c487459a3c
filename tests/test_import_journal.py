"""The journal of an import: one import at a time uses it, and a file that is none is reported and left alone."""

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_file import JournalBusyError
from autosend_mcp.imports.journal_rows import JournalRow, PendingRow
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.run import Import
from tests.support.importing import autosend_over, csv_of, people, world
from tests.support.interrupted import MANY, interrupted, refused
from tests.support.line import Forward
from tests.support.requests import BULK
from tests.support.worlds import KEY


@pytest.mark.anyio
async def test_two_imports_of_one_file_do_not_run_side_by_side() -> None:
    with world() as here:
        first = here.begin(MANY)
        await first.read()
        text = await refused(here, MANY)
        assert "This file is being imported already. Nothing was sent and nothing changed." in text
        first.close()
        assert (await here.run(MANY)).counts == {"created": 200}


@pytest.mark.anyio
@pytest.mark.parametrize("link", [Path.hardlink_to, Path.symlink_to])
async def test_one_file_by_two_names_is_not_imported_side_by_side(link: Callable[[Path, Path], None]) -> None:
    with world() as here:
        first = here.begin(MANY)
        link(here.folder / "same.csv", here.folder / "people.csv")
        await first.read()
        assert "This file is being imported already." in await refused(here, MANY, name="same.csv")
        first.close()
        assert (await here.run(MANY, "same.csv")).counts == {"created": 200}


class Removed(type(Path())):
    """A path whose file another process removes at the last moment."""

    def exists(self) -> bool:
        self.unlink()
        return super().exists()


def test_a_journal_that_was_just_removed_is_busy(tmp_path: Path) -> None:
    with pytest.raises(JournalBusyError):
        Journal(Removed(tmp_path / "people.csv.journal"))


def foreign(journal: Path) -> None:
    with sqlite3.connect(journal) as database:
        database.execute("CREATE TABLE rows (something TEXT)")
        database.execute("CREATE TABLE facts (something TEXT)")
    database.close()


BROKEN: dict[str, Callable[[Path], object]] = {
    "text": lambda journal: journal.write_text("This is my diary. " * 1_000),
    "folder": lambda journal: journal.mkdir(),
    "another database": foreign,
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", BROKEN)
async def test_a_file_in_the_journals_place_is_reported_and_left_alone(name: str) -> None:
    with world() as here:
        journal = here.folder / "people.csv.journal"
        BROKEN[name](journal)
        before = journal.read_bytes() if journal.is_file() else b""
        text = await refused(here, MANY)
        assert text.startswith("The file or its journal cannot be used: ")
        assert "Nothing was sent and nothing changed." in text
        assert here.line.seen == []
        assert before == (journal.read_bytes() if journal.is_file() else b"")


@pytest.mark.anyio
async def test_a_damaged_journal_is_reported_in_words() -> None:
    with world() as here:
        await interrupted(here, MANY)
        journal = here.folder / "people.csv.journal"
        content = bytearray(journal.read_bytes())
        content[3 * 4096 :] = b"\xff" * (len(content) - 3 * 4096)
        journal.write_bytes(content)
        seen = len(here.line.seen)
        assert "the import's journal failed: " in await refused(here, MANY)
        assert len(here.line.seen) == seen


@pytest.mark.anyio
async def test_a_journal_that_fails_halfway_lets_nothing_more_be_sent() -> None:
    with world() as here:
        imported = here.begin(csv_of(people(1_000)))

        async def failing(forward: Forward) -> httpx2.Response:
            imported.close()
            return await forward()

        here.line.lose(BULK, failing)
        await imported.read()
        await imported.send()
        assert imported.progress.stage == "stopped"
        assert "The outcomes of the rows cannot be recorded: " in str(imported.error)
        assert "0 of 1,000 rows are settled." in str(imported.error)
        here.line.faults.clear()
        done = await here.run(csv_of(people(1_000)))
        assert set(here.written.values()) == {1}
    assert done.counts == {"created": 1_000}


@pytest.mark.anyio
async def test_a_folder_in_which_no_journal_can_be_made_is_reported() -> None:
    with world() as here:
        (here.folder / "people.csv").write_bytes(MANY)
        file = (here.folder / "people.csv").open("rb")
        imported = Import(autosend_over(here.line), file, "", ImportOptions(), path=here.folder / "gone" / "people.csv")
        with pytest.raises(NotSent, match=r"people\.csv\.journal cannot be opened"):
            await imported.read()
        imported.close()
        assert file.closed
        assert here.line.seen == []


@pytest.mark.anyio
async def test_an_import_without_a_place_writes_no_file() -> None:
    with world() as here:
        (here.folder / "people.csv").write_bytes(csv_of([*people(2), {"email": "bad"}]))
        imported = Import(autosend_over(here.line), (here.folder / "people.csv").open("rb"), "", ImportOptions())
        assert imported.problems() == []
        await imported.read()
        during = imported.problems()
        await imported.send()
        assert imported.problems() == during
        assert imported.problems(after=3) == []
        imported.close()
        assert [file.name for file in here.folder.iterdir()] == ["people.csv"]
    assert [(row.line, row.email, row.outcome) for row in during] == [(4, "bad", "invalid")]


@pytest.mark.anyio
async def test_the_journal_holds_no_key() -> None:
    with world() as here:
        await interrupted(here, MANY, lists=())
        files = [*here.folder.glob("*.journal*")]
        assert files
        assert all(KEY.encode() not in file.read_bytes() for file in files)


def test_a_journal_is_cleared_all_or_not_at_all() -> None:
    """Killed in between, an import without rows would have been gone on with."""
    with world() as here:
        file = here.folder / "people.csv.journal"
        journal = Journal(file)
        journal.set_fact("begun", {})
        journal.add([JournalRow(1, 2, "a@example.com", "{}", None, "")])
        journal.close()
        if (child := os.fork()) == 0:
            journal = Journal(file)
            db = journal._db  # pyright: ignore[reportPrivateUsage] - no other way to be killed there
            db.set_trace_callback(lambda sql: os.kill(os.getpid(), signal.SIGKILL) if "rows" in sql else None)
            journal.clear()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        journal = Journal(file)
        assert journal.get_fact("begun") == {}
        assert journal.count_outcomes() == {"": 1}
        journal.clear()
        assert (journal.get_fact("begun"), journal.count_outcomes()) == (None, {})
        journal.close()


@given(
    st.lists(st.integers(1, 12), unique=True),
    st.lists(st.sampled_from([("created", 0), ("created", 1), ("failed", 0)]), min_size=12, max_size=12),
)
@example([1, 2, 3, 5, 6], [("created", 0)] * 12)
@example([3, 2, 1, 4], [("created", 0)] * 12)
def test_rows_settled_together_have_the_outcome_of_each(numbers: list[int], outcomes: list[tuple[Any, int]]) -> None:
    journal = Journal(None)
    journal.add(JournalRow(number, number, f"p{number}@example.com", "{}", None, "") for number in range(1, 13))
    rows = [PendingRow(number, "", "{}", outcomes[number - 1][0], "", outcomes[number - 1][1]) for number in numbers]
    journal.settle(rows, 0)
    settled = {row.number: (row.outcome, row.joins) for row in journal.results()}
    journal.close()
    assert settled == {number: outcomes[number - 1] if number in numbers else (None, 0) for number in range(1, 13)}
