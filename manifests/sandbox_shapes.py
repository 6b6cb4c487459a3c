"""What the sandbox's own paths take and answer, for its OpenAPI document."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Required

from pydantic import Field
from typing_extensions import TypedDict


class Fault(TypedDict, total=False):
    """What happens to the next requests: a `status`, a `delay` in seconds, or `drop`."""

    method: Literal["*", "GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    times: Annotated[int, Field(ge=0, description="How often; 0 for always.")]
    status: Annotated[int, Field(ge=0, le=599)]
    delay: Annotated[float, Field(ge=0, le=600)]
    drop: bool
    applied: Annotated[bool, Field(description="Apply the request before its answer is replaced or dropped.")]


class Move(TypedDict, total=False):
    """Where the clock moves: seconds forward, or a time."""

    advance: Annotated[float, Field(ge=0)]
    to: Annotated[str, Field(json_schema_extra={"format": "date-time"})]


Rows = list[dict[str, Any]]


class Seed(TypedDict, total=False):
    """What a project holds."""

    contactProperties: Rows
    contactLists: Rows
    suppressionGroups: Rows
    contacts: Rows
    templates: Rows
    webhooks: Rows
    automations: Rows


class Ok(TypedDict):
    """Done."""

    status: Literal["ok"]


class Health(Ok):
    """The sandbox serves; `key` is a key for it."""

    key: str


class Pagination(TypedDict):
    """Which page it is, and how many rows there are."""

    page: int
    limit: int
    total: int
    pages: int


class MailAddress(TypedDict):
    """An address."""

    email: str
    name: str | None


class Event(TypedDict):
    """What happened to a mail."""

    event: str
    at: str


class StoredMail(TypedDict, total=False):
    """A mail that would have gone out; `why` is the request or the automation that sent it."""

    id: Required[str]
    at: Required[str]
    status: Required[str]
    reason: str | None
    to: Required[MailAddress]
    role: Literal["to", "cc", "bcc"]
    replyTo: dict[str, Any] | None
    subject: str | None
    html: str | None
    text: str | None
    headers: dict[str, str]
    attachments: Rows
    templateId: str | None
    unsubscribeGroupId: str | None
    batchId: str | None
    why: Required[dict[str, Any]]
    events: list[Event]


class MailPage(TypedDict):
    """A page of mails, oldest first."""

    mails: list[StoredMail]
    pagination: Pagination


class StartPage(TypedDict):
    """A page of the starts of automations, oldest first."""

    automations: Rows
    pagination: Pagination


class Exchange(TypedDict):
    """A request with its answer, keys and secrets left out."""

    number: int
    at: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int | None
    reply: str
    milliseconds: int
    fault: int | None


class ExchangePage(TypedDict):
    """A page of requests, oldest first."""

    requests: list[Exchange]
    pagination: Pagination


class Warning(TypedDict, total=False):  # noqa: A001 - it is called so there
    """What was sent that AutoSend does not document, and how often."""

    warning: Required[Literal["undocumented member", "undocumented path", "deprecated path", "wrong Content-Type"]]
    method: Required[str]
    path: Required[str]
    name: str
    instead: str
    count: Required[int]
    first: str
    last: str


class WarningList(TypedDict):
    """All warnings."""

    warnings: list[Warning]


class StoredFault(Fault, total=False):
    """A fault that is still to come."""

    id: Required[int]


class OneFault(TypedDict):
    """The fault as it was added."""

    fault: StoredFault


class FaultList(TypedDict):
    """The faults that are still to come."""

    faults: list[StoredFault]


class Time(TypedDict):
    """The sandbox's time, and how many seconds it was moved."""

    now: str
    moved: float


class Rename(TypedDict):
    """Another name of a list or segment."""

    listId: str
    name: str


BODIES: Mapping[str, Any] = {
    "POST /sandbox/seed": Seed,
    "POST /sandbox/rename": Rename,
    "POST /sandbox/faults": Fault,
    "POST /sandbox/clock": Move,
}
REPLIES: Mapping[str, Any] = {
    "GET /sandbox/automations": StartPage,
    "GET /sandbox/mails": MailPage,
    "DELETE /sandbox/mails": Ok,
    "GET /sandbox/mails/{id}": StoredMail,
    "GET /sandbox/health": Health,
    "POST /sandbox/reset": Ok,
    "GET /sandbox/state": Seed,
    "POST /sandbox/seed": Ok,
    "POST /sandbox/rename": Ok,
    "GET /sandbox/requests": ExchangePage,
    "GET /sandbox/warnings": WarningList,
    "GET /sandbox/faults": FaultList,
    "POST /sandbox/faults": OneFault,
    "DELETE /sandbox/faults": Ok,
    "GET /sandbox/clock": Time,
    "POST /sandbox/clock": Time,
    "GET /openapi.json": dict[str, Any],
}
