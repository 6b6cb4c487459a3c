"""An import that is cut off at any moment, and gone on with: its journal, and who may not use it."""

import os
import random
import re
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_file import JournalBusyError
from autosend_mcp.imports.journal_rows import JournalRow
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.run import Import
from autosend_mcp.sandbox.app import PROJECT, Options
from autosend_mcp.sandbox.automations.definitions import matches_with
from autosend_mcp.sandbox.contact_lists.membership import bulk_add
from tests.support import clock
from tests.support.examples import TIMES, every_third
from tests.support.importing import ADD, BULK, FIND, Done, World, autosend_over, csv_of, people, report_of, world
from tests.support.line import Forward, answering, applied_then_reset, forwarded, reset
from tests.support.records import started_by
from tests.support.worlds import KEY
from tests.test_import_sending import refusal

Given = dict[str, str]
Contact = dict[str, Any]
PLAN = Options(rate_limit=0, automations=(matches_with("plan", "trial"),))

# A model of what is asked of an import


def typed(row: Given) -> Contact | None:
    """Return the contact that a row asks for, None where the row is invalid."""
    if "@" not in row["email"] or row["logins"] == "many":
        return None
    asked: Contact = {"firstName": row["firstName"]} if row["firstName"] else {}
    custom: Contact = {"plan": row["plan"]} if row["plan"] else {}
    custom |= {"logins": int(row["logins"])} if row["logins"] else {}
    return flat(asked | {"customFields": custom})


def flat(contact: Contact) -> Contact:
    return {name: v for name, v in contact.items() if name == "firstName"} | contact.get("customFields", {})


def expected(rows: list[Given], before: dict[str, Contact]) -> tuple[list[str], dict[str, Contact]]:
    """Return the outcome of each row, and all contacts afterwards."""
    after = {email: dict(held) for email, held in before.items()}
    outcomes = ["invalid"] * len(rows)
    alike: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if typed(row) is not None:
            alike.setdefault(row["email"].lower(), []).append(place)
    for email, places in alike.items():
        asked: Contact = {}
        values = [pair for place in places for pair in (typed(rows[place]) or {}).items()]
        if any(asked.setdefault(name, value) != value for name, value in values):
            continue
        held = before.get(email)
        as_asked = held is not None and all(held.get(name) == value for name, value in asked.items())
        outcomes[places[0]] = "created" if held is None else "unchanged" if as_asked else "updated"
        for place in places[1:]:
            outcomes[place] = "merged"
        after[email] = (held or {}) | asked
    return outcomes, after


EMAILS = [f"{name}@example.com" for name in "abcde"]
ROWS = st.fixed_dictionaries(
    {
        "email": st.sampled_from([*EMAILS, "A@Example.com", "B@EXAMPLE.COM", "no address"]),
        "firstName": st.sampled_from(["", "Ann", "Bob"]),
        "plan": st.sampled_from(["", "", "pro", "free"]),
        "logins": st.sampled_from(["", "", "1", "2", "many"]),
    }
)
HELD = st.dictionaries(
    st.sampled_from(EMAILS),
    st.fixed_dictionaries(
        {"customFields": st.dictionaries(st.sampled_from(["logins", "score"]), st.sampled_from([1, 2]))},
        optional={"firstName": st.sampled_from(["Ann", "Eve"])},
    ),
)
OPTIONS = st.builds(
    Options,
    rate_limit=st.just(0),
    upsert_rule=st.sampled_from(["merge", "replace"]),
    list_ids_in_replies=st.booleans(),
    max_search=st.sampled_from([0, 100]),
)
SEEDS = st.integers(0, 2**32)
# Shrinking takes long, and an example that fails says enough as it is.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


class Unsteady:
    """Loses replies and requests by a seed: of each kind of write at most two, so that an import gets through."""

    def __init__(self, here: World, seed: int) -> None:
        self._here = here
        self._random = random.Random(seed)
        self._lost: dict[str, int] = {}

    async def __call__(self, forward: Forward) -> httpx2.Response:
        asked = self._here.line.seen[-1][0]
        kind = self._random.choice(["well", "well", "applied", "lost", "away", "refused"])
        self._lost[asked] = self._lost.get(asked, 0) + 1
        if kind == "well" or self._lost[asked] > 2:
            return await forward()
        if kind == "refused":
            return await answering(429, {"success": False, "error": {"retryAfter": 0}})(forward)
        if kind == "away":
            raise httpx2.ConnectError("refused")
        return await (applied_then_reset if kind == "applied" else reset)(forward)


