"""Checks that several resources share, written from AutoSend's documentation alone.

Sources: the pages "Create contact", "Search contacts by emails", "Create contact list" and "Errors".
"""

import re
from collections.abc import Mapping
from types import NoneType
from typing import Any, cast

Details = list[dict[str, str]]
"""The `details` of a validation error; empty when nothing is wrong."""

_TEXT = (str, NoneType)
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)+")


def problem(field: str, message: str) -> dict[str, str]:
    """Return one entry of an error's `details`."""
    return {"field": field, "message": message}


def email_problems(email: object) -> Details:
    """Return what is wrong with an address."""
    if email is None or email == "":
        return [problem("email", "Email is required")]
    return [] if is_email(email) else [problem("email", "Invalid email format")]


def emails_problems(body: Mapping[str, Any], maximum: int = 0) -> Details:
    """Return what is wrong with the body's `emails`; a `maximum` of 0 allows any number."""
    emails = body.get("emails")
    if not emails or not is_strings(emails):
        return [problem("emails", "emails must be a non-empty array of strings")]
    if maximum and len(emails) > maximum:
        return [problem("emails", f"emails must hold at most {maximum} addresses")]
    return [
        problem(f"emails.{index}", "Invalid email format") for index, email in enumerate(emails) if not is_email(email)
    ]


def text_problems(body: Mapping[str, Any], max_lengths: Mapping[str, int | None]) -> Details:
    """Return what is wrong with these optional texts of the body; None stands for any length."""
    problems: Details = []
    for name, max_length in max_lengths.items():
        if name not in body:
            continue
        value = body[name]
        if not isinstance(value, _TEXT):
            problems.append(problem(name, f"{name} must be a string"))
        elif value and max_length and len(value) > max_length:
            problems.append(problem(name, f"{name} must be at most {max_length} characters"))
    return problems


def paging_problems(body: Mapping[str, Any], max_limit: int = 100) -> Details:
    """Return what is wrong with the page and the limit of a search."""
    problems: Details = []
    for name, maximum in (("page", None), ("limit", max_limit)):
        value = body.get(name, 1)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < 1 or (maximum and value > maximum):
            upper = f" to {maximum}" if maximum else ""
            problems.append(problem(name, f"{name} must be a whole number from 1{upper}"))
    return problems


def is_strings(value: object) -> bool:
    """Return True for an array of nothing but strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value))


def normalized(email: str) -> str:
    """Return the address as it is stored: without surrounding spaces, in lower case."""
    return email.strip().lower()


def is_email(value: object) -> bool:
    """Return whether this is an address, with or without spaces around it."""
    return isinstance(value, str) and _EMAIL.fullmatch(value.strip()) is not None
