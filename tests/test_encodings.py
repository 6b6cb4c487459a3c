"""Encodings: found by marks, NULs and UTF-8, else shown as a guess and not read."""

import pytest

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.hints import Hint
from tests.support.tables import ENCODING, refusal, rows_of, table_of

GUESSED = [
    ("mac_roman", "\r", ["Jörg", "Müller", "Zoë", "Weiß"]), ("mac_roman", "\n", ["François", "Núñez", "Zoë"]),
    ("cp1252", "\n", ["José"]), ("cp1252", "\r\n", ["Søren", "O\u2019Brien", "5 €"]), ("cp1252", "\n", ["Conceição"]),
    ("cp1250", "\n", ["Dvořák", "Žofie", "Łukasz"]), ("cp1250", "\n", ["Erdős", "Gyűrű", "Kovácsné"]),
    ("iso8859_2", "\n", ["Šárka", "Dvořák"]), ("cp1254", "\n", ["Ayşe", "Müşerref", "Çağla"]),
    ("iso8859_15", "\n", ["Renée", "5 €"]), ("cp1257", "\n", ["Jānis", "Bērziņš"]),
    ("cp850", "\r\n", ["Müller", "José", "Jörg"]), ("cp1251", "\n", ["Дмитрий", "Юлия"]),
    ("koi8_r", "\n", ["Иван", "Петров"]), ("cp866", "\r\n", ["Наталья"]),
    ("mac_cyrillic", "\r", ["Дмитрий", "Юлия"]),
    ("cp1253", "\n", ["Γιώργος", "Μαρία"]), ("cp1255", "\n", ["דוד", "כהן"]), ("cp1256", "\n", ["محمد", "علي"]),
    ("cp874", "\n", ["สมชาย", "ใจดี"]), ("shift_jis", "\n", ["山田太郎", "メール"]),
    ("cp1252", "\n", [f"José{place}" for place in range(500)]), ("euc_jp", "\n", ["鈴木", "メール"]),
    ("gbk", "\n", ["王小明", "刘德华"]), ("big5", "\n", ["陳志明", "林淑芬"]), ("euc_kr", "\n", ["김철수", "이영희"]),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "end", "words"), GUESSED)
def test_a_guess_is_shown_and_not_read(encoding: str, end: str, words: list[str]) -> None:
    data = end.join(["email;name", *(f"a{at}@b.co;{word}" for at, word in enumerate(words)), ""]).encode(encoding)
    with pytest.raises(FileError, match="would be a guess") as refused:
        table_of(data)
    hint = refused.value.hint
    assert hint is not None
    assert hint.option == "guess"
    assert f'read as {hint.field}: "{words[0][:20]}' in str(refused.value)
    assert [row.values["name"] for row in rows_of(data, encoding=hint.field)] == words


def test_the_usual_wrong_reading_is_shown_beside_the_likely_one() -> None:
    said = refusal("email;name\ra@b.co;Jörg\rc@d.co;Weiß\r".encode("mac_roman"), hint=Hint("guess", "", "mac_roman"))
    assert 'mac_roman: "Jörg, Weiß"' in said
    assert 'cp1252: "Jšrg, Wei§"' in said


def test_words_are_found_far_into_the_file_and_cut() -> None:
    text = "email,firstName\n" + "a@b.co,5 £\n" * 60_000 + "a@b.co,Zoë\n"
    assert ', Zoë"' in refusal(text.encode("cp1252"), hint=Hint("guess", "", "cp1252"))
    assert 'Zoë"' in refusal(text.replace("\n", " ").encode("cp1252"), hint=Hint("guess", "", "cp1252"))
    long = ("email\n" + "x" * 500 + "é" + "y" * 500).encode("cp1252")
    assert "é" not in refusal(long, hint=Hint("guess", "", "cp1252"))


def test_bytes_that_are_no_words_are_not_guessed() -> None:
    said = refusal(bytes(range(0x80, 0x100)).join([b"email,firstName\na@b.co,", b"\n"]), hint=ENCODING)
    assert said == "Line 2 is not UTF-8, and the encoding of the file cannot be guessed."


def test_utf_8_with_one_broken_letter_is_not_read_as_western() -> None:
    rows = "a@b.co,José\n" * 5
    said = refusal(f"email,firstName\n{rows}".encode() + b"a@b.co,Jos\xe9 x\n", hint=ENCODING)
    assert said.startswith("Line 7 is not UTF-8")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognized_by_its_nuls(encoding: str) -> None:
    table = table_of("email,firstName\na@b.co,José\nc@d.co,Дмитрий\n".encode(encoding))
    assert table.encoding == encoding
    assert [row.values["firstName"] for row in table.rows()] == ["José", "Дмитрий"]


