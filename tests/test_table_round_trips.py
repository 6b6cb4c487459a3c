"""Any table in any dialect and encoding is read cell for cell, and any bytes are a table or an error."""

import csv
import hashlib
import io
import json
import re
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.tables import read_table
from autosend_mcp.models.text import visible
from tests.support.examples import TIMES
from tests.support.tables import cells_of, table_of

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
