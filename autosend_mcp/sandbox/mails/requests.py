"""What a request to send may hold.

Sources: the pages "Send email" and "Send bulk emails" (limits, reserved headers, extensions), "Errors" of 2025-11-05
(its texts), and the changelog of 2026-07-14 (4 MB of HTML).
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, cast

from autosend_mcp.sandbox.envelope import Refused, check
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.validation import Details, email_problems, problem, text_problems

MAX_ADDRESSES = 50
MAX_RECIPIENTS = 100
MAX_SUBJECT = 998
MAX_HTML = 4 * 2**20  # bytes
MAX_MAIL = 40 * 2**20  # bytes, of attachments in Base64 too
MAX_ATTACHMENTS = 20
MAX_HEADERS = 20
MAX_HEADER = 1_000
_RESERVED = """
from to cc bcc subject date message-id return-path sender reply-to received dkim-signature mime-version
content-type content-transfer-encoding list-unsubscribe list-unsubscribe-post x-ses-configuration-set x-ses-
message-tags
"""
RESERVED_HEADERS = frozenset(_RESERVED.split())
_EXTENSIONS = """
adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh lib lnk
mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml
msi msp mst ops pcd pif plg prf prg reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe
vbs vps vsmacros vss vst vsw vxd ws wsc wsf wsh xnk
"""
BLOCKED = frozenset(_EXTENSIONS.split())
"""The extensions that attachments may not have."""

OldName = Literal["accept", "refuse"]

_HEADER = re.compile("[A-Za-z0-9-]{1,76}")

Address = dict[str, Any]


def addresses_of(value: object) -> list[Address]:
    """Return the addresses of a member that may be one, several or absent."""
    if value is None:
        return []
    return cast("list[Address]", value if isinstance(value, list) else [value])


def check_send(body: Mapping[str, Any], options: Options) -> None:
    """Refuse a body of POST /mails/send that is not as its page says.

    Raises:
        Refused: Something in it is not allowed.
    """
    problems = [
        *_address_problems(body, "to", options, required=True),
        *_address_problems(body, "cc", options, array=True),
        *_address_problems(body, "bcc", options, array=True),
        *_common_problems(body, options),
        *_attachment_problems(body, options),
    ]
    count = sum(len(addresses_of(body.get(name))) for name in ("to", "cc", "bcc"))
    if count > MAX_ADDRESSES:
        problems.append(problem("to", f"to, cc and bcc may hold at most {MAX_ADDRESSES} addresses together"))
    check(problems)
    _check_content(body)
    _check_sender(body, options)


def check_bulk(body: Mapping[str, Any], options: Options) -> list[Address]:
    """Return the recipients of POST /mails/bulk whose addresses are none; refuse a body that is not as its page says.

    Raises:
        Refused: Something in it is not allowed.
    """
    recipients: object = body.get("recipients")
    if not isinstance(recipients, list) or not 0 < len(cast("list[object]", recipients)) <= MAX_RECIPIENTS:
        check([problem("recipients", f"recipients must be an array of 1 to {MAX_RECIPIENTS} recipients")])
    problems, wrong = _common_problems(body, options), list[Address]()
    for index, recipient in enumerate(cast("list[object]", recipients)):
        at = f"recipients.{index}"
        found = _one_problems(recipient, at)
        if isinstance(recipient, dict):
            address = cast("Address", recipient)
            if found and options.bulk_invalid == "count":
                wrong.append(address)
                found = []
            found += [
                one for name in ("cc", "bcc") for one in _address_problems(address, name, options, at, array=True)
            ]
            found += _object_problems(address, "dynamicData", f"{at}.dynamicData")
        problems += found
    check(problems)
    _check_content(body)
    _check_sender(body, options)
    return wrong


def _one_problems(value: object, field: str) -> Details:
    if not isinstance(value, dict):
        return [problem(field, f"{field} must be an object with email and name")]
    address = cast("Address", value)
    found = email_problems(address.get("email"))
    return [problem(f"{field}.email", one["message"]) for one in found] + [
        problem(f"{field}.name", one["message"]) for one in text_problems(address, {"name": None})
    ]


def _address_problems(
    body: Mapping[str, Any], name: str, options: Options, at: str = "", *, required: bool = False, array: bool = False
) -> Details:
    """Return what is wrong with one address, or with an `array` of them."""
    value: Any = body.get(name)
    field = f"{at}.{name}" if at else name
    if value is None:
        return [problem(f"{field}.email", "Email is required")] if required else []
    is_array = isinstance(value, list)
    if is_array is not array and options.to_array == "refuse":
        wanted = "an array" if array else "an object; POST /mails/bulk takes several"
        return [problem(field, f"{field} must be {wanted}")]
    if required and not value:
        return [problem(f"{field}.email", "Email is required")]
    several = is_array and (array or len(cast("list[object]", value)) > 1)
    return [
        wrong
        for index, one in enumerate(addresses_of(cast("object", value)))
        for wrong in _one_problems(one, f"{field}.{index}" if several else field)
    ]


def _common_problems(body: Mapping[str, Any], options: Options) -> Details:
    """Return what is wrong with what both requests have."""
    problems = _address_problems(body, "from", options, required=True)
    if body.get("replyTo") is not None:
        problems += _one_problems(body["replyTo"], "replyTo")
    texts = {"subject": MAX_SUBJECT, "html": None, "text": None, "templateId": None, "unsubscribeGroupId": None}
    problems += text_problems(body, texts)
    problems += _object_problems(body, "dynamicData", "dynamicData")
    problems += [
        problem(name, f"{name} must be a boolean")
        for name in ("trackingClick", "trackingOpen", "bypassSuppressions")
        if not isinstance(body.get(name), bool | None)
    ]
    written = body.get("html")
    if isinstance(written, str) and len(written.encode()) > MAX_HTML:
        problems.append(problem("html", "html must be at most 4 MB"))
    if not body.get("templateId") and not body.get("subject") and isinstance(body.get("subject"), str | None):
        problems.append(problem("subject", "Subject is required when not using templateId"))
    return problems + _header_problems(body)


def _object_problems(body: Mapping[str, Any], name: str, field: str) -> Details:
    return [] if isinstance(body.get(name), dict | None) else [problem(field, f"{field} must be an object")]


def _header_problems(body: Mapping[str, Any]) -> Details:
    headers = body.get("headers")
    if headers is None:
        return []
    if not isinstance(headers, dict):
        return [problem("headers", "headers must be an object of strings")]
    problems: Details = []
    for name, value in cast("dict[str, object]", headers).items():
        field = f"headers.{name}"
        if not _HEADER.fullmatch(name):
            problems.append(problem(field, "A header's name has 1 to 76 letters, digits and hyphens"))
        elif name.lower() in RESERVED_HEADERS:
            problems.append(problem(field, f"{name} is a reserved header"))
        elif not isinstance(value, str) or len(value) > MAX_HEADER:
            problems.append(problem(field, f"A header's value is a string of at most {MAX_HEADER} characters"))
    if len(cast("dict[str, object]", headers)) > MAX_HEADERS:
        problems.append(problem("headers", f"headers may hold at most {MAX_HEADERS}"))
    return problems


def _attachment_problems(body: Mapping[str, Any], options: Options) -> Details:
    attachments = body.get("attachments")
    if attachments is None:
        return []
    if not isinstance(attachments, list) or len(cast("list[object]", attachments)) > MAX_ATTACHMENTS:
        return [problem("attachments", f"attachments must be an array of at most {MAX_ATTACHMENTS}")]
    problems: Details = []
    size = len(str(body.get("html") or "").encode())
    for index, one in enumerate(cast("list[object]", attachments)):
        field = f"attachments.{index}"
        if not isinstance(one, dict):
            problems.append(problem(field, f"{field} must be an object"))
            continue
        attachment = cast("Mapping[str, Any]", one)
        name = file_name(attachment, options.old_file_name)
        if not isinstance(name, str) or not name:
            problems.append(problem(f"{field}.fileName", "fileName is required"))
        elif name.rpartition(".")[2].lower() in BLOCKED and "." in name:
            problems.append(problem(f"{field}.fileName", f"Files of type .{name.rpartition('.')[2]} are not allowed"))
        given = [attachment.get(member) for member in ("content", "fileUrl") if attachment.get(member)]
        if len(given) != 1 or not isinstance(given[0], str):
            problems.append(problem(field, f"{field} must have either content or fileUrl"))
        size += len(attachment["content"]) if isinstance(attachment.get("content"), str) else 0
    if size > MAX_MAIL:
        problems.append(problem("attachments", "A mail may be at most 40 MB"))
    return problems


def file_name(attachment: Mapping[str, Any], old_name: OldName) -> Any:
    """Return the name of an attachment, whose member was `filename` until 2026-01-01."""
    return attachment.get("fileName") or (attachment.get("filename") if old_name == "accept" else None)


def _check_content(body: Mapping[str, Any]) -> None:
    if not any(body.get(name) for name in ("templateId", "html", "text")):
        raise Refused(400, "VALIDATION_FAILED", "Either templateId or html/text content must be provided")


def _check_sender(body: Mapping[str, Any], options: Options) -> None:
    """Refuse a sender whose domain is not verified. Status: the guide for Supabase; text and code are general ones."""
    domain = addresses_of(body["from"])[0]["email"].strip().lower().rpartition("@")[2]
    verified = {one.lower() for one in options.verified_domains}
    if verified and domain not in verified:
        raise Refused(403, "INSUFFICIENT_PERMISSIONS", "Insufficient permissions to access these resources.")
