"""The members that AutoSend documents for the body of each request that the sandbox answers, with their limits.

Sources: the pages of the API reference; for `contactProperties`, and the names of rows, the changelog of 2026-06-26.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Required

from pydantic import Field
from typing_extensions import TypedDict

from autosend_mcp.sandbox.control.mail_bodies import BulkMail, Email, SentMail

Name = Annotated[str, Field(min_length=1, max_length=200)]
Limit = Annotated[int, Field(ge=1, le=100)]
Page = Annotated[int, Field(ge=1)]
Emails = Annotated[list[Email], Field(min_length=1)]
UpTo500 = Annotated[list[str], Field(min_length=1, max_length=500)]
Value = str | float | bool | None
Values = dict[str, Value]
Reason = Literal["UNSUBSCRIBE", "BOUNCE", "COMPLAINT", "MANUAL"]
ListType = Literal["list", "segment"]
PropertyType = Literal["string", "number", "boolean", "date"]


class ContactRow(TypedDict, total=False):
    """A contact in a bulk update."""

    email: Required[Email]
    firstName: str
    lastName: str
    userId: str
    customFields: Values
    contactProperties: Values


class NewContact(ContactRow, total=False):
    """A contact, and the lists that it joins."""

    listIds: list[str]


class UpsertedContact(NewContact, total=False):
    """A contact to create or change."""

    mobile: str


class BulkUpdate(TypedDict, total=False):
    """Contacts to create or change."""

    contacts: Required[Annotated[list[ContactRow], Field(min_length=1, max_length=100)]]
    runWorkflow: bool


class Addresses(TypedDict):
    """Addresses of contacts."""

    emails: Emails


class Duplicate(TypedDict):
    """A contact's address, and that of its copy."""

    sourceEmail: Email
    newEmail: Email


class Condition(TypedDict, total=False):
    """A condition of a segment."""

    field: Required[str]
    fieldType: Required[PropertyType]
    operator: Required[str]
    value: Value | list[Value]


class Criteria(TypedDict):
    """The conditions of a segment."""

    logicalOperator: Literal["AND", "OR"]
    groups: Annotated[list[Condition], Field(min_length=1)]


class NewList(TypedDict, total=False):
    """A list or segment."""

    name: Required[Name]
    type: ListType
    description: Annotated[str, Field(max_length=500)]
    filterCriteria: Criteria
    parentId: str


class ListSearch(TypedDict, total=False):
    """A page of a list's contacts."""

    contactListId: Required[str]
    page: Page
    limit: Limit
    email: str


class BulkAdd(TypedDict, total=False):
    """Contacts for a list: `emails` or `contactIds`."""

    contactListId: Required[str]
    emails: UpTo500
    contactIds: UpTo500


class BulkRemove(TypedDict, total=False):
    """Contacts to take out of a list: `emails` or `contactIds`."""

    emails: Emails
    contactIds: Annotated[list[str], Field(min_length=1)]


class NewProperty(TypedDict, total=False):
    """A contact property: `name` and `type`, whose older names are `fieldName` and `fieldType`."""

    name: str
    type: PropertyType
    fieldName: str
    fieldType: PropertyType
    description: str
    defaultValue: str


class ChangedGroup(TypedDict, total=False):
    """What changes of a suppression group."""

    name: Name
    description: str
    isActive: bool


class NewGroup(ChangedGroup, total=False):
    """A suppression group."""

    name: Required[Name]  # type: ignore[misc]  # only here it must be there


class EntryFilter(TypedDict, total=False):
    """Which suppressed addresses are wanted."""

    groupId: str
    reason: Reason
    isGlobal: bool


class EntrySearch(EntryFilter, total=False):
    """A page of suppressed addresses."""

    page: Page
    limit: Limit
    search: str
    email: Email
    startDate: str
    endDate: str


class OneAddress(TypedDict):
    """An address."""

    email: Email


class Unsuppress(TypedDict, total=False):
    """Addresses to take out of a group, or of all."""

    emails: Required[Emails]
    groupId: str
    isGlobal: bool


class Suppress(Unsuppress, total=False):
    """Addresses to put into a group."""

    reason: Reason


class ChangedWebhook(TypedDict, total=False):
    """What changes of a webhook."""

    url: str
    events: Annotated[list[str], Field(min_length=1)]
    metadata: dict[str, Any]
    isActive: bool


class NewWebhook(TypedDict, total=False):
    """A webhook."""

    url: Required[str]
    events: Required[Annotated[list[str], Field(min_length=1)]]
    metadata: dict[str, Any]


class Resend(TypedDict):
    """An event to deliver."""

    event: str
    data: dict[str, Any]


BODIES: Mapping[str, Any] = {
    "POST /contacts": NewContact,
    "POST /contacts/email": UpsertedContact,
    "POST /contacts/email/duplicate": Duplicate,
    "PATCH /contacts/email/{email}/custom-fields": Values,
    "POST /contacts/bulk-update": BulkUpdate,
    "POST /contacts/search/emails": Addresses,
    "POST /contacts/remove": Addresses,
    "POST /contact-lists": NewList,
    "POST /contact-lists/contacts/search": ListSearch,
    "POST /contact-lists/contacts/bulk-add": BulkAdd,
    "POST /contact-lists/{listId}/contacts/remove": BulkRemove,
    "POST /contact-properties": NewProperty,
    "POST /custom-fields": NewProperty,
    "POST /suppression-groups": NewGroup,
    "PUT /suppression-groups/{groupId}": ChangedGroup,
    "POST /suppression-groups/entries": EntrySearch,
    "POST /suppression-groups/entries/all": EntryFilter,
    "POST /suppression-groups/email/entries": OneAddress,
    "POST /suppression-groups/emails/suppress": Suppress,
    "POST /suppression-groups/emails/unsuppress": Unsuppress,
    "POST /webhooks": NewWebhook,
    "PUT /webhooks/{id}": ChangedWebhook,
    "POST /webhooks/{id}/resend": Resend,
    "POST /mails/send": SentMail,
    "POST /mails/bulk": BulkMail,
}
"""By method and path the type of the body."""
