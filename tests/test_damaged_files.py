"""Files whose cells were damaged before, or that are cut in a rare way: noted, read or refused; and lists in JSON."""

import io
import json
from typing import Any

import pytest

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.opt_outs import find_opt_outs
from autosend_mcp.imports.file.tables import read_table
from tests.support.importing import World, world
from tests.support.opt_outs import question, read

pytestmark = pytest.mark.anyio

DAMAGED = {
    "Jos\u00c3\u00a9": "UTF-8 read as another encoding",
    "M\u00c3\u00bcller": "UTF-8 read as another encoding",
    "Sm\u00f8rre\ufffd": "letters were lost",
    "Ren&eacute;": "HTML",
    "O&#39;Brien": "HTML",
    "Ren=C3=A9": "encoded as in a mail",
    "=?UTF-8?Q?Bj=C3=B6rn?=": "encoded as in a mail",
    "4.91512E+11": "digits were lost",
}
SOUND = [
    "S\u00e3o",
    "\u00c2ngela",
    "\u00c3",
    "\u00c4\u00f6",
    "AT&T; Co",
    "Tom & Jo",
    "1=2",
    "E+11",
    "caf\u00e9",
    "R&D;",
]


async def notes_of(here: World, content: str) -> str:
    done = await here.run(content.encode(), create_fields=True)
    return " ".join(done.imported.notes)


async def test_cells_that_were_damaged_before_are_noted() -> None:
    for text, said in DAMAGED.items():
        with world() as here:
            notes = await notes_of(here, f'email,firstName\nann@example.com,"{text}"\nbo@example.com,Bo\n')
        assert f"1 cell was damaged before this file was written, and sent so: {said}" in notes, text
    with world() as here:
        rows = "".join(f'p{number}@example.com,"{text}"\n' for number, text in enumerate(SOUND))
        assert "damaged" not in await notes_of(here, f"email,firstName\n{rows}")


async def test_escapes_of_iso_2022_stop_an_import_that_names_no_encoding() -> None:
    content = "email,\u59d3\nann@example.com,\u5c71\u7530\n".encode("iso2022_jp")
    with world() as here:
        with pytest.raises(NotSent, match="iso2022_jp"):
            await here.run(content)
        await here.run(content, encoding="iso2022_jp")
        assert here.values("ann@example.com") == {"lastName": "\u5c71\u7530"}


@pytest.mark.parametrize("sign", ["^", "~", "\x1f"])
async def test_rare_signs_between_cells_are_found(sign: str) -> None:
    lines = "first_name,email\nAnn,ann@example.com\nBo,bo@example.com\n".replace(",", sign)
    with world() as here:
        await here.run(lines.encode())
        assert here.values("ann@example.com") == {"firstName": "Ann"}
        await here.run(b"email\nx~y@example.com\n")
        assert here.held("x~y@example.com")


def document(**members: Any) -> bytes:
    return json.dumps(members).encode()


ANN, BO = {"email": "ann@example.com"}, {"email": "bo@example.com"}
SAYING = {
    "lists": [{"name": "A", "subscription_status": "unsubscribed"}, {"name": "B", "subscription_status": "confirmed"}],
    "topics": [{"name": "A", "preference": "OPT_OUT"}, {"name": "B", "preference": "OPT_OUT"}],
    "doNotContact": [{"channel": "sms"}, {"channel": "email"}],
    "channels": [{"name": "email", "unsubscribed": True}, {"name": "sms", "unsubscribed": False}],
}


@pytest.mark.parametrize("name", SAYING)
def test_lists_of_objects_that_say_that_somebody_left_are_asked_about(name: str) -> None:
    content = json.dumps([ANN | {name: []}, BO | {name: SAYING[name]}]).encode()
    if name == "doNotContact":
        found = read(content, "people.json")
        assert found.said_no({name: SAYING[name]})
        assert not found.said_no({name: []})
    else:
        assert "--mailable" in question(content, "people.json")
    harmless = json.dumps([ANN | {"orders": [{"sku": "a"}, {"sku": "b", "gift": True}]}, BO]).encode()
    assert not read(harmless, "people.json").columns


