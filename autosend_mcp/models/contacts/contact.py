"""Contacts: what is asked for, what AutoSend returns, and how the two differ.

Fields: AutoSend's documentation, "Create contact", "Upsert contact" and "Get contact by id".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from autosend_mcp.models.base import Answer, Body, KeepsRaw, broken_rule
from autosend_mcp.models.schema import UNPUBLISHED
from autosend_mcp.models.text import VisibleText, quoted, with_visible_names
from autosend_mcp.models.values import (
    FOR_EMAIL,
    MAX_ENTRIES,
    RESERVED,
    SET_BY_AUTOSEND,
    CustomFields,
    CustomName,
    EmailAddress,
    Mobile,
    Text,
)

# AutoSend's names of what a contact has, besides `email`.
FIRST_NAME, LAST_NAME, USER_ID, MOBILE = NAMES = ("firstName", "lastName", "userId", "mobile")
CUSTOM, LISTS, SEGMENTS = "customFields", "listIds", "segmentIds"
CLEAR = "clear"  # what a tool takes of an upsert besides; AutoSend takes "" instead
PROPERTIES = "contactProperties"  # what newer pages call the custom fields, in requests and in replies
OTHER_NAMES = {PROPERTIES: CUSTOM}

# Values of a contact under these names: the body of a request that writes one.
Values = dict[str, Any]


class Person(Body):
    """What both a create and an upsert say of one contact."""

    spellings: ClassVar[Mapping[str, str]] = {**OTHER_NAMES, **FOR_EMAIL}

    email: EmailAddress = Field(description="Email address.", examples=["jane@example.com"])
    first_name: Text | None = Field(default=None, description="First name.", examples=["Jane"])
    last_name: Text | None = Field(default=None, description="Last name.", examples=["Doe"])
    user_id: Text | None = Field(default=None, description="Id in the user's own system.", examples=["user_12345"])
    mobile: Mobile | None = Field(default=None, description="Phone number, in E.164.", examples=["+14155552671"])
    custom_fields: CustomFields | None = Field(
        default=None,
        description="Further attributes: strings, numbers, booleans or ISO dates; not called address, city, state, zip "
        "or country, which AutoSend reserves. "
        'Example: {"plan":"pro","logins":42,"trialEnds":"2024-03-01"}',
        examples=[{"plan": "pro", "logins": 42, "vip": True, "trialEnds": "2024-03-01"}],
    )

    def attributes(self) -> Values:
        """Return what is expected of the contact, under AutoSend's names; without the lists."""
        names = {*map(to_camel, Person.model_fields)}
        return {name: value for name, value in self.payload().items() if name in names}


_custom_name = TypeAdapter[str](CustomName)


def _clearable(given: str) -> str:
    """Return the name of a value as `changes` names it: `firstName`, `customFields.plan`."""
    name = RESERVED.get(given) or given
    if name in NAMES:
        return name
    custom = given.removeprefix(f"{PROPERTIES}.").removeprefix(f"{CUSTOM}.")
    if custom in {*RESERVED, *SET_BY_AUTOSEND}:
        raise broken_rule(f"must be {', '.join(NAMES)} or a custom field")
    return f"{CUSTOM}.{_custom_name.validate_python(custom)}"


class PersonChange(Person):
    """What an upsert says of one contact: values it is to have, and which it is to have no more."""

    clear: list[Annotated[str, AfterValidator(_clearable)]] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Names of values to remove, also of custom fields.",
        examples=[["firstName", "plan"]],
    )

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        given = super().attributes()
        given |= {f"{CUSTOM}.{name}": value for name, value in given.get(CUSTOM, {}).items()}
        if both := [name for name in self.clear or () if name in given]:
            raise broken_rule(f"clear: {quoted(both[0])} is given a value, too")
        return self

    def attributes(self) -> Values:
        """Return what is expected of the contact: what is to be cleared as AutoSend takes it.

        Documented is `""`, for the names (page "Upsert contact"). For custom fields nothing is; `null` is what
        AutoSend's own client allows besides a value, and the least likely to become one.
        """
        values = super().attributes()
        names = [name for name in self.clear or () if name in NAMES]
        custom = [name.removeprefix(f"{CUSTOM}.") for name in self.clear or () if name not in NAMES]
        values |= dict.fromkeys(names, "")
        return values | ({CUSTOM: values.get(CUSTOM, {}) | dict.fromkeys(custom)} if custom else {})


