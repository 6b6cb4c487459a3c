"""Contacts of a batch, and what the sandbox has of them."""

from typing import Any

from autosend_mcp.sandbox.app import PROJECT
from tests.support.line import Line


def people(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"email": f"p{number}@example.com", "firstName": f"P{number}", **more} for number in range(count)]


def held(line: Line, *emails: str) -> list[dict[str, Any]]:
    return line.sandbox.store.contacts.find(PROJECT, emails)
