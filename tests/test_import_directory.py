"""Files of the import directory: only they can be named, and what an import writes stands beside them."""

import os
from pathlib import Path

import anyio
import pytest

from tests.support.import_tools import ROWS, ended, people, started, state
from tests.support.records import starts_of
from tests.support.seeded import fact, seeded
from tests.support.worlds import answer_of, connected, error_of, text_of

pytestmark = pytest.mark.anyio


def files_of(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_a_file_of_the_import_directory_is_imported_and_reported_beside_it(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(ROWS, encoding="utf-8")
    async with seeded(import_dir=tmp_path) as (client, _):
        names = {tool.name for tool in (await client.list_tools()).tools}
        done = await started(client, file="people.csv")
        page = await state(client, done["importId"])
    assert {"start_import", "get_import", "stop_import", "create_contact"} <= names
    assert done["files"] == ["people.report.csv", "people.rejected.csv"]
    assert page["problems"] == done["problems"]
    assert {file.name for file in files_of(tmp_path)} == {"people.csv", *done["files"]}


TRICKS = (
    "../secret.csv", "/etc/passwd", "sub/people.csv", "..", ".", "~/people.csv", "link.csv", "hard.csv", "pipe.csv",
    "folder.csv", "people.csv.journal", ".hidden.csv", "https://example.com/people.csv", "file:///etc/passwd",
    "C:\\people.csv", "people.csv\x00.txt", "none.csv", " people.csv", "people.csv/", "..\\secret.csv", "people.xlsx",
)  # fmt: skip


async def test_nothing_outside_the_import_directory_can_be_named(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    (inside / "sub").mkdir(parents=True)
    (inside / "folder.csv").mkdir()
    for file in (tmp_path / "secret.csv", inside / "sub/people.csv", inside / ".hidden.csv", inside / "people.xlsx"):
        file.write_text("email\nsecret@example.com\n", encoding="utf-8")
    (inside / "people.csv.journal").write_text("email\nsecret@example.com\n", encoding="utf-8")
    (inside / "good.csv").write_text("email\ngood@example.com\n", encoding="utf-8")
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    os.link(tmp_path / "secret.csv", inside / "hard.csv")
    os.mkfifo(inside / "pipe.csv")
    async with seeded(import_dir=inside) as (client, line):
        for trick in TRICKS:
            result = await client.call_tool("start_import", {"file": trick})
            assert "secret@" not in error_of(result)
            if "\0" not in trick:
                assert "no file of this name" in text_of(result), trick
                assert "good.csv" in fact(result, "there are")
                assert "link.csv" not in fact(result, "there are")
        assert line.seen == []


async def test_the_problems_of_a_stopped_import_are_reported_afterwards_too(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(people(1_000) + "nobody,X\n", encoding="utf-8")
    async with seeded(import_dir=tmp_path, rate_limit=0.5) as (client, _):
        begun = await started(client, file="people.csv")
        stopped = answer_of(await client.call_tool("stop_import", {"importId": begun["importId"]}))
        last = await ended(client, begun["importId"])
    assert (stopped["outcome"], last["outcome"]) == ("stopped", "stopped")
    assert [row["line"] for row in last["problems"]] == [1_002]


async def test_an_import_cut_by_the_end_of_the_server_resumes_from_its_journal(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(people(1_000), encoding="utf-8")
    async with seeded() as (_, line):
        async with connected(line, import_dir=tmp_path, rate_limit=0.5) as client:
            assert (await started(client, file="people.csv", listIds=["Offers"]))["outcome"] == "sending"
        assert (tmp_path / "people.csv.journal").exists()
        async with connected(line, import_dir=tmp_path) as client:
            changed = await client.call_tool("start_import", {"file": "people.csv", "listIds": ["Newsletter"]})
            again = await started(client, file="people.csv", listIds=["Offers"])
            last = await ended(client, again["importId"])
        rows = [row["email"] for body in line.bodies("POST /contacts/bulk-update") for row in body["contacts"]]
        starts = starts_of(line.sandbox.store)
    assert "With other options" in error_of(changed)
    assert fact(changed, "begun with") == {"lists": ["Offers"]}
    assert fact(changed, "given now") == {"lists": ["Newsletter"]}
    assert again["readAs"]["resumed"] is True
    assert last["counts"] == {"created": 1_000}
    assert len(rows) == len(set(rows)) == 1_000
    assert set(starts.values()) == {1}
    assert not (tmp_path / "people.csv.journal").exists()


async def test_a_changed_file_is_reported_and_begun_anew_on_request(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(people(1_000), encoding="utf-8")
    async with seeded() as (_, line):
        async with connected(line, import_dir=tmp_path, rate_limit=0.5) as client:
            await started(client, file="people.csv")
        file.write_text(people(1_050), encoding="utf-8")
        async with connected(line, import_dir=tmp_path) as client:
            changed = await client.call_tool("start_import", {"file": "people.csv"})
            again = await started(client, file="people.csv", restart=True)
            last = await ended(client, again["importId"])
    assert "This file has changed" in error_of(changed)
    assert "Restore the file to go on with it. Or start again with restart: rows that" in error_of(changed)
    assert last["counts"]["unchanged"] > 0
    assert last["counts"]["created"] + last["counts"]["unchanged"] == 1_050


async def test_a_read_only_server_starts_no_import(tmp_path: Path) -> None:
    async with seeded(import_dir=tmp_path, read_only=True) as (client, _):
        names = {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool("start_import", {"text": ROWS})
    assert "get_import" in names
    assert "start_import" not in names
    assert "read-only" in error_of(result)


async def test_an_import_directory_that_is_gone_has_no_files(tmp_path: Path) -> None:
    directory = tmp_path / "imports"
    directory.mkdir()
    async with seeded(import_dir=directory) as (client, _):
        directory.rmdir()
        refused = await client.call_tool("start_import", {"file": "people.csv"})
    assert fact(refused, "there are") == []


async def test_a_dry_run_says_which_automations_would_start_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(people(2), encoding="utf-8")
    async with seeded(import_dir=tmp_path) as (client, _):
        more = {"listIds": ["Newsletter"], "runWorkflow": True}
        dry = await started(client, file="people.csv", dryRun=True, **more)
        files = await anyio.to_thread.run_sync(os.listdir, tmp_path)
        real = await started(client, file="people.csv", **more)
        done = await ended(client, real["importId"])
        named = error_of(await client.call_tool("start_import", {"file": "nobody.csv"}))
    assert 'Live automations that would start: ["Welcome to Newsletter"]' in dry["notes"]
    assert [note for note in real["notes"] if "starts now" in note] == real["notes"][:2]
    assert files == ["people.csv"]
    assert done["files"] == ["people.report.csv"]
    assert 'there are: ["people.csv"]' in named


async def test_an_encoding_that_is_not_detected_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes("email;firstName\na@example.com;Анна\n".encode("cp1251"))
    async with seeded(import_dir=tmp_path) as (client, _):
        asked = error_of(await client.call_tool("start_import", {"file": "people.csv"}))
        done = await started(client, file="people.csv", encoding="cp1251", delimiter=";")
        held = answer_of(await client.call_tool("get_contact", {"email": "a@example.com"}))
    assert 'read as cp1251: "Анна"' in asked
    assert "give encoding cp1251, else another" in asked
    assert done["readAs"]["encoding"] == "cp1251"
    assert held["firstName"] == "Анна"
