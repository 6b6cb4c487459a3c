"""start_import through a real client: what a dry run shows, what is asked first, and what an assistant may name."""

from pathlib import Path
from typing import Any

import pytest

from autosend_mcp.imports.background import NO_UNDO
from autosend_mcp.sandbox.app import PROJECT
from tests.support.import_tools import ROWS, TOOLS, ended, importing, started
from tests.support.records import starts_of
from tests.support.seeded import JANE, held, seeded, wrote
from tests.support.worlds import answer_of, error_of

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize(
    "rows",
    [
        [{"email": "jane@example.com", "First name": "Janet"}, {"email": "new@example.com", "First name": 'N "i" a'}],
        [["email", "First name"], ["jane@example.com", "Janet"], ["new@example.com", 'N "i" a']],
        ["email;First name", "jane@example.com;Janet", 'new@example.com;"N ""i"" a"'],
        {"email": "new@example.com", "First name": 'N "i" a'},
    ],
    ids=["objects", "cells", "lines", "one object"],
)
@pytest.mark.parametrize("name", ["text", "rows"])
async def test_rows_that_are_no_text_are_read_as_the_file_they_stand_for(name: str, rows: Any) -> None:
    async with importing() as (client, _):
        done = await started(client, **{name: rows})
        new = answer_of(await client.call_tool("get_contact", {"email": "new@example.com"}))
    assert done["counts"] == {"created": 1} | ({"updated": 1} if isinstance(rows, list) else {})
    assert new["firstName"] == 'N "i" a'
    assert any(note.startswith("text: ") and note.endswith("read as the lines of a file.") for note in done["notes"])


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


async def test_each_answer_to_a_question_about_a_file_is_taken() -> None:
    rows = [f'zoe@example.com;Zoe {last};03/04/2024;"1,234"' for last in ("Lee", "Low")]
    chosen = {"splitName": "last-blank", "dates": "dmy", "decimal": "comma", "repeated": "last", "createFields": True}
    async with seeded(toolsets=TOOLS) as (client, line):
        asked = {"text": "\n".join(["email;name;born;amount", *rows]), **chosen}
        answer = answer_of(await client.call_tool("start_import", asked))
        (zoe,) = line.sandbox.store.contacts.find(PROJECT, ["zoe@example.com"])
    assert answer["counts"] == {"created": 1, "merged": 1}
    assert (zoe["firstName"], zoe["lastName"]) == ("Zoe", "Low")
    assert zoe["customFields"] == {"born": "2024-04-03", "amount": 1.234}


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