class Killed:
    """At this request, before it is applied or after, the process is killed: what is on disk then is what is left."""

    def __init__(self, here: World, at: int, *, applied: bool, grave: Path) -> None:
        self._here, self._left, self._applied, self._grave = here, at, applied, grave
        self.scope = anyio.CancelScope()
        self.happened = False

    async def __call__(self, forward: Forward) -> httpx2.Response:
        self._left -= 1
        if self._left > 0:
            return await forward()
        if self._left == 0:
            if self._applied:
                await forward()
            for file in self._here.folder.glob("people.csv*"):
                shutil.copy(file, self._grave)
            self.happened = True
            self.scope.cancel()
        await anyio.sleep_forever()
        raise AssertionError


async def check_against_the_model(
    here: World, rows: list[Given], held: dict[str, Contact], run: Callable[[bytes], Any]
) -> None:
    """Import the rows in the way of `run`; check that store, report and automations are as the model says."""
    list_id = here.made_list()
    here.seed(*({"email": email, **contact} for email, contact in held.items()))
    seeded = [*held][:2]
    if seeded:
        bulk_add(here.store, PROJECT, {"contactListId": list_id, "emails": seeded})
    outcomes, after = expected(rows, {email: flat(contact) for email, contact in held.items()})
    done = await run(csv_of(rows))
    assert [row["outcome"] for row in done.rows] == outcomes
    assert {email: flat(here.values(email)) for email in EMAILS if here.held(email)} == after
    first = {row["email"].lower(): outcome for row, outcome in reversed([*zip(rows, outcomes, strict=True)])}
    sent = {email for email, outcome in first.items() if outcome in {"created", "updated"}}
    sent |= {r["email"].lower() for r, one in zip(rows, outcomes, strict=True) if one in {"created", "updated"}}
    assert dict(here.written) == dict.fromkeys(sent, 1)
    joined = {r["email"].lower() for r, one in zip(rows, outcomes, strict=True) if one not in {"invalid", "merged"}}
    assert here.members(list_id) == len(joined | set(seeded))
    assert set(here.starts().values()) <= {1}
    assert len(here.starts()) == here.members(list_id)


@given(st.lists(ROWS, min_size=1, max_size=8), HELD, OPTIONS, SEEDS)
@settings(max_examples=8 * TIMES, phases=UNSHRUNK)
def test_any_file_over_any_line_ends_as_the_model_says(
    rows: list[Given], held: dict[str, Contact], options: Options, seed: int
) -> None:
    async def run() -> None:
        with world(options) as here:
            here.line.lose("POST", Unsteady(here, seed))
            await check_against_the_model(here, rows, held, lambda content: here.run(content, lists=("Newsletter",)))

    clock.run(run)


@given(st.lists(ROWS, min_size=1, max_size=8), HELD, OPTIONS, st.tuples(st.integers(1, 8), st.booleans()), SEEDS)
@settings(max_examples=8 * TIMES, phases=UNSHRUNK)
def test_an_import_killed_at_any_request_resumes_as_the_model_says(
    rows: list[Given], held: dict[str, Contact], options: Options, kill: tuple[int, bool], seed: int
) -> None:
    async def run() -> None:
        with world(options) as here:
            await check_against_the_model(here, rows, held, lambda content: killed_first(here, content, kill, seed))

    clock.run(run)


async def killed_first(here: World, content: bytes, kill: tuple[int, bool], seed: int) -> Done:
    """Import it and kill it on the way; then resume in another folder, with what was on disk."""
    grave = here.folder / "after"
    grave.mkdir()
    killed = Killed(here, kill[0], applied=kill[1], grave=grave)
    here.line.lose("", killed)
    imported = here.begin(content, lists=("Newsletter",))
    with killed.scope:
        await imported.read()
        await imported.send()
    imported.close()
    if not killed.happened:
        return Done(imported, report_of(imported.files[0]))
    here.folder = grave
    here.line.faults.clear()
    here.line.lose("POST", Unsteady(here, seed))
    return await here.run(content, lists=("Newsletter",))


