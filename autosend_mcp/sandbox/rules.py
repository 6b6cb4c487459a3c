"""What the sandbox accepts in bodies about contacts, written from AutoSend's documentation alone.

Sources: the pages "Create contact", "Upsert contact", "Search contacts by emails", "Bulk update contacts", "Remove
contacts", "Custom fields" and "Errors".
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from autosend_mcp.sandbox.criteria import Details

MAX_ROWS = 100
"""How many contacts one bulk update may hold; page "Bulk update contacts"."""

_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)+")


def contact_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with the body of a create or an upsert; empty when nothing is. Unknown members are ignored."""
    problems = email_problems(body.get("email"))
    for name in ("firstName", "lastName", "userId"):
        if not isinstance(body.get(name, ""), str | None):
            problems.append(problem(name, f"{name} must be a string"))
    if body.get("listIds") is not None and not strings(body["listIds"]):
        problems.append(problem("listIds", "listIds must be an array of strings"))
    custom: object = body["customFields"] if body.get("customFields") is not None else {}
    if not isinstance(custom, dict):
        return [*problems, problem("customFields", "customFields must be an object")]
    for name, value in cast("dict[str, Any]", custom).items():
        if not isinstance(value, str | int | float | None):
            problems.append(problem(f"customFields.{name}", "Value must be a string, number, boolean or date"))
    return problems


def rows_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with a bulk update as a whole; its rows are judged one by one."""
    rows = body.get("contacts")
    if not isinstance(rows, list) or not 1 <= len(cast("list[object]", rows)) <= MAX_ROWS:
        return [problem("contacts", f"contacts must be an array of 1 to {MAX_ROWS} contacts")]
    if not isinstance(body.get("runWorkflow"), bool | None):
        return [problem("runWorkflow", "runWorkflow must be a boolean")]
    return []


def good_rows(rows: list[object]) -> list[dict[str, Any]]:
    """The rows of a bulk update that are contacts, with their addresses in lower case. Rows have no `listIds`."""
    good: list[dict[str, Any]] = []
    for row in rows:
        if isinstance(row, dict):
            body = {name: value for name, value in cast("dict[str, Any]", row).items() if name != "listIds"}
            if not contact_problems(body):
                good.append(body | {"email": body["email"].strip().lower()})
    return good


def emails_problems(body: Mapping[str, Any], maximum: int = 0) -> Details:
    """What is wrong with a body of `emails`; `maximum` 0 is none."""
    emails = body.get("emails")
    if not emails or not strings(emails):
        return [problem("emails", "emails must be a non-empty array of strings")]
    if maximum and len(emails) > maximum:
        return [problem("emails", f"emails must hold at most {maximum} addresses")]
    return [
        problem(f"emails.{place}", "Invalid email format") for place, email in enumerate(emails) if not _is_email(email)
    ]


def email_problems(email: object) -> Details:
    """What is wrong with an address; empty when nothing is."""
    if email is None or email == "":
        return [problem("email", "Email is required")]
    return [] if _is_email(email) else [problem("email", "Invalid email format")]


def strings(value: object) -> bool:
    """Whether it is an array of nothing but strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value))


def problem(field: str, message: str) -> dict[str, str]:
    """One entry of an error's `details`."""
    return {"field": field, "message": message}


def _is_email(value: object) -> bool:
    return isinstance(value, str) and _EMAIL.fullmatch(value.strip()) is not None
