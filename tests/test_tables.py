"""Files of contacts as people have them: any dialect and encoding, cell for cell; and files that are none."""

import csv
import gc
import hashlib
import io
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.tables import Table, read_table
from autosend_mcp.imports.hints import Hint
from autosend_mcp.models.text import visible
from tests.support.examples import TIMES

ENCODING = Hint("encoding")
NEVER_CLOSED = 'email,firstName\na@b.co,Ann\nc@d.co,"Bob\nd@e.co,Eve\n'


def table_of(content: bytes | str, name: str = "people.csv", **named: Any) -> Table:
    return read_table(io.BytesIO(content.encode() if isinstance(content, str) else content), name, **named)


def rows_of(content: bytes | str, name: str = "people.csv", **named: str) -> list[FileRow]:
    return list(table_of(content, name, **named).rows())


def cells_of(content: bytes | str, name: str = "people.csv", **named: str) -> list[list[str] | str]:
    return [row.raw for row in rows_of(content, name, **named)]


def refusal(content: bytes | str, name: str = "people.csv", *, hint: Hint | None = None, **named: str) -> str:
    """Return what is said of a file that cannot be read, by read_table or by the rows; `hint`: what would help."""
    with pytest.raises(FileError) as refused:
        rows_of(content, name, **named)
    text = str(refused.value)
    assert text == visible(text)
    assert len(text) < 350
    assert refused.value.hint == hint
    return text


# Around the table

FENCED = "between the fences"
ROWS = [{"email": "ana@example.com", "firstName": 'A | "B"'}, {"email": "bo@example.org", "firstName": ""}]
PLAIN = 'email,firstName\nana@example.com,"A | ""B"""\nbo@example.org,\n'
AROUND = {
    "a fence with a word": (f"```csv\n{PLAIN}```", FENCED),
    "a fence without": (f"\n```\n{PLAIN}```\n\n", FENCED),
    "tildes within talk": (f"Here, as asked:\r\n\r\n~~~~ text/csv\r\n{PLAIN}~~~~\r\nAny, more?\r\n", FENCED),
    "a fence never closed": (f"```TSV\n{PLAIN.replace(',', chr(9))}", FENCED),
    "objects in a fence": (f"```jsonl\n{json.dumps(ROWS[0])}\n{json.dumps(ROWS[1])}\n```", FENCED),
    "an array in a fence": (f"```json\n{json.dumps(ROWS, indent=2)}\n```\nThat is all.", FENCED),
    "spelled ends": (PLAIN.replace("\n", "\\n"), "line ends"),
    "spelled ends of Windows": (PLAIN.replace("\n", "\\r\\n") + "\n", "line ends"),
    "spelled quotes and tabs": (json.dumps(PLAIN.replace(",", "\t"))[1:-1], "line ends"),
    "spelled ends in a fence": ("```\n" + PLAIN.replace("\n", "\\n") + "\n```", FENCED),
    "Markdown": ('| email | firstName |\n|---|:-:|\n| ana@example.com | A \\| "B" |\n| bo@example.org | |', "dashes"),
    "Markdown in talk": (
        'Your table:\n\n|email|firstName|\n| :-- | --: |\n|ana@example.com|A \\| "B"|\n|bo@example.org||\n\nDone.',
        "dashes",
    ),
    "Markdown, bare": ('email | firstName\n--- | ---\nana@example.com | A \\| "B"\nbo@example.org |\n', "dashes"),
    "Markdown in a fence": (
        '```md\n|email|firstName|\n|-|-|\n|ana@example.com|A \\| "B"|\n|bo@example.org||\n```', FENCED
    ),
    "a database": (
        '+---+---+\n| email | firstName |\n+---+---+\n| ana@example.com | A \\| "B" |\n| bo@example.org | |\n'
        "+---+---+\n2 rows in set (0.00 sec)\n",
        "dashes",
    ),
    "another": (
        '  email  | firstName\n---------+------\n ana@example.com | A \\| "B"\n bo@example.org | \n(2 rows)\n', "dashes"
    ),
    "dashes below the header": (PLAIN.replace("Name\n", "Name\n-----,---------\n"), "dashes"),
}  # fmt: skip


@pytest.mark.parametrize("kind", AROUND)
def test_what_is_around_a_table_is_taken_off_with_a_note(kind: str) -> None:
    content, note = AROUND[kind]
    table = table_of(content, "")
    found = list(table.rows())
    assert [row.values for row in found] == ROWS
    assert not any(row.problem for row in found)
    assert note in table.notes[0]


@pytest.mark.parametrize(
    "content",
    [
        "email,notes\nana@example.com,```\nbo@example.org,---\n",
        "email\nana@example.com\n---\n",
        "email,notes\nana@example.com,C:\\new\n",
        "email,notes\\n\n",
        '{"email": "ana@example.com", "notes": "a\\nbo@example.org"}',
        "email,notes\n" + "-" * 100_000 + "x,a\n",
    ],
)
def test_what_is_in_a_table_stays_there(content: str) -> None:
    assert table_of(content, "").notes == ()


# Round trips

WRITABLE = st.characters(exclude_categories=["Cs"])
NO_NUL = st.characters(exclude_categories=["Cs"], exclude_characters="\0")  # many of them would be UTF-16
ODD = st.sampled_from(
    ['"', '""', ",", ";", "\t", "|", "\n", "\r", "\r\n", "=1+1", "+1", "-1", "@SUM(A1)", " ", "\ufeff", "\xa0", "\x1b"]
)
CELLS = st.lists(st.text(NO_NUL, max_size=6) | ODD, max_size=3).map("".join)
WESTERN = st.sampled_from(["José", "Zoë", "café", "Müller", "naïve, too", 'l"été"', "a\rÉva", "plain", "", "=é", "5 €"])
ENCODINGS = {  # how to write -> what is found
    "utf-8": "utf-8", "utf-8-sig": "utf-8-sig", "utf-16": "utf-16", "utf-32": "utf-32",
    "utf-16-le with mark": "utf-16", "utf-16-be with mark": "utf-16", "utf-32-be with mark": "utf-32",
    "cp1252": "cp1252", "latin-1": "cp1252",
}  # fmt: skip


