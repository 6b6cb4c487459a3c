"""Files that hold no table of text: what they are, by their first bytes, and how to get a CSV file of them."""

import re

_SAVE = "Save it as CSV and import that."
_UNPACK = "Unpack it, and import the CSV file in it."
_COPY = "Copy the table into a spreadsheet, and save that as CSV."
_EXPORT = "Export the contacts as CSV, from where this file is from."

_FIRST_BYTES = {
    rb"PK\x03\x04.*?mimetypeapplication/vnd\.oasis\.opendocument\.spreadsheet": f"an OpenDocument spreadsheet. {_SAVE}",
    rb"PK\x03\x04.*?\w+\.iwa": "a Numbers spreadsheet. Export it as CSV and import that.",
    rb"PK\x03\x04.*?(?:\[Content_Types\]\.xml|xl/)": f"an Excel workbook. {_SAVE}",
    rb"PK(?:\x03\x04|\x05\x06)": f"a ZIP archive. {_UNPACK}",
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": f"an Excel workbook. {_SAVE}",
    rb"\x1f\x8b|BZh\d|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd": f"a compressed archive. {_UNPACK}",
    rb"%PDF-": f"a PDF. {_COPY}",
    rb"SQLite format 3\0": "an SQLite database. Export the table of the contacts as CSV.",
    rb"\{\\rtf": f"a text document (RTF). {_COPY}",
    rb"(?i:<!doctype html|<html|<head|<body|<table)": f"a web page (HTML). {_COPY}",
    rb"(?i:<\?xml|<!doctype|<!--)": f"XML. {_EXPORT}",
    rb"(?!(?i:.*COPY [^\n]* FROM stdin))(?i:(?:--[^\n]*\n|\s|/\*(?:[^*]|\*(?!/))*+\*/;?"
    rb"|(?:USE|BEGIN|START|SET|PRAGMA|GO|\\\w+)\b[^;\n]*[;\n])*"
    rb"(?:INSERT INTO|INSERT IGNORE|INSERT \[|REPLACE INTO|CREATE (?:TABLE|DATABASE|SCHEMA)|DROP (?:TABLE|DATABASE)|"
    rb"LOCK TABLES|ALTER TABLE|DELETE FROM|COPY \S+ *\([^()]*\n|SET \w+ ?=))": (
        "statements of SQL. Export the table of the contacts as CSV."
    ),
    rb"(?:[#%][^\n]*\n|---[^\n]*\n|\s)*(?:[\w\"'-]+:[ \t]*\r?\n *)+(?:- +|(?<= ))[\w\"'-]+: |"
    rb"---\s+- \w+: |- (\w+): [^,;\t\n]*\n(?:- \1: | +\w+: )": f"YAML. {_EXPORT}",
    rb"(?i:BEGIN:VCARD)": f"an address book of vCards. {_EXPORT}",
    rb"(?i:BEGIN:VCALENDAR)": f"a calendar. {_EXPORT}",
    rb"(?i:dn: \w+=|version: 1\s+dn:)": f"an address book in LDIF. {_EXPORT}",
    rb"(?i:(?:Received|Return-Path|Delivered-To|MIME-Version|Message-ID|X-Mozilla-Status): )|From \S+@\S+ ": (
        "a mail, not a table. If a table is attached to it, save and import that."
    ),
}
_KINDS = {re.compile(start, re.DOTALL): said for start, said in _FIRST_BYTES.items()}


def other_format(head: bytes) -> str:
    """Return what a file that begins so is, and how to get a CSV file of it; nothing if it may be a table of text."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((said for start, said in _KINDS.items() if start.match(text)), "")