def test_a_stray_nul_makes_no_utf_16() -> None:
    table = table_of("email,firstName\na@b.co,A\0nn\nc@d.co,Bob Builder\n")
    assert table.encoding == "utf-8"
    assert [row.values["firstName"] for row in table.rows()] == ["A\0nn", "Bob Builder"]
    table = table_of("email,no\n" + "a@b.co,x\0\n" * 40)  # where a NUL ends each line, always at an odd place
    assert (table.encoding, table.columns) == ("utf-8", ("email", "no"))
    table = table_of("email,a\n\0\0,\0\0\0b\n")
    assert (table.encoding, [row.raw for row in table.rows()]) == ("utf-8", [["\0\0", "\0\0\0b"]])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "UTF_8"])
def test_a_byte_order_mark_is_dropped_whatever_was_named(encoding: str) -> None:
    assert table_of("email,firstName\n".encode("utf-8-sig"), encoding=encoding).columns == ("email", "firstName")
    quoted_name = '\ufeff"email","first, name"\n'
    assert table_of(quoted_name.encode(), encoding=encoding).columns == ("email", "first, name")
    assert table_of(quoted_name.encode("utf-16-le"), encoding="utf-16-le").columns == ("email", "first, name")


@pytest.mark.parametrize(
    "name", ["", "latin 99", "base64", "rot13", "idna", "unicode_escape", "utf-7", "a\0b", "é", "\ud800", "x" * 10_000]
)
def test_an_encoding_that_is_none_is_refused(name: str) -> None:
    assert refusal("email\na@b.co\n", encoding=name, hint=ENCODING).endswith("is no text encoding known here.")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "x" * 300_000, "Zoë\u2028\x85" * 60_000])
def test_bytes_outside_the_named_encoding_are_reported_with_their_line(end: str, before: str) -> None:
    text = f"email,firstName{end}a@b.co,Ann{end}c@d.co,{before}{end}".encode()
    said = refusal(text + b"\xe9@b.co,Eve\n", encoding="utf-8", hint=ENCODING)
    assert said == "Line 4 holds bytes that are not utf-8."


def test_the_line_is_right_where_bytes_mean_what_those_before_them_say() -> None:
    text = "email,firstName\na@b.co,Ann\nc@d.co,山田\n".encode("iso2022_jp")
    said = refusal(text + b"d@e.co,\x1b$B\xff\xff\n", encoding="iso2022_jp", hint=ENCODING)
    assert said.startswith("Line 4 holds bytes")


def test_a_mark_that_the_bytes_belie_is_reported_with_the_line() -> None:
    said = refusal(b"\xef\xbb\xbfemail,firstName\na@b.co,Jos\xe9\n", hint=ENCODING)
    assert said == "Line 2 holds bytes that are not utf-8-sig."
    said = refusal("email\na@b.co\n".encode("utf-16") + b"x", hint=ENCODING)
    assert said == "Line 3 holds bytes that are not utf-16."


@pytest.mark.slow
def test_letters_cut_by_the_chunks_of_reading_are_whole() -> None:
    text = "email,firstName\n" + "".join(f"p{place}@b.co,{'é€😀'[place % 3]}\r\n" for place in range(50_000))
    for encoding in ("utf-8", "utf-16"):
        table = table_of(text.encode(encoding))
        assert table.encoding == encoding
        assert [row.values["firstName"] for row in table.rows()] == [*"é€😀" * 16_666, *"é€"]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("PK\x03\x04\x14\0[Content_Types].xml", "an Excel workbook. Save it as CSV"),
        ("PK\x03\x04\x14\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet. Save"),
        ("PK\x03\x04\x14\0Index/Document.iwa", "a Numbers spreadsheet. Export it as CSV"),
        ("PK\x03\x04\x14\0people.csv", "a ZIP archive. Unpack it"),
        ("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook. Save it as CSV"),
        ("\x1f\x8b\x08", "a compressed archive. Unpack it"),
        ("%PDF-1.7\n", "a PDF. Copy the table"),
        ("SQLite format 3\0", "an SQLite database. Export"),
        ("\n<!DOCTYPE html><table>", "a web page (HTML). Copy"),
        ("\xef\xbb\xbf<?xml version='1.0'?>", "XML. Export"),
        ("BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL:a@b.co", "an address book of vCards. Export"),
        ("Return-Path: <a@b.co>\nReceived: from", "a mail, not a table."),
    ],
)
def test_a_file_that_is_no_table_is_called_by_its_name(first: str, said: str) -> None:
    assert refusal(first.encode("latin-1") + b"\0\x01\x02" * 40, "people.csv").startswith(f"The file is {said}")
