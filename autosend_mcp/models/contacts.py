"""Contacts: what is asked for, what AutoSend returns, and how the two differ.

Fields, types and notes: AutoSend's documentation, "Create contact" and "Custom fields". Length limits are ours;
AutoSend documents none.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from autosend_mcp.models.addresses import misspelt_domain, read_address
from autosend_mcp.models.base import Answer, Body, VisibleText, broken_rule, visible

MAX_TEXT = 1_000
MAX_ENTRIES = 100
MAX_KEY = 100
MAX_SAFE_INTEGER = 2**53 - 1

# AutoSend's reserved custom field names, and the parameter that holds each where there is one.
RESERVED = {
    **dict.fromkeys(("firstName", "first_name"), "firstName"),
    **dict.fromkeys(("lastName", "last_name"), "lastName"),
    **dict.fromkeys(("userId", "externalId"), "userId"),
    "email": "email",
    "contactLists": "listIds",
    **dict.fromkeys(
        (
            "mobile", "unsubscribed", "unsubscribe", "unsubscribe_groups", "unsubscribe_preferences", "createdAt",
            "updatedAt", "address", "address_line_1", "address_line_2", "city", "state", "zip", "country",
        )
    ),
}  # fmt: skip


def _sendable(text: str) -> str:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise broken_rule("must be text without NUL or half of a surrogate pair")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise broken_rule("must not be blank")
    return text


def _custom_value(value: object) -> object:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise broken_rule(f"must be at most {MAX_TEXT} characters")
        return _sendable(value)
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
        parameter = RESERVED[name]
        instead = f"use the parameter {parameter}" if parameter else "choose another name"
        raise broken_rule(f"is a name AutoSend reserves; {instead}")
    return name


def _notes(info: ValidationInfo) -> list[str]:
    """The list that collects the repairs made while validating."""
    return cast("list[str]", info.context)


def _address(value: str, info: ValidationInfo) -> str:
    address = read_address(value)
    notes = _notes(info)
    if address != value:
        notes.append(f"email was read as {address}.")
    if known := misspelt_domain(address):
        notes.append(f"Check the address: its domain resembles {known}. It was used as given.")
    return address


def _given_values(value: object, info: ValidationInfo) -> object:
    """Custom fields without those that are null: null means "not given"."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[object, object]", value)
    absent = [str(name) for name, custom in fields.items() if custom is None]
    if absent:
        _notes(info).append(f"Null, so not sent: {', '.join(f'customFields.{visible(name)[:80]}' for name in absent)}.")
    return {name: custom for name, custom in fields.items() if custom is not None}


Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_sendable)]
ListId = Annotated[Text, AfterValidator(_not_blank)]
EmailAddress = Annotated[str, AfterValidator(_address)]
CustomName = Annotated[str, Field(max_length=MAX_KEY), AfterValidator(_sendable), AfterValidator(_custom_name)]
CustomValue = Annotated[str | int | float | bool, BeforeValidator(_custom_value)]
CustomFields = Annotated[dict[CustomName, CustomValue], Field(max_length=MAX_ENTRIES), BeforeValidator(_given_values)]


class CreateContact(Body):
    """The body of `POST /contacts`."""

    email: EmailAddress = Field(description="Mail address.", examples=["jane@example.com"])
    first_name: Text | None = Field(default=None, description="First name.", examples=["Jane"])
    last_name: Text | None = Field(default=None, description="Last name.", examples=["Doe"])
    user_id: Text | None = Field(
        default=None, description="Your application's id for the person.", examples=["user_12345"]
    )
    list_ids: list[ListId] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Ids of contact lists (not segments) to join.",
        examples=[["507f1f77bcf86cd799439011"]],
    )
    custom_fields: CustomFields | None = Field(
        default=None,
        description="Further attributes; flat, each value a string, number, boolean or ISO date. "
        'Example: {"plan":"pro","logins":42,"vip":true,"trialEnds":"2024-03-01"}',
        examples=[{"plan": "pro", "logins": 42, "vip": True, "trialEnds": "2024-03-01"}],
    )


