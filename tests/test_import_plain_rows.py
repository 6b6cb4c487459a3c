"""Rows of a file that are read without the models, and cells seen a column at a time: the same as one by one."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from autosend_mcp.imports.file.cell_texts import Cells
from autosend_mcp.imports.file.cells import arguments_of
from autosend_mcp.imports.file.chunks import Chunk, Cut
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.survey import survey
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.plain_rows import PlainRows
from autosend_mcp.imports.values.readings import read_columns
from autosend_mcp.models.comparison import custom_fields
from autosend_mcp.models.contacts.contact import Person
from autosend_mcp.models.text import compact_json
from autosend_mcp.tools.property_checks import property_problems
from tests.support.examples import TIMES

DEFINED = {"amount": "number", "day": "date", "vip": "boolean", "note": "string"}


FIELDS = {
    "email": [
        "jane@example.com",
        " Jane.Doe+x@Example.com ",
        "Jane <jane@example.com>",
        "jane@gmial.com",
        "jos\xe9@example.com",
        "x",
    ],
    "lastName": ["Doe"],
    "name": ["Jane Roe", "Doe, Jane", "\u674e \u5c0f\u9f99"],
    "userId": ["u1", "007"],
    "mobile": ["+14155552671", "+1 (415) 555-2671", "0415"],
    "customFields.amount": ["1", "1.5", "1,5", "2e3", "007", "9" * 20],
    "customFields.day": ["2024-03-01", "01/02/2024", "0000-00-00", "2024-03-01 10:00"],
    "customFields.vip": ["yes", "0", "perhaps"],
    "customFields.note": ["NA", "null", "a\tb", "\u200b", "x" * 1_001, "\ud800", "a\0b"],
}


CELLS = [
    *("", " ", "Jane", "J\xf6rg", "jane@example.com", "x@y.co", "a b", "Jane <jane@x.co>", "+15550100123", "0", "12"),
    *("null", "NA", "{'a': 1}", "'5", '="5"', "\t5", "0000-00-00", "1900-01-00", "a\nb", "x@y.co\nz@y.co", "_x"),
    "u" * 400 + "@x.co",
]


ODD = ["", " ", "-", "N/A", "None", "'5", '="5"', "\t5", "#REF!", "Err:502", "\xa0x\xa0", "Zo\xeb", "1", True, 7, ["a"]]


@given(st.lists(st.sampled_from([*FIELDS]), min_size=1, max_size=3, unique=True), st.booleans(), st.data())
@settings(max_examples=30 * TIMES)
def test_a_row_read_without_the_model_is_as_the_model_reads_it(
    fields: list[str], guarded: bool, data: st.DataObject
) -> None:
    columns = [
        Column(field, field, DEFINED.get(field.rpartition(".")[2], "string"))
        for field in {"email": 0} | dict.fromkeys(fields)
    ]
    columns[-1].guarded = guarded
    drawn = {column.name: st.sampled_from([*FIELDS[column.name], *ODD]) for column in columns}
    values = data.draw(st.fixed_dictionaries(drawn))
    plain = PlainRows(columns, DEFINED).read(values)
    if plain is not None:
        problems, notes = list[str](), list[str]()
        expected = Person.model_validate(arguments_of(values, columns, problems), context=notes).attributes()
        assert (repr(plain), problems, notes) == (repr(expected), [], [])
        assert property_problems(custom_fields(expected), DEFINED) == []


@given(st.lists(st.sampled_from(["a@b.co", "a-b@b.co", "no@b.co", "x", "", "no", "a@b.c", "a\nb@b.co"]), min_size=1))
@example([f"a{n}@b.co" for n in range(300)])
@example(["a@b.co", "a@b.co", "x y@b.co"])
def test_addresses_seen_at_once_are_as_those_seen_one_by_one(cells: list[str]) -> None:
    at_once, one_by_one = Cells(), Cells()
    at_once.see_all(Cut(["a"], 1, [*range(len(cells))], [cells]), "a")
    for cell in cells:
        one_by_one.see(cell)
    assert at_once == one_by_one


@given(st.lists(st.sampled_from([*FIELDS]), min_size=1, max_size=3, unique=True), st.booleans(), st.data())
@settings(max_examples=60 * TIMES)
def test_rows_read_column_by_column_are_as_each_alone(fields: list[str], guarded: bool, data: st.DataObject) -> None:
    columns = [Column(field, field, DEFINED.get(field.rpartition(".")[2], "string")) for field in ["email", *fields]]
    columns = [column for index, column in enumerate(columns) if column.field not in {"name", "email"} or not index]
    columns[-1].guarded = guarded
    cells = [[*FIELDS[column.field], "Ann", "Zo\xeb.2", *filter(_is_text, ODD)] for column in columns]
    cells[0] += ["a@example.com", "b@example.com"] * 5
    rows = data.draw(st.lists(st.tuples(*map(st.sampled_from, cells)), min_size=1, max_size=4))
    many = Cut([column.name for column in columns], 1, [*range(len(rows))], [*zip(*rows, strict=True)])
    emails, texts, odd = PlainRows(columns, DEFINED).texts(many)
    for index, (email, text, row) in enumerate(zip(emails, texts, many.rows, strict=False)):
        alone = PlainRows(columns, DEFINED).read(row.values)
        assert (index in odd) == (alone is None)
        assert alone is None or (email, text) == (alone["email"], compact_json(alone))


def _is_text(cell: object) -> bool:
    return isinstance(cell, str)


@given(st.lists(st.lists(st.sampled_from([*CELLS]), min_size=3, max_size=3), min_size=1, max_size=4))
@example([["x@y.co\nz@y.co", "", ""]])
@settings(max_examples=60 * TIMES)
def test_cells_seen_by_columns_are_as_those_seen_one_by_one(cells: list[list[str]]) -> None:
    rows = Cut(["a", "b", "first name"], 1, [*range(2, 2 + len(cells))], [*zip(*cells, strict=True)])
    one_by_one = Chunk(rows.rows)
    assert survey(["a", "b", "first name"], [rows]) == survey(["a", "b", "first name"], [one_by_one])
    read = [[Column("a", "firstName"), Column("b", "customFields.note")] for _ in range(2)]
    options = ImportOptions()
    notes = [read_columns([seen], one, options) for seen, one in zip((rows, one_by_one), read, strict=True)]
    assert (notes[0], read[0]) == (notes[1], read[1])


def test_usual_rows_are_read_without_the_model() -> None:
    columns = [Column(field, field, DEFINED.get(field.rpartition(".")[2], "string")) for field in FIELDS]
    plain = PlainRows(columns, DEFINED).read({field: usual[0] for field, usual in FIELDS.items()})
    assert plain == {
        "email": "jane@example.com",
        "lastName": "Doe",
        "userId": "u1",
        "mobile": "+14155552671",
        "customFields": {"amount": 1, "day": "2024-03-01", "vip": True, "note": "NA"},
    }
