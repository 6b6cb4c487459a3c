"""What each column of a file is: recognised, mapped, asked about, left out or refused."""

from typing import Any

import pytest

from autosend_mcp.cli.import_file import PHRASES as IN_THE_SHELL
from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.columns import match_columns
from autosend_mcp.imports.hints import explain
from autosend_mcp.imports.job import PHRASES as IN_A_CALL
from tests.support.importing import world

DEFINED = {"plan": "string", "logins": "number", "vip": "boolean", "trialEnds": "date", "Größe": "string"}


def fields_of(names: list[str], create: bool = False, **given: str) -> dict[str, str]:
    """Return the field that each column is taken for."""
    return {one.name: one.field for one in match_columns(names, given, DEFINED, create=create)}


def refusal(
    names: list[str], given: dict[str, str] | None = None, *, create: bool = False, phrases: Any = IN_THE_SHELL
) -> str:
    with pytest.raises(NotSent) as refused:
        match_columns(names, given or {}, DEFINED, create=create)
    explain(refused.value, phrases)
    return refused.value.sentence


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("email", ["email", "Email", "E-Mail", "e-mail address", "E-Mail-Adresse", "MAIL", "Adresse e-mail", "Courriel",
                   "Correo electrónico", "E-post", "EMAIL ADDRESS", "\u2003email "]),
        ("firstName", ["firstName", "First Name", "first_name", "FIRSTNAME", "Given name", "Vorname", "Prénom",
                       "PRENOM", "Nombre", "fname"]),
        ("lastName", ["lastName", "Last-Name", "surname", "Family Name", "Nachname", "Nom", "Apellidos", "lname"]),
        ("userId", ["userId", "user_id", "User ID", "external-id"]),
        ("mobile", ["mobile", "Mobile phone", "Phone", "Telefon", "Handy-Nr.", "Téléphone", "Teléfono móvil", "Mobil",
                    "Numéro de téléphone", "Nº de teléfono", "Telefone", "Telefoonnummer", "Numer telefonu", "GSM",
                    "Puhelin", "Номер телефона", "Telefonszám", "Τηλέφωνο", "電話番号", "电话号码", "전화번호", "SMS"]),
    ],
)  # fmt: skip
def test_a_column_is_recognised_by_what_people_call_it(field: str, names: list[str]) -> None:
    for name in names:
        others = [] if field == "email" else ["email"]
        assert fields_of([*others, name])[name] == field


@pytest.mark.parametrize(
    ("name", "custom"),
    [("plan", "plan"), ("Plan", "plan"), ("customFields.plan", "plan"), ("LOGINS", "logins"),
     ("Trial ends", "trialEnds"), ("trial_ends", "trialEnds"), ("GROSSE", "Größe"), ("große", "Größe")],
)  # fmt: skip
def test_a_custom_field_that_is_defined_is_recognised(name: str, custom: str) -> None:
    assert fields_of(["email", name])[name] == f"customFields.{custom}"


def test_a_custom_field_of_its_very_name_wins_over_a_synonym() -> None:
    columns = match_columns(["email", "Vorname"], {}, {"Vorname": "string"}, create=False)
    assert columns[1].field == "customFields.Vorname"


def test_of_two_custom_fields_that_are_written_alike_none_is_guessed() -> None:
    with pytest.raises(NotSent, match="no field of a contact"):
        match_columns(["email", "my plan"], {}, {"myPlan": "string", "my_plan": "string"}, create=False)


@pytest.mark.parametrize(
    ("asked", "field"),
    [("email", "email"), (" email ", "email"), ("first_name", "firstName"), ("externalId", "userId"), ("", ""),
     ("Vorname", "firstName"),
     ("  ", ""), ("plan", "customFields.plan"), ("customFields.plan", "customFields.plan")],
)  # fmt: skip
def test_a_column_is_what_it_is_said_to_be(asked: str, field: str) -> None:
    others = [] if field == "email" else ["email"]
    assert fields_of([*others, "Spalte"], Spalte=asked)["Spalte"] == field


