"""The data of the webhook events about mails.

Source: the page "Webhook event types". Of the optional members those are shown that the mail has.
"""

from typing import Any, NamedTuple

from autosend_mcp.sandbox.mails.outcomes import Happening
from autosend_mcp.sandbox.mails.records import Mail, timestamp

_NO_ADDRESS = ("email.unsubscribed", "email.group_unsubscribed")
_PATIENCE = 4 * 3600  # seconds for which a deferred mail is tried


class Announced(NamedTuple):
    """One event of a mail, with its project and its time in Unix seconds."""

    project: str
    at: float
    event: str
    data: dict[str, Any]


def announced(mail: Mail, at: float, happening: Happening) -> Announced:
    """Return the event of what happens to the mail at this time."""
    data: dict[str, Any] = {"emailId": mail.id}
    if happening.event not in _NO_ADDRESS:
        to = {"email": mail.email, "name": mail.name or ""}
        data |= {"from": mail.sender.get("email", ""), "to": to, "subject": mail.subject}
    data |= {"test": False}
    if happening.event == "email.group_unsubscribed":
        data |= {"unsubscribeGroupId": mail.group_id}
    data |= {**_ids(mail), **happening.data}
    if happening.event == "email.deferred":
        data |= {"expirationTime": timestamp(at + _PATIENCE)}
    return Announced(mail.project, at, happening.event, data)


def _ids(mail: Mail) -> dict[str, str]:
    ids = {"templateId": mail.template, "workflowAutomationId": mail.automation, "batchId": mail.batch}
    return {name: value for name, value in ids.items() if value}