# Resuming, and starting again


async def interrupted(here: World, content: bytes, name: str = "people.csv", **order: Any) -> None:
    """Run an import that AutoSend lets no further than the first bulk update."""
    here.line.lose(BULK, forwarded, answering(401, {"success": False}))
    done = await here.run(content, name, **order)
    assert (done.stage, done.counts) == ("stopped", {"created": 100})
    here.line.faults.clear()


async def refused(here: World, content: bytes, **order: Any) -> str:
    with pytest.raises(NotSent) as error:
        await here.run(content, **order)
    return str(error.value)


MANY = csv_of(people(200))
OTHER_OPTIONS = [
    {"lists": ("Newsletter",)}, {"columns": {"firstName": "lastName"}}, {"run_workflow": True}, {"create_fields": True},
    {"encoding": "utf-8"}, {"delimiter": ","}, {"target": "elsewhere"}, {"repeated": "last"},
]  # fmt: skip


@pytest.mark.anyio
async def test_what_was_settled_is_not_looked_up_again() -> None:
    with world() as here:
        await interrupted(here, MANY)
        here.line.seen.clear()
        done = await here.run(MANY)
        assert done.imported.resumed
        assert [len(body["emails"]) for body in here.line.bodies(FIND)] == [100]
        assert {asked for asked, _ in here.line.seen} == {FIND, BULK}
        assert set(here.written.values()) == {1}
        assert sorted(file.name for file in here.folder.iterdir()) == ["people.csv", "people.report.csv"]
    assert done.counts == {"created": 200}


@pytest.mark.anyio
async def test_a_file_that_has_changed_is_not_gone_on_with() -> None:
    with world() as here:
        await interrupted(here, MANY)
        seen = len(here.line.seen)
        text = await refused(here, csv_of(people(201)))
        assert len(here.line.seen) == seen
        assert "This file has changed since an unfinished import of it was begun: 100 rows" in text
        assert "Restore the file to go on with it." in text
        done = await here.run(MANY)
    assert done.counts == {"created": 200}


@pytest.mark.anyio
@pytest.mark.parametrize("order", every_third(OTHER_OPTIONS), ids=str)
async def test_other_options_are_not_those_of_the_import_that_was_begun(order: dict[str, Any]) -> None:
    with world() as here:
        await interrupted(here, MANY)
        text = await refused(here, MANY, **order)
        assert re.match("With (other options|another API key or base URL), an unfinished import of it was begun", text)
        assert "the same" in text.partition("changed. ")[2]
        done = await here.run(MANY)
    assert done.counts == {"created": 200}


@pytest.mark.anyio
async def test_another_project_is_not_taken_for_the_one_the_import_was_begun_in() -> None:
    with world() as here:
        await interrupted(here, MANY)
        place = here.folder / "people.csv"
        other = autosend_over(here.line, api_key="AS_other_key_of_another_project")
        imported = Import(other, place.open("rb"), place.name, ImportOptions(), path=place)
        with pytest.raises(NotSent, match="another API key"):
            await imported.read()
        imported.close()


@pytest.mark.anyio
async def test_restart_leaves_contacts_with_the_expected_values_alone() -> None:
    with world() as here:
        await interrupted(here, MANY)
        done = await here.run(csv_of(people(210)), restart=True)
        assert set(here.written.values()) == {1}
    assert not done.imported.resumed
    assert done.counts == {"unchanged": 100, "created": 110}


@pytest.mark.anyio
async def test_an_import_that_was_stopped_while_it_was_read_begins_anew() -> None:
    with world() as here:
        imported = here.begin(MANY)
        imported.stop()
        await imported.read()
        await imported.send()
        imported.close()
        assert imported.progress.stage == "stopped"
        assert here.line.count(FIND) == 0
        done = await here.run(csv_of(people(3)))
    assert not done.imported.resumed
    assert done.counts == {"created": 3}


