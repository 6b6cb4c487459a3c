"""The values of a file arrive as they were, or not at all: dates, numbers and booleans of many countries, and codes."""

import io
from typing import Any

import pytest

from autosend_mcp.cli.import_file import PHRASES
from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.cells import arguments_of
from autosend_mcp.imports.file.opt_outs import OptOuts
from autosend_mcp.imports.hints import explain
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.reading import columns_of, table_of
from tests.support.importing import csv_of, world

DEFINED = {"amount": "number", "day": "date", "vip": "boolean", "note": "string"}


def read(cells: list[str], field: str = "", **options: Any) -> tuple[list[Any], list[str], list[str]]:
    """Return the values of a column, None where it says nothing; why they are none, and the notes on the column.

    `field`: of those that are defined; else a new one, called Level.
    """
    name = field or "Level"
    rows = [{"email": f"p{place}@example.com", name: cell} for place, cell in enumerate(cells)]
    order = ImportOptions(create_fields=True, **options)
    table = table_of(io.BytesIO(csv_of(rows)), "people.csv", order)
    columns, notes = columns_of(table, order, DEFINED, OptOuts())
    problems: list[str] = []
    read = [arguments_of(row.values, columns, problems).get("customFields", {}) for row in table.rows()]
    return [custom.get(name) for custom in read], problems, notes


def refusal(cells: list[str], field: str = "", **options: Any) -> str:
    with pytest.raises(NotSent) as refused:
        read(cells, field, **options)
    explain(refused.value, PHRASES)
    return refused.value.sentence


DATES = [
    ("31/12/2024", "03/04/2024", "2024-12-31", "2024-04-03"),
    ("12/31/2024", "03/04/2024", "2024-12-31", "2024-03-04"),
    ("31.12.2024 10:05", "03.04.2024", "2024-12-31T10:05:00", "2024-04-03"),
    ("2024/12/31", "2024/03/04", "2024-12-31", "2024-03-04"),
    ("Mar 4, 2024", "December 31st, 2024", "2024-03-04", "2024-12-31"),
    ("4. März 2024", "31. Dez. 2024", "2024-03-04", "2024-12-31"),
    ("4 mars 2024", "1er août 2024", "2024-03-04", "2024-08-01"),
    ("4 de marzo de 2024", "31 de diciembre de 2024", "2024-03-04", "2024-12-31"),
    ("4 марта 2024 \u0433.", "31 декабря 2024", "2024-03-04", "2024-12-31"),
    ("2024年3月4日", "2024年12月31日", "2024-03-04", "2024-12-31"),
    ("2024-03-04 10:00:00+00", "2024-03-04T10:00:00Z", "2024-03-04 10:00:00+00:00", "2024-03-04T10:00:00Z"),
    ("2024-03-04 10:00:01 UTC", "2024-03-04", "2024-03-04 10:00:01Z", "2024-03-04"),
    ("Mon, 04 Mar 2024 10:00:00 +0000", "5/13/2024 3:07 PM", "2024-03-04T10:00:00+00:00", "2024-05-13T15:07:00"),
    ("31-Dec-2024", "0000-00-00", "2024-12-31", None),
]


@pytest.mark.parametrize(("one", "other", "first", "second"), DATES)
def test_dates_are_read_in_the_order_that_the_column_decides(
    one: str, other: str, first: str, second: str | None
) -> None:
    for field in ("day", ""):
        values, problems, _ = read([one, other], field)
        assert (values, problems) == ([first, second], [])


@pytest.mark.parametrize("cell", ["03/04/2024", "3.4.2024", "03-04-2024 10:00"])
def test_an_order_that_no_cell_decides_is_asked_for(cell: str) -> None:
    said = refusal([cell, "2024-12-31"], "day")
    assert f'"day": line 2, "{cell}" can be day or month first.' in said
    assert "--dates dmy or --dates mdy" in said
    assert read([cell], "day", dates="dmy")[0][0].startswith("2024-04-03")
    assert read([cell], "day", dates="mdy")[0][0].startswith("2024-03-04")
    assert '--map "Level=Level:string"' in refusal([cell])
    assert read([cell], columns={"Level": "Level:string"})[0] == [cell]