def encoded(text: str, how: str) -> bytes:
    name, _, marked = how.partition(" with ")
    return (("\ufeff" if marked else "") + text).encode(name)


def line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


@st.composite
def grids(draw: st.DrawFn, cells: st.SearchStrategy[str]) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    return draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6))


@st.composite
def files(draw: st.DrawFn) -> tuple[list[list[str]], list[int], str, str, str]:
    """Return a table's rows that are not blank, where they begin, its text, its delimiter and its encoding."""
    how = draw(st.sampled_from(sorted(ENCODINGS)))
    narrow = ENCODINGS[how] == "cp1252"
    rows = draw(grids(WESTERN if narrow else CELLS))
    if how == "latin-1":
        rows = [[cell.replace("€", "£") for cell in row] for row in rows]
    header = [f"column{place}" for place in range(len(rows[0]) if rows else 2)]
    delimiter = draw(st.sampled_from(",;\t|" if len(header) > 1 else ","))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    out, lines = io.StringIO(), list[int]()
    quoting = csv.QUOTE_MINIMAL if end == "\r\n" and draw(st.booleans()) else csv.QUOTE_ALL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    for row in [header, *rows]:
        lines.append(line_ends(out.getvalue()) + 1)
        writer.writerow(row)
    text = out.getvalue()
    if draw(st.booleans()):
        text = text.removesuffix(end)
    kept = [(row, line) for row, line in zip(rows, lines[1:], strict=True) if any(cell.strip() for cell in row)]
    return [row for row, _ in kept], [line for _, line in kept], text, delimiter, how


@given(files())
@settings(max_examples=40 * TIMES)
def test_a_file_in_any_dialect_and_encoding_is_read_cell_for_cell(
    file: tuple[list[list[str]], list[int], str, str, str],
) -> None:
    rows, lines, text, delimiter, how = file
    data = encoded(text, how)
    named = {"encoding": "cp1252"} if not text.isascii() and ENCODINGS[how] == "cp1252" else {}  # never guessed
    table = table_of(data, "", **named)
    found = list(table.rows())
    assert [row.raw for row in found] == rows
    assert [list(row.values.values()) for row in found] == rows
    assert [row.line for row in found] == lines
    assert [row.number for row in found] == list(range(1, len(rows) + 1))
    assert {row.problem for row in found} <= {""}
    assert table.delimiter == delimiter
    assert table.format == ("TSV" if table.delimiter == "\t" else "CSV")
    assert table.digest == hashlib.sha256(data).hexdigest()
    expected = "utf-8" if text.isascii() and ENCODINGS[how] == "cp1252" else ENCODINGS[how]
    assert table.encoding == expected
    assert table_of(data, "", encoding=how.split()[0], delimiter=delimiter).columns == table.columns
    assert cells_of(data, "", encoding=how.split()[0], delimiter=delimiter) == rows


HEADER = b"email,firstName\n"
FRAGMENTS = st.sampled_from(
    [
        b"",
        HEADER,
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xff\xfe\0\0",
        b'"',
        b"sep=;\n",
        b"\r",
        b"\0",
        b"{}",
        b"[",
    ]
)
NAMED = st.none() | st.sampled_from(
    ["utf-8", "utf-16", "utf-16-le", "utf-32", "cp1251", "shift_jis", "iso2022_jp", "hz"]
)


@given(
    st.lists(FRAGMENTS | st.binary(max_size=60), max_size=5).map(b"".join),
    st.sampled_from(["", "a.csv", "a.tsv", "a.jsonl", "a.txt"]),
    NAMED,
    st.none() | st.sampled_from([";", " ", "tab", '"']),
)
@example(HEADER + b'"a', "a.csv", None, None)
@settings(max_examples=40 * TIMES)
def test_any_bytes_are_a_table_or_a_file_error_and_the_file_stays_open(
    data: bytes, name: str, encoding: str | None, delimiter: str | None
) -> None:
    file = io.BytesIO(data)
    try:
        table = read_table(file, name, encoding=encoding, delimiter=delimiter)
        found = list(table.rows())
    except FileError as error:
        assert str(error) == visible(str(error))
        assert str(error).endswith((".", "}."))
    else:
        assert [row.number for row in found] == list(range(1, len(found) + 1))
        assert list(table.rows()) == found
        assert len(set(table.columns)) == len(table.columns) > 0
        assert all(set(row.values) <= set(table.columns) for row in found)
    assert not file.closed


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(WRITABLE)
)
PLAIN_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(WRITABLE), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["email", "firstName", "a.b", "\u2028"]) | st.text(WRITABLE, min_size=1, max_size=4)
OBJECTS = st.dictionaries(NAMES, SCALARS, min_size=1, max_size=4)


