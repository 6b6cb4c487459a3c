"""The custom fields of an import: their types found from the cells, defined if asked, and cells that do not fit."""

import json
from typing import Any

import httpx2
import pytest

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.cells import arguments_of
from autosend_mcp.imports.file.column import Column
from tests.support.importing import Row, World, csv_of, world
from tests.support.line import Forward, answering, forwarded
from tests.support.requests import BULK

LIMITED = answering(403, {"success": False, "error": {"message": "Plan limit"}})


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("string", "007", "007"), ("string", " a ", "a"), ("string", "true", "true"), ("string", "1e5", "1e5"),
        ("number", "42", 42), ("number", " 42 ", 42), ("number", "-1.50", -1.5), ("number", "1e5", 100_000.0),
        ("number", "007", "007"), ("number", "+3", "+3"), ("number", "9007199254740991", 9007199254740991),
        ("number", "9007199254740993", "9007199254740993"), ("number", "1" * 25, "1" * 25),
        ("number", "1" * 25 + ".5", "1" * 25 + ".5"), ("number", "1,5", 1.5), ("number", "many", "many"),
        ("number", "inf", "inf"), ("number", "0x10", "0x10"), ("number", "٣", 3),
        ("boolean", "TRUE", True), ("boolean", "no", False), ("boolean", "1", True), ("boolean", "maybe", "maybe"),
        ("date", " 2024-03-01 ", "2024-03-01"), ("date", "soon", "soon"), ("", "x", "x"),
    ],
)  # fmt: skip
def test_a_cell_is_a_value_of_its_columns_type(kind: str, cell: str, value: object) -> None:
    custom = arguments_of({"a": cell}, [Column("a", "customFields.a", kind)])["customFields"]["a"]
    assert (custom, type(custom)) == (value, type(value))


@pytest.mark.parametrize("blank", ["", "  ", "\u2003", None])
@pytest.mark.parametrize("kind", ["string", "number"])
def test_a_blank_cell_says_nothing(blank: str | None, kind: str) -> None:
    columns = [Column("e", "email"), Column("a", "customFields.a", kind), Column("f", "firstName"), Column("x", "")]
    assert arguments_of({"e": "a@b.co", "a": blank, "f": blank, "x": "left out"}, columns) == {"email": "a@b.co"}


async def sent(here: World, content: bytes, name: str = "people.csv", **order: Any) -> list[Row]:
    await here.run(content, name, **order)
    return [row for body in here.line.bodies(BULK) for row in body["contacts"]]


def quoted_cell(cell: str) -> str:
    return f'"{cell}"' if "," in cell and not cell.startswith('"') else cell


INFERRED: list[tuple[list[str], str, list[object] | None]] = [
    (["1", "2.5", "-3"], "number", [1, 2.5, -3]),
    (["007", "1", "2"], "string", ["007", "1", "2"]),
    (["1e5", "1", "2"], "string", ["1e5", "1", "2"]),
    (["+4915112345678", "1", "2"], "string", ["+4915112345678", "1", "2"]),
    (["1234567890123456", "1", "2"], "string", ["1234567890123456", "1", "2"]),
    (["true", "False", "TRUE"], "boolean", [True, False, True]),
    (["true", "1", "0"], "string", ["true", "1", "0"]),
    (["yes", "no", "yes"], "string", ["yes", "no", "yes"]),
    (["2024-03-01", "2024-03-02T10:00:00Z", "2024-03-03 10:00"], "date", None),
    (["2024-02-30", "2024-03-01", "2024-03-01"], "string", ["2024-02-30", "2024-03-01", "2024-03-01"]),
    (["31.03.2024", "2024-03-01", "1 March 2024"], "date", ["2024-03-31", "2024-03-01", "2024-03-01"]),
    (["50667", "80331", "10115"], "string", ["50667", "80331", "10115"]),
    (["WAHR", "FALSCH", "wahr"], "boolean", [True, False, True]),
    (["'12", "'3", "'4"], "string", ["12", "3", "4"]),
    (['"=""0123"""', '"=""01"""', "5"], "string", ["0123", "01", "5"]),
    (["1.234,5", "2", "1.234"], "number", [1234.5, 2, 1234]),
    (["NULL", "5", "-"], "number", [None, 5, None]),
    (["", "5", " "], "number", [None, 5, None]),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("cells", "kind", "values"), INFERRED, ids=str)
