"""The exports of address books, mail programs, shops and forms, in many languages: their columns are found."""

import io
import json
from typing import Any

import pytest

from autosend_mcp.cli.import_file import PHRASES
from autosend_mcp.errors import NotSent
from autosend_mcp.imports.file.cells import arguments_of
from autosend_mcp.imports.file.column import Column
from autosend_mcp.imports.file.opt_outs import OptOuts
from autosend_mcp.imports.hints import explain
from autosend_mcp.imports.options import ImportOptions
from autosend_mcp.imports.reading import columns_of, table_of

ANA = {"email": "ana@example.com", "firstName": "Ana", "lastName": "Ruiz"}
ONLY = {"*": ""}


def read(text: str, name: str = "people.csv", **options: Any) -> tuple[list[dict[str, Any]], list[Column], list[str]]:
    """Return the contacts that the text is read as, its columns, and the notes on them."""
    order = ImportOptions(**options)
    table = table_of(io.BytesIO(text.encode()), name, order)
    columns, notes = columns_of(table, order, {}, OptOuts())
    return [arguments_of(row.values, columns) for row in table.rows()], columns, notes


def refusal(text: str, **options: Any) -> str:
    with pytest.raises(NotSent) as refused:
        read(text, **options)
    explain(refused.value, PHRASES)
    return refused.value.sentence


EXPORTS = {
    "Google": "First Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value\n"
    "Ana,Ruiz,* myContacts,* Home,ana@example.com,ana@example.org\n",
    "Google until 2024": "Name,Given Name,Additional Name,Family Name,E-mail 1 - Type,E-mail 1 - Value\n"
    "Ana Ruiz,Ana,,Ruiz,* ,ana@example.com\n",
    "Outlook": "First Name,Last Name,E-mail Address,E-mail 2 Address,Home Phone\nAna,Ruiz,ana@example.com,,\n",
    "Outlook in German": '"Vorname","Nachname","E-Mail-Adresse","E-Mail 2: Adresse"\n"Ana","Ruiz","ana@example.com",\n',
    "Outlook in French": "Prénom;Nom;Adresse de messagerie;Adresse de messagerie 2\nAna;Ruiz;ana@example.com;a@b.co\n",
    "Outlook in Spanish": "Nombre,Apellidos,Dirección de correo electrónico\nAna,Ruiz,ana@example.com\n",
    "Thunderbird": "First Name,Last Name,Primary Email,Secondary Email\nAna,Ruiz,ana@example.com,a@b.co\n",
    "Yahoo": "First,Middle,Last,Nickname,Email,Alternate Email 1\nAna,,Ruiz,,ana@example.com,a@b.co\n",
    "LinkedIn": 'Notes:\n"When you export your data, some addresses may be missing, because people hide them."\n\n'
    "First Name,Last Name,URL,Email Address,Company\nAna,Ruiz,https://x.example,ana@example.com,Lind\n",
    "Mailchimp": "Email Address,First Name,Last Name,MEMBER_RATING\nana@example.com,Ana,Ruiz,2\n",
    "Brevo": "CONTACT ID;EMAIL;FIRSTNAME;LASTNAME\n1;ana@example.com;Ana;Ruiz\n",
    "WooCommerce": "Order ID,Billing First Name,Billing Last Name,Billing Email,Shipping First Name\n"
    "7,Ana,Ruiz,ana@example.com,Bo\n",
    "Shopify": "First Name,Last Name,Email,Accepts Email\nAna,Ruiz,ana@example.com,yes\n",
    "Eventbrite": "Order #,First Name,Last Name,Email,Buyer Email\n7,Ana,Ruiz,ana@example.com,bo@example.org\n",
    "a form": "#,What is your first name?,And your last name?,What's your email?\n1,Ana,Ruiz,ana@example.com\n",
    "no word for it": "Vorname;Nachname;Kontakt\nAna;Ruiz;ana@example.com\n",
    "a title above": "Customer list, as of 4 March 2026,,\n,,\nEmail,First Name,Last Name\nana@example.com,Ana,Ruiz\n",
    "a title alone above": "Teilnehmer 2026, Stand 4. März\n\nE-Mail;Vorname;Nachname\nana@example.com;Ana;Ruiz\n",
    "Excel": "sep=;\nE-Mail;Vorname;Nachname\nana@example.com;Ana;Ruiz\n",
    "camel case": "userEmail,firstName,lastName\nana@example.com,Ana,Ruiz\n",
    "it": "Indirizzo e-mail;Nome;Cognome\nana@example.com;Ana;Ruiz\n",
    "pt": "E-mail;Nome;Sobrenome\nana@example.com;Ana;Ruiz\n",
    "nl": "E-mailadres;Voornaam;Achternaam\nana@example.com;Ana;Ruiz\n",
    "pl": "Adres e-mail;Imię;Nazwisko\nana@example.com;Ana;Ruiz\n",
    "sv": "E-postadress;Förnamn;Efternamn\nana@example.com;Ana;Ruiz\n",
    "da": "E-mailadresse;Fornavn;Efternavn\nana@example.com;Ana;Ruiz\n",
    "fi": "Sähköposti;Etunimi;Sukunimi\nana@example.com;Ana;Ruiz\n",
    "ru": "Электронная почта;Имя;Фамилия\nana@example.com;Ana;Ruiz\n",
    "uk": "Електронна пошта;Ім'я;Прізвище\nana@example.com;Ana;Ruiz\n",
    "cs": "E-mail;Jméno;Příjmení\nana@example.com;Ana;Ruiz\n",
    "tr": "E-posta;Ad\u0131;Soyad\u0131\nana@example.com;Ana;Ruiz\n",
    "el": "Διεύθυνση email;Όνομα;Επώνυμο\nana@example.com;Ana;Ruiz\n",
    "hu": "Vezetéknév;Keresztnév;E-mail cím\nRuiz;Ana;ana@example.com\n",
    "ja": "メールアドレス,姓,名\nana@example.com,Ruiz,Ana\n",
    "zh": "邮箱,姓,名\nana@example.com,Ruiz,Ana\n",
    "ko": "이메일,성,이름\nana@example.com,Ruiz,Ana\n",
}  # fmt: skip


