"""`autosend-mcp import`: its flags, what it shows on a terminal and elsewhere, and how it ends."""

import io
import json
import os
import re
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio import to_thread
from anyio.from_thread import start_blocking_portal

from autosend_mcp.cli.import_display import Bar, Events, Lines
from autosend_mcp.cli.main import main
from autosend_mcp.imports.journal_rows import PendingRow
from autosend_mcp.imports.progress import Progress
from autosend_mcp.sandbox.app import PROJECT
from tests.support.importing import csv_of, people, report_of
from tests.support.line import AUTOMATIONS, PROPERTIES, Forward, Line, Loss, answering, empty_sandbox, forwarded
from tests.support.port import on_a_port
from tests.support.records import members_of
from tests.support.worlds import KEY

BULK = "POST /contacts/bulk-update"
STOPPING = "stopping: waiting for the answers to what was sent. Press Ctrl-C again to stop at once.\n"
INTERRUPTED = "autosend-mcp: interrupted. Run the same command again to go on\n"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Line]:
    """Yield a sandbox that the command in this process works with, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    line = Line(empty_sandbox())
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(on_a_port(line)) as url:
        monkeypatch.setenv("AUTOSEND_API_KEY", KEY)
        monkeypatch.setenv("AUTOSEND_BASE_URL", url)
        monkeypatch.setenv("AUTOSEND_RATE_LIMIT", "100000")
        monkeypatch.setenv("AUTOSEND_TIMEOUT", "9")  # what waits for a time, waits for a fifth of it
        yield line
    line.sandbox.close()


def refusing(status: int) -> Loss:
    return answering(status, {"success": False, "error": {"message": "No"}})


def once(done: Callable[[], None]) -> Loss:
    """Return a fault that does this in a thread before it forwards the request."""

    async def answer(forward: Forward) -> httpx2.Response:
        await to_thread.run_sync(done)
        return await forward()

    return answer


def write(rows: list[dict[str, Any]], name: str = "people.csv") -> None:
    Path(name).write_bytes(csv_of(rows))


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> tuple[str, str]:
    """Return what the command says on stdout and on stderr."""
    assert main(["import", *words]) == code
    out, err = capsys.readouterr()
    assert KEY not in out + err
    assert "Traceback" not in err
    return out, without_progress(err)


def without_progress(err: str) -> str:
    """Return the text without the lines on how far it is, which an import of more than 5 s prints."""
    return re.sub(r"^(reading: [\d,]+ rows|[\d,]+ of [\d,]+ rows, [\d,]+ a second.*)\n", "", err, flags=re.MULTILINE)


def test_it_shows_how_the_file_was_read_and_what_became_of_it(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    list_id = here.sandbox.store.contact_lists.seed(PROJECT, "Newsletter", "list")
    rows = [{"E-Mail": f"p{n}@example.com", "Vorname": "Zoë", "plan": "pro", "note": "x"} for n in range(3)]
    Path("people.csv").write_bytes(csv_of(rows).decode().replace(",", ";").encode("cp1252"))
    out, err = printed(capsys, "people.csv", "--list", "Newsletter", "--map", "note=", "--encoding", "cp1252", code=0)
    assert out.splitlines() == [
        "CSV, semicolons between cells, cp1252",
        "  E-Mail   ->  email",
        "  Vorname  ->  firstName",
        "  plan     ->  customFields.plan (string)",
        "  note     ->  left out",
        "list: Newsletter",
        "3 rows, 3 to go",
        "",
        "  created                3",
        "list Newsletter: 3 joined",
        "-> people.report.csv",
    ]
    assert err == ""
    assert len(members_of(here.sandbox.store, list_id)) == 3


def test_a_row_that_is_not_applied_is_exit_code_1(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    write([*people(1), {"email": "bad"}, {"email": "P0@example.com"}])
    out, _ = printed(capsys, "people.csv", code=1)
    assert "  merged                 1  the same address as another line; sent as one" in out
    assert "  invalid                1  not sent" in out
    assert out.endswith("-> people.report.csv\n-> people.rejected.csv\n")
    assert re.search(
        r"\n\nline 3: bad: email: [^\n]+\n-> ", out.replace("  invalid                1  not sent\n", "\n")
    )
    assert here.count(BULK) == 1


def test_a_merged_row_alone_is_exit_code_0(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    write([*people(1), *people(1)])
    printed(capsys, "people.csv", code=0)
    assert here.count(BULK) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gone.csv"], "import: gone.csv: No such file or directory"),
        (["."], "import: .: not a file that can be read several times"),
        (["people.csv", "--map", "note"], "import: --map wants \"column=field\", not 'note'"),
        (["people.csv", "--map", "=email"], "import: --map wants"),
        (["people.csv", "--map", "mail=email"], 'There is no column "mail"; there are "email", "firstName", "note".'),
        (["people.csv"], '--map "note=" leaves a column out. --create-fields defines those'),
        (["people.csv", "--map", "note=", "--list", "Newsletter"], "No list or segment has this name or id."),
        (["people.csv", "--encoding", "klingon"], '"klingon" is no text encoding known here.'),
        (["people.csv", "--encoding", "klingon"], "Name the file's encoding, as in --encoding cp1251 or"),
        (["people.csv", "--delimiter", "xx"], "A delimiter is one character"),
        (["empty.csv"], "The file is empty."),
    ],
    ids=str,
)
def test_what_cannot_be_begun_is_exit_code_2_and_sends_nothing(
    words: list[str], said: str, here: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    write(people(1, note="x"))
    Path("empty.csv").touch()
    out, err = printed(capsys, *words, code=2)
    assert out == ""
    assert err.startswith("autosend-mcp: import: ")
    assert said in err
    assert here.count(BULK) == 0
    assert not [*Path().glob("*.report.csv")]


def test_without_a_key_nothing_is_begun(
    here: Line, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AUTOSEND_API_KEY")
    write(people(1))
    assert "AUTOSEND_API_KEY is missing" in printed(capsys, "people.csv", code=2)[1]
    assert here.seen == []
    assert [file.name for file in Path().iterdir()] == ["people.csv"]


def test_read_only_lets_only_a_dry_run_through(
    here: Line, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUTOSEND_READ_ONLY", "true")
    write(people(2))
    _, err = printed(capsys, "people.csv", code=2)
    assert err == "autosend-mcp: import: AUTOSEND_READ_ONLY is set, so that only --dry-run works\n"
    out, _ = printed(capsys, "people.csv", "--dry-run", code=0)
    assert "  would create           2\n" in out
    assert {asked for asked, _ in here.seen} == {f"GET {PROPERTIES}", "POST /contacts/search/emails", AUTOMATIONS}


def test_an_import_stopped_halfway_is_exit_code_3_and_resumes(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    here.lose(BULK, forwarded, refusing(401))
    write(people(300))
    out, err = printed(capsys, "people.csv", code=3)
    assert "  created              100\n  not settled          200\n" in out
    assert err.startswith("autosend-mcp: import: AutoSend refused the API key")
    assert err.endswith("Run the same command again to go on.\n")
    here.faults.clear()
    out, err = printed(capsys, "people.csv", code=0)
    assert "Going on with the import that was interrupted.\n300 rows, 200 to go\n" in out
    assert err == ""
    assert len(here.sandbox.store.contacts.find(PROJECT, [row["email"] for row in people(300)])) == 300


def test_another_file_of_the_same_name_is_begun_only_anew(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    here.lose(BULK, forwarded, refusing(402))
    write(people(200))
    printed(capsys, "people.csv", code=3)
    write(people(3))
    assert "start again with --restart" in printed(capsys, "people.csv", code=2)[1]
    here.faults.clear()
    printed(capsys, "people.csv", "--restart", code=0)
    here.lose(BULK, refusing(402))
    write(people(3, start=200))
    printed(capsys, "people.csv", code=3)
    here.faults.clear()
    write(people(4, start=200))
    printed(capsys, "people.csv", code=0)  # nothing of the other was sent
    assert len(here.sandbox.store.contacts.find(PROJECT, [row["email"] for row in people(204)])) == 104


def test_what_stands_in_the_file_stays_on_its_line(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    name = "bad\x1b[31m\u202e.csv"
    Path(name).write_bytes(
        b'email,"fir\x1b[31mst\n  plan  ->  email","\xe2\x80\xae' + b"x" * 100 + b'"\na@example.com,A,B\n'
    )
    out, err = printed(capsys, name, "--create-fields", code=0)
    assert [char for char in out + err if not char.isprintable() and char != "\n"] == []
    assert out.splitlines()[2].startswith("  fir[31mst   plan  ->  email")
    assert len(out.splitlines()[3]) < 200
    assert "-> bad[31m.report.csv" in out
    assert here.count(BULK) == 1


@pytest.mark.usefixtures("here")
def test_a_file_whose_name_is_no_text_is_imported(capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"bad\xff.csv")
    Path(name).write_bytes(csv_of(people(1)))
    done = json.loads(printed(capsys, name, "--json", code=0)[0].splitlines()[-1])
    assert done["files"] == ["bad\ufffd.report.csv"]


@pytest.mark.usefixtures("here")
def test_what_is_made_of_a_private_file_is_private_and_no_link_is_followed(capsys: pytest.CaptureFixture[str]) -> None:
    write([*people(1), {"email": "bad"}])
    Path("people.csv").chmod(0o600)
    Path("outside").touch()
    Path(".people.report.csv.part").symlink_to("outside")
    printed(capsys, "people.csv", code=1)
    assert Path("outside").read_bytes() == b""
    for name in ("people.report.csv", "people.rejected.csv"):
        assert not Path(name).is_symlink()
        assert Path(name).stat().st_mode & 0o777 == 0o600
    Path("people.csv.journal").symlink_to("outside")
    assert "people.csv.journal is a link" in printed(capsys, "people.csv", code=2)[1]
    assert Path("outside").read_bytes() == b""


def test_a_journal_is_private(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    here.lose(BULK, refusing(402))
    write(people(2))
    printed(capsys, "people.csv", code=3)
    assert Path("people.csv.journal").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("here")
def test_columns_without_a_name_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.csv").write_text("email,firstName,,\na@example.com,A,,x\n", encoding="utf-8")
    out, _ = printed(capsys, "people.csv", "--create-fields", code=0)
    assert "  column 3   ->  left out\n  column 4   ->  left out\n" in out


def test_no_field_is_defined_where_no_row_can_be_sent_or_one_can_not_be(
    here: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    write([{"email": "bad", "rank": "1"}])
    printed(capsys, "people.csv", "--create-fields", code=1)
    Path("long.csv").write_text(f"email,rank,{'h' * 199}\na@example.com,1,2\n", encoding="utf-8")
    for words in (["--dry-run"], []):
        error = printed(capsys, "long.csv", "--create-fields", *words, code=2)[1]
        assert f'The column "{"h" * 80}" cannot be a custom field. fieldName: ' in error
    assert "rank" not in here.sandbox.store.contact_properties.types(PROJECT)
    assert sorted(file.name for file in Path().glob("*.journal")) == []


@pytest.mark.usefixtures("here")
def test_a_dry_run_says_that_it_was_one_and_writes_over_the_one_before(capsys: pytest.CaptureFixture[str]) -> None:
    write(people(1))
    for _ in range(2):
        out, _ = printed(capsys, "people.csv", "--dry-run", code=0)
        assert out.endswith(
            '-> people.dry-run.csv\nLive automations that may start: ["Welcome"]\nA dry run: nothing was sent.\n'
        )
    assert sorted(file.name for file in Path().iterdir()) == ["people.csv", "people.dry-run.csv"]


@pytest.mark.usefixtures("here")
def test_what_cannot_be_begun_is_an_event_too(capsys: pytest.CaptureFixture[str]) -> None:
    write(people(1, note="x"))
    out, err = printed(capsys, "people.csv", "--json", code=2)
    assert json.loads(out)["event"] == "failed"
    assert "note" in json.loads(out)["error"]
    assert err


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--json",)])
def test_nothing_is_sent_on_a_guessed_encoding(
    here: Line, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    Path("people.csv").write_bytes("email;Vorname\ra@example.com;Jörg\rb@example.org;Weiß\r".encode("mac_roman"))
    _, err = printed(capsys, "people.csv", *more, code=2)
    assert 'read as mac_roman: "Jörg, Weiß"; ' in err
    assert "Nothing was sent" in err
    assert "--encoding mac_roman" in err
    assert here.seen == []
    printed(capsys, "people.csv", *more, "--encoding", "mac_roman", code=0)
    expected = [] if "--dry-run" in more else ["Jörg", "Weiß"]
    held = here.sandbox.store.contacts.find(PROJECT, ["a@example.com", "b@example.org"])
    assert [contact["firstName"] for contact in held] == expected


def test_events_are_json_a_line(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    write([*people(2, score="5"), {"email": "bad"}])
    out, err = printed(capsys, "people.csv", "--json", "--create-fields", "--run-workflow", code=1)
    read, done = [json.loads(line) for line in out.splitlines()]
    assert read | {"rowsPerSecond": 0} == {
        "event": "read", "format": "CSV", "encoding": "utf-8", "delimiter": ",",
        "lists": [], "whoMayGetMail": [], "resumed": False,
        "columns": {"email": "email", "firstName": "firstName", "score": "customFields.score"},
        "newFields": {"customFields.score": "number"}, "notes": [],
        "rows": 3, "settled": 1, "counts": {"invalid": 1}, "rowsPerSecond": 0,
    }  # fmt: skip
    assert (done["event"], done["settled"], done["counts"]) == ("done", 3, {"created": 2, "invalid": 1})
    assert done["files"] == ["people.report.csv", "people.rejected.csv"]
    assert err == ""
    here.lose(BULK, refusing(403))
    write(people(3), "more.csv")
    out, err = printed(capsys, "more.csv", "--json", code=3)
    last = json.loads(out.splitlines()[-1])
    assert last["event"] == "stopped"
    assert "does not allow this (status 403)" in last["error"]
    assert "@" not in out + err


def test_a_file_that_cannot_be_read_twice_is_refused(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("people.csv")
    _, err = printed(capsys, "people.csv", code=2)
    assert "not a file that can be read several times" in err
    assert here.seen == []


@pytest.fixture
def small_disk() -> Iterator[Callable[[], None]]:
    """Fill the disk once a file has 500 KB; yield what makes more room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def more_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    yield more_room
    more_room()


