"""Finding contacts: the arguments and answers of `get_contact` and `find_contacts`.

Source: AutoSend's documentation, "Get contact by id", "Get unsubscribe groups", "Search contacts by emails" and
"Search contacts in a list".
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from autosend_mcp.models.base import Body, JsonObject, broken_rule
from autosend_mcp.models.contacts.contact import LISTS, OTHER_NAMES, SEGMENTS, Contact
from autosend_mcp.models.pages import Pageable, Paged
from autosend_mcp.models.schema import UNPUBLISHED
from autosend_mcp.models.text import VisibleText
from autosend_mcp.models.values import FOR_EMAIL, FOR_EMAILS, FOR_LIST, MAX_ENTRIES, EmailAddress, Name

# What a search in a list does not show, by AutoSend's documentation; looking the addresses up does.
GROUPS = "lists"
SHOWN_BY_LOOK_UP = {"userId", "mobile", "customFields", GROUPS}
_SPELLINGS = {**OTHER_NAMES, LISTS: GROUPS, SEGMENTS: GROUPS}

ContactField = Annotated[
    Literal["firstName", "lastName", "userId", "mobile", "customFields", "lists", "createdAt", "updatedAt"],
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
    lists: list[JsonObject] | None = None
    updated_at: VisibleText | None = None
    unsubscribe_groups: list[JsonObject] | None = None


class FindContacts(Pageable):
    """The arguments of `find_contacts`."""

    spellings: ClassVar[Mapping[str, str]] = {
        **FOR_EMAILS,
        **FOR_LIST,
        **dict.fromkeys(("segment", "segmentId", "segmentName"), "list"),
    }

    emails: list[EmailAddress] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ENTRIES,
        description="Addresses to look up. Leave out to page through a list.",
        examples=[["jane@example.com"]],
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
        default=None, description="What to show besides id and email.", examples=[["firstName", "customFields"]]
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.emails is not None and (self.contact_list or self.email_contains):
            raise broken_rule("give either emails, or list and emailContains")
        return self

    def chosen(self, contact: dict[str, Any]) -> dict[str, Any]:
        """Return the part of a contact that was asked for."""
        shown = {"id", "email", *(self.fields or [])}
        return {name: value for name, value in contact.items() if name in shown}


class FoundContacts(Paged):
    """The answer of `find_contacts`. `notFound`: the addresses asked for that are no contacts."""

    contacts: list[JsonObject]
    not_found: list[str] | None = None