@given(
    st.lists(st.tuples(OBJECTS, st.none() | st.dictionaries(NAMES, PLAIN_JSON, max_size=3)), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\n\n", "\r", "\n \n"]),
    st.sampled_from(["", "a.jsonl", "a.ndjson", "a.json", "a.txt"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=20 * TIMES)
def test_objects_a_line_are_read_as_they_were_written(
    objects: list[tuple[dict[str, Any], dict[str, Any] | None]], escaped: bool, end: str, name: str, encoding: str
) -> None:
    written = [members | ({} if custom is None else {"customFields": custom}) for members, custom in objects]
    lines = [json.dumps(one, ensure_ascii=escaped) for one in written]
    assume(len(lines) > 1 or not re.search(r"\[.*\{", lines[0]))  # of one object, the rows may be a list in it
    table = table_of(end.join([*lines, ""]).encode(encoding), name)
    expected = [
        members | {f"customFields.{name}": value for name, value in (custom or {}).items()}
        for members, custom in objects
    ]
    found = list(table.rows())
    assert [repr(row.values) for row in found] == [repr(members) for members in expected]
    assert [row.raw for row in found] == lines
    assert [row.line for row in found] == [1 + place * line_ends(end) for place in range(len(lines))]
    assert (table.format, table.delimiter) == ("JSONL", "")
    assert table.columns == tuple(dict.fromkeys(name for members in expected for name in members))


# Backslashes


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (r'"a@b.co","Ruiz \"La Buena\" SL",\N', ["a@b.co", 'Ruiz "La Buena" SL', r"\N"]),
        (r'"a@b.co","\"X\", Inc.","a\\b"', ["a@b.co", '"X", Inc.', r"a\b"]),
        (r'"a@b.co","\"X\" and\nmore","C:\\"', ["a@b.co", '"X" and\nmore', "C:\\"]),
        (r"a@b.co,Lind\, Inc,\N", ["a@b.co", "Lind, Inc", r"\N"]),
    ],
)
def test_backslashes_are_read_where_a_cell_needs_them(text: str, cells: list[str]) -> None:
    table = table_of(f"email,company,note\n{text}\n")
    assert [row.raw for row in table.rows()] == [cells]
    assert "as in line 2" in table.notes[0]


@pytest.mark.parametrize(
    "text", [r'a@b.co,"C:\dir\",x', r'a@b.co,"{""a"":""x \""y\"" z""}",x', r"a@b.co,C:\dir\,x", r"a@b.co,5\"x,y"]
)
def test_backslashes_that_break_no_cell_stand_as_they_are(text: str) -> None:
    table = table_of(f"email,company,note\n{text}\n")
    assert "as in line" not in str(table.notes)
    assert [row.raw for row in table.rows()] == [*csv.reader([text])]


# Encodings


GUESSED = [
    ("mac_roman", "\r", ["Jörg", "Müller", "Zoë", "Weiß"]), ("mac_roman", "\n", ["François", "Núñez", "Zoë"]),
    ("cp1252", "\n", ["José"]), ("cp1252", "\r\n", ["Søren", "O\u2019Brien", "5 €"]), ("cp1252", "\n", ["Conceição"]),
    ("cp1250", "\n", ["Dvořák", "Žofie", "Łukasz"]), ("cp1250", "\n", ["Erdős", "Gyűrű", "Kovácsné"]),
    ("iso8859_2", "\n", ["Šárka", "Dvořák"]), ("cp1254", "\n", ["Ayşe", "Müşerref", "Çağla"]),
    ("iso8859_15", "\n", ["Renée", "5 €"]), ("cp1257", "\n", ["Jānis", "Bērziņš"]),
    ("cp850", "\r\n", ["Müller", "José", "Jörg"]), ("cp1251", "\n", ["Дмитрий", "Юлия"]),
    ("koi8_r", "\n", ["Иван", "Петров"]), ("cp866", "\r\n", ["Наталья"]),
    ("mac_cyrillic", "\r", ["Дмитрий", "Юлия"]),
    ("cp1253", "\n", ["Γιώργος", "Μαρία"]), ("cp1255", "\n", ["דוד", "כהן"]), ("cp1256", "\n", ["محمد", "علي"]),
    ("cp874", "\n", ["สมชาย", "ใจดี"]), ("shift_jis", "\n", ["山田太郎", "メール"]),
    ("cp1252", "\n", [f"José{place}" for place in range(500)]), ("euc_jp", "\n", ["鈴木", "メール"]),
    ("gbk", "\n", ["王小明", "刘德华"]), ("big5", "\n", ["陳志明", "林淑芬"]), ("euc_kr", "\n", ["김철수", "이영희"]),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "end", "words"), GUESSED)
def test_a_guess_is_shown_and_not_read(encoding: str, end: str, words: list[str]) -> None:
    data = end.join(["email;name", *(f"a{at}@b.co;{word}" for at, word in enumerate(words)), ""]).encode(encoding)
    with pytest.raises(FileError, match="would be a guess") as refused:
        table_of(data)
    hint = refused.value.hint
    assert hint is not None
    assert hint.option == "guess"
    assert f'read as {hint.field}: "{words[0][:20]}' in str(refused.value)
    assert [row.values["name"] for row in rows_of(data, encoding=hint.field)] == words


def test_the_usual_wrong_reading_is_shown_beside_the_likely_one() -> None:
    said = refusal("email;name\ra@b.co;Jörg\rc@d.co;Weiß\r".encode("mac_roman"), hint=Hint("guess", "", "mac_roman"))
    assert 'mac_roman: "Jörg, Weiß"' in said
    assert 'cp1252: "Jšrg, Wei§"' in said


def test_words_are_found_far_into_the_file_and_cut() -> None:
    text = "email,firstName\n" + "a@b.co,5 £\n" * 60_000 + "a@b.co,Zoë\n"
    assert ', Zoë"' in refusal(text.encode("cp1252"), hint=Hint("guess", "", "cp1252"))
    assert 'Zoë"' in refusal(text.replace("\n", " ").encode("cp1252"), hint=Hint("guess", "", "cp1252"))
    long = ("email\n" + "x" * 500 + "é" + "y" * 500).encode("cp1252")
    assert "é" not in refusal(long, hint=Hint("guess", "", "cp1252"))


def test_bytes_that_are_no_words_are_not_guessed() -> None:
    said = refusal(bytes(range(0x80, 0x100)).join([b"email,firstName\na@b.co,", b"\n"]), hint=ENCODING)
    assert said == "Line 2 is not UTF-8, and the encoding of the file cannot be guessed."


