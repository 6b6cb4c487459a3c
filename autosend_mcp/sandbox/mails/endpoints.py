"""The endpoints under /mails. Sources: the pages "Send email", "Send bulk emails" and "Get email status".

| unknown | here |
|---|---|
| mails | never leave the machine; `GET /sandbox/mails` shows them |
| what becomes of a mail | delivered, or what its address says |
| seconds between two events of a mail | `mail_pace`: 1, as in the documented example |
| an array in `to`, one address in `cc` or `bcc`, as of AutoSend's client | `to_array`: `accept`, or `refuse` |
| domains that may send | `verified_domains`: any, or these; a sender at another gets 403 |
| suppressed recipients | `suppressed_mails`: `accept` the mail and send nothing, or `refuse` it |
| a bulk recipient whose address is none | `bulk_invalid`: `refuse` the request, or `count` it as failed |
| templates that are not stored | `known_templates_only`: false takes any id, or true refuses it with 404 |
| placeholders without a value | `unfilled`: `shown` as they are, or `empty` |
| values in HTML | escaped, but in `{{{three}}}` braces |
| `filename` of an attachment, its name until 2026-01-01 | `old_file_name`: `accept`, or `refuse` |
| size of a body under `/mails/` | 45 MB, for a mail may have 40 MB; another `max_body` counts there too |
| content of attachments | not kept, and not checked to be Base64; `fileUrl` is not fetched |
| cc and bcc | mails of their own, with ids of their own |
| a hard bounce, a complaint, an opt-out | suppress the address from then on |
| limits by day and month | none |
| status of a mail to who is suppressed | `suppressed` |
| mails of automations after a branch | not made |
"""

from starlette.requests import Request
from starlette.responses import Response

from autosend_mcp.sandbox.envelope import Handler, Refused, body_of, parameter, success
from autosend_mcp.sandbox.mails.records import timestamp
from autosend_mcp.sandbox.mails.requests import check_bulk, check_send
from autosend_mcp.sandbox.store import Store

_TIMES = {
    "sentAt": "email.sent",
    "deliveredAt": "email.delivered",
    "openedAt": "email.opened",
    "clickedAt": "email.clicked",
    "bouncedAt": "email.bounced",
}


class MailEndpoints:
    """Each method answers one endpoint, in the way its page documents."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Return the handler of each method and path."""
        return {
            ("POST", "/mails/send"): self.send,
            ("POST", "/mails/bulk"): self.bulk,
            ("GET", "/mails/{id}/status"): self.status,
        }

    async def send(self, request: Request, project: str) -> Response:
        """Send one mail."""
        body = await body_of(request)
        check_send(body, self._store.options)
        mail_id, count = self._store.sending.send(project, body)
        return success({"emailId": mail_id, "message": "Email queued successfully.", "totalRecipients": count})

    async def bulk(self, request: Request, project: str) -> Response:
        """Send one mail to each of many recipients."""
        body = await body_of(request)
        wrong = check_bulk(body, self._store.options)
        return success(self._store.sending.bulk(project, body, wrong))

    async def status(self, request: Request, project: str) -> Response:
        """Return what has happened to a mail."""
        self._store.automated_mails.catch_up()
        row = self._store.mails.row(project, parameter(request, "id"))
        if row is None:
            raise Refused(404, "NOT_FOUND", "The requested resource was not found.")
        shown = self._store.mails.shown(row)
        status, events = self._store.mails.history(row)
        first = {event: timestamp(at) for at, event, _ in reversed(events)}
        return success(
            {
                "id": row["id"],
                "projectId": row["project"],
                "status": status,
                "subject": row["subject"],
                "recipient": _named(shown["to"]),
                "sender": _named(shown["from"]),
                **{name: first.get(event) for name, event in _TIMES.items()},
            }
        )


def _named(address: dict[str, str | None]) -> dict[str, str]:
    return {"email": address["email"] or "", "name": address["name"] or ""}
