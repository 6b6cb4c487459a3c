"""start_import, get_import and stop_import through a real client: what an assistant may read, and what it learns."""

import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from autosend_mcp.errors import Unknown
from autosend_mcp.imports.background import NO_UNDO, UNDER_WAY
from autosend_mcp.imports.job import ImportJob
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.run import Import
from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.tools.jobs import Jobs
from tests.support.line import Forward, Line, empty_sandbox, forwarded, saying, unreachable
from tests.support.records import starts_of
from tests.support.seeded import JANE, fact, held, seeded, wrote
from tests.support.worlds import answer_of, autosend_over, connected, error_of, text_of

pytestmark = pytest.mark.anyio

TOOLS = "contacts,lists,imports"
ROWS = "E-Mail,First name,plan\njane@example.com,Janet,pro\nnew@example.com,Nia,free\nmary,,free\n"


def people(number: int) -> str:
    return "email,firstName\n" + "".join(f"p{place}@example.com,P{place}\n" for place in range(number))


@asynccontextmanager
async def importing(era: str = "2026-07-28", **settings: Any) -> AsyncGenerator[tuple[Client, Line]]:
    async with seeded(era, toolsets=TOOLS, **settings) as (client, line):
        yield client, line


def files_of(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def started(client: Client, **arguments: Any) -> dict[str, Any]:
    return answer_of(await client.call_tool("start_import", arguments))


async def state(client: Client, import_id: str, **arguments: Any) -> dict[str, Any]:
    return answer_of(await client.call_tool("get_import", {"importId": import_id, **arguments}))


async def ended(client: Client, import_id: str) -> dict[str, Any]:
    while (now := await state(client, import_id))["outcome"] in {"reading", "sending"}:
        pass
    return now


@pytest.mark.parametrize("way", ["text", "file"])
async def test_a_dry_run_is_carried_out_by_its_id_unless_the_file_has_changed(way: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(ROWS)
    async with importing(import_dir=tmp_path) as (client, line):
        source = {"text": ROWS} if way == "text" else {"file": file.name}
        dry = await started(client, **source, listIds=["Offers"], dryRun=True)
        assert wrote(line) == []
        if way == "file":
            file.write_text(ROWS + "late@example.com,L,\n")
            text = error_of(await client.call_tool("start_import", {"importId": dry["importId"]}))
            assert text.startswith("The file has changed since its dry run.")
            file.write_text(ROWS)
        done = await started(client, importId=dry["importId"])
        again = error_of(await client.call_tool("start_import", {"importId": done["importId"]}))
        offers = answer_of(await client.call_tool("find_contacts", {"list": "Offers"}))
    assert ("readAs" in dry, "readAs" in done) == (True, False)
    assert done["counts"] == {"created": 1, "updated": 1, "invalid": 1}
    assert again.startswith("This is not the importId of a dry run that has ended.")
    assert {one["email"] for one in offers["contacts"]} == {JANE, "new@example.com"}


async def test_the_import_does_exactly_what_its_dry_run_reported(era: str) -> None:
    async with importing(era) as (client, line):
        before = held(line)
        dry = await started(client, text=ROWS, listIds=["Offers"], dryRun=True)
        assert held(line) == before
        assert wrote(line) == []
        done = await started(client, text=ROWS, listIds=["Offers"])
        jane, new = line.sandbox.store.contacts.find(PROJECT, [JANE, "new@example.com"])
        starts = starts_of(line.sandbox.store)
        offers = next(one["id"] for one in line.sandbox.store.contact_lists.all(PROJECT) if one["name"] == "Offers")
    assert dry["outcome"] == "dry_run"
    assert dry["counts"] == {"wouldCreate": 1, "wouldUpdate": 1, "invalid": 1}
    assert dry["readAs"]["columns"] == {"E-Mail": "email", "First name": "firstName", "plan": "customFields.plan"}
    assert "with this importId alone" in dry["nextStep"]
    assert done["outcome"] == "partly_done"
    assert done["counts"] == {"created": 1, "updated": 1, "invalid": 1}
    assert [(row["line"], row["email"], row["outcome"]) for row in done["problems"]] == [(4, "mary", "invalid")]
    assert NO_UNDO in done["notes"]
    assert "readAs" not in done
    assert (jane["firstName"], jane["customFields"]) == ("Janet", {"plan": "pro", "logins": 42})
    assert (new["firstName"], new["customFields"]) == ("Nia", {"plan": "free"})
    assert {contact: n for (contact, joined), n in starts.items() if joined == offers} == {jane["id"]: 1, new["id"]: 1}


async def test_without_a_dry_run_what_was_guessed_chosen_or_left_out_is_shown(tmp_path: Path) -> None:
    text = "E-Mail;first name;Family name;plan;Notes;Subscribed;Color\na@example.com;Ann;A;pro;x;yes;red\n"
    (tmp_path / "people.csv").write_text(text + "b@example.com;Bo;B;pro;x;no;blue\n")
    async with importing(import_dir=tmp_path) as (client, _):
        more = {"listIds": ["Offers"], "createFields": True, "columns": {"Notes": ""}}
        done = await started(client, file="people.csv", **more)
        plain = await started(client, text="email,First Name\na@example.com,Ann\n")
    assert done["readAs"] == {
        "delimiter": ";",
        "columns": {"Family name": "lastName", "Notes": "", "Subscribed": ""},
        "newFields": {"customFields.Color": "string"},
        "whoMayGetMail": [{"column": "Subscribed", "optedOut": {"no": 1}, "mayGetMail": {"yes": 1}}],
    }
    assert (done["counts"]["optedOut"], done["fieldsDefined"]) == (1, ["Color"])
    assert "fieldsDefined: delete_custom_field takes each back." in done["notes"]
    assert "readAs" not in plain


async def test_how_far_an_import_is_is_short_until_its_end() -> None:
    async with importing(rate_limit=0.5) as (client, _):
        first = await started(client, text=people(1_250) + "wrong\n", listIds=["Offers"])
        going = await state(client, first["importId"])
        last = await ended(client, first["importId"])
    assert (first["outcome"], going["outcome"], last["outcome"]) == ("sending", "sending", "partly_done")
    assert [row["line"] for row in first["problems"]] == [row["line"] for row in last["problems"]] == [1_252]
    assert not {"problems", "notes"} & going.keys()
    assert going["counts"]["invalid"] == 1


async def test_an_import_goes_on_after_the_answer_and_is_asked_for_by_its_id(era: str) -> None:
    async with importing(era, rate_limit=0.5) as (client, line):
        first = await started(client, text=people(1_250))
        last = await ended(client, first["importId"])
        assert (
            len(line.sandbox.store.contacts.find(PROJECT, [f"p{place}@example.com" for place in range(1_250)])) == 1_250
        )
    assert first["outcome"] == "sending"
    assert first["rows"] == 1_250
    assert re.fullmatch("[0-9a-f]{32}", first["importId"])
    assert last["outcome"] == "done"
    assert last["counts"] == {"created": 1_250}
    assert last["settled"] == 1_250
    assert "nextStep" not in last


async def test_progress_is_reported_to_a_client_that_asks_for_it(era: str) -> None:
    reported: list[tuple[float, float | None]] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        assert message
        reported.append((progress, total))

    async with importing(era, rate_limit=1) as (client, _):
        text = people(2_000)
        first = answer_of(await client.call_tool("start_import", {"text": text}, progress_callback=progress))
        arguments = {"importId": first["importId"]}
        await client.call_tool("get_import", arguments, progress_callback=progress)
        await ended(client, first["importId"])
    assert len(reported) > 2
    first_call = [done for done, _ in reported][: reported.index(max(reported)) + 1]
    assert first_call == sorted(set(first_call))
    assert reported[-1][1] == 2_000
    assert all(done < 1 for done, total in reported if total is None)


async def test_problems_come_in_pages() -> None:
    rows = "email\n" + "".join(f"wrong{place}\n" for place in range(45)) + "right@example.com\n"
    async with importing() as (client, _):
        first = await started(client, text=rows)
        lines = [row["line"] for row in first["problems"]]
        cursor = first["nextCursor"]
        while cursor:
            page = await state(client, first["importId"], cursor=cursor)
            lines += [row["line"] for row in page["problems"]]
            cursor = page.get("nextCursor")
        other = await started(client, text=ROWS)
        stranger = await client.call_tool("get_import", {"importId": other["importId"], "cursor": first["nextCursor"]})
    assert lines == list(range(2, 47))
    assert "another question" in error_of(stranger)


async def test_the_same_import_under_way_is_not_started_twice() -> None:
    async with importing(rate_limit=0.25) as (client, line):
        text = people(500)
        first = await started(client, text=text)
        second = await started(client, text=text)
        await ended(client, first["importId"])
        third = await ended(client, (await started(client, text=text))["importId"])
        sent = sum(len(body["contacts"]) for body in line.bodies("POST /contacts/bulk-update"))
    assert second["importId"] == first["importId"]
    assert UNDER_WAY in second["notes"]
    assert third["importId"] != first["importId"]
    assert third["counts"] == {"unchanged": 500}
    assert sent == 500


async def test_a_stopped_import_is_finished_by_the_same_call_and_doubles_nothing() -> None:
    async with importing(rate_limit=0.8) as (client, line):
        text = people(900)
        first = await started(client, text=text, listIds=["Offers"])
        stopped = answer_of(await client.call_tool("stop_import", {"importId": first["importId"]}))
        sent = len(wrote(line))
        again = await started(client, text=text, listIds=["Offers"])
        last = await ended(client, again["importId"])
        after = answer_of(await client.call_tool("stop_import", {"importId": again["importId"]}))
        rows = [row["email"] for body in line.bodies("POST /contacts/bulk-update") for row in body["contacts"]]
        starts = starts_of(line.sandbox.store)
    assert stopped["outcome"] == "stopped"
    assert 0 < stopped["settled"] < 900
    assert sent <= 2 * stopped["settled"] / 100 + 8  # what had left was settled, and no more was sent
    assert last["outcome"] == after["outcome"] == "done"
    assert len(rows) == len(set(rows)) == 900
    assert set(starts.values()) == {1}


async def test_a_cancelled_start_stops_the_import_for_nobody_has_its_id() -> None:
    async with importing(rate_limit=0.25) as (client, line):
        with anyio.move_on_after(0.3):
            await started(client, text=people(600))
            raise AssertionError("it cannot have ended")
        again = await started(client, text=people(600))
        await ended(client, again["importId"])
        rows = [row["email"] for body in line.bodies("POST /contacts/bulk-update") for row in body["contacts"]]
    assert again["notes"] == [NO_UNDO]  # another one, not that which was under way
    assert len(rows) == len(set(rows)) == 600


@pytest.mark.parametrize("tool", ["get_import", "stop_import"])
async def test_an_unknown_id_is_reported_with_the_way_to_go_on(tool: str) -> None:
    async with importing() as (client, _):
        error = error_of(await client.call_tool(tool, {"importId": "0" * 32}))
    assert "There is no import with this id" in error
    assert "start_import with the same arguments" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "give text or file"),
        ({"text": "email\n", "file": "people.csv"}, "give one of text, file and importId"),
        ({"importId": "x", "listIds": ["Offers"]}, "give importId alone"),
        ({"importId": "x"}, "There is no import with this id"),
        ({"text": "email\n" + "a@example.com\n" * 8_000}, "text: must be at most 100 kB"),
        ({"text": "name\nJane\n"}, 'No column is the address. There are: "name".'),
        ({"text": "email,Rank\na@example.com,7\n"}, '{"Rank":""} in columns leaves a column out. Or createFields'),
        ({"text": "email,listIds\na@example.com,Rome\n"}, "AutoSend reserves"),
        ({"text": "email\na@example.com\n", "columns": {"mail": "email"}}, 'There is no column "mail"'),
        ({"text": "email\na@example.com\n", "listIds": ["Newsletters"]}, "No list or segment has this name"),
        ({"text": 'email,plan\n"a@example.com,x\n'}, "quote"),
        ({"file": "people.csv"}, "No import directory is set"),
    ],
)
async def test_what_is_not_clear_is_reported_and_nothing_is_sent(arguments: dict[str, Any], said: str) -> None:
    async with importing() as (client, line):
        error = error_of(await client.call_tool("start_import", arguments))
        assert wrote(line) == []
    assert said in error
    assert "nothing changed" in error.lower()
    assert "Rome" not in error


