"""The members that AutoSend documents for the bodies of requests to send mails, with their limits.

Sources: the pages "Send email" and "Send bulk emails".
"""

from typing import Annotated, Any, Required

from pydantic import Field
from typing_extensions import TypedDict

from autosend_mcp.sandbox.mails.requests import (
    MAX_ADDRESSES,
    MAX_ATTACHMENTS,
    MAX_HEADER,
    MAX_HEADERS,
    MAX_RECIPIENTS,
    MAX_SUBJECT,
)

Email = Annotated[str, Field(json_schema_extra={"format": "email"})]


class Address(TypedDict, total=False):
    """An address of a mail."""

    email: Required[Email]
    name: str


class NamedAddress(Address, total=False):
    """An address with values of its own for the placeholders."""

    dynamicData: dict[str, Any]


class Attachment(TypedDict, total=False):
    """A file of a mail: `content` in Base64, or `fileUrl`."""

    fileName: Required[str]
    content: str
    fileUrl: str
    contentType: str
    description: str


Copies = Annotated[list[Address], Field(max_length=MAX_ADDRESSES)]
Header = Annotated[str, Field(max_length=MAX_HEADER)]


class Recipient(NamedAddress, total=False):
    """A recipient of a bulk mail."""

    cc: Copies
    bcc: Copies


class Mail(TypedDict, total=False):
    """What both requests have."""

    replyTo: NamedAddress
    subject: Annotated[str, Field(max_length=MAX_SUBJECT)]
    html: str
    text: str
    templateId: str
    dynamicData: dict[str, Any]
    unsubscribeGroupId: str
    trackingClick: bool
    trackingOpen: bool
    headers: Annotated[dict[str, Header], Field(max_length=MAX_HEADERS)]


SentFrom = TypedDict("SentFrom", {"from": Required[Address]}, total=False)
BulkFrom = TypedDict("BulkFrom", {"from": Required[NamedAddress]}, total=False)


class SentMail(Mail, SentFrom, total=False):
    """One mail. It has a `templateId`, or a `subject` with `html` or `text`."""

    to: Required[Address]
    cc: Copies
    bcc: Copies
    attachments: Annotated[list[Attachment], Field(max_length=MAX_ATTACHMENTS)]
    bypassSuppressions: bool


class BulkMail(Mail, BulkFrom, total=False):
    """The same mail for many. It has a `templateId`, or a `subject` with `html` or `text`."""

    recipients: Required[Annotated[list[Recipient], Field(min_length=1, max_length=MAX_RECIPIENTS)]]