def test_utf_8_with_one_broken_letter_is_not_read_as_western() -> None:
    rows = "a@b.co,José\n" * 5
    said = refusal(f"email,firstName\n{rows}".encode() + b"a@b.co,Jos\xe9 x\n", hint=ENCODING)
    assert said.startswith("Line 7 is not UTF-8")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognized_by_its_nuls(encoding: str) -> None:
    table = table_of("email,firstName\na@b.co,José\nc@d.co,Дмитрий\n".encode(encoding))
    assert table.encoding == encoding
    assert [row.values["firstName"] for row in table.rows()] == ["José", "Дмитрий"]


def test_a_stray_nul_makes_no_utf_16() -> None:
    table = table_of("email,firstName\na@b.co,A\0nn\nc@d.co,Bob Builder\n")
    assert table.encoding == "utf-8"
    assert [row.values["firstName"] for row in table.rows()] == ["A\0nn", "Bob Builder"]
    table = table_of("email,no\n" + "a@b.co,x\0\n" * 40)  # where a NUL ends each line, always at an odd place
    assert (table.encoding, table.columns) == ("utf-8", ("email", "no"))
    table = table_of("email,a\n\0\0,\0\0\0b\n")
    assert (table.encoding, [row.raw for row in table.rows()]) == ("utf-8", [["\0\0", "\0\0\0b"]])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "UTF_8"])
def test_a_byte_order_mark_is_dropped_whatever_was_named(encoding: str) -> None:
    assert table_of("email,firstName\n".encode("utf-8-sig"), encoding=encoding).columns == ("email", "firstName")
    quoted_name = '\ufeff"email","first, name"\n'
    assert table_of(quoted_name.encode(), encoding=encoding).columns == ("email", "first, name")
    assert table_of(quoted_name.encode("utf-16-le"), encoding="utf-16-le").columns == ("email", "first, name")


@pytest.mark.parametrize(
    "name", ["", "latin 99", "base64", "rot13", "idna", "unicode_escape", "utf-7", "a\0b", "é", "\ud800", "x" * 10_000]
)
def test_an_encoding_that_is_none_is_refused(name: str) -> None:
    assert refusal("email\na@b.co\n", encoding=name, hint=ENCODING).endswith("is no text encoding known here.")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "x" * 300_000, "Zoë\u2028\x85" * 60_000])
def test_bytes_outside_the_named_encoding_are_reported_with_their_line(end: str, before: str) -> None:
    text = f"email,firstName{end}a@b.co,Ann{end}c@d.co,{before}{end}".encode()
    said = refusal(text + b"\xe9@b.co,Eve\n", encoding="utf-8", hint=ENCODING)
    assert said == "Line 4 holds bytes that are not utf-8."


def test_the_line_is_right_where_bytes_mean_what_those_before_them_say() -> None:
    text = "email,firstName\na@b.co,Ann\nc@d.co,山田\n".encode("iso2022_jp")
    said = refusal(text + b"d@e.co,\x1b$B\xff\xff\n", encoding="iso2022_jp", hint=ENCODING)
    assert said.startswith("Line 4 holds bytes")


def test_a_mark_that_the_bytes_belie_is_reported_with_the_line() -> None:
    said = refusal(b"\xef\xbb\xbfemail,firstName\na@b.co,Jos\xe9\n", hint=ENCODING)
    assert said == "Line 2 holds bytes that are not utf-8-sig."
    said = refusal("email\na@b.co\n".encode("utf-16") + b"x", hint=ENCODING)
    assert said == "Line 3 holds bytes that are not utf-16."


@pytest.mark.slow
def test_letters_cut_by_the_chunks_of_reading_are_whole() -> None:
    text = "email,firstName\n" + "".join(f"p{place}@b.co,{'é€😀'[place % 3]}\r\n" for place in range(50_000))
    for encoding in ("utf-8", "utf-16"):
        table = table_of(text.encode(encoding))
        assert table.encoding == encoding
        assert [row.values["firstName"] for row in table.rows()] == [*"é€😀" * 16_666, *"é€"]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("PK\x03\x04\x14\0[Content_Types].xml", "an Excel workbook. Save it as CSV"),
        ("PK\x03\x04\x14\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet. Save"),
        ("PK\x03\x04\x14\0Index/Document.iwa", "a Numbers spreadsheet. Export it as CSV"),
        ("PK\x03\x04\x14\0people.csv", "a ZIP archive. Unpack it"),
        ("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook. Save it as CSV"),
        ("\x1f\x8b\x08", "a compressed archive. Unpack it"),
        ("%PDF-1.7\n", "a PDF. Copy the table"),
        ("SQLite format 3\0", "an SQLite database. Export"),
        ("\n<!DOCTYPE html><table>", "a web page (HTML). Copy"),
        ("\xef\xbb\xbf<?xml version='1.0'?>", "XML. Export"),
        ("BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL:a@b.co", "an address book of vCards. Export"),
        ("Return-Path: <a@b.co>\nReceived: from", "a mail, not a table."),
    ],
)
def test_a_file_that_is_no_table_is_called_by_its_name(first: str, said: str) -> None:
    assert refusal(first.encode("latin-1") + b"\0\x01\x02" * 40, "people.csv").startswith(f"The file is {said}")


# Dialects


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_the_header_has_most(delimiter: str) -> None:
    others = ",;\t|".replace(delimiter, "")
    table = table_of(delimiter.join(["email", f'"a{others * 3}"', f"b{others[0]}", "c"]) + "\n")
    assert table.delimiter == delimiter
    assert table.columns == ("email", visible(f"a{others * 3}").strip(), f"b{others[0]}".strip(), "c")


