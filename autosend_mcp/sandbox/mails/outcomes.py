"""What becomes of a mail: by its address, so that a test can provoke each event.

Sources: the page "Webhook event types" for the data of the events, and "Get email status" for what they set. Which
address does what is the sandbox's own.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Status = Literal["queued", "sent", "delivered", "deferred", "opened", "clicked", "bounced", "complained", "failed"]

LINK = "https://example.com/product"


class Happening(NamedTuple):
    """One thing that happens to a mail: the status it sets, the event it sends, and what else the event says.

    `suppresses`: the reason why its address gets no mail from then on.
    """

    status: Status | None
    event: str = ""
    data: Mapping[str, str] = MappingProxyType({})
    suppresses: str = ""


SENT = Happening("sent", "email.sent")
DELIVERED = Happening("delivered", "email.delivered")
OPENED = Happening("opened", "email.opened")
CLICKED = Happening("clicked", "email.clicked", {"clickedUrl": LINK})
FAILED = Happening("failed")
COMPLAINED = Happening("complained", "email.spam_reported", {"complaintType": "abuse"}, "COMPLAINT")
UNSUBSCRIBED = Happening(None, "email.unsubscribed", suppresses="UNSUBSCRIBE")
GROUP_UNSUBSCRIBED = Happening(None, "email.group_unsubscribed", suppresses="UNSUBSCRIBE")
HARD = Happening(
    "bounced",
    "email.bounced",
    {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist",
    },
    "BOUNCE",
)
SOFT = Happening(
    "bounced",
    "email.bounced",
    {"bounceType": "Transient", "bounceSubType": "MailboxFull", "reason": "452 4.2.2 The mailbox is full"},
)
DEFERRED = Happening(
    "deferred", "email.deferred", {"delayType": "InternalFailure", "delayReason": "Temporary connection failure"}
)

BY_ADDRESS: dict[str, tuple[Happening, ...]] = {
    "queue": (),
    "fail": (FAILED,),
    "send": (SENT,),
    "bounce": (SENT, HARD),
    "softbounce": (SENT, SOFT),
    "defer": (SENT, DEFERRED, DELIVERED),
    "complain": (SENT, DELIVERED, COMPLAINED),
    "open": (SENT, DELIVERED, OPENED),
    "click": (SENT, DELIVERED, OPENED, CLICKED),
    "unsubscribe": (SENT, DELIVERED, OPENED, UNSUBSCRIBED),
}
"""What happens, in this order, to mail to `bounce@...`, `bounce+1@...` and the others; `suppress@...` gets none."""


def happenings_of(email: str, group_id: str | None) -> tuple[Happening, ...]:
    """Return what happens to a mail to this address; `group_id`: whom somebody leaves who unsubscribes."""
    happenings = BY_ADDRESS.get(word_of(email), (SENT, DELIVERED))
    return tuple(GROUP_UNSUBSCRIBED if group_id and one is UNSUBSCRIBED else one for one in happenings)


def is_suppressed_by_name(email: str) -> bool:
    """Return whether mail to this address is always suppressed."""
    return word_of(email) == "suppress"


def word_of(email: str) -> str:
    """Return what an address has before the first + or @."""
    return email.partition("@")[0].partition("+")[0].lower()
