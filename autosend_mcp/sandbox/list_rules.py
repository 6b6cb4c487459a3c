"""What the sandbox accepts in bodies about lists, custom fields and suppressions, from the documentation alone.

Sources: the pages "Create contact list", "Get contacts in list", "Bulk add contacts to list", "Remove contacts from
list", "Create custom field" and "Bulk suppress emails".
"""

from collections.abc import Mapping
from typing import Any, cast

from autosend_mcp.sandbox.criteria import Details, criteria_problems
from autosend_mcp.sandbox.fields import RESERVED, TYPES
from autosend_mcp.sandbox.rules import emails_problems, problem, strings

KINDS = ("list", "segment")


def list_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with a new list or segment that has a name and a known type."""
    problems = _text_problems(body, {"name": 200, "description": 500})
    if body.get("type") == "segment":
        problems += criteria_problems(body.get("filterCriteria"))
        if not isinstance(body.get("parentId"), str | None):
            problems.append(problem("parentId", "parentId must be a string"))
    return problems


def page_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with a search in a list: its id, the page, the limit, the part of an address."""
    problems = [*_id_problems(body), *paging_problems(body)]
    if not isinstance(body.get("email"), str | None):
        problems.append(problem("email", "email must be a string"))
    return problems


def paging_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with the page and the limit of a search."""
    problems: Details = []
    for name, most in (("page", None), ("limit", 100)):
        value = body.get(name, 1)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < 1 or (most and value > most):
            problems.append(problem(name, f"{name} must be a whole number from 1" + (f" to {most}" if most else "")))
    return problems


def add_problems(body: Mapping[str, Any], maximum: int) -> Details:
    """What is wrong with a bulk add. A wrong address is not: the answer lists it."""
    return [*_id_problems(body), *who_problems(body, maximum)]


def who_problems(body: Mapping[str, Any], maximum: int = 0) -> Details:
    """What is wrong with a body that names contacts either by `emails` or by `contactIds`; `maximum` 0 is none."""
    given = [name for name in ("emails", "contactIds") if body.get(name) is not None]
    if len(given) != 1:
        return [problem("emails", "Provide either emails or contactIds, not both")]
    value = cast("list[str]", body[given[0]])
    if not strings(value) or not value:
        return [problem(given[0], f"{given[0]} must be a non-empty array of strings")]
    if maximum and len(value) > maximum:
        return [problem(given[0], f"{given[0]} must hold at most {maximum} entries")]
    return []


def field_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with a new custom field."""
    problems = _text_problems(body, {"description": None, "defaultValue": None})
    name = body.get("fieldName")
    if not isinstance(name, str) or not name.strip():
        problems.append(problem("fieldName", "fieldName is required"))
    elif name in RESERVED:
        problems.append(problem("fieldName", f"{name} is a reserved field name"))
    if body.get("fieldType") not in TYPES:
        problems.append(problem("fieldType", f"fieldType must be one of {', '.join(TYPES)}"))
    return problems


def suppression_problems(body: Mapping[str, Any]) -> Details:
    """What is wrong with a bulk suppress or unsuppress."""
    problems = [*emails_problems(body), *_text_problems(body, {"groupId": None, "reason": None})]
    if not isinstance(body.get("isGlobal"), bool | None):
        problems.append(problem("isGlobal", "isGlobal must be a boolean"))
    return problems


def _id_problems(body: Mapping[str, Any]) -> Details:
    found = body.get("contactListId")
    return [] if isinstance(found, str) and found else [problem("contactListId", "contactListId is required")]


def _text_problems(body: Mapping[str, Any], longest: Mapping[str, int | None]) -> Details:
    problems: Details = []
    for name, most in longest.items():
        value = body.get(name)
        if not isinstance(value, str | None):
            problems.append(problem(name, f"{name} must be a string"))
        elif value and most and len(value) > most:
            problems.append(problem(name, f"{name} must be at most {most} characters"))
    return problems
