"""What queries of the sandbox take, for its OpenAPI document."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from autosend_mcp.sandbox.control.bodies import ListType, Page

Flag = Literal["true", "false"]
Limit = Annotated[int, Field(ge=1, le=100)]
Long = Annotated[int, Field(ge=1, le=1_000)]


class Pages(TypedDict, total=False):
    """A page of rows."""

    page: Page
    limit: Limit


class LongPages(TypedDict, total=False):
    """A page of rows."""

    page: Page
    limit: Long


class Automations(Pages, total=False):
    """Which automations."""

    status: Literal["draft", "active", "paused", "archived"]
    tags: str


class Webhooks(Pages, total=False):
    """Which webhooks."""

    isActive: Flag


class Lists(TypedDict, total=False):
    """Which lists."""

    type: ListType


class Properties(TypedDict, total=False):
    """Which properties."""

    includeReservedFields: Flag


class Groups(TypedDict, total=False):
    """Which suppression groups."""

    includeGlobal: Flag
    onlyGlobal: Flag


class Mails(LongPages, total=False):
    """Which mails: those to one address."""

    to: str


class Looked(TypedDict, total=False):
    """What the page shows: a section, what is looked for, rows older than a key, and one row."""

    show: Literal[
        "contacts", "lists", "fields", "suppressions", "automations", "mails", "requests", "warnings", "faults"
    ]
    q: str
    before: int
    row: int


# `as` cannot be the name of a member in a class.
OneMail = TypedDict("OneMail", {"as": Literal["json", "html", "text", "source"]}, total=False)


QUERIES: Mapping[str, Any] = {
    "GET /v1/automations": Automations,
    "GET /v1/webhooks": Webhooks,
    "GET /v1/webhooks/{id}/logs": Pages,
    "GET /v1/contact-lists": Lists,
    "GET /v1/contact-properties": Properties,
    "GET /v1/custom-fields": Properties,
    "GET /v1/suppression-groups": Groups,
    "GET /sandbox/automations": LongPages,
    "GET /sandbox/mails": Mails,
    "GET /sandbox/mails/{id}": OneMail,
    "GET /sandbox/requests": LongPages,
    "GET /": Looked,
}