@pytest.mark.parametrize("name", ["unsubscribed", "SuppressedDestinationSummaries", "bounces"])
def test_the_name_of_a_list_in_json_says_that_all_in_it_left(name: str) -> None:
    assert f'The name of the list in it says that the people in it may get no mail: "{name}"' in question(
        document(total=2, **{name: [ANN, BO]}), "people.json"
    )
    for around in ({name: {"members": [ANN, BO]}}, {"data": {name: [ANN, BO]}}, {"a": {name: {"b": {"c": [ANN]}}}}):
        assert f".{name}" in f".{question(document(**around), 'people.json')}".replace('"', ".")
    assert not read(document(items=[ANN, BO]), "people.json").is_everybody


def test_the_name_of_a_table_in_a_dump_says_that_all_in_it_left() -> None:
    rows = "COPY public.{} (email, created_at) FROM stdin;\na@b.co\t2024-01-01\n\\.\n"
    assert 'The name of the table in it says that the people in it may get no mail: "unsubscribes"' in question(
        rows.format("unsubscribes").encode(), "dump.sql"
    )
    assert not read(rows.format("users").encode(), "dump.sql").is_everybody


def test_of_several_lists_in_json_the_only_one_with_addresses_is_read() -> None:
    content = document(members=[ANN, BO], _links=[{"rel": "self", "href": "https://a.example"}])
    table = read_table(io.BytesIO(content), "people.json")
    assert [row.values["email"] for row in table.rows()] == ["ann@example.com", "bo@example.com"]
    assert not find_opt_outs(table, "people.json", {}, {}).columns


NAMED = {"ann@example.com": ("Ann", "Ruiz"), "bo@example.com": ("Bo", "O'Dea")}
SHAPES = {
    "lines in quotes": '"first_name,last_name,email"\n"Ann,Ruiz,ann@example.com"\n"Bo,""O\'Dea"",bo@example.com",,\n',
    "apostrophes": "'first_name';'last_name';'email'\n'Ann';'Ruiz';'ann@example.com'\n'Bo';'O'Dea';'bo@example.com'\n",
    "typographic": "\u201cfirst_name\u201d,\u201clast_name\u201d,\u201cemail\u201d\n"
    "\u201cAnn\u201d,\u201cRuiz\u201d,\u201cann@example.com\u201d\n\u201cBo\u201d,\u201cO'Dea\u201d,\u201cbo@example.com\u201d\n",
    "fixed width": "email            first_name  last_name\n---------------  ----------  ---------\n"
    "ann@example.com  Ann         Ruiz\nbo@example.com   Bo          O'Dea\n",
    "copy": "--\n-- dump\n--\nSET x = 0;\nCOPY public.users (email, first_name, last_name) FROM stdin;\n"
    "ann@example.com\tAnn\tRuiz\nbo@example.com\tBo\tO'Dea\n\\.\n\nSELECT 1;\n",
    "commas": 'Ann Ruiz <ann@example.com>, "O\'Dea, Bo" <bo@example.com>\n',
    "bullets": "1. Ann Ruiz <ann@example.com>\n2) Bo O'Dea <bo@example.com>\n",
    "strings of JSON": '[\n "Ann Ruiz <ann@example.com>",\n "Bo O\'Dea <bo@example.com>"\n]\n',
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_what_is_around_lines_cells_and_addresses_is_taken_off(shape: str) -> None:
    with world() as here:
        done = await here.run(SHAPES[shape].encode(), "people.txt")
        held = {email: here.values(email) for email in NAMED}
        assert {email: (one["firstName"], one["lastName"]) for email, one in held.items()} == NAMED
    assert done.counts == {"created": 2}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ann@example.com,Ann\n", "no header"),
        ("ann@example.com,a2@example.com\nbo@example.com,b2@example.com\n", "no header"),  # no list of addresses
        ("INSERT INTO users (email) VALUES\n('a@b.co');", "SQL"),
        ("- email: a@b.co\n  name: A\n", "YAML"),
    ],
)
def test_what_is_no_table_is_refused_by_what_it_is(text: str, said: str) -> None:
    with pytest.raises(FileError, match=said):
        read(text.encode())
