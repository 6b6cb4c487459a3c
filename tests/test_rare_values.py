"""Values that are rare: each is read as it is, or as what it is not, and none is bent."""

import pytest

from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.cell_texts import text_of
from autosend_mcp.imports.values.dates import read_date
from autosend_mcp.imports.values.numbers import decimal_of
from autosend_mcp.models.mailboxes import unwrapped as mailbox_of
from autosend_mcp.models.wrapped import unwrapped
from autosend_mcp.secret import key_in
from autosend_mcp.settings import Settings
from tests.support.seeded import JANE, seeded
from tests.support.worlds import answer_of


@pytest.mark.parametrize("text", ["1.2.2024 " * 20, "01.02.0999", "31.02.2024"])
def test_what_is_long_or_before_the_year_1000_or_no_day_is_no_date(text: str) -> None:
    assert read_date(text, "DMY") is None


def test_a_code_divides_no_decimals() -> None:
    assert decimal_of("007") is None


def test_an_address_beside_another_is_left_as_it_stands() -> None:
    text = '"a@example.com" <b@example.com>'
    assert mailbox_of(text).name == ""
    assert mailbox_of(text).address != "b@example.com"


@pytest.mark.parametrize(
    ("cell", "text"), [(True, "true"), (False, "false"), (1.5, "1.5"), (["a", True, 2], "a, true, 2")]
)
def test_a_cell_of_json_is_its_text(cell: object, text: str) -> None:
    assert text_of(cell) == text


def test_a_wrapper_in_five_others_is_not_read() -> None:
    arguments: dict[str, object] = {"email": "a@example.com"}
    for _ in range(5):
        arguments = {"input": arguments}
    found, _problems = unwrapped(arguments, "create_contact", {"email": "email"}, [])
    assert "email" not in found


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("AS_abcd\u2022\u2022\u2022efgh12", "it is cut short"),
        ("AS_" + "aB3dE9" * 400, "too long"),
        ("AS_abcdefgh123 \u00e9 456", "it has"),
    ],
)
def test_an_odd_key_is_named_by_what_is_odd(key: str, said: str) -> None:
    with pytest.raises(NotSent) as refused:
        key_in(key, "AUTOSEND_API_KEY")
    assert said in refused.value.what


def test_the_key_is_taken_out_of_bytes_and_text() -> None:
    settings = Settings.model_validate({"api_key": "AS_canary0123456789abc"})
    assert b"canary" not in settings.without_key(b"echo AS_canary0123456789abc")
    assert "canary" not in settings.without_key("echo AS_canary0123456789abc")


@pytest.mark.anyio
async def test_csv_has_fields_apart_and_lists_by_name() -> None:
    async with seeded() as (client, _):
        asked = {"emails": [JANE], "csv": True, "fields": ["lists", "customFields"]}
        answer = answer_of(await client.call_tool("find_contacts", asked))
    header, row = answer["csv"]
    assert "customFields." in header
    assert "lists" in header
    assert "Newsletter" in row
    assert JANE in row
