"""A mail as a mail program would receive it."""

from collections.abc import Mapping
from datetime import datetime
from email import policy
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

# What people wrote is taken as it is, not parsed as addresses: parsers fail on some of it.
_PLAIN = HeaderRegistry(use_default_map=False)
_PLAIN.registry |= {
    name: kind for name, kind in HeaderRegistry().registry.items() if name.startswith(("content-", "mime-"))
}
_POLICY = policy.SMTPUTF8.clone(header_factory=_PLAIN)


def source_of(mail: Mapping[str, Any]) -> bytes:
    """Return the mail, as GET /sandbox/mails shows it, in the format of RFC 5322. Attachments are not kept."""
    message = EmailMessage(_POLICY)
    named: dict[str, dict[str, Any]] = {"From": mail["from"], "To": mail["to"], "Reply-To": mail["replyTo"] or {}}
    headers = {name: _address(address) for name, address in named.items() if address.get("email")}
    headers["Subject"] = mail["subject"] or ""
    headers["Date"] = format_datetime(datetime.fromisoformat(mail["at"]))
    headers["Message-ID"] = f"<{mail['id']}@sandbox>"
    for name, value in (headers | mail["headers"]).items():
        message[name] = " ".join(str(value).split())
    if mail["text"] is not None or mail["html"] is None:
        message.set_content(mail["text"] or "")
        if mail["html"] is not None:
            message.add_alternative(mail["html"], subtype="html")
    else:
        message.set_content(mail["html"], subtype="html")
    return message.as_bytes()


def _address(given: Mapping[str, Any]) -> str:
    name = str(given.get("name") or "").replace('"', "'").replace("\\", "/")
    return f'"{name}" <{given["email"]}>' if name else str(given["email"])