@pytest.mark.anyio
async def test_an_import_whose_columns_were_unclear_leaves_nothing_in_the_way() -> None:
    with world() as here:
        assert "no custom field that AutoSend defines" in await refused(here, csv_of(people(1, color="red")))
        done = await here.run(csv_of(people(1, color="red")), columns={"color": ""})
    assert done.counts == {"created": 1}


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [applied_then_reset, reset])
async def test_a_joining_in_doubt_is_looked_up_before_anything_else(failure: Any) -> None:
    with world() as here:
        list_id = here.made_list()
        here.line.lose(ADD, failure)
        here.line.lose(FIND, forwarded, answering(403, {"success": False}))
        first = await here.run(csv_of(people(3)), lists=("Newsletter",))
        assert (first.stage, first.counts) == ("stopped", {"created": 3})
        again = await here.run(csv_of(people(3)), lists=("Newsletter",))
        assert again.stage == "stopped"
        here.line.faults.clear()
        here.line.seen.clear()
        done = await here.run(csv_of(people(3)), lists=("Newsletter",))
        assert here.members(list_id) == 3
        assert list(here.starts().values()) == [1, 1, 1]
        assert here.line.count(ADD) == (failure is reset)
        assert here.line.count(BULK) == 0
    assert done.counts == {"created": 3}


@pytest.mark.anyio
async def test_a_stop_ends_the_wait_for_requests_that_were_in_flight() -> None:
    with world() as here:
        list_id = here.made_list()
        await interrupted(here, MANY, lists=("Newsletter",))
        journal = Journal(here.folder / "people.csv.journal")
        journal.intend(dict.fromkeys(range(101, 201)))
        journal.intend({1: "p0@example.com"}, 0)
        journal.close()
        imported = here.begin(MANY, lists=("Newsletter",))
        await imported.read()
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(imported.send)
            await anyio.wait_all_tasks_blocked()
            imported.stop()
        imported.close()
        assert anyio.current_time() - began < 1
        assert imported.progress.stage == "stopped"
        assert len(here.written) == 100
        done = await here.run(MANY, lists=("Newsletter",))
        assert set(here.written.values()) == {1}
        assert here.members(list_id) == 200
    assert done.counts == {"created": 200}


@pytest.mark.anyio
async def test_a_stop_with_a_reply_lost_leaves_the_request_in_doubt() -> None:
    with world() as here:
        imported = here.begin(csv_of(people(3)))

        async def stopping(_forward: Forward) -> httpx2.Response:
            imported.stop()
            raise httpx2.ReadError("reset")

        here.line.lose(BULK, stopping, forwarded)
        await imported.read()
        await imported.send()
        imported.close()
        here.seed(*people(3))  # it arrives late
        done = await here.run(csv_of(people(3)))
        assert here.line.count(BULK) == 1
    assert done.counts == {"created": 3}
    assert set(done.reasons("created")) == {"Found with these values after the import was interrupted."}


@pytest.mark.anyio
async def test_a_refused_request_leaves_no_doubt() -> None:
    with world() as here:
        here.line.lose(BULK, answering(401, refusal("No")), forwarded)
        done = await here.run(people(3))
        assert done.stage == "stopped"
        here.seed(*people(3))  # by somebody else
        done = await here.run(csv_of(people(3)))
    assert done.counts == {"unchanged": 3}


@pytest.mark.anyio
async def test_a_row_whose_contact_changed_after_the_kill_is_not_repeated() -> None:
    with world(PLAN) as here:
        grave = here.folder / "after"
        grave.mkdir()

        async def killed(forward: Forward) -> httpx2.Response:
            await forward()
            for file in here.folder.glob("people.csv*"):
                shutil.copy(file, grave)
            scope.cancel()
            await anyio.sleep_forever()
            raise AssertionError

        here.line.lose(BULK, killed)
        rows = csv_of(people(1, plan="trial"))
        imported = here.begin(rows, run_workflow=True)
        with anyio.CancelScope() as scope:
            await imported.read()
            await imported.send()
        imported.close()
        here.seed({"email": "p0@example.com", "customFields": {"plan": "welcomed"}})
        here.folder = grave
        here.line.faults.clear()
        done = await here.run(rows, run_workflow=True)
        assert here.line.count(BULK) == 1
        assert started_by(here.store) == [("p0@example.com", "Welcome"), ("p0@example.com", "plan became trial")]
    assert done.counts == {"unknown": 1}
    assert done.reasons("unknown")[0].startswith("The import was interrupted. A look-up afterwards found other values")


# Files that cannot be used


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