def _known_values(value: object) -> object:
    """Return the custom fields of a reply that have a documented type; a nested value has none and is left out."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return with_visible_names({name: v for name, v in fields.items() if isinstance(v, str | int | float)})


def under_one_name(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Return the contact with all its custom fields as `customFields`. Replies may have either name, or both."""
    if PROPERTIES not in contact:
        return {**contact}
    under_both = [contact.get(name) for name in (CUSTOM, PROPERTIES)]
    one = {name: value for name, value in contact.items() if name != PROPERTIES}
    if any(isinstance(fields, dict) for fields in under_both):
        one[CUSTOM] = {
            name: value
            for fields in under_both
            if isinstance(fields, dict)
            for name, value in cast("dict[str, Any]", fields).items()
        }
    return one


# Published as a plain object: spelling the value types out again would cost every conversation 30 tokens.
KnownFields = Annotated[
    dict[str, VisibleText | int | float | bool], BeforeValidator(_known_values), WithJsonSchema({"type": "object"})
]


def _ids(value: object) -> object:
    """Return the ids that are texts; None for what is no list of them."""
    return [item for item in cast("list[object]", value) if isinstance(item, str)] if isinstance(value, list) else None


Ids = Annotated[list[VisibleText] | None, BeforeValidator(_ids)]


class Contact(Answer):
    """A contact as AutoSend returns it. Only `id` and `email` are taken for granted.

    `list_ids`, `segment_ids`: None where AutoSend does not show them, as on older pages; a reply of a create has no
    segments. Times are ISO 8601 in UTC.
    """

    id: Annotated[VisibleText, Field(min_length=1)]
    email: VisibleText
    first_name: VisibleText | None = None
    last_name: VisibleText | None = None
    user_id: VisibleText | None = None
    mobile: VisibleText | None = Field(default=None, json_schema_extra={UNPUBLISHED: True})
    list_ids: Ids = Field(default=None, json_schema_extra={UNPUBLISHED: True})
    segment_ids: Ids = Field(default=None, exclude=True, json_schema_extra={UNPUBLISHED: True})
    custom_fields: KnownFields | None = None
    created_at: VisibleText | None = None

    @model_validator(mode="before")
    @classmethod
    def _under_one_name(cls, data: object) -> object:
        return under_one_name(cast("dict[str, Any]", data)) if isinstance(data, dict) else data


class StoredContact(Contact, KeepsRaw):
    """A contact with the time of its last change, which decides what became of a write whose reply was lost."""

    updated_at: VisibleText | None = None

    @property
    def raw_fields(self) -> dict[str, Any]:
        """The custom fields as AutoSend stores them, also those that cannot be shown."""
        return _fields_of(self.raw)


@dataclass(frozen=True, slots=True)
class HeldContact:
    """A contact as AutoSend stores it, of thousands at a time: nothing of it is made fit to be shown."""

    raw: dict[str, Any]

    @property
    def raw_fields(self) -> dict[str, Any]:
        """The custom fields."""
        return _fields_of(self.raw)

    @property
    def list_ids(self) -> list[str] | None:
        """The ids of its lists; None where AutoSend does not show them."""
        return cast("list[str] | None", _ids(self.raw.get(LISTS)))


AnyContact = StoredContact | HeldContact


def _fields_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    fields = raw.get(CUSTOM)
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}


def held_contact(data: object) -> HeldContact | None:
    """Return the contact; None for what `StoredContact` would not take for one, by what both read of it."""
    if not isinstance(data, dict):
        return None
    raw = under_one_name(cast("dict[str, Any]", data))
    email, key = raw.get("email"), raw.get("id")
    is_one = isinstance(email, str) and isinstance(key, str) and key != ""
    is_one = (
        is_one
        and isinstance(raw.get(CUSTOM), dict | None)
        and all(isinstance(raw.get(name), str | None) for name in NAMES)
    )
    return HeldContact(raw) if is_one else None