@pytest.mark.parametrize(
    ("column", "field"),
    [("Trial start", "trialStart"), ("UTM source", "utmSource"), ("shoe_size", "shoe_size"), ("2nd plan", "2ndPlan"),
     ("Kundennr.", "kundennr"), ("customFields.Shoe size", "shoeSize"), ("年齢", "年齢")],
)  # fmt: skip
def test_a_new_field_has_a_name_that_a_template_can_use(column: str, field: str) -> None:
    assert fields_of(["email", column], create=True)[column] == f"customFields.{field}"


def test_the_column_of_a_rejected_file_is_left_out() -> None:
    assert fields_of(["import_problem", "email"]) == {"import_problem": "", "email": "email"}


@pytest.mark.parametrize(
    ("names", "given", "said"),
    [
        (["email", "color", "Shoe size"], {}, [
            'These columns are no field of a contact, and no custom field that AutoSend defines: "color", "Shoe size".',
            '--only takes names and addresses alone. --map "color=" leaves a column out.',
            "--create-fields defines those that are new",
        ]),
        (["email", "E-Mail"], {}, ['These columns are all "email": "email", "E-Mail".', '--map "E-Mail=']),
        (["email", "Vorname", "first"], {}, ['These columns are all "firstName": "Vorname", "first".']),
        (["email", "a", "plan"], {"a": "plan"}, ['These columns are all "customFields.plan": "a", "plan".']),
        (["name", "plan"], {"name": "firstName"}, ["No column is the address.", '--map "COLUMN=email"']),
        (["email"], {"email": ""}, ["No column is the address."]),
        (["email", "name"], {}, ['"name" holds whole names', "--split-name last-blank", '--map "name=firstName"']),
        (["email", "a"], {"a": "city"}, ['AutoSend reserves these names', '--map "a=city2"']),
        (["email", "listIds"], {}, ['AutoSend reserves these names', '"listIds"']),
        (["email", "customFields"], {}, ['AutoSend reserves these names']),
        (["email", "a"], {"a": "color"}, ['AutoSend does not define these custom fields: "color".', "--create-fields"]),
        (["email"], {"Mail": "email"}, ['There is no column "Mail"; there are "email".']),
        (["email", "***"], {}, ['"***"']),
        (["email", 'say "hi"'], {}, ["--map 'say \"hi\"='"]),
        (["email", "What's $this?"], {}, ["""--map 'What'"'"'s $this?='"""]),
        (["email", "\u202ehidden\u200b"], {}, ['"hidden"']),
        (["email", *(f"c{n}" for n in range(30))], {}, ['"c19" and 10 more']),
    ],
)  # fmt: skip
def test_what_is_unclear_is_asked_about(names: list[str], given: dict[str, str], said: list[str]) -> None:
    text = refusal(names, given)
    assert all(part in text for part in said), text
    assert "Nothing was sent and nothing changed." in text
    assert len(text) < 1_500


@pytest.mark.parametrize(("name", "given"), [("***", {}), ("x", {"x": "customFields."})])
def test_a_column_that_leaves_no_name_for_a_field_is_refused(name: str, given: dict[str, str]) -> None:
    assert f'No custom field can be named after "{name}".' in refusal(["email", name], given, create=True)


def test_in_a_call_the_answer_is_an_argument() -> None:
    text = refusal(["email", "color"], phrases=IN_A_CALL)
    assert '{"color":""} in columns leaves a column out' in text
    assert "createFields defines those that are new" in text


# Cells


@pytest.mark.anyio
async def test_a_member_and_a_custom_field_of_one_name_are_unclear() -> None:
    content = b'{"email": "a@example.com", "plan": "x"}\n{"email": "b@example.com", "customFields": {"plan": "y"}}\n'
    with world() as here:
        with pytest.raises(NotSent, match=r'are all "customFields.plan": "plan", "customFields.plan"'):
            await here.run(content, "people.jsonl")
        assert here.line.count("POST") == 0
