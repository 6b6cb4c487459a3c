"""`autosend-mcp import`: its flags, what it prints and writes, and how it ends."""

import json
import os
import re
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autosend_mcp.cli.main import main
from autosend_mcp.sandbox.app import PROJECT
from tests.support.import_command import commanded, printed, write
from tests.support.importing import csv_of, people, report_of
from tests.support.line import AUTOMATIONS, PROPERTIES, Line, Loss, answering, forwarded
from tests.support.records import members_of
from tests.support.requests import BULK


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Line]:
    with commanded(monkeypatch, tmp_path) as line:
        yield line


def refusing(status: int) -> Loss:
    return answering(status, {"success": False, "error": {"message": "No"}})


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
        (["people.csv", "--mailable", "note"], "give \"column=value,value\", not 'note'"),
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


def test_a_line_of_the_header_that_is_no_number_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["import", "people.csv", "--header-line", "first"])
    assert "a line is a number: 1 is the first, 0 none" in capsys.readouterr().err


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