def test_a_delimiter_that_is_named_or_implied_by_the_ending_wins() -> None:
    assert table_of("a;b,c\n", delimiter=";").columns == ("a", "b,c")
    assert table_of("a,b;c|d\n", delimiter="|").columns == ("a,b;c", "d")
    for word in ("tab", "TAB", "\\t", "\t"):
        assert table_of("a,b,c\td\n", delimiter=word).columns == ("a,b,c", "d")
    for name in ("people.tsv", "People.TSV", "people.tab"):
        table = table_of("a,b,c\td\n", name)
        assert (table.format, table.columns) == ("TSV", ("a,b,c", "d"))
    assert table_of("a,b\tc\n", "people.tsv", delimiter=",").columns == ("a", "b c")
    assert table_of("{a b\n", "", delimiter=" ").columns == ("{a", "b")


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r", "\0", "comma"])
def test_a_delimiter_that_is_none_is_refused(delimiter: str) -> None:
    assert refusal("a,b\n", delimiter=delimiter).startswith("A delimiter is one character such as ;")


def test_one_column_is_a_table() -> None:
    table = table_of("email\na@b.co\nc@d.co\n")
    assert (table.delimiter, table.columns) == (",", ("email",))
    assert [row.values for row in table.rows()] == [{"email": "a@b.co"}, {"email": "c@d.co"}]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;", "sep=; "])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_excels_separator_line_is_obeyed_and_is_a_line(first: str, mark: str) -> None:
    content = f"{mark}{first}\r\nemail;first,second,name\r\na@b.co;Ann\r\n\r\nc@d.co;Bob\r\n"
    table = table_of(content)
    assert (table.delimiter, table.columns) == (";", ("email", "first,second,name"))
    assert [(row.number, row.line) for row in table.rows()] == [(1, 3), (2, 5)]
    assert table_of(content, delimiter=",").columns == ("email;first", "second", "name")
    assert table_of(content, "people.tsv").delimiter == ";"


def test_excels_separator_may_be_a_tab() -> None:
    assert table_of("sep=\t\nemail\tfirst,second,name\n").columns == ("email", "first,second,name")


def test_spaces_after_delimiters_are_dropped_where_the_header_has_them() -> None:
    spaced = 'email, firstName, "last, name"\na@b.co, Ann, "Smith, ""Jr"""\n'
    assert table_of(spaced).columns == ("email", "firstName", "last, name")
    assert cells_of(spaced) == [["a@b.co", "Ann", 'Smith, "Jr"']]
    assert cells_of("email, firstName,lastName\na@b.co, Ann,Smith\n") == [["a@b.co", " Ann", "Smith"]]
    assert cells_of("email  name\na@b.co  Ann\n", delimiter=" ") == [["a@b.co", "", "Ann"]]


def test_line_ends_of_old_macs_end_lines() -> None:
    found = rows_of('email,firstName\ra@b.co,Ann\r\rc@d.co,"Bob\rBuilder"\re@f.co,Eve')
    assert [(row.line, row.values["firstName"]) for row in found] == [
        (2, "Ann"),
        (4, "Bob\rBuilder"),
        (6, "Eve"),
    ]


def test_unicodes_own_line_breaks_end_no_line() -> None:
    broken = "A\u2028n\x85n\x0b\x0c\x1c"
    assert [(row.line, row.raw) for row in rows_of(f"email,firstName\na@b.co,{broken}\nc@d.co,Bob\n")] == [
        (2, ["a@b.co", broken]),
        (3, ["c@d.co", "Bob"]),
    ]
    assert [row.line for row in rows_of('{"a": "\u2028\x85"}\n{"a": 1}\n', "")] == [1, 2]


# Headers


def test_names_are_stripped_and_empty_ones_get_a_number() -> None:
    table = table_of('\ufeff email\xa0,,"\ufeffFirst name "," "\na@b.co,1,2,3\n')
    assert table.columns == ("email", "column 2", "First name", "column 4")
    assert [row.values for row in table.rows()] == [
        {"email": "a@b.co", "column 2": "1", "First name": "2", "column 4": "3"}
    ]


def test_the_header_is_the_first_line_that_is_not_blank() -> None:
    table = table_of('\n;;;\n"";" "\nemail;firstName\na@b.co;Ann\n')
    assert table.columns == ("email", "firstName")
    assert [(row.number, row.line) for row in table.rows()] == [(1, 5)]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (",".join(map(str, range(301))), "The header in line 2 has 301 columns; at most 300 can be read."),
    ],
)
def test_a_header_that_names_no_columns_is_reported(header: str, said: str) -> None:
    assert said in refusal(f"\n{header}\na@b.co,Ann\n")


def test_a_table_without_a_header_has_columns_by_number_where_that_is_asked_for() -> None:
    content = "\nJane,Jane Doe <jane@example.com>\n"
    assert "The first line is no header: line 2 holds a mail address" in refusal(content, hint=Hint("no_header"))
    table = table_of(content, header_line=0)
    assert [row.values for row in table.rows()] == [{"column 1": "Jane", "column 2": "Jane Doe <jane@example.com>"}]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("email,plan,Email,plan", ("email", "plan", "Email", "plan (2)")),
        ("a,a (2),a,a", ("a", "a (2)", "a (3)", "a (4)")),
        ("column 2,,x", ("column 2", "column 2 (2)", "x")),
        ('email,"a\x1b[1m\nb","a\x1b[1m\nb"', ("email", "a[1m b", "a[1m b (2)")),
    ],
)
def test_a_name_that_stands_twice_is_numbered(header: str, columns: tuple[str, ...]) -> None:
    assert table_of(f"\n{header}\n").columns == columns


@pytest.mark.parametrize("header", ["email @ work,name", "a@b,c", f"x@{'.' * 190}@,y", "@,b.c"])
def test_a_name_with_an_at_sign_may_be_no_address(header: str) -> None:
    assert table_of(header + "\n").columns == tuple(header.split(","))


def test_three_hundred_columns_are_a_table() -> None:
    assert len(table_of(",".join(map(str, range(300)))).columns) == 300