@pytest.mark.usefixtures("here")
def test_a_full_disk_stops_the_import_in_words_and_it_can_be_gone_on_with(
    small_disk: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    write(people(1_000, plan="x" * 200))
    assert main(["import", "people.csv"]) in {2, 3}
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "please report it" not in err
    assert "cannot be" in err
    small_disk()
    printed(capsys, "people.csv", code=0)
    assert len({row["email"] for row in report_of(Path("people.report.csv"))}) == 1_000


class Screen(io.StringIO):
    """A terminal, or a file, that says when something stands on it."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal
        self._news = threading.Condition()

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str, /) -> int:
        with self._news:
            self._news.notify_all()
            return super().write(text)

    def wait_for(self, text: str) -> None:
        with self._news:
            assert self._news.wait_for(lambda: text in self.getvalue(), 20)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_signal_lets_what_has_left_be_settled(terminal: bool, here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(terminal=terminal)

    def interrupted() -> None:
        if terminal:
            screen.wait_for("sending:")
        os.kill(os.getpid(), signal.SIGINT)
        screen.wait_for(STOPPING)

    here.lose(BULK, once(interrupted), forwarded)
    write(people(3))
    with redirect_stderr(screen):
        printed(capsys, "people.csv", code=130)
    assert screen.getvalue().endswith(STOPPING + INTERRUPTED)
    assert len(here.sandbox.store.contacts.find(PROJECT, [row["email"] for row in people(3)])) == 3
    out, _ = printed(capsys, "people.csv", code=0)
    assert "3 rows, 0 to go" in out
    assert here.count(BULK) == 1


def test_a_signal_while_the_file_is_read_sends_nothing(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(terminal=False)

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        screen.wait_for(STOPPING)

    here.lose("GET /contact-properties", once(interrupted), forwarded)
    write(people(3))
    with redirect_stderr(screen):
        printed(capsys, "people.csv", code=130)
    assert screen.getvalue() == STOPPING + "autosend-mcp: interrupted while reading; nothing was sent\n"
    assert here.count(BULK) == 0


def test_two_signals_wait_for_nothing(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    released = threading.Event()
    screen = Screen(terminal=False)

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        screen.wait_for(STOPPING)
        os.kill(os.getpid(), signal.SIGTERM)
        assert released.wait(20)

    here.lose(BULK, once(interrupted), forwarded)
    write(people(3))
    with redirect_stderr(screen):
        printed(capsys, "people.csv", code=130)
    assert screen.getvalue() == STOPPING + INTERRUPTED
    released.set()
    out, _ = printed(capsys, "people.csv", code=0)
    assert "created                3" in out
    assert here.count(BULK) in {1, 2}
    assert len(here.sandbox.store.contacts.find(PROJECT, [row["email"] for row in people(3)])) == 3


def test_a_terminal_shows_a_bar_while_it_sends(here: Line, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(terminal=True)
    here.lose(BULK, once(lambda: screen.wait_for("/150")), forwarded)
    write(people(150))
    with redirect_stderr(screen):
        out, _ = printed(capsys, "people.csv", code=0)
    assert "sending:" in screen.getvalue()
    assert KEY not in screen.getvalue() + out
    assert "@" not in screen.getvalue() + out


@pytest.mark.parametrize("words", [("--sandbox", "kept.sqlite3"), ("--sandbox",)])
def test_the_sandbox_of_the_command_is_imported_into(
    words: tuple[str, ...], here: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    write(people(3))
    out, err = printed(capsys, "people.csv", *words, code=0)
    assert err == ""
    assert "created                3" in out
    assert here.seen == []
    if len(words) == 2:
        assert "unchanged              3" in printed(capsys, "people.csv", *words, code=0)[0]


# Display


def so_far(settled: int = 0, total: int = 10_000, ago: float = 100) -> Progress:
    """Return how far an import is that began so many seconds ago, of which so many rows have become something."""
    progress = Progress()
    progress.read = total
    progress.begin({"": total}, 0)
    progress.count([PendingRow(number, "", "{}", "created") for number in range(settled)], 0)
    progress.began -= ago
    return progress


@pytest.mark.anyio
async def test_elsewhere_a_line_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    reading = Progress(read=1_234)
    for one in (reading, so_far(), so_far(5_000), so_far(5_000, ago=100_000), so_far(10_000)):
        lines.show_progress(one)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "reading: 1,234 rows",
        "0 of 10,000 rows, 0 a second",
        "5,000 of 10,000 rows, 50 a second, 0:01:40 left",
        "5,000 of 10,000 rows, 0 a second, 1 day, 3:46:40 left",
        "10,000 of 10,000 rows, 100 a second",
    ]


@pytest.mark.anyio
async def test_the_events_say_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Events().show_progress(so_far(5_000))
    event = json.loads(capsys.readouterr().out)
    assert event | {"rowsPerSecond": 50} == {
        "event": "progress", "stage": "sending", "read": 10_000, "rows": 10_000, "settled": 5_000,
        "counts": {"created": 5_000}, "rowsPerSecond": 50, "secondsLeft": 100,
    }  # fmt: skip


@pytest.mark.anyio
async def test_a_bar_is_drawn_for_each_stage_and_leaves_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar()
    bar.show_progress(Progress(read=1_234))
    bar.show_progress(so_far(5_000))
    bar.show_progress(so_far(6_000))
    bar.show_stopping()
    bar.say("done")
    bar.say("again")
    out, err = capsys.readouterr()
    assert out == "done\nagain\n"
    assert "reading: 1234 rows" in err
    assert "5000/10000" in err
    assert "6000/10000" in err
    assert err.rpartition("\r")[2] == STOPPING
