"""What the sandbox accepts, written from AutoSend's documentation alone.

Sources: the pages "Create contact", "Upsert contact", "Search contacts by emails", "Custom fields" and "Errors".
"""

import re
from collections.abc import Mapping
from typing import Any, cast

Details = list[dict[str, str]]

_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)+")


def contact_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with the body of a create or an upsert; empty when nothing is. Unknown members are ignored."""
    problems = _email_problems(body)
    for name in ("firstName", "lastName", "userId"):
        if not isinstance(body.get(name, ""), str | None):
            problems.append(_problem(name, f"{name} must be a string"))
    if body.get("listIds") is not None and not _strings(body["listIds"]):
        problems.append(_problem("listIds", "listIds must be an array of strings"))
    custom: object = body["customFields"] if body.get("customFields") is not None else {}
    if not isinstance(custom, dict):
        return [*problems, _problem("customFields", "customFields must be an object")]
    for name, value in cast("dict[str, Any]", custom).items():
        if not isinstance(value, str | int | float | None):
            problems.append(_problem(f"customFields.{name}", "Value must be a string, number, boolean or date"))
    return problems


def search_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with the body of a search by addresses."""
    emails = body.get("emails")
    if not emails or not _strings(emails):
        return [_problem("emails", "emails must be a non-empty array of strings")]
    return [
        _problem(f"emails.{place}", "Invalid email format")
        for place, email in enumerate(emails)
        if not _is_email(email)
    ]


def _email_problems(body: Mapping[str, Any]) -> Details:
    email = body.get("email")
    if email is None or email == "":
        return [_problem("email", "Email is required")]
    return [] if _is_email(email) else [_problem("email", "Invalid email format")]


def _is_email(value: object) -> bool:
    return isinstance(value, str) and _EMAIL.fullmatch(value.strip()) is not None


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value))


def _problem(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}