@pytest.mark.parametrize("content", ["", "\n\r\n  \n", "\ufeff", '""\n', "sep=;\n", "sep=;\n;;\n"])
@pytest.mark.parametrize("name", ["", "people.csv", "people.tsv"])
def test_a_file_without_a_header_is_empty(content: str, name: str) -> None:
    empty = "The file is empty. Its first line must name the columns, such as email,firstName."
    assert refusal(content, name) == empty


def test_a_header_alone_is_a_table_without_rows() -> None:
    assert (table_of("email,firstName").columns, rows_of("email,firstName")) == (("email", "firstName"), [])


# Rows


def test_blank_rows_are_not_counted_and_lines_are() -> None:
    content = 'email,note\r\n\r\na@b.co,"one\ntwo\r\nthree"\r\n , \r\n,\r\nc@d.co,\r\n\r\n ,x'
    assert rows_of(content) == [
        FileRow(1, 3, {"email": "a@b.co", "note": "one\ntwo\r\nthree"}, ["a@b.co", "one\ntwo\r\nthree"]),
        FileRow(2, 8, {"email": "c@d.co", "note": ""}, ["c@d.co", ""]),
        FileRow(3, 10, {"email": " ", "note": "x"}, [" ", "x"]),
    ]


def test_a_row_of_more_or_fewer_cells_has_a_problem_and_stops_no_other() -> None:
    found = rows_of("email,first,last\na@b.co\nb@b.co,B,B,more\nc@b.co,C\nd@b.co,D,D,, \ne@b.co,E,E\n")
    assert [(row.values, row.raw, row.problem) for row in found] == [
        ({"email": "a@b.co"}, ["a@b.co"], "has 1 cell, the header 3"),
        ({"email": "b@b.co", "first": "B", "last": "B"}, ["b@b.co", "B", "B", "more"], "has 4 cells, the header 3"),
        ({"email": "c@b.co", "first": "C"}, ["c@b.co", "C"], "has 2 cells, the header 3"),
        ({"email": "d@b.co", "first": "D", "last": "D"}, ["d@b.co", "D", "D", "", " "], ""),
        ({"email": "e@b.co", "first": "E", "last": "E"}, ["e@b.co", "E", "E"], ""),
    ]


def test_an_open_quote_is_reported_with_its_line() -> None:
    rows = table_of(NEVER_CLOSED).rows()
    assert next(rows).raw == ["a@b.co", "Ann"]
    with pytest.raises(FileError) as refused:
        next(rows)
    assert str(refused.value).startswith("A quote in the row that begins in line 3 is never closed")


@pytest.mark.parametrize("end", ['c@d.co,"Bob', 'c@d.co,"Bob""', '"', 'c@d.co,"Bob\n\n', 'a\n\n"'])
def test_an_open_quote_at_the_end_of_the_file_is_reported(end: str) -> None:
    line = 3 if end != 'a\n\n"' else 5
    assert f"row that begins in line {line} is never closed" in refusal(f"email,firstName\na@b.co,Ann\n{end}")


def test_an_open_quote_in_the_header_is_reported() -> None:
    assert "row that begins in line 1 is never closed" in refusal('email,"firstName\na@b.co,Ann\n')


@pytest.mark.parametrize("end", ["", "\n", "\r", "\r\n", "\n\n"])
@pytest.mark.parametrize("last", ['"Bob\nBuilder"', '"Bob ""B"""', 'B"ob', '""', '5" disk', '"B"ob'])
def test_quotes_that_are_closed_or_open_nothing_are_no_error(last: str, end: str) -> None:
    found = cells_of(f"email,firstName\na@b.co,Ann\nc@d.co,{last}{end}")
    assert found == [["a@b.co", "Ann"], ["c@d.co", next(csv.reader(io.StringIO(f"{last}\n")))[0]]]


def test_a_cell_of_ten_million_characters_is_a_cell() -> None:
    long = '"' + "x" * 5_000_000 + "\n" + "y" * 5_000_000 + '"'
    found = rows_of(f"email,note\na@b.co,{long}\nc@d.co,short\n")
    assert [len(row.values["note"]) for row in found] == [10_000_001, 5]
    assert [row.line for row in found] == [2, 4]


@pytest.mark.slow
def test_long_rows_are_no_long_row() -> None:
    content = "email,note\n" + ("a@b.co," + "x" * 900_000 + "\n") * 40
    assert [len(row.values["note"]) for row in table_of(content).rows()] == [900_000] * 40


@pytest.mark.parametrize("head", ["email,note\na@b.co,", "", '{"a": 1}\n\n"'])
def test_a_line_past_32_million_characters_is_refused_with_its_number(head: str) -> None:
    said = refusal(head.encode() + b"x" * 32_000_001 + b"\nshort\n")
    assert said.startswith(f"Line {head.count(chr(10)) + 1} is longer than 32 million characters. Check that")


@pytest.mark.slow
def test_a_row_past_32_million_characters_is_refused_however_broken() -> None:
    one_cell = b'email,note\na@b.co,Ann\nc@d.co,"' + (b"x" * 99_999 + b"\n") * 321
    many_cells = b'email,note\na@b.co,Ann\nc@d.co,"' + (b'x","' + b"y" * 99_999 + b"\n") * 321
    for content in (one_cell, many_cells):
        rows = table_of(content).rows()
        assert next(rows).raw == ["a@b.co", "Ann"]
        with pytest.raises(FileError, match="row that begins in line 3 is longer than 32 million characters"):
            next(rows)


def test_what_the_csv_reader_refuses_is_a_file_error_with_the_line() -> None:
    rows = table_of("email,firstName\na@b.co,Ann\nc@d.co,Bob Builder\n").rows()
    assert next(rows).raw == ["a@b.co", "Ann"]
    limit = csv.field_size_limit(8)
    try:
        with pytest.raises(FileError, match=r"The row that begins in line 3 cannot be read as CSV: field larger"):
            next(rows)
    finally:
        csv.field_size_limit(limit)