@pytest.mark.parametrize(
    ("cell", "why"),
    [("45355", "not the number by which a spreadsheet keeps one"), ("2024-02-30", "must be a date"),
     ("31/12/80", "a year of four digits"), ("soon", "must be a date"), ("#VALUE!", "an error of a spreadsheet")],
)  # fmt: skip
def test_what_is_no_date_is_refused_by_its_reason(cell: str, why: str) -> None:
    assert why in read([cell], "day")[1][0]


NUMBERS = [
    (["1.234,56", "1.234", "7"], [1234.56, 1234, 7]), (["1,234.56", "1,234", "7"], [1234.56, 1234, 7]),
    (["1 234,56", "1\u00a0234", "1\u202f234,5"], [1234.56, 1234, 1234.5]), (["1'234.50", "0.5"], [1234.5, 0.5]),
    (["12,34,567.00", "1,234"], [1234567, 1234]), (["1234", "1.234"], [1234, 1.234]), (["1234", "1,5"], [1234, 1.5]),
    (["1.5", "1,234.5"], [1.5, 1234.5]), (["-1,5", "\u22122"], [-1.5, -2]), (["NULL", "n/a", "3"], [None, None, 3]),
    (["1.234.567", "1.234"], [1234567, 1234]), (["0.125", "2.500", "0.75"], [0.125, 2.5, 0.75]),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "values"), NUMBERS, ids=str)
def test_numbers_are_read_as_the_column_writes_them(cells: list[str], values: list[Any]) -> None:
    for field in ("amount", ""):
        assert read(cells, field)[:2] == (values, [])


def test_a_number_that_can_be_two_is_asked_about() -> None:
    for cells in (["1.234", "2.500"], ["1,234", "5"]):
        said = refusal(cells, "amount")
        assert "can be 1234 or 1.234. " in said
        assert "--decimal comma or --decimal point" in said
    assert read(["1.234"], "amount", decimal="comma")[0] == [1234]
    assert read(["1.234"], "amount", decimal="point")[0] == [1.234]
    assert "line 2 has a decimal point" in refusal(["1.5", "1,5", "1,234"], "amount")


@pytest.mark.parametrize(
    ("cell", "why"),
    [("007", "a leading zero would be lost"), ("+49341", "a plus sign would be lost"), ("€ 12", "without a currency"),
     ("12 EUR", "without a currency"), ("$5", "without a currency"), ("5 %", "without a percent sign"),
     ("12345678901234567890", "at most 15 digits"), ("many", "must be a number"), ("#REF!", "error of a spreadsheet")],
)  # fmt: skip
def test_what_would_be_bent_into_a_number_is_refused_by_its_reason(cell: str, why: str) -> None:
    assert why in read([cell], "amount")[1][0]


YES = [
    "Ja",
    "WAHR",
    "X",
    "oui",
    "VRAI",
    "sí",
    "да",
    "はい",
    "Sim",
    "sì",
    "tak",
    "evet",
    "yes",
    "1",
    "on",
    "✓",
    "是",
    "예",
]
NO = [
    "Nein",
    "FALSCH",
    "non",
    "FAUX",
    "no",
    "нет",
    "いいえ",
    "não",
    "nie",
    "hay\u0131r",
    "0",
    "off",
    "否",
    "아니요",
    "nej",
]


