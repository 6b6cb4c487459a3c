"""Files of contacts as JSON: objects a line, in an array, or in a wrapping."""

import json
from typing import Any

import pytest

from autosend_mcp.imports.file.rows import FileRow
from tests.support.tables import refusal, rows_of, table_of


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
        ('{"a": [{"x": "a@b.co"}], "b": [{"x": "b@b.co"}]}', 'The file holds several lists of objects: "a", "b".'),
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


def test_more_than_300_columns_within_cells_are_reported() -> None:
    address = json.dumps({f"m{place}": 1 for place in range(300)}).replace('"', '""')
    said = refusal(f'email,address\na@b.co,"{address}"\n', "people.csv")
    assert said.startswith("With the objects in its cells, the file has 301 columns; at most 300 can be read.")


def test_more_than_300_members_are_reported_with_the_line() -> None:
    lines = [json.dumps({f"m{place}": 1, "email": 2}) for place in range(300)]
    assert len(table_of("\n".join(lines[:299]), "").columns) == 300
    assert refusal("\n\n".join(lines), "").startswith("By line 599 the objects have more than 300 different members.")