@pytest.mark.parametrize("program", EXPORTS)
def test_address_and_names_are_found_in_an_export(program: str) -> None:
    contacts, _, _ = read(EXPORTS[program], columns=ONLY)
    assert contacts == [ANA]


def test_a_column_without_a_value_needs_no_field_and_stops_nothing() -> None:
    contacts, columns, notes = read("Email,Pager,Fax\nana@example.com,,\nbo@example.org, ,\n")
    assert contacts[0] == {"email": "ana@example.com"}
    assert [column.field for column in columns] == ["email", "", ""]
    assert notes == ['Left out, because every row is blank there: "Pager", "Fax".']


def test_only_leaves_out_all_but_names_addresses_and_what_is_named() -> None:
    text = "Email,First Name,Plan,Seats,Phone\nana@example.com,Ana,pro,3,030 1\n"
    assert "--only takes names and addresses alone" in refusal(text)
    contacts, _, notes = read(text, columns=ONLY)
    assert contacts == [{"email": "ana@example.com", "firstName": "Ana"}]
    assert notes == ['Left out, because only names and addresses were asked for: "Plan", "Seats", "Phone".']
    contacts, _, _ = read(text, columns=ONLY | {"Plan": "plan"}, create_fields=True)
    assert contacts[0]["customFields"] == {"plan": "pro"}


def test_the_address_is_the_column_whose_cells_are_addresses() -> None:
    _, _, notes = read("First Name,Kontakt\nAna,ana@example.com\nBo,none\nCy,cy@example.net\n", columns=ONLY)
    assert '"Kontakt" was taken for the address: 2 of 3 cells are addresses.' in notes


@pytest.mark.parametrize("first", ["Buyer Email", "Kontakt A"])
def test_of_several_columns_of_addresses_the_user_names_one(first: str) -> None:
    second = first.replace("Buyer", "Attendee").replace("A", "B", 1) if first != "Buyer Email" else "Attendee Email"
    said = refusal(f"{first},{second}\nana@example.com,bo@example.org\nana@example.com,\n")
    assert f'Several columns hold addresses: "{first}" (2 of 2 cells), "{second}" (1 of 1 cells).' in said
    assert f'--map "{first}=email"' in said