async def test_the_type_of_a_new_field_is_what_all_of_its_cells_can_be(
    cells: list[str], kind: str, values: list[object] | None
) -> None:
    rows = "".join(f"p{place}@example.com,{quoted_cell(cell)}\n" for place, cell in enumerate(cells))
    with world() as here:
        people = await sent(here, f"email,level\n{rows}".encode(), create_fields=True)
        assert here.line.bodies("POST /contact-properties") == [{"name": "level", "type": kind}]
        assert max(here.written.values()) == 1
    assert [row.get("customFields", {}).get("level") for row in people] == (values or [cell.strip() for cell in cells])


@pytest.mark.anyio
async def test_new_fields_are_only_defined_if_asked_and_never_by_a_dry_run() -> None:
    content = b"email,level\na@example.com,1\n"
    with world() as here:
        with pytest.raises(NotSent, match="no custom field that AutoSend defines"):
            await here.run(content)
        done = await here.run(content, create_fields=True, dry_run=True)
        assert here.line.count("POST /contact-properties") == 0
        level = done.imported.columns[1]
        assert (level.field, level.kind, level.new) == ("customFields.level", "number", True)
        await here.run(content, create_fields=True)
        assert here.line.count("POST /contact-properties") == 1
        assert here.values("a@example.com") == {"customFields": {"level": 1}}


COLORS = [{"email": "a@example.com", "color": "red", "size": "xl"}]


@pytest.mark.anyio
async def test_fields_defined_before_one_was_refused_are_reported_and_not_defined_again() -> None:
    with world() as here:
        here.line.lose("POST /contact-properties", forwarded, LIMITED)
        done = await here.run(COLORS, create_fields=True)
        assert (done.stage, done.error is not None) == ("stopped", True)
        assert 'Custom fields defined: "color". delete_custom_field takes each back.' in done.imported.notes
        assert 'These custom fields were defined: "color".' in str(done.error)
        assert here.held("a@example.com") is None
        here.line.faults.clear()
        done = await here.run(COLORS, create_fields=True)
        assert 'Custom fields defined: "color", "size". delete_custom_field takes each back.' in done.imported.notes
        assert [body["name"] for body in here.line.bodies("POST /contact-properties")] == ["color", "size", "size"]
        assert here.values("a@example.com") == {"customFields": {"color": "red", "size": "xl"}}


@pytest.mark.anyio
async def test_stopping_while_fields_are_defined_defines_no_more() -> None:
    with world() as here:
        imported = here.begin(csv_of(COLORS), create_fields=True)

        async def stopped(forward: Forward) -> httpx2.Response:
            assert (imported.progress.stage, imported.progress.fields_needed) == ("defining fields", 2)
            imported.stop()
            return await forward()

        here.line.lose("POST /contact-properties", stopped)
        await imported.read()
        assert here.line.count("POST /contact-properties") == 0
        await imported.send()
        imported.close()
        assert imported.progress.fields == ["color"]
        assert here.line.count("POST /contact-properties") == 1
        assert here.line.count(BULK) == 0


@pytest.mark.anyio
async def test_no_field_is_defined_for_values_of_rows_that_are_not_sent() -> None:
    rows = [*COLORS, {"email": "nobody", "birthday": "soon"}]
    with world() as here:
        await here.run(rows, create_fields=True)
        assert [body["name"] for body in here.line.bodies("POST /contact-properties")] == ["color", "size"]


