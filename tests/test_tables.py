"""Files of contacts as people have them: what is around a table, backslashes, dialects and headers."""

import csv
import json

import pytest

from autosend_mcp.imports.hints import Hint
from autosend_mcp.models.text import visible
from tests.support.tables import cells_of, refusal, rows_of, table_of

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