async def test_new_fields_are_defined_with_the_type_of_their_values() -> None:
    text = (
        "email,Trial ends,seats,vip,code\na@example.com,2027-03-01,3,true,007\nb@example.com,2027-04-01,1.5,false,12\n"
    )
    async with importing() as (client, line):
        dry = await started(client, text=text, createFields=True, dryRun=True)
        assert wrote(line) == []
        done = await started(client, text=text, createFields=True)
        types = line.sandbox.store.contact_properties.types(PROJECT)
        held_now = line.sandbox.store.contacts.find(PROJECT, ["a@example.com"])[0]
    kinds = {"trialEnds": "date", "seats": "number", "vip": "boolean", "code": "string"}
    assert dry["readAs"]["newFields"] == {f"customFields.{name}": kind for name, kind in kinds.items()}
    assert done["outcome"] == "done"
    assert {name: types[name] for name in kinds} == kinds
    assert held_now["customFields"] == {"trialEnds": "2027-03-01", "seats": 3, "vip": True, "code": "007"}


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


async def test_an_import_that_autosend_ends_says_why_and_how_to_go_on() -> None:
    async def refused(_forward: Forward) -> Any:
        return saying(403, {"success": False, "error": {"message": "Plan limit", "code": "FORBIDDEN"}})

    async with importing() as (client, line):
        line.lose("POST /contacts/bulk-update", refused)
        failed = await started(client, text=ROWS)
        line.faults.clear()
        done = await started(client, text=ROWS)
    assert failed["outcome"] == "failed"
    assert "does not allow this (status 403)" in failed["nextStep"]
    assert "start_import with the same arguments" in failed["nextStep"]
    assert done["counts"] == {"created": 1, "updated": 1, "invalid": 1}