def _known_values(value: object) -> object:
    """The custom fields of a reply that have a documented type; a nested value has none and is left out."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[object, object]", value)
    return {visible(str(name)): v for name, v in fields.items() if isinstance(v, str | int | float)}


# Published as a plain object: spelling the value types out again would cost every conversation 30 tokens.
KnownFields = Annotated[
    dict[str, VisibleText | int | float | bool], BeforeValidator(_known_values), WithJsonSchema({"type": "object"})
]


def _fields(value: object) -> object:
    return cast("object", value) if isinstance(value, dict) else {}


class Contact(Answer):
    """A contact as AutoSend returns it. Only `id` and `email` are taken for granted.

    `list_ids` is not in the documented reply and is kept where AutoSend sends it; times are ISO 8601 in UTC.
    """

    id: Annotated[VisibleText, Field(min_length=1)]
    email: VisibleText
    first_name: VisibleText | None = None
    last_name: VisibleText | None = None
    user_id: VisibleText | None = None
    list_ids: list[VisibleText] | None = None
    custom_fields: KnownFields | None = None
    created_at: VisibleText | None = None


class StoredContact(Contact):
    """A contact with the time of its last change, which decides what became of a lost write."""

    updated_at: VisibleText | None = None
    raw_fields: Annotated[dict[str, Any], BeforeValidator(_fields)] = Field(
        default_factory=dict[str, Any], validation_alias="customFields", exclude=True
    )

    def unaltered_fields(self) -> dict[str, Any]:
        """The custom fields whose name and value stand here as AutoSend holds them, fit to be sent back."""
        shown = self.custom_fields or {}
        return {name: value for name, value in shown.items() if self.raw_fields.get(name) == value}


VERIFIED = "AutoSend's reply was lost; a look-up then found this contact, created at about the time of this call."
AUTOMATIONS_START = "Any live automation of these lists starts now."
LISTS_JOINED = f"{AUTOMATIONS_START} AutoSend does not show the contact's lists, so joining them was not checked."
LISTS_UNKNOWN = "Whether it joined the lists is not known; if it did, their live automations start now."


class CreatedContact(Contact):
    """The answer of `create_contact`."""

    outcome: Literal["created"]

    @classmethod
    def of(cls, contact: Contact, asked: CreateContact, *, verified: bool) -> "CreatedContact":
        """The contact as created, with what the caller should know of it. `verified`: found after a lost reply."""
        notes = [VERIFIED] if verified else []
        if asked.list_ids and contact.list_ids is None:
            notes.append(LISTS_UNKNOWN if verified else LISTS_JOINED)
        elif asked.list_ids:
            notes.append(AUTOMATIONS_START)
        if differs := differences(asked, contact):
            notes.append(f"AutoSend's reply does not show these as asked: {', '.join(differs)}.")
        held = {name: getattr(contact, name) for name in Contact.model_fields}
        return cls.model_construct(_fields_set=None, outcome="created", **held | {"notes": notes})


def differences(asked: Body, now: Contact) -> dict[str, dict[str, Any]]:
    """Every value asked for that the contact does not show: `{"firstName": {"asked": "Jane", "now": "Jan"}}`.

    `listIds` counts only where AutoSend returns the contact's lists; the documented reply does not.
    """
    return {name: {"asked": want, "now": have} for name, want, have in _pairs(asked, now) if not _same(want, have)}


def _pairs(asked: Body, now: Contact) -> Iterator[tuple[str, Any, Any]]:
    have = now.payload()
    for name, want in asked.payload().items():
        if name == "customFields":
            held = have.get(name, {})
            yield from ((f"{name}.{field}", value, held.get(field)) for field, value in want.items())
        elif name == "listIds":
            if name in have and not set(want) <= set(have[name]):
                yield name, want, have[name]
        elif name != "email":
            yield name, want, have.get(name)


def _same(want: object, have: object) -> bool:
    if isinstance(want, str) and isinstance(have, str):
        return visible(want) == have or (moment(want) is not None and moment(want) == moment(have))
    return want == have and isinstance(want, bool) == isinstance(have, bool)


def moment(text: str | None) -> datetime | None:
    """The instant an ISO date or time names (UTC where it names no zone); None if it names none."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
