"""Rows of CSV: blank ones, broken ones, open quotes and limits; and the file, which stays usable."""

import csv
import gc
import hashlib
import io
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.imports.file.delimited import delimited_chunks, delimited_rows
from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.header import Dialect
from autosend_mcp.imports.file.rows import FileRow
from autosend_mcp.imports.file.tables import read_table
from tests.support.examples import TIMES
from tests.support.tables import cells_of, refusal, rows_of, table_of

PIECES = ["a", ",", '"', " ", "\\", "\0", "\r", "\n", "\r\n", "x,y\n", '"p\nq",r\n', "a,b,c\n", ",\n"]
NEVER_CLOSED = 'email,firstName\na@b.co,Ann\nc@d.co,"Bob\nd@e.co,Eve\n'


@given(
    st.lists(st.sampled_from(PIECES), max_size=20).map("".join),
    st.sampled_from([0, 1_996, 1_997, 1_998, 1_999, 2_000]),
    st.sampled_from([("h", "i"), ("h",)]),
    st.builds(Dialect, st.just(","), st.booleans(), st.integers(0, 1), st.booleans(), st.just(False), st.booleans()),
)
@settings(max_examples=100 * TIMES)
def test_rows_read_many_lines_at_a_time_are_as_those_read_one_by_one(
    text: str, before: int, columns: tuple[str, ...], dialect: Dialect
) -> None:
    content = "h,i\n" + "u,v\n" * before + text + "u,v\n" * (before % 3)

    def read(rows: Callable[[Iterator[str]], list[FileRow]]) -> list[FileRow] | str:
        try:
            return rows(io.StringIO(content, newline=""))
        except FileError as error:
            return str(error)

    one_by_one = read(lambda lines: [replace(row, text="") for row in delimited_rows(lines, dialect, columns)])
    many = read(lambda lines: [row for chunk in delimited_chunks(lines, dialect, columns) for row in chunk.rows])
    assert many == one_by_one


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
        peaks.append(min(peak_of(file, count + bool(end)) for _ in range(2)))  # what other threads allocate is not ours
    assert peaks[1] < 1.1 * peaks[0] < 2_000_000


def peak_of(file: io.BytesIO, rows: int) -> int:
    """Return the most bytes that reading the file takes, which has so many rows."""
    file.seek(0)
    tracemalloc.start()
    assert sum(1 for _ in read_table(file, "").rows()) == rows
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