def test_booleans_are_read_in_the_languages_of_the_headers() -> None:
    assert read([*YES, *NO], "vip")[:2] == ([True] * len(YES) + [False] * len(NO), [])
    said = read(["maybe"], "vip")[1][0]
    assert all(word in said for word in ("yes/no", "ja/nein", "oui/non"))


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("plz", ["50667", "8033"]), ("Zip Code", ["2116", "90210"]), ("customer id", ["7", "12"]), ("SKU", ["1", "2"]),
        ("Kundennummer", ["1", "20"]), ("Telefon", ["030 1", "2"]), ("postal_code", ["1", "2"]),
        ("x", ["50667", "80331"]), ("x", ["007", "8"]), ("x", ["+1", "2"]), ("x", ["1234567890123456", "2"]),
        ("x", ["'5", "'6"]), ("x", ['="5"', '="6"']), ("x", ["\t5", "\t6"]), ("郵便番号", ["100", "2000"]),
    ],
)  # fmt: skip
def test_what_could_be_a_code_stays_a_text(name: str, cells: list[str]) -> None:
    rows = [{"email": f"p{place}@example.com", name: cell} for place, cell in enumerate(cells)]
    order = ImportOptions(create_fields=True)
    columns, _ = columns_of(table_of(io.BytesIO(csv_of(rows)), "a.csv", order), order, {}, OptOuts())
    assert columns[1].kind == "string"


def test_one_odd_cell_among_many_stops_the_guess_with_its_line() -> None:
    for odd, kind, usual in (("many", "number", "5"), ("soon", "date", "2024-03-01"), ("maybe", "boolean", "true")):
        said = refusal([usual] * 40 + [odd])
        assert f'"Level": line 42 is no {kind} ("{odd}"), 40 others are.' in said
        assert f'--map "Level=Level:{kind}"' in said
        values, problems, _ = read([usual] * 40 + [odd], columns={"Level": f"Level:{kind}"})
        assert (values[-1], len(problems)) == (odd, 1)
    assert read(["5"] * 40 + ["007"])[0][-1] == "007"


@pytest.mark.parametrize("word", ["NULL", "null", "\\N", "(null)", "undefined", "NaN", "N/A", "#N/A", "-"])
def test_words_for_nothing_are_blank_and_counted(word: str) -> None:
    values, problems, notes = read([word, "x"], "note")
    assert (values, problems) == ([None, "x"], [])
    assert notes[-1].startswith("1 cell says nothing and was read as blank")
    assert word.replace("\\", "\\\\") in notes[-1]


@pytest.mark.anyio
async def test_names_that_say_nothing_or_an_error_are_nobodys_name() -> None:
    content = "email,firstName,lastName\na@b.co,None,Null\nb@b.co,#REF!,Lind\nc@b.co,nan,#NAME?\nd@b.co,Nan,Err:502\n"
    with world() as here:
        done = await here.run(content.encode())
        assert here.values("a@b.co") == {"lastName": "Null"}
    assert done.counts == {"created": 1, "invalid": 3}
    assert all("error of a spreadsheet" in reason for reason in done.reasons("invalid"))


@pytest.mark.anyio
async def test_codes_arrive_as_they_were_whichever_file_comes_first() -> None:
    files = ["email,plz,phone\na@b.co,50667,4922100001\nb@b.co,80331,4989000002\n",
             'email,plz,phone\nc@b.co,"01067","0049351000003"\nd@b.co,04109,+49341000004\n',
             "email,plz,phone\ne@b.co,01067-1234,49351000005\nf@b.co,D-04109,00\n",
             "email,plz,phone\ng@b.co,'02116,'+15550100123\n"]  # fmt: skip
    with world() as here:
        for content in files:
            await here.run(content.encode(), create_fields=True)
        held = {name: here.values(f"{name}@b.co")["customFields"] for name in "abcdefg"}
    assert held["c"] == {"plz": "01067", "phone": "0049351000003"}
    assert held["d"] == {"plz": "04109", "phone": "+49341000004"}
    assert held["f"] == {"plz": "D-04109", "phone": "00"}
    assert held["g"] == {"plz": "02116", "phone": "+15550100123"}