@pytest.mark.parametrize(
    ("header", "how", "whole", "names"),
    [
        ("name", "last-blank", "Ana Maria Ruiz", ("Ana Maria", "Ruiz")),
        ("Full Name", "first-blank", "Ana Maria Ruiz", ("Ana", "Maria Ruiz")),
        ("氏名", "family-first", "山田 太郎", ("太郎", "山田")),
        ("Name (Vor- und Nachname)", "last-blank", "Ruiz, Ana", ("Ana", "Ruiz")),
        ("What's your name?", "whole", "Ana Ruiz", ("Ana Ruiz",)),
        ("Nombre", "last-blank", "Ana Ruiz", ("Ana", "Ruiz")),
    ],
)
def test_whole_names_are_divided_as_asked_and_never_unasked(
    header: str, how: str, whole: str, names: tuple[str, ...]
) -> None:
    text = f'email\t"{header}"\nana@example.com\t"{whole}"\n'
    said = refusal(text, create_fields=True)
    assert "--split-name last-blank" in said
    assert f'holds whole names, such as "{whole}"' in said
    contacts, _, notes = read(text, split_name=how)
    assert contacts == [{"email": "ana@example.com"} | dict(zip(("firstName", "lastName"), names, strict=False))]
    assert all(name in notes[-1] for name in names)


@pytest.mark.parametrize(("header", "field"), [("Vorname", "lastName"), ("Nachname", "firstName")])
def test_a_name_beside_one_part_of_it_is_the_other_part(header: str, field: str) -> None:
    contacts, _, _ = read(f"Name;{header};E-Mail\nLind;Bo;bo@example.org\n")
    assert contacts[0][field] == "Lind"


def test_a_header_that_stands_twice_is_numbered_and_can_be_mapped() -> None:
    text = "First Name,Email,First Name,Email\nAna,ana@example.com,Bo,bo@example.org\n"
    assert read(text, columns=ONLY)[0] == [{"email": "ana@example.com", "firstName": "Ana"}]
    second = {"Email (2)": "email", "First Name (2)": "firstName", "Email": "", "First Name": ""}
    assert read(text, columns=second)[0] == [{"email": "bo@example.org", "firstName": "Bo"}]


@pytest.mark.parametrize(
    ("column", "field"),
    [("Created At", "created_at"), ("created at", "created_at"), ("city", "city2"), ("zip", "zip2"),
     ("Updated-At", "updated_at"), ("E-mail 2 - Label", "email2Label")],
)  # fmt: skip
def test_a_name_that_autosend_reserves_becomes_another(column: str, field: str) -> None:
    _, columns, _ = read(f"email,{column}\nana@example.com,x\n", create_fields=True)
    assert columns[1].field == f"customFields.{field}"


OBJECTS: list[dict[str, Any]] = [
    {"email": "ana@example.com", "address": {"city": "Bonn", "zip": "01067", "geo": {"lat": 7.5}, "none": None}},
    {"email": "bo@example.org", "address": {}, "address.note": "x"},
]


def test_objects_in_cells_become_columns() -> None:
    cells = "".join(f"{row['email']},{quoted_cell(row['address'])},{row.get('address.note', '')}\n" for row in OBJECTS)
    for text, name in (
        (json.dumps(OBJECTS), "people.json"),
        ("\n".join(map(json.dumps, OBJECTS)), "people.jsonl"),
        (f"email,address,address.note\n{cells}", "people.csv"),
    ):
        contacts, columns, notes = read(text, name, create_fields=True)
        assert contacts[0]["customFields"] == {"addressCity": "Bonn", "addressZip": "01067", "addressGeoLat": 7.5}
        assert contacts[1]["customFields"] == {"addressNote": "x"}
        assert [column.name for column in columns if column.left_out == "blank"] == ["address.none"]
        assert 'Objects in cells became columns of their own: "address.city", "address.zip"' in " ".join(notes)
    contacts, _, notes = read(text, columns={"address": "raw"}, create_fields=True)
    assert contacts[0]["customFields"]["raw"] == json.dumps(OBJECTS[0]["address"])
    assert notes == []
    python = refusal("email,attributes\nana@example.com,\"{'city': 'Bonn'}\"\n", create_fields=True)
    assert 'Each cell of "attributes" is an object' in python