# JSONL


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is no JSON: Expecting property name enclosed in double quotes at character 2"),
        ("nonsense", "is no JSON: Expecting value at character 1"),
        ("[1]", "is no JSON object"),
        ('"a@b.co"', "is no JSON object"),
        ("null", "is no JSON object"),
        ('{"a": NaN}', "holds NaN, which is no JSON"),
        ('{"a": -Infinity}', "holds -Infinity, which is no JSON"),
        ('{"a": 1e999}', "holds a number that is too large"),
        ('{"a": 1' + "0" * 5_000 + "}", "holds a number that is too long"),
        ('{"a": 1, "a": 1}', "names a member twice"),
        ('{"a": {"b": 1, "b": 2}}', "names a member twice"),
        ('{"customFields.a": 1, "customFields": {"a": 2}}', "names a member twice"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "is nested too deeply"),
        ('{"a": "\\ud800"}', "holds half a character (a \\u escape of a surrogate pair without the other)"),
        ('{"\\uDC00": 1}', "holds half a character (a \\u escape of a surrogate pair without the other)"),
    ],
)
def test_a_line_that_is_no_object_has_a_problem_and_stops_no_other(line: str, said: str) -> None:
    table = table_of(f'{{"email": "a@b.co"}}\n\n{line}\n{{"email": "c@d.co"}}', "people.jsonl")
    assert table.columns == ("email",)
    assert list(table.rows()) == [
        FileRow(1, 1, {"email": "a@b.co"}, '{"email": "a@b.co"}'),
        FileRow(2, 3, {}, line, said),
        FileRow(3, 4, {"email": "c@d.co"}, '{"email": "c@d.co"}'),
    ]


def test_numbers_stay_what_they_are() -> None:
    (found,) = rows_of('{"a": 1, "b": 1.0, "c": 12345678901234567890123, "d": true, "e": "\\ud83d\\ude00"}', "")
    assert repr(found.values) == "{'a': 1, 'b': 1.0, 'c': 12345678901234567890123, 'd': True, 'e': '😀'}"


def test_custom_fields_stand_where_they_were_by_their_own_names() -> None:
    table = table_of(
        '{"a": 1, "customFields": {"plan": "gold", "x": {"y": 1}}, "b": 2}\n{"customFields": [1], "c": 3}', ""
    )
    assert table.columns == ("a", "customFields.plan", "customFields.x", "b", "customFields", "c")
    assert [row.values for row in table.rows()] == [
        {"a": 1, "customFields.plan": "gold", "customFields.x": {"y": 1}, "b": 2},
        {"customFields": [1], "c": 3},
    ]


PEOPLE: list[dict[str, Any]] = [
    {"email": "a@b.co", "firstName": 'A "[{\\', "x": {"y": [{"z": 1}]}},
    {"email": "c@d.co", "firstName": "}] ,", "customFields": {"plan": None}},
]
WRAPPED: dict[str, Any] = {
    "array": PEOPLE,
    "data": {"data": PEOPLE},
    "page": {"object": "list", "links": {"next": ["x", ["y"]]}, "contacts": PEOPLE, "more": {"a": {}}, "total": 2},
    "within": {"status": "ok", "result": {"ids": [[1], 2], "items": PEOPLE}},
    "asked by": {"by": "ada@example.com", "empty": [], "results": PEOPLE},
}


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("kind", WRAPPED)
def test_objects_in_an_array_are_read_like_those_a_line(kind: str, end: str, indent: int | str | None) -> None:
    text = json.dumps(WRAPPED[kind], indent=indent).replace("\n", end)
    name = ["", "people.json", "people.jsonl", "people.txt"][len(end) + (indent is None)]
    table = table_of(f"\ufeff{end} {text}{end}", name)
    like = table_of("\n".join(map(json.dumps, PEOPLE)), "")
    rows = list(table.rows())
    assert (table.format, table.delimiter, table.columns) == ("JSON", "", like.columns)
    assert [(row.values, row.problem) for row in rows] == [(row.values, "") for row in like.rows()]
    assert [json.loads(str(row.raw)) for row in rows] == PEOPLE
    assert not any(sign in str(row.raw) for row in rows for sign in "\r\n")
    if indent is None:
        assert [row.line for row in rows] == [1, 2]
    assert (f'the list "{next(iter(WRAPPED[kind]))}"' in str(table.notes)) == (kind == "data")
    assert ("The rows are the list" in str(table.notes)) == (kind != "array")


def test_what_stands_beside_the_objects_of_json_is_named() -> None:
    table = table_of(json.dumps(WRAPPED["page"], indent=1), "")
    assert table.notes[0] == (
        'The rows are the list "contacts" of the JSON object; left out is what stands beside it: "links", "more".'
    )
    found = rows_of('[{"email": "a@b.co"}, null,\n ["x"], {"email": bad},\n {"email": "c@d.co"},]', "")
    problems = [row.problem.partition(":")[0] for row in found]
    assert problems == ["", "is no JSON object", "is no JSON object", "is no JSON", ""]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ('{\n "email": "a@b.co",\n "orders": [{"id": 1}]\n}\n{\n "email": "c@d.co"}\n', ("email", "orders.id")),
        ('{"email": "a@b.co", "orders": [{"id": 1}]}', ("email", "orders.id")),
        ('{"data": []}', ("data",)),
        ('{"email": "a@b.co"}\n{"data": [{"email": "c@d.co"}]}', ("email", "data.email")),
    ],
)
def test_an_object_with_an_address_is_a_row_whatever_it_holds(content: str, columns: tuple[str, ...]) -> None:
    assert table_of(content, "").columns == columns


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "The file holds no JSON object with members."),
        ("[{}, {}]", "The file holds no JSON object with members."),
        ('[["email"], ["a@b.co"]]', "The file holds no JSON object with members."),
        (json.dumps(PEOPLE)[:-1], "The JSON of the file is never closed: its end is missing."),
        (json.dumps(PEOPLE, indent=1)[:-20], "The JSON of the file is never closed: its end is missing."),
        ('{"a": [{"x": "a@b.co"}], "b": [{"x": 1}]}', 'The file holds several lists of objects: "a", "b".'),
        ("[" * 100_000, "The JSON of the file is nested too deeply."),
    ],
)
def test_json_without_one_list_of_objects_is_reported(content: str, said: str) -> None:
    assert refusal(content, "people.json").startswith(said)


