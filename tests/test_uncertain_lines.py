"""Lines that are no CSV: cells arrive as they stood, or the row is rejected with its line, or the file refused."""

import io
from contextlib import suppress
from time import process_time

import pytest

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.tables import read_table


def rows_of(text: str) -> list[list[str] | str]:
    """Return the cells of each row, or its line and what is wrong with it."""
    rows = read_table(io.BytesIO(text.encode()), "people.txt").rows()
    return [f"line {row.line} {row.problem}" if row.problem else [*row.values.values()] for row in rows]


def fixed(*rows: str) -> str:
    """Return a table with columns at 0 and 12, long enough that these rows are no part of what is looked at first."""
    usual = [f"Ann{number:<9}a{number}@b.co" for number in range(50)]
    return "\n".join(["name        email", "----------  -----------------", *usual, *rows]) + "\n"


def dump(*rows: str, name: str = "public.users", columns: str = 'email, "full name"') -> str:
    return "\n".join([f"COPY {name} ({columns}) FROM stdin;", *rows, "\\.", "", "SELECT 1;", ""])


NO_CELLS = "has 1 cell, the header 2"
MANY = '"email,name"\n' + '"a@b.co,Ann"\n' * 40

READ = {
    "wide letters": (fixed("\u4f50\u85e4        bob@b.co"), f"line 53 {NO_CELLS}"),
    "a short cell of wide letters": (fixed("\u4f50\u85e4\u4f50\u85e4\u4f50  x"), f"line 53 {NO_CELLS}"),
    "padded by bytes": (fixed("Jos\u00e9       anna@b.co"), f"line 53 {NO_CELLS}"),
    "padded by characters": (fixed("Jos\u00e9        anna@b.co"), ["Jos\u00e9", "anna@b.co"]),
    "too long": (fixed("Maria de la Cruz  anna@b.co"), f"line 53 {NO_CELLS}"),
    "cut off": (fixed("Ann         maria@b.co..."), f"line 53 {NO_CELLS}"),
    "a tab": (fixed("Ann\t    anna@b.co"), f"line 53 {NO_CELLS}"),
    "no quotes further down": (MANY + "anna@b.co,Zed\n", ["anna@b.co", "Zed"]),
    "quotes around cells further down": (MANY + '"anna@b.co","Zed"\n', ["anna@b.co", "Zed"]),
    "a line break in quotes": (MANY + '"anna@b.co,""Ze\nd"""\n', f"line 42 {NO_CELLS}"),
    "doubled apostrophes": ("'email','name'\n\n'a@b.co','O''Neil'\n", ["a@b.co", "O'Neil"]),
    "nothing but a doubled one": ("'email','name'\n'a@b.co',''''\n", ["a@b.co", "'"]),
    "escaped apostrophes": ("'email','name'\n'a@b.co','O\\'Neil'\n", ["a@b.co", "O'Neil"]),
    "a number and quotes": ("'email','name','n'\n'a@b.co','a \"b\", c',7\n", ["a@b.co", 'a "b", c', "7"]),
    "a sign alone": (
        "'email','name'\n'b@b.co','Bo'\n'c@b.co','C'\na@b.co,'t Harde\n'd@b.co','D'\n",
        f"line 4 {NO_CELLS}",
    ),
    "a cell over two lines": ("'email','name'\n'b@b.co','Bo'\n'c@b.co','C'\n'a@b.co','x\ny'\n", f"line 4 {NO_CELLS}"),
    "no signs but in the header": ("'email','city'\na@b.co,'s-Hage\nb@b.co,'t Harde\n", ["b@b.co", "'t Harde"]),
    "other signs in the header": ("'email','name'\n\"a@b.co\",\"Ann, B\"\n", ["a@b.co", "Ann, B"]),
    "a comma in a bullet": ("- Ruiz, Ann <a@b.co>\n- Dea; Bo <b@b.co>\n", ["Ruiz, Ann <a@b.co>"]),
    "a comma behind a number": ("1. Ann <a@b.co>\n2. J. Smith, Jr. <b@b.co>\n", ["J. Smith, Jr. <b@b.co>"]),
    "letters of JSON": ('[\n"Ren\\u00e9, X <a@b.co>",\n"b@b.co"\n]', ["Ren\u00e9, X <a@b.co>"]),
    "strings of JSON in a line": ('["Ann Ruiz <a@b.co>", "Bo <b@b.co>"]', ["Ann Ruiz <a@b.co>"]),
    "strings of JSON that are no address": ('[\n"a@b.co", "b@b.co",\n"Bo (none)"\n]', ["Bo (none)"]),
    "a bullet without an address": ("- Ann <a@b.co>\n\n* Bo, none\n- c@b.co\n", ["Bo, none"]),
    "one column of names with a comma": ('"Email, private"\n"Ruiz, Ann <a@b.co>"\n', ["Ruiz, Ann <a@b.co>"]),
    "one column with a comma in its name": ('"Email; private"\n"a@b.co"\n', ["a@b.co"]),
    "a header in quotes above cells in quotes": ('"email;name"\n"a@b.co","Ann"\n', "line 2 has 2 cells, the header 1"),
    "quotes in COPY": (dump('a@b.co\t"Foo" GmbH', 'b@b.co\t"Foo', 'c@b.co\tBar"'), ["c@b.co", 'Bar"']),
    "escapes in COPY": (dump("a@b.co\tC:\\\\dir\\n\\r\\t."), ["a@b.co", "C:\\dir\n\r\t."]),
    "nothing in COPY": (dump("a@b.co\t\\N"), ["a@b.co", "\\N"]),
    "an escape that pg_dump does not write": (dump("a@b.co\tRen\\xc3\\xa9"), f"line 2 {NO_CELLS}"),
    "a comma in the one column of COPY": (dump("Ruiz, Ann <a@b.co>", columns="email"), ["Ruiz, Ann <a@b.co>"]),
    "a name in quotes": (dump("a@b.co\tAnn", name='public."user list"'), ["a@b.co", "Ann"]),
    "below many lines": ("-- dump\n" * 60 + dump("a@b.co\tAnn"), ["a@b.co", "Ann"]),
    "below another table": (
        dump("1\tCOPY b (email) FROM stdin;", name="mails", columns="id, email_subject") + dump("a@b.co\tAnn"),
        ["a@b.co", "Ann"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_a_line_is_read_as_it_stands_or_rejected(case: str) -> None:
    text, expected = READ[case]
    assert expected in rows_of(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Name    Id Email\n----    -- -----\nAnn  12345 a@b.co\n", "line 3 do not begin where"),
        ("name        email\n----------  -----\n\u4f50\u85e4        bob@b.co\n", "line 3 do not begin where"),
        ("name       email\n---------- ------\nJos\u00e9      anna@b.co\n", "line 3 do not begin where"),
        ("email       name\n----------- ----\nmaria@b.co.uk Ann\n", "line 3 do not begin where"),
        ('["a@b.co",\n' + '"b@b.co",\n' * 50 + '"c@b.co", 7]', "does not go on so"),
        ('["a@b.co",\n' + '"b@b.co",\n' * 50 + '"\\ud800 <c@b.co>"]', "does not go on so"),
        (
            dump("a@b.co\tAnn") + dump("b@b.co\tBo", name="archive"),
            'has 2 tables with mail addresses: "users", "archive"',
        ),
        (dump("1\ta", columns="id, email_subject"), "no column called email"),
        (dump("a@b.co,Ann").replace("stdin", "stdin WITH (FORMAT csv)"), "line 1 are not written as pg_dump"),
        ("COPY users (\n  email\n) FROM stdin;\na@b.co\n", "SQL"),
        ("USE shop;\nINSERT INTO a (email) VALUES ('a@b.co');", "SQL"),
        ("BEGIN;\nINSERT INTO a (email) VALUES ('a@b.co');", "SQL"),
        ("/* a */ SET IDENTITY_INSERT a ON\nGO\nINSERT [dbo].[a] ([email]) VALUES ('a@b.co')", "SQL"),
        ("contacts:\n  - email: a@b.co\n    name: A\n", "YAML"),
        ("---\n# all\ncontacts:\n- email: a@b.co\n", "YAML"),
        ("- email: a@b.co\n- email: b@b.co\n", "YAML"),
        ("ann:\n  email: a@b.co\n", "YAML"),
    ],
)
def test_what_cannot_be_cut_with_certainty_is_refused(text: str, said: str) -> None:
    with pytest.raises(FileError, match=said):
        rows_of(text)


@pytest.mark.parametrize(
    "head", ["copy a (" + "mail" * 20_000, "/**/" * 1_000 + "x", 'COPY a ("' * 9_000, "copy a" + " " * 90_000]
)
def test_long_lines_that_are_no_dump_cost_little(head: str) -> None:
    started = process_time()
    with suppress(FileError):
        rows_of(f"{head}\n")
    assert process_time() - started < 2
