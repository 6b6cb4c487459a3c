"""The values a request may hold: text, addresses, custom fields, list names; repaired where the meaning is plain.

Types and reserved names: AutoSend's documentation, "Create contact" and "Custom fields". Length limits are ours;
AutoSend documents none.
"""

import math
import re
import unicodedata
from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic.alias_generators import to_camel

from autosend_mcp.models.addresses import address_notes, read_mailbox
from autosend_mcp.models.base import broken_rule
from autosend_mcp.models.given import is_empty
from autosend_mcp.models.opt_out_names import is_opt_out
from autosend_mcp.models.text import quoted

MAX_TEXT = 1_000
MAX_ENTRIES = 100
MAX_KEY = 100
MAX_SAFE_INTEGER = 2**53 - 1

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PUNCTUATION = re.compile(r"[\s.()\-\u2010-\u2015]")

# AutoSend's reserved custom field names, and the parameter that holds each where there is one.
RESERVED = {
    **dict.fromkeys(("firstName", "first_name"), "firstName"),
    **dict.fromkeys(("lastName", "last_name"), "lastName"),
    **dict.fromkeys(("userId", "externalId"), "userId"),
    "email": "email",
    "contactLists": "listIds",
    "mobile": "mobile",
    **dict.fromkeys(
        (
            "unsubscribed", "unsubscribe", "unsubscribe_groups", "unsubscribe_preferences", "createdAt",
            "updatedAt", "address", "address_line_1", "address_line_2", "city", "state", "zip", "country",
        )
    ),
}  # fmt: skip

# What else callers say for the arguments that name lists and people.
FOR_LISTS = dict.fromkeys(
    ("lists", "list", "listId", "listName", "listNames", "contactList", "contactLists", "contactListId",
     "contactListIds", "contactListNames", "addToLists", "joinLists"), "listIds"
)  # fmt: skip
FOR_LIST = dict.fromkeys(("listId", "listName", "contactList", "contactListId", "contactListName"), "list")
FOR_EMAILS = dict.fromkeys(("email", "emailAddress", "emailAddresses", "addresses"), "emails")
FOR_EMAIL = {"emailAddress": "email"}

# What AutoSend sets of a contact by itself, so that nobody can.
# Since 2026-07-24 (changelog) it shows two more, where and under which keys is not documented: these are the likely.
SYSTEM_PROPERTIES = ("source", "emailLastOpenedAt")
SET_BY_AUTOSEND = ("createdAt", "updatedAt", "emailLastOpenedAt")


def is_sendable(text: str) -> bool:
    """Return whether every JSON parser can take the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or _SURROGATE.search(text) is None)


def sendable(text: str) -> str:
    """Return the text, if every JSON parser can take it."""
    if not is_sendable(text):
        raise broken_rule("must be text without NUL or half of a surrogate pair")
    return text


def not_blank(text: str) -> str:
    """Return the text, if there is any."""
    if not text.strip():
        raise broken_rule("must not be blank")
    return text


def _custom_value(value: object) -> object:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise broken_rule(f"must be at most {MAX_TEXT} characters")
        return sendable(value)
    if not isinstance(value, int | float):
        raise broken_rule("must not be nested; AutoSend takes a string, number, boolean or date")
    if isinstance(value, float) and not math.isfinite(value):
        raise broken_rule("must be a finite number")
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        raise broken_rule("has more digits than a JSON number keeps; send it as a string")
    return value


def _custom_name(name: str) -> str:
    if not name.strip():
        raise broken_rule("has an empty name")
    if name in RESERVED:
        raise broken_rule(f"is a name AutoSend reserves; {_instead_of(name)}")
    return name


def _instead_of(name: str) -> str:
    """Return what to do in place of naming a custom field so."""
    if parameter := RESERVED[name]:
        return f"use the parameter {parameter}"
    if is_opt_out(name):
        return OPTING_OUT
    others = ", ".join(other for other, parameter in RESERVED.items() if not parameter and "sub" not in other)
    return f"choose another name, such as {to_camel(f'home_{name}')}. Reserved are {others}"


OPTING_OUT = "opting out is no field: suppress_emails is the tool for that"


def _notes(info: ValidationInfo) -> list[str]:
    """Return the list that collects the repairs made while validating."""
    return cast("list[str]", info.context)


def _address(value: str, info: ValidationInfo) -> str:
    mailbox = read_mailbox(value)
    _notes(info).extend(address_notes(value, mailbox))
    return mailbox.address


def in_e164(value: str) -> tuple[str, bool] | None:
    """Return a number as people write it in E.164, and whether more than punctuation was changed.

    None if not just one reading exists. The country is never guessed.
    """
    text = unicodedata.normalize("NFKC", value).strip().removeprefix("'")
    plain = _PUNCTUATION.sub("", text)
    number = f"+{plain[2:]}" if plain.startswith("00") else plain
    if "(0" in text or not _E164.fullmatch(number):  # +49 (0)151: with or without the 0
        return None
    return number, number != plain


def _mobile(value: str, info: ValidationInfo) -> str:
    read = in_e164(value)
    if read is None:
        raise broken_rule("must be digits after + or 00 and the country code, without (0)")
    number, changed = read
    if changed:
        _notes(info).append(f"mobile was read as {number}.")
    return number


EMPTY = "Empty, so not sent:"


def _given_values(value: object, info: ValidationInfo) -> object:
    """Return custom fields without those that are null or empty, which means "not given"."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[object, object]", value)
    absent = [name for name, custom in fields.items() if is_empty(custom)]
    if absent:
        names = ", ".join(f"customFields.{quoted(str(name))}" for name in absent)
        _notes(info).append(f"{EMPTY} {names}.")
    return {name: custom for name, custom in fields.items() if name not in absent}


Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(sendable)]
Name = Annotated[Text, AfterValidator(not_blank)]
Mobile = Annotated[str, Field(max_length=MAX_KEY), AfterValidator(_mobile)]
EmailAddress = Annotated[str, AfterValidator(_address)]
CustomName = Annotated[str, Field(max_length=MAX_KEY), AfterValidator(sendable), AfterValidator(_custom_name)]
CustomValue = Annotated[str | int | float | bool, BeforeValidator(_custom_value)]
CustomFields = Annotated[dict[CustomName, CustomValue], Field(max_length=MAX_ENTRIES), BeforeValidator(_given_values)]