def test_a_csv_file_may_begin_with_a_bracket() -> None:
    assert table_of("[email],{name}\n").columns == ("[email]", "{name}")
    assert table_of("{email}\tname\n", "people.tsv").columns == ("{email}", "name")


@pytest.mark.parametrize("content", ["{]\n", "{}\n{}", '{"customFields": {}}'])
def test_a_file_in_which_no_line_is_an_object_is_reported(content: str) -> None:
    assert refusal(content, "people.jsonl").startswith("No line of the file is a JSON object with members.")


ENDINGS = {
    "CSV": ".csv .txt",
    "TSV": ".tsv .tab .csv .txt",
    "JSON": ".json .jsonl .ndjson",
    "JSONL": ".jsonl .ndjson .json",
}


@pytest.mark.parametrize("ending", ["", ".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson"])
def test_what_a_file_holds_counts_and_not_its_ending(ending: str) -> None:
    written = {
        "CSV": [
            "email,plan\na@b.co,x\n",
            "email;plan\na@b.co;x\n",
            "email|plan\na@b.co|x\n",
            '"email","plan"\n"a@b.co",x\n',
        ],
        "TSV": ["email\tplan\na@b.co\tx\n"],
        "JSON": [
            '[{"email": "a@b.co", "plan": "x"}]',
            '{"data": [\n{"email": "a@b.co", "plan": "x"}\n]}',
            '[\n{"email": "a@b.co",\n"plan": "x"}]',
        ],
        "JSONL": ['{"email": "a@b.co", "plan": "x"}\n{"email": "c@b.co"}\n'],
    }
    for kind, texts in written.items():
        for text in texts:
            table = table_of(text, f"people{ending}")
            assert (table.format, table.columns) == (kind, ("email", "plan"))
            assert next(table.rows()).values == {"email": "a@b.co", "plan": "x"}
            said = f"The name ends in {ending}, and the file holds {kind}: it was read as that."
            assert (said in table.notes) == (ending not in ("", ".txt", *ENDINGS[kind].split()))


def test_more_than_300_members_are_reported_with_the_line() -> None:
    lines = [json.dumps({f"m{place}": 1, "email": 2}) for place in range(300)]
    assert len(table_of("\n".join(lines[:299]), "").columns) == 300
    assert refusal("\n\n".join(lines), "").startswith("By line 599 the objects have more than 300 different members.")


# The file itself


@pytest.fixture(params=["BytesIO", "file", "unbuffered file"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[bytes], Any]]:
    """Open the content as one kind of file; whatever was opened is closed after the test."""
    kept: list[Any] = []

    def opening(content: bytes) -> Any:
        path = tmp_path / "people"
        path.write_bytes(content)
        buffering = {"file": -1, "unbuffered file": 0}.get(request.param)
        kept.append(io.BytesIO(content) if buffering is None else path.open("rb", buffering=buffering))
        return kept[-1]

    yield opening
    for file in kept:
        file.close()


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
def test_rows_that_are_left_early_leave_the_file_usable(opened: Callable[[bytes], Any], name: str) -> None:
    row = "a@b.co,Ann\n" if name == "people.csv" else '{"email": "a@b.co", "firstName": "Ann"}\n'
    file = opened((("email,firstName\n" if name == "people.csv" else "") + row * 2_000).encode())
    table = read_table(file, name)
    for _ in range(3):
        rows = table.rows()
        assert next(rows).values == {"email": "a@b.co", "firstName": "Ann"}
        del rows
        gc.collect(0)
        assert not file.closed
    assert [row.number for row in table.rows()] == list(range(1, 2_001))
    file.seek(0)
    assert hashlib.sha256(file.read()).hexdigest() == table.digest


def test_a_file_error_leaves_the_file_usable(opened: Callable[[bytes], Any]) -> None:
    file = opened(NEVER_CLOSED.encode())
    for _ in range(2):
        with pytest.raises(FileError, match="line 3"):
            list(read_table(file, "people.csv").rows())
    file.seek(0)
    assert file.read() == NEVER_CLOSED.encode()


def test_a_file_that_changes_while_it_is_read_is_a_file_error() -> None:
    file = io.BytesIO(b"email,firstName\n" + b"a@b.co,Ann\n" * 5_000)
    rows = read_table(file, "people.csv").rows()
    assert next(rows).number == 1
    place = file.tell()
    file.write(b"\xe9\n" * 10)
    file.seek(place)
    with pytest.raises(FileError, match="changed while it was read"):
        list(rows)


@pytest.mark.parametrize(
    ("begin", "row", "end"),
    [
        ("a,b,c\n", f"p{{}}@b.co,{'x' * 100},y\n", ""),
        ("[", f'{{{{\n"email": "p{{}}@b.co",\n"x": "{"x" * 100}"\n}}}},\n', "{}]"),
    ],
)
@pytest.mark.slow
def test_many_rows_cost_no_more_memory_than_few(begin: str, row: str, end: str) -> None:
    peaks: list[int] = []
    for count in (3_000, 12_000):
        file = io.BytesIO((begin + "".join(row.format(place) for place in range(count)) + end).encode())
        tracemalloc.start()
        assert sum(1 for _ in read_table(file, "").rows()) == count + bool(end)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < 2_000_000