@pytest.mark.anyio
async def test_a_value_of_the_wrong_type_makes_its_row_invalid_and_is_not_shown() -> None:
    content = b"email,logins,plan\na@example.com,sEcReT,pro\nb@example.com,3,5\n"
    with world() as here:
        done = await here.run(content)
        assert here.values("b@example.com") == {"customFields": {"logins": 3, "plan": "5"}}
    assert done.reasons("invalid") == ['customFields."logins": must be a number.']
    assert done.counts == {"invalid": 1, "created": 1}


@pytest.mark.anyio
async def test_what_is_wrong_with_a_row_names_the_column_and_no_value() -> None:
    secret = "sEcReT"
    content = (
        f"email,firstName,plan,lastName\n{secret},x,,\na@example.com,{secret * 200},,\nb@example.com,,{secret * 200},\n"
        f"c@example.com,x,{secret}\nd@example.com,x,y,z,{secret}\n"
    )
    with world() as here:
        done = await here.run(content.encode())
        assert not here.written
    assert done.counts == {"invalid": 5}
    assert not any(secret in reason for reason in done.reasons("invalid"))
    assert [reason.split(".")[0] for reason in done.reasons("invalid")] == [
        "email: must be one mail address; this one has no @",
        "firstName: must be at most 1000 characters",
        "customFields",
        "has 3 cells, the header 4",
        "has 5 cells, the header 4",
    ]


@pytest.mark.anyio
async def test_members_of_jsonl_keep_their_types() -> None:
    rows: list[Any] = [
        {"email": "a@example.com", "customFields": {"logins": 3, "plan": "007", "vip": True}, "firstName": None},
        {"email": "b@example.com", "customFields": {"logins": "4", "vip": False}, "lastName": ""},
        {"email": "c@example.com", "customFields": {"plan": 5}},
        {"email": 7},
        {"email": "d@example.com", "firstName": ["x"]},
        {"email": "e@example.com", "customFields": {"plan": {"deep": 1}}},
        ["f@example.com"],
    ]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    with world() as here:
        done = await here.run(content, "people.jsonl", create_fields=True)
        assert here.line.bodies("POST /contact-properties") == [{"name": "vip", "type": "boolean"}]
        assert here.values("a@example.com") == {"customFields": {"logins": 3, "plan": "007", "vip": True}}
        assert here.values("b@example.com") == {"customFields": {"logins": 4, "vip": False}}
    assert [row["outcome"] for row in done.rows] == [
        "created",
        "created",
        *["invalid"] * 2,
        "created",
        *["invalid"] * 2,
    ]


@pytest.mark.anyio
async def test_a_code_that_json_has_as_a_number_is_a_text() -> None:
    with world() as here:
        await here.run(b'[{"email": "a@example.com", "plz": 53111}]', "people.json", create_fields=True)
        assert here.values("a@example.com") == {"customFields": {"plz": "53111"}}


@pytest.mark.anyio
async def test_new_fields_of_jsonl_have_the_type_that_all_values_have() -> None:
    content = b"\n".join(
        [
            b'{"email": "a@example.com", "age": 5, "vip": true, "odd": "x", "when": "2024-03-01", "deep": "x"}',
            b'{"email": "b@example.com", "age": 6.5, "vip": false, "odd": 3, "when": null}',
        ]
    )
    with world() as here:
        await here.run(content, "people.jsonl", create_fields=True)
        made = {one["name"]: one["type"] for one in here.line.bodies("POST /contact-properties")}
    assert made == {"age": "number", "vip": "boolean", "odd": "string", "when": "date", "deep": "string"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "long", ["1" + " " * 100_000 + "x", "1 " + "ab " * 30_000, "a." * 50_000 + "@b.co", "@" * 50_000]
)
async def test_a_very_long_cell_is_invalid_as_soon_as_a_short_one(long: str) -> None:
    """Patterns that try every way to divide a text would not end here."""
    with world() as here:
        done = await here.run(f"email,firstName,plan\n{long},Ana,pro\na@example.com,{long},pro\n".encode())
        assert not here.written
    assert done.counts == {"invalid": 2}
