"""Send mails as far as the sandbox does: render them, decide what becomes of each, keep it, and announce its events.

Sources: the pages "Send email" and "Send bulk emails", "Variables", and "Troubleshooting" (an unknown template).
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from autosend_mcp.sandbox.database import Database
from autosend_mcp.sandbox.envelope import Refused, check
from autosend_mcp.sandbox.mails.events import Announced, announced
from autosend_mcp.sandbox.mails.records import Mail, Mails, timestamp
from autosend_mcp.sandbox.mails.requests import Address, addresses_of, file_name
from autosend_mcp.sandbox.mails.stored_templates import StoredTemplates
from autosend_mcp.sandbox.mails.templates import filled
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.validation import normalized, problem

Announce = Callable[[Announced], None]
"""Deliver an event of a mail at its time."""

_COPY = "the recipient is suppressed, and its copies go with it"
_PAGE = "https://sandbox.invalid"  # nobody answers there, by RFC 2606


class Sending:
    """Sends the mails of every project; `announce` is set by what delivers to webhooks."""

    def __init__(self, db: Database, mails: Mails, templates: StoredTemplates, options: Options) -> None:
        self.announce: Announce = lambda _: None
        self._db = db
        self._mails = mails
        self._templates = templates
        self._options = options

    def send(self, project: str, body: Mapping[str, Any]) -> tuple[str, int]:
        """Send one mail; return its id, and to how many it goes besides copies.

        Raises:
            Refused: Its template is unknown, or its recipient suppressed where that is refused.
        """
        pattern, shared = self._pattern(project, body, {"request": "POST /mails/send"}), body.get("dynamicData")
        groups = [self._with_copies(pattern, to, shared, body) for to in addresses_of(body["to"])]
        mails = [mail for group in groups for mail in group]
        refused = self._options.suppressed_mails == "refuse"
        with self._db.transaction():
            self._decide(mails, bypass=body.get("bypassSuppressions") is True)
            if refused and mails[0].status == "suppressed":
                check([problem("to.email", "Recipient is suppressed")])
            self._keep(mails)
        self.tell(mails)
        return mails[0].id, sum(mail.role == "to" for mail in mails)

    def bulk(self, project: str, body: Mapping[str, Any], wrong: Iterable[Address]) -> dict[str, Any]:
        """Send the same mail to each recipient that is not `wrong`; return the documented answer.

        Raises:
            Refused: Its template is unknown.
        """
        batch, left_out = str(uuid.uuid4()), [id(one) for one in wrong]
        pattern, shared = (
            self._pattern(project, body, {"request": "POST /mails/bulk", "batchId": batch}),
            body.get("dynamicData"),
        )
        recipients: list[Address] = body["recipients"]
        groups = [self._with_copies(pattern, one, shared, one) for one in recipients if id(one) not in left_out]
        with self._db.transaction():
            for mails in groups:
                self._decide(mails, bypass=body.get("bypassSuppressions") is True)
            if self._options.suppressed_mails == "refuse":
                groups = [mails for mails in groups if mails[0].status != "suppressed"]
            sent = [mail for mails in groups for mail in mails]
            self._keep(sent)
        self.tell(sent)
        total, ok = len(recipients), len(groups)
        return {"batchId": batch, "totalRecipients": total, "successCount": ok, "failedCount": total - ok}

    def fill(self, mail: Mail, values: Mapping[str, Any]) -> None:
        """Fill the placeholders of its subject, HTML and text."""
        page = f"{_PAGE}/unsubscribe/{mail.id}"
        always = {
            "email": mail.email,
            "date": timestamp(self._db.now())[:10],
            "unsubscribe": page,
            "unsubscribe_preference": f"{page}/preferences",
        }
        always |= {"name": mail.name} if mail.name else {}
        values, unfilled = {**always, **values}, self._options.unfilled
        mail.subject = filled(mail.subject, values, unfilled=unfilled)
        mail.html = filled(mail.html, values, escapes=True, unfilled=unfilled) if mail.html else mail.html
        mail.text = filled(mail.text, values, unfilled=unfilled) if mail.text else mail.text

    def template(self, project: str, template_id: str | None) -> Mapping[str, Any]:
        """Return subject, HTML and text of a template; nothing for one that is not stored, where any id is taken.

        Raises:
            Refused: There is no such template, and only those that are stored exist.
        """
        found = self.stored(project, template_id)
        if template_id and not found and self._options.known_templates_only:
            raise Refused(404, "TEMPLATE_NOT_FOUND", "Template not found")
        return found

    def stored(self, project: str, template_id: str | None) -> Mapping[str, Any]:
        """Return subject, HTML and text of a template that is stored, or nothing."""
        return (self._templates.get(project, template_id) if template_id else None) or {}

    def tell(self, mails: Iterable[Mail]) -> None:
        """Announce what happens to the mails."""
        for mail in mails:
            for at, happening in mail.happenings:
                if happening.event:
                    self.announce(announced(mail, at, happening))

    def _pattern(self, project: str, body: Mapping[str, Any], why: dict[str, Any]) -> Mail:
        """Return a mail to nobody yet, with what all mails of the request have."""
        template = self.template(project, body.get("templateId"))
        subject, html, text = (body.get(name) or template.get(name) for name in ("subject", "html", "text"))
        return Mail(
            *(project, "", None, why, subject or "", html, text),
            sender=_shown(addresses_of(body["from"])[0]),
            reply_to=_shown(body["replyTo"]) if body.get("replyTo") else None,
            headers=body.get("headers") or {},
            attachments=[self._attachment(one) for one in body.get("attachments") or ()],
            template=body.get("templateId"),
            group_id=body.get("unsubscribeGroupId"),
            batch=why.get("batchId"),
        )

    def _with_copies(self, pattern: Mail, to: Address, shared: Any, copied: Mapping[str, Any]) -> list[Mail]:
        """Return the mail to one recipient and its copies, which `copied` names: all have the same content."""
        values: dict[str, Any] = {**(shared or {}), **(to.get("dynamicData") or {})}
        mail = replace(pattern, email=normalized(to["email"]), name=to.get("name"), id=self._db.new_id())
        self.fill(mail, values)
        copies = [(role, one) for role in ("cc", "bcc") for one in addresses_of(copied.get(role))]
        return [
            mail,
            *(
                replace(mail, email=normalized(one["email"]), name=one.get("name"), role=role, id=self._db.new_id())
                for role, one in copies
            ),
        ]

    def _decide(self, mails: Iterable[Mail], *, bypass: bool) -> None:
        """Decide what becomes of mails and their copies, which stand behind each."""
        is_held = False
        for mail in mails:
            if mail.role != "to" and is_held:
                mail.status, mail.reason = "suppressed", _COPY
                continue
            suppressed = not bypass and self._mails.is_suppressed(mail)
            self._mails.decide(mail, self._db.now(), suppressed=suppressed)
            is_held = suppressed if mail.role == "to" else is_held

    def _keep(self, mails: Iterable[Mail]) -> None:
        mails = [*mails]
        self._mails.add(mails)
        for mail in mails:
            self._mails.suppress(mail)

    def _attachment(self, attachment: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is kept of an attachment: how much its content is, not what. Nothing is fetched."""
        content, url = attachment.get("content"), attachment.get("fileUrl")
        kept = {
            "fileName": file_name(attachment, self._options.old_file_name),
            "size": len(content) if content else None,
        }
        return kept | {"fileUrl": url, "contentType": attachment.get("contentType")}


def _shown(address: Mapping[str, Any]) -> dict[str, Any]:
    return {"email": address["email"], "name": address.get("name")}