def quoted_cell(value: object) -> str:
    """Return the value as JSON in a cell of CSV."""
    return '"' + json.dumps(value).replace('"', '""') + '"'


def test_lists_in_cells_become_texts_and_lists_of_objects_are_left_out() -> None:
    rows = [
        {"emails": [{"address": "ana@example.com"}], "tags": ["a", "b"], "orders": [{"id": 1}]},
        {"emails": [{"address": "bo@example.org"}], "tags": ["c"], "orders": [{"id": 2}, {"id": 3}]},
    ]
    contacts, columns, notes = read(json.dumps(rows), "people.json", create_fields=True)
    assert [(one["email"], one["customFields"]) for one in contacts] == [
        ("ana@example.com", {"tags": "a, b"}),
        ("bo@example.org", {"tags": "c"}),
    ]
    assert [column.name for column in columns if column.left_out] == ["orders"]
    assert 'Left out, because a contact has no place for lists of objects: "orders".' in notes


@pytest.mark.parametrize("text", ["ana@example.com\nbo@example.org\n", "\n<ana@example.com>;\nbo@example.org;\n"])
def test_addresses_one_a_line_are_a_table_without_a_header(text: str) -> None:
    contacts, _, notes = read(text, "people.txt")
    assert len(contacts) == 2
    assert notes == ["There is no header: each line is one address."]


def test_the_line_of_the_header_can_be_named() -> None:
    text = "Email,First Name\nMail,Vorname\nana@example.com,Ana\n"
    contacts, _, notes = read(text, header_line=2)
    assert (contacts, notes) == ([{"email": "ana@example.com", "firstName": "Ana"}], [])
    contacts, _, _ = read("ana@example.com,Ana\n", header_line=0, columns={"column 2": "firstName"})
    assert contacts == [{"email": "ana@example.com", "firstName": "Ana"}]


@pytest.mark.parametrize(
    ("header", "whole", "parts"),
    [
        ("Display Name", "Ana Ruiz", "First Name,Last Name"),
        ("Anzeigename", "Ruiz Ana", "Vorname,Nachname"),
        ("Nom complet", "Mme Ana RUIZ", "Prénom,Nom"),
        ("File As", '"Ruiz, Ana"', "Given Name,Family Name"),
        ("Nombre para mostrar", "ana", "Nombre,Apellidos"),
        ("Отображаемое имя", "Ana Ruiz", "Имя,Фамилия"),
        ("Name", "Ana Ruiz", "First Name,Last Name"),
    ],
)
def test_a_whole_name_beside_its_parts_is_left_out(header: str, whole: str, parts: str) -> None:
    text = f"{parts},{header},Email\nAna,Ruiz,{whole},ana@example.com\n,Lind,,bo@example.org\n"
    for create in (False, True):
        contacts, _, notes = read(text, create_fields=create)
        assert contacts == [ANA, {"lastName": "Lind", "email": "bo@example.org"}]
        assert notes == [f'Left out, because other columns have the first and the last names: "{header}".']
    kept, _, _ = read(text, columns={header: "shown"}, create_fields=True)
    assert "shown" in kept[0]["customFields"]


def test_a_whole_name_without_its_parts_is_asked_about_in_its_rows_alone() -> None:
    text = "First Name,Last Name,Display Name,Email\nAna,,Mrs Ana,ana@example.com\n,,Bo Lind,bo@example.org\n"
    said = refusal(text, create_fields=True)
    assert '1 row has a name only in "Display Name", such as "Bo Lind".' in said
    assert '--map "Display Name=" leaves a column out' in said
    contacts, _, notes = read(text, split_name="last-blank")
    assert contacts[0] == {"firstName": "Ana", "email": "ana@example.com"}
    assert contacts[1] == {"email": "bo@example.org", "firstName": "Bo", "lastName": "Lind"}
    assert notes == [
        '"Display Name" is read as first and last name, in rows without any: "Bo Lind" as "Bo" and "Lind".'
    ]


def test_a_name_of_something_else_beside_the_parts_is_a_column_of_its_own() -> None:
    text = "First Name,Last Name,Name,Email\nAna,Ruiz,Spring fair,ana@example.com\n"
    assert 'no custom field that AutoSend defines: "Name"' in refusal(text)