async def test_a_read_only_server_starts_no_import(tmp_path: Path) -> None:
    async with seeded(import_dir=tmp_path, read_only=True) as (client, _):
        names = {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool("start_import", {"text": ROWS})
    assert "get_import" in names
    assert "start_import" not in names
    assert "read-only" in error_of(result)


async def test_only_so_many_imports_run_at_once() -> None:
    async with importing() as (client, line):
        line.lose("POST /contacts/bulk-update", unreachable)
        results = [await client.call_tool("start_import", {"text": people(1 + place)}) for place in range(4)]
    assert [result.is_error for result in results] == [False, False, False, True]
    assert "Too many imports are under way" in error_of(results[-1])


async def test_a_file_that_takes_long_to_read_is_asked_for_again() -> None:
    async def slow(forward: Forward) -> Any:
        await anyio.sleep(20)
        return await forward()

    async with importing() as (client, line):
        line.lose("GET /contact-properties", slow, slow, forwarded)
        begun = await started(client, text=ROWS)
        last = await ended(client, begun["importId"])
    async with importing(rate_limit=0.25) as (client, line):
        line.lose("GET /contact-properties", slow, slow, forwarded)
        again = await started(client, text=people(1_250) + "wrong\n")
        states = [await state(client, again["importId"]) for _ in range(5)]
        sending = [one for one in states if one["outcome"] == "sending"]
    assert ["problems" in one for one in sending[:2]] == [True, False]
    assert begun["outcome"] == "reading"
    assert "readAs" not in begun
    assert begun["nextStep"] == "Call get_import to see how far it is."
    assert last["outcome"] == "partly_done"


@pytest.mark.slow
async def test_of_thousands_of_problems_the_first_are_listed() -> None:
    async with importing() as (client, _):
        done = await started(client, text="email\n" + "x\n" * 5_001)
    assert done["counts"] == {"invalid": 5_001}
    assert "Only the first 5,000 of the rows that did not succeed are listed." in done["notes"]


async def test_an_import_directory_that_is_gone_has_no_files(tmp_path: Path) -> None:
    directory = tmp_path / "imports"
    directory.mkdir()
    async with seeded(import_dir=directory) as (client, _):
        directory.rmdir()
        refused = await client.call_tool("start_import", {"file": "people.csv"})
    assert fact(refused, "there are") == []


class Broken(BytesIO):
    """A file that fails in a way that nobody expects."""

    def seek(self, _offset: int, _whence: int = 0, /) -> int:
        raise ZeroDivisionError


async def test_a_bug_ends_the_import_and_not_the_server(caplog: pytest.LogCaptureFixture) -> None:
    job = ImportJob(Import(autosend_over(Line(empty_sandbox())), Broken(), "", ImportOptions()), restart=False)
    await job.run()
    assert job.outcome == "failed"
    assert isinstance(job.error, Unknown)
    assert [record.__dict__["fields"]["cause"] for record in caplog.records] == ["ZeroDivisionError"]


class Ended:
    async def run(self) -> None:
        await anyio.lowlevel.checkpoint()

    def stop(self) -> None:
        raise AssertionError("it has ended")


async def test_an_ended_job_is_forgotten_when_it_expires_or_twenty_ended_later() -> None:
    async with anyio.create_task_group() as tasks:
        lasting, short = Jobs(tasks), Jobs(tasks, expires=0)
        ids = [lasting.start(str(place), Ended()) for place in range(25)]
        expired = short.start("", Ended())
        assert short.get(expired) is not None
        assert lasting.under_way("3") == ids[3]
        await anyio.wait_all_tasks_blocked()
        assert short.get(expired) is None
        assert sum(lasting.get(one) is not None for one in ids) == 20
        assert lasting.under_way("3") is None
        await lasting.close()


async def test_an_answer_about_many_long_columns_keeps_its_id_and_next_step() -> None:
    header = ",".join(f"{place:03}{'h' * 60}" for place in range(299))
    async with importing() as (client, _):
        answer = await started(
            client, text=f"email,{header}\na@example.com{',x' * 299}\n", dryRun=True, createFields=True
        )
        state = await ended(client, answer["importId"])
        refused = await client.call_tool("start_import", {"text": f"email,{'h' * 201}\n"})
    assert answer["readAs"]["shortened"] is True
    assert answer["nextStep"] == state["nextStep"]
    assert "at most 200 can be read" in error_of(refused)


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


async def test_a_second_start_that_is_cancelled_does_not_stop_the_first(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(people(750), encoding="utf-8")
    async with seeded(import_dir=tmp_path, rate_limit=0.25) as (client, _):
        first = await started(client, file="people.csv")
        with anyio.move_on_after(0.3):
            await started(client, file="people.csv")
        last = await ended(client, first["importId"])
    assert first["outcome"] == "sending"
    assert last["counts"] == {"created": 750}


async def test_an_option_that_is_none_of_those_there_are_is_refused_with_them() -> None:
    async with seeded(toolsets=TOOLS) as (client, line):
        asked = {"text": "email\na@b.co\n", "dates": "american"}
        text = error_of(await client.call_tool("start_import", asked))
        back = error_of(await client.call_tool("undo", {"write": {"a": 1}}))
        odd = error_of(await client.call_tool("get_contact", {"email": "mailto:%FF%FEa"}))
        assert line.count("POST") == 0
    assert "dates: must be " in text
    assert "mdy" in text
    assert "write: " in back
    assert "email: " in odd
