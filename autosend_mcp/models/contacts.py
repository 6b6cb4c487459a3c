"""Contacts: what is asked for, what AutoSend returns, and how the two differ.

Fields: AutoSend's documentation, "Create contact", "Upsert contact" and "Get contact by id".
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from autosend_mcp.models.base import (
    UNPUBLISHED,
    Answer,
    Body,
    JsonObject,
    VisibleText,
    Write,
    published_schema,
    quoted,
    step,
    visible,
)
from autosend_mcp.models.values import MAX_ENTRIES, CustomFields, EmailAddress, Name, Text


class Person(Body):
    """What both a create and an upsert say of one person."""

    email: EmailAddress = Field(description="Mail address.", examples=["jane@example.com"])
    first_name: Text | None = Field(default=None, description="First name.", examples=["Jane"])
    last_name: Text | None = Field(default=None, description="Last name.", examples=["Doe"])
    user_id: Text | None = Field(
        default=None, description="Your application's id for the person.", examples=["user_12345"]
    )
    custom_fields: CustomFields | None = Field(
        default=None,
        description="Further attributes; flat, each value a string, number, boolean or ISO date. "
        'Example: {"plan":"pro","logins":42,"vip":true,"trialEnds":"2024-03-01"}',
        examples=[{"plan": "pro", "logins": 42, "vip": True, "trialEnds": "2024-03-01"}],
    )

    def attributes(self) -> dict[str, Any]:
        """What is asked of the contact, under AutoSend's names; without the lists."""
        names: dict[str, Any] = published_schema(Person)["properties"]
        return {name: value for name, value in self.payload().items() if name in names}


class CreateContact(Person, Write):
    """The arguments of `create_contact`; also the body of `POST /contacts`, with the ids of the lists."""

    list_ids: list[Name] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Contact lists (not segments) to join, by name or id.",
        examples=[["Newsletter"]],
    )


class UpsertContact(CreateContact):
    """The arguments of `upsert_contact`; the body of `POST /contacts/email`."""


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
    list_ids: list[VisibleText] | None = Field(default=None, json_schema_extra={UNPUBLISHED: True})
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
AUTOMATIONS_WOULD = "Any live automation of these lists would start; AutoSend does not tell which there are."
LISTS_JOINED = f"{AUTOMATIONS_START} AutoSend does not show the contact's lists, so joining them was not checked."
LISTS_UNKNOWN = "Whether it joined the lists is not known; if it did, their live automations start now."


class WrittenContact(Contact):
    """The answer of a tool that writes one contact. With dryRun it has a `plan` and no contact."""

    model_config = ConfigDict(json_schema_extra={"required": ["outcome"]})

    plan: JsonObject | None = None
    undo: list[JsonObject] | None = None

    @classmethod
    def planned(cls, plan: dict[str, Any]) -> Self:
        """The answer to a dry run."""
        return cls.model_construct(outcome="dry_run", plan=plan)

    @classmethod
    def showing(cls, contact: Contact, **more: Any) -> Self:
        """The answer that shows this contact."""
        held = {name: getattr(contact, name) for name in Contact.model_fields}
        return cls.model_construct(_fields_set=None, **held | more)


class CreatedContact(WrittenContact):
    """The answer of `create_contact`."""

    outcome: Literal["created", "dry_run"]

    @classmethod
    def of(cls, contact: Contact, asked: Mapping[str, Any], *, verified: bool) -> Self:
        """The contact as created, with what the caller should know of it. `verified`: found after a lost reply."""
        notes = [VERIFIED] if verified else []
        notes += list_notes(contact, asked, verified=verified)
        if differs := differences(asked, contact):
            notes.append(f"AutoSend's reply does not show these as asked: {listed(differs)}.")
        back = step("delete_contacts", emails=[contact.email], confirm=contact.email)
        return cls.showing(contact, outcome="created", undo=[back], notes=notes)


class UpsertedContact(WrittenContact):
    """The answer of `upsert_contact`. `changes`: what it had before and has now, by field."""

    outcome: Literal["created", "updated", "unchanged", "dry_run"]
    changes: JsonObject | None = None


def list_notes(contact: Contact, asked: Mapping[str, Any], *, verified: bool) -> list[str]:
    """What is known of the lists that were asked for."""
    if not asked.get("listIds"):
        return []
    if contact.list_ids is None:
        return [LISTS_UNKNOWN if verified else LISTS_JOINED]
    return [AUTOMATIONS_START]


def differences(asked: Mapping[str, Any], now: Contact) -> dict[str, dict[str, Any]]:
    """Every value asked for that the contact does not show: `{"firstName": {"asked": "Jane", "now": "Jan"}}`.

    `listIds` counts only where AutoSend returns the contact's lists; the documented reply does not.
    """
    return {name: {"asked": want, "now": have} for name, want, have in _pairs(asked, now) if not _same(want, have)}


def _pairs(asked: Mapping[str, Any], now: Contact) -> Iterator[tuple[str, Any, Any]]:
    have = now.payload()
    for name, want in asked.items():
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


def listed(names: Iterable[str]) -> str:
    """Names as `_pairs` and `changes` give them, for a sentence: `firstName, customFields."plan"`."""
    parts = (name.partition(".") for name in names)
    return ", ".join(f"{field}.{quoted(custom)}" if custom else field for field, _, custom in parts)


def changes(before: Contact | None, after: Contact) -> dict[str, dict[str, Any]]:
    """Every value that is not as it was: `{"firstName": {"was": "Jan", "now": "Jane"}}`."""
    was, now = _flat(before), _flat(after)
    names = dict.fromkeys([*was, *now])
    return {
        name: {"was": was.get(name), "now": now.get(name)} for name in names if not _same(was.get(name), now.get(name))
    }


def _flat(contact: Contact | None) -> dict[str, Any]:
    if contact is None:
        return {}
    held = {name: v for name, v in contact.payload().items() if name in {"firstName", "lastName", "userId"}}
    return held | {f"customFields.{name}": v for name, v in (contact.custom_fields or {}).items()}


def unclearable(changed: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A note on the values that were not there before, which no request is known to clear."""
    names = [name for name, values in changed.items() if values["was"] is None]
    return [f"These had no value before, and cannot be cleared again: {listed(names)}."] if names else []


def restoring(email: str, changed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The arguments of an upsert that puts back the values there were before; those there were not, it cannot clear."""
    back: dict[str, Any] = {}
    for name, values in changed.items():
        if values["was"] is not None:
            field, _, custom = name.partition(".")
            if custom:
                back.setdefault(field, {})[custom] = values["was"]
            else:
                back[field] = values["was"]
    return {"email": email, **back} if back else {}


def moment(text: str | None) -> datetime | None:
    """The instant an ISO date or time names (UTC where it names no zone); None if it names none."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
