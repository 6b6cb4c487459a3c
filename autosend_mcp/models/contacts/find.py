"""Finding contacts: the arguments and answers of `get_contact` and `find_contacts`.

Source: AutoSend's documentation, "Get contact by id", "Get unsubscribe groups", "Search contacts by emails" and
"Search contacts in a list".
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from autosend_mcp.models.base import Body, JsonObject, broken_rule
from autosend_mcp.models.contacts.contact import CUSTOM, FIRST_NAME, LAST_NAME, LISTS, OTHER_NAMES, SEGMENTS, Contact
from autosend_mcp.models.pages import Pageable, Paged
from autosend_mcp.models.schema import UNPUBLISHED
from autosend_mcp.models.shapes import InvalidAddress, ShownList
from autosend_mcp.models.text import VisibleText
from autosend_mcp.models.values import FOR_EMAIL, FOR_EMAILS, FOR_LIST, MAX_ENTRIES, EmailAddress, Name

# What a search in a list does not show, by AutoSend's documentation; looking the addresses up does.
GROUPS = "lists"
SHOWN_BY_LOOK_UP = {"userId", "mobile", "customFields", GROUPS}
_SPELLINGS = {**OTHER_NAMES, LISTS: GROUPS, SEGMENTS: GROUPS}

ContactField = Annotated[
    Literal["id", "firstName", "lastName", "userId", "mobile", "customFields", "lists", "createdAt", "updatedAt"],
    BeforeValidator(lambda name: _SPELLINGS.get(name, name) if isinstance(name, str) else name),
]


class GetContact(Body):
    """The arguments of `get_contact`."""

    spellings: ClassVar[Mapping[str, str]] = {**FOR_EMAIL, "contactId": "id"}

    email: EmailAddress | None = Field(default=None, description="Email address.", examples=["jane@example.com"])
    id: Name | None = Field(default=None, description="Or contact id.", examples=["507f1f77bcf86cd799439011"])
    unsubscribe_groups: bool = Field(default=False, description="Also the groups the contact has unsubscribed from.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.email is None) is (self.id is None):
            raise broken_rule("give either email or id")
        return self


class FoundContact(Contact):
    """The answer of `get_contact`. `lists`: the lists and segments that the contact is in."""

    model_config = ConfigDict(json_schema_extra={"required": ["id", "email"]})

    list_ids: list[str] | None = Field(default=None, exclude=True, json_schema_extra={UNPUBLISHED: True})
    lists: list[ShownList] | None = None
    updated_at: VisibleText | None = None
    unsubscribe_groups: list[JsonObject] | None = None


class FindContacts(Pageable):
    """The arguments of `find_contacts`."""

    spellings: ClassVar[Mapping[str, str]] = {
        **FOR_EMAILS,
        **FOR_LIST,
        **dict.fromkeys(("segment", "segmentId", "segmentName"), "list"),
    }

    emails: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ENTRIES,
        description="Addresses to look up; with list, who of them is in it. Leave out to page through a list.",
        examples=[["jane@example.com"]],
    )
    name: Name | None = Field(
        default=None,
        description="Only people with this in their name. Contacts are read one by one for that: prefer the address.",
        examples=["Jane Doe"],
    )
    contact_list: Name | None = Field(
        default=None,
        alias="list",
        description="Show who is in this list or segment, by name or id; all contacts without.",
    )
    email_contains: Name | None = Field(
        default=None, description="Only addresses with this in them.", examples=["@example.com"]
    )
    fields: list[ContactField] | None = Field(
        default=None, description="What to show besides email.", examples=[["firstName", "customFields"]]
    )
    as_csv: bool = Field(
        default=False, alias="csv", description="Show them as CSV, half as long: to export, or for many addresses."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.emails is not None and (self.name or self.email_contains):
            raise broken_rule("give either emails, or name and emailContains; list goes with both")
        return self

    def chosen(self, contact: dict[str, Any]) -> dict[str, Any]:
        """Return the part of a contact that was asked for; of those found by name, that as well."""
        shown = {"email", *(self.fields or []), *([FIRST_NAME, LAST_NAME] if self.name else [])}
        return {name: value for name, value in contact.items() if name in shown}


_TEXTS = ("email", *(name for name in get_args(get_args(ContactField)[0]) if name not in {CUSTOM, GROUPS}))
# What a contact may have; in full, so that code which calls the tool knows the keys.
ShownContact = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {key: {"type": "string"} for key in _TEXTS}
            | {CUSTOM: {"type": "object"}, GROUPS: {"type": "array", "items": {"type": "object"}}},
        }
    ),
]


class FoundContacts(Paged):
    """The answer of `find_contacts`.

    `csv`: in place of `contacts`, if asked for: the header and a line for each. `notFound`: the addresses asked for
    that are no contacts. `notInList`: those of contacts that are not in the list. `invalid`: what is no address, by its
    place from 1, and why.
    """

    contacts: list[ShownContact] | None = None
    csv: list[str] | None = None
    not_found: list[str] | None = None
    not_in_list: list[str] | None = None
    invalid: list[InvalidAddress] | None = None
