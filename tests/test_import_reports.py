"""The files beside the one that was imported: what became of each row, and the rows to fix and import again."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.tables import read_table
from autosend_mcp.imports.journal import Journal
from autosend_mcp.imports.journal_rows import JournalRow
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.reports import write_reports
from autosend_mcp.imports.run import Import
from autosend_mcp.sandbox.app import PROJECT, Options
from tests.support.import_losses import refusal
from tests.support.importing import World, autosend_over, csv_of, people, report_of, world
from tests.support.line import Forward, answering, forwarded, reset
from tests.support.requests import ADD, BULK
from tests.support.worlds import KEY

pytestmark = pytest.mark.anyio

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\uff1d1", '=HYPERLINK("http://x","y")']


def rejected(here: World, name: str = "people.rejected.csv") -> str:
    return (here.folder / name).read_bytes().decode("utf-8-sig")


async def test_the_report_has_a_line_for_each_row() -> None:
    content = b'email,plan\n\na@example.com,"multi\nline"\n\nbad,x\nA@Example.com,\n'
    with world() as here:
        done = await here.run(content)
        report = (here.folder / "people.report.csv").read_bytes()
    assert [file.name for file in done.imported.files] == ["people.report.csv", "people.rejected.csv"]
    assert report.startswith(b"\xef\xbb\xbfline,email,outcome,reason\r\n")
    assert [(row["line"], row["email"], row["outcome"]) for row in done.rows] == [
        ("3", "a@example.com", "created"),
        ("6", "bad", "invalid"),
        ("7", "a@example.com", "merged"),
    ]
    assert KEY.encode() not in report


async def test_an_import_that_took_everything_writes_no_rejected_file() -> None:
    with world() as here:
        done = await here.run(people(3))
    assert [file.name for file in done.imported.files] == ["people.report.csv"]


@pytest.mark.parametrize("formula", FORMULAS)
async def test_a_formula_is_text_in_the_report_and_unchanged_in_the_rejected(formula: str) -> None:
    with world() as here:
        done = await here.run(csv_of([{"email": formula, "firstName": formula}, {"email": "a@b.co", "plan": "x"}]))
        (row,) = csv.DictReader(io.StringIO(rejected(here), newline=""))
    assert done.rows[0]["email"].startswith("'")
    assert not any(cell.strip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in done.rows[0].values())
    assert (row["email"], row["firstName"]) == (formula, formula)


async def test_the_reasons_of_the_report_are_no_formulas_either() -> None:
    with world() as here:
        said: Any = {"success": False, "error": {"message": '=cmd|"/c calc"!A1', "details": []}}
        here.line.lose(BULK, answering(400, said))
        done = await here.run(people(1))
    (reason,) = done.reasons("failed")
    assert reason.startswith("AutoSend refused it: ")


@pytest.mark.parametrize(
    ("name", "header", "cells"),
    [
        ("people.csv", "email,note,plan", ["bad", 'quoted "x", ok', "two\nlines"]),
        ("people.csv", "email;note;plan", ["bad", "semi;colon", "a,b"]),
        ("people.tsv", "email\tnote\tplan", ["bad", "tab\tbed", " spaced "]),
        ("people.csv", "email|note|plan", ["bad", "re\rturn", "\u2028\x0b"]),
        ("people.txt", "email\tnote\tplan", ["bad", "", "=1"]),
        ("people", "email,note,plan", ["bad", "'", "\x00"]),
    ],
    ids=str,
)
async def test_rejected_rows_stand_as_they_stood(name: str, header: str, cells: list[str]) -> None:
    delimiter = header[len("email")]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header.split(delimiter), cells, ["a@example.com", "", "x"]])
    with world() as here:
        await here.run(text.getvalue().encode(), name, columns={"note": ""})
        file = f"people.rejected{Path(name).suffix or '.csv'}"
        rows = [*csv.reader(io.StringIO(rejected(here, file), newline=""), delimiter=delimiter)]
    assert rows[0] == ["import_problem", "email", "note", "plan"]
    assert rows[1][1:] == cells
    assert rows[1][0].startswith("invalid: email: must be one mail address")
    assert len(rows) == 2


@pytest.mark.parametrize("encoding", [None, "cp1251", "utf-16", "shift_jis"])
async def test_a_rejected_file_that_was_fixed_is_imported_by_the_same_command(encoding: str | None) -> None:
    name = "山田" if encoding == "shift_jis" else "Иван"
    broken = f'"x@example.com",{name},pro,more'
    text = f"email,firstName,plan\nbad,{name},pro\nok@example.com,{name},\n{broken}\n"
    order: dict[str, Any] = {"encoding": encoding} if encoding else {}
    with world() as here:
        first = await here.run(text.encode(encoding or "utf-8"), **order)
        assert first.counts == {"invalid": 2, "created": 1}
        content = (here.folder / "people.rejected.csv").read_bytes()
        rejected = content.decode(encoding or "utf-8-sig")
        assert f",{broken}\r\n" in rejected  # as it stood
        fixed = rejected.replace("bad", "good@example.com").replace(",more", "")
        again = await here.run(fixed.encode(encoding or "utf-8-sig"), "people.rejected.csv", **order)
        assert here.values("good@example.com") == {"firstName": name, "customFields": {"plan": "pro"}}
        assert here.values("x@example.com")["firstName"] == name
    assert again.counts == {"created": 2}
    assert again.imported.columns[0].field == ""


async def test_what_is_rejected_again_says_only_why_it_is_now() -> None:
    content = b"import_problem,email,logins\nold reason,bad,1\nold reason,a@example.com,many\n"
    with world() as here:
        await here.run(content)
        rows = [*csv.DictReader(io.StringIO(rejected(here), newline=""))]
    assert [list(row) for row in rows] == [["import_problem", "email", "logins"]] * 2
    assert [row["import_problem"].split(":")[1] for row in rows] == [" email", ' customFields."logins"']


async def test_rejected_lines_of_jsonl_stand_as_they_stood() -> None:
    lines = [
        '{"email": "bad", "logins": 1.10, "plan": "\\u00e9", "big": 0.1000000000000000055}',
        '{"import_problem": "old", "email": "worse"}',
        "{}",
        '  {"email": "a@example.com", "logins": "many"}  ',
        "no json at all",
        '{"email": "twice@example.com", "email": "twice@example.com"}',
        '{"email": "ok@example.com"}',
    ]
    with world() as here:
        done = await here.run("\n".join(lines).encode(), "people.jsonl", columns={"big": ""})
        file = here.folder / "people.rejected.jsonl"
        content = file.read_bytes()
        written = content.decode().splitlines()
        assert done.counts == {"invalid": 6, "created": 1}
        assert not content.startswith(b"\xef\xbb\xbf")
        assert written[0].endswith(',"email": "bad", "logins": 1.10, "plan": "\\u00e9", "big": 0.1000000000000000055}')
        assert json.loads(written[1])["import_problem"].startswith("invalid: email: must be one")
        assert list(json.loads(written[1])) == ["import_problem", "email"]
        assert json.loads(written[2]) == {"import_problem": 'invalid: email: is required. Example: "jane@example.com"'}
        assert written[3].endswith('"email": "a@example.com", "logins": "many"}')
        assert written[4:] == lines[4:6]
        fixed = "\n".join(written[:4]).replace("bad", "b@example.com").replace('"many"', "3").encode()
        again = await here.run(fixed, "people.rejected.jsonl", columns={"big": ""})
    assert again.counts == {"created": 2, "invalid": 2}


async def test_a_row_merged_with_one_that_failed_is_among_the_rejected() -> None:
    rows = [
        {"email": "a@example.com", "firstName": "A"},
        {"email": "A@example.com", "lastName": "AA"},
        {"email": "b@example.com", "firstName": "B"},
        {"email": "b@example.com", "firstName": "B"},
        {"email": "b@example.com", "logins": "many"},
    ]
    with world(Options(rate_limit=0, suppressed_on_write="refuse")) as here:
        here.store.suppression_groups.suppress(PROJECT, ["a@example.com"], is_global=True)
        done = await here.run(rows)
        kept = [*csv.DictReader(io.StringIO(rejected(here), newline=""))]
        assert here.held("b@example.com")
    assert done.counts == {"failed": 1, "merged": 2, "created": 1, "invalid": 1}
    assert [(row["email"], row["lastName"], row["logins"]) for row in kept] == [
        ("a@example.com", "", ""), ("A@example.com", "AA", ""), ("b@example.com", "", "many"),
    ]  # fmt: skip
    assert kept[1]["import_problem"] == "merged: the same address as line 2; sent as one"


async def test_files_that_are_there_already_are_left_as_they_are() -> None:
    with world() as here:
        for name in ("people.report.csv", "people.rejected.csv", "people.rejected-2.csv"):
            (here.folder / name).write_text("mine")
        done = await here.run([*people(1), {"email": "bad"}])
        assert [file.name for file in done.imported.files] == ["people.report-2.csv", "people.rejected-3.csv"]
        assert (here.folder / "people.report.csv").read_text() == "mine"
        assert (here.folder / "people.rejected-2.csv").read_text() == "mine"
        assert not [*here.folder.glob("*.part")]
        assert not [*here.folder.glob(".*")]


async def test_a_report_that_cannot_be_written_is_written_by_another_run() -> None:
    with world() as here:
        list_id = here.made_list()
        obstacle = here.folder / ".people.report.csv.part"
        obstacle.mkdir()
        first = await here.run(people(3), lists=("Newsletter",))
        assert (first.stage, first.counts, first.imported.files) == ("stopped", {"created": 3}, [])
        assert "The report cannot be written: Is a directory. Every row is settled." in str(first.error)
        obstacle.rmdir()
        here.line.seen.clear()
        done = await here.run(people(3), lists=("Newsletter",))
        assert here.line.seen == []
        assert here.members(list_id) == 3
    assert done.counts == {"created": 3}
    assert [row["outcome"] for row in done.rows] == ["created"] * 3


async def test_rejected_rows_are_not_written_from_a_file_that_changed_meanwhile() -> None:
    rows = [*people(1), {"email": "bad"}]
    with world() as here:

        async def shorter(forward: Forward) -> httpx2.Response:
            (here.folder / "people.csv").write_bytes(csv_of(people(1)))
            return await forward()

        here.line.lose(BULK, shorter)
        first = await here.run(rows)
        assert first.stage == "stopped"
        assert "The report cannot be written: The file changed while it was imported." in str(first.error)
        assert not [*here.folder.glob("*.rejected*")]
        again = await here.run(rows)
        assert here.line.count(BULK) == 1
    assert again.counts == {"created": 1, "invalid": 1}


async def test_rejected_rows_that_the_file_does_not_have_are_no_report() -> None:
    with world() as here:
        file = here.folder / "people.csv"
        file.write_bytes(csv_of(people(1)))
        journal = Journal(None)
        journal.add([JournalRow(2, 3, "bad", "{}", "invalid", "why")])
        with file.open("rb") as opened, pytest.raises(FileError, match="changed while it was imported"):
            write_reports(read_table(opened, file.name), journal, file)
        journal.close()
        assert not [*here.folder.glob("*.rejected*")]


async def test_a_report_of_thousands_is_whole() -> None:
    bad = [{"email": f"bad {number}"} for number in range(2_050)]
    with world() as here:
        done = await here.run([*people(1), *bad])
        assert len(rejected(here).splitlines()) == 2_051
        (report,) = [file for file in done.imported.files if "report" in file.name]
        assert [int(row["line"]) for row in report_of(report)] == [*range(2, 2_053)]


async def test_several_reasons_are_reported_in_order() -> None:
    with world() as here:
        here.made_list()
        here.line.lose(ADD, reset)
        done = await here.run(csv_of([{"email": "A@Example.com"}]), lists=("Newsletter",))
    assert done.reasons("unknown") == ['Whether it joined "Newsletter" is not known.']


async def test_a_dry_run_where_no_report_can_be_written_is_reported_in_a_note() -> None:
    with world() as here:
        file = (here.folder / "people.csv").open("w+b")
        file.write(csv_of(people(3)))
        gone = here.folder / "gone" / "people.csv"
        imported = Import(
            autosend_over(here.line), file, "", ImportOptions(dry_run=True), path=gone, report_dry_run=True
        )
        await imported.read()
        await imported.send()
        imported.close()
    assert imported.progress.stage == "done"
    assert imported.progress.outcomes == {"would create": 3}
    assert imported.notes[-1].startswith("The report cannot be written: No such file or directory.")


async def test_a_file_edited_in_place_gives_no_rejected_file_with_other_rows() -> None:
    with world() as here:
        imported = here.begin(csv_of([{"email": "bad", "firstName": "X"}, *people(3)]))
        await imported.read()
        changed = csv_of(
            [{"email": "in@example.com", "firstName": "I"}, {"email": "bad", "firstName": "X"}, *people(2)]
        )
        (here.folder / "people.csv").write_bytes(changed)
        await imported.send()
        imported.close()
        assert [file.name for file in here.folder.glob("*.re*")] == []
    assert "The file changed while it was imported. Every row is settled." in str(imported.error)


async def test_reports_of_an_import_killed_at_its_end_are_written_over() -> None:
    with world() as here:
        here.line.lose(BULK, answering(401, refusal("No")), forwarded)
        await here.run(people(3))
        journal = Journal(here.folder / "people.csv.journal")
        journal.set_fact("reports", ["people.report.csv", "people.rejected.csv"])
        journal.close()
        (here.folder / "people.report.csv").write_text("half", encoding="utf-8")
        done = await here.run(people(3))
        assert sorted(file.name for file in here.folder.iterdir()) == ["people.csv", "people.report.csv"]
    assert done.of("created") == [row["email"] for row in people(3)]
