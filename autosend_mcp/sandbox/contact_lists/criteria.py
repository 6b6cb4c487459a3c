"""A segment's `filterCriteria`: what may be in it, and which contacts meet it.

Source: the page "Create contact list" (operators by type of field). Where it is silent: text is compared as the
switch `segment_case` says, a day without a time stands for that whole day (UTC), `between` takes an array of two and
includes both, and a contact without a value meets only the negative operators and `is_empty`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, cast

from autosend_mcp.sandbox.contacts.records import Contact
from autosend_mcp.sandbox.validation import Details, problem

_STRING = ("equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with", "is_empty", "is_not_empty")
OPERATORS = {
    "string": _STRING,
    "number": ("equals", "not_equals", "greater_than", "less_than", "between"),
    "boolean": ("equals", "not_equals"),
    "date": ("equals", "not_equals", "before", "after", "between", "is_empty", "is_not_empty"),
}
BUILT_IN = {"email", "firstName", "lastName", "userId", "mobile", "createdAt", "updatedAt"}
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:([T ])|\Z)")
_POSITIVE = {"not_equals": "equals", "not_contains": "contains", "is_not_empty": "is_empty"}


def property_of(contact: Contact, field: str) -> Any:
    """Return the contact's value of a built-in or custom field; None if it has none."""
    return contact.get(field) if field in BUILT_IN else contact["customFields"].get(bare_name(field))


def bare_name(field: str) -> str:
    """Return a field's name without the prefix that the pages of automations write before it."""
    return field.removeprefix("contactProperties.").removeprefix("customFields.")


def meets(contact: Contact, criteria: Mapping[str, Any] | None, *, exact: bool = False) -> bool:
    """Return whether the contact meets the criteria, as `condition` judges it."""
    return condition(criteria, exact=exact)(contact)


def condition(criteria: Mapping[str, Any] | None, *, exact: bool = False) -> Callable[[Contact], bool]:
    """Return what judges whether a contact meets the criteria; None, like no conditions, is met by no contact.

    `exact`: text is compared with regard to case, as the conditions of automations always are.
    """
    groups: list[dict[str, Any]] = (criteria or {}).get("groups", [])
    tests = [(group["field"], _test(group, exact=exact)) for group in groups]
    decisive = bool(criteria) and criteria["logicalOperator"] == "OR"

    def is_met(contact: Contact) -> bool:
        for field, test in tests:
            if test(property_of(contact, field)) == decisive:
                return decisive
        return bool(tests) and not decisive

    return is_met


def criteria_problems(value: object) -> Details:
    """Return what is wrong with a `filterCriteria`."""
    if not isinstance(value, dict):
        return [_problem("", "filterCriteria is required for a segment")]
    criteria = cast("dict[str, object]", value)
    problems: Details = []
    if criteria.get("logicalOperator") not in ("AND", "OR"):
        problems.append(_problem(".logicalOperator", "logicalOperator must be AND or OR"))
    groups = criteria.get("groups")
    if not isinstance(groups, list) or not groups:
        return [*problems, _problem(".groups", "groups must be a non-empty array")]
    for index, group in enumerate(cast("list[object]", groups)):
        problems += _group_problems(f".groups.{index}", group)
    return problems


def as_date(value: object) -> date | datetime | None:
    """Return a day, or a moment in UTC; None if the value is no ISO date."""
    return _date_of(value) if isinstance(value, str) else None


@lru_cache(maxsize=10_000)
def _date_of(text: str) -> date | datetime | None:
    found = _ISO.match(text)
    if not found:
        return None
    try:
        if not found[1]:
            return date.fromisoformat(found[0])
        moment = datetime.fromisoformat(found.string)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _group_problems(path: str, value: object) -> Details:
    if not isinstance(value, dict):
        return [_problem(path, "A condition must be an object")]
    group = cast("dict[str, Any]", value)
    if not isinstance(group.get("field"), str) or not group["field"]:
        return [_problem(f"{path}.field", "field is required")]
    kind = group.get("fieldType")
    if not isinstance(kind, str) or kind not in OPERATORS:
        return [_problem(f"{path}.fieldType", f"fieldType must be one of {', '.join(OPERATORS)}")]
    operator = group.get("operator")
    if operator not in OPERATORS[kind]:
        return [_problem(f"{path}.operator", f"operator must be one of {', '.join(OPERATORS[kind])}")]
    wanted: Any = group.get("value")
    if operator == "between":
        ends = cast("list[object]", wanted) if isinstance(wanted, list) else []
        fits = len(ends) == 2 and all(_read(kind, end) is not None for end in ends)
    else:
        fits = operator in ("is_empty", "is_not_empty") or _read(kind, wanted) is not None
    return [] if fits else [_problem(f"{path}.value", f"value does not fit {kind} {operator}")]


def _test(group: Mapping[str, Any], *, exact: bool) -> Callable[[object], bool]:
    """Return what judges a value of the group's field."""
    operator: str = group["operator"]
    if operator in _POSITIVE:
        positive = _test({**group, "operator": _POSITIVE[operator]}, exact=exact)
        return lambda value: not positive(value)
    if operator == "is_empty":
        return lambda value: value is None or value == ""
    kind: str = group["fieldType"]
    if operator == "between":
        low, high = (_read(kind, end) for end in group["value"])
        below, above = _COMPARE["less_than"], _COMPARE["greater_than"]
        return lambda value: (
            (actual := _read(kind, value)) is not None and not below(actual, low) and not above(actual, high)
        )
    compare, wanted = _COMPARE[operator], _read(kind, group["value"], exact=exact)
    return lambda value: (actual := _read(kind, value, exact=exact)) is not None and compare(actual, wanted)


def _read(kind: str, value: object, *, exact: bool = False) -> Any:
    """Return the value as this type of field compares it; None if it is no such value."""
    if kind == "date":
        return as_date(value)
    if kind == "boolean":
        return {"true": True, "false": False}.get(str(value).lower())
    if kind == "string":
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return None if value is None else text if exact else text.casefold()
    try:
        return None if isinstance(value, bool) or not isinstance(value, str | int | float) else float(value)
    except (ValueError, OverflowError):
        return None


def _days(actual: Any, wanted: Any) -> tuple[Any, Any]:
    """Return two dates that can be compared: days, if either has no time."""
    if isinstance(actual, datetime) and isinstance(wanted, datetime):
        return actual, wanted
    return _day(actual), _day(wanted)


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def both(actual: Any, wanted: Any) -> bool:
        return compare(*(_days(actual, wanted) if isinstance(actual, date) else (actual, wanted)))

    return both


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _compared(lambda actual, wanted: actual == wanted),
    "contains": lambda actual, wanted: wanted in actual,
    "starts_with": lambda actual, wanted: actual.startswith(wanted),
    "ends_with": lambda actual, wanted: actual.endswith(wanted),
    "greater_than": _compared(lambda actual, wanted: actual > wanted),
    "less_than": _compared(lambda actual, wanted: actual < wanted),
    "after": _compared(lambda actual, wanted: actual > wanted),
    "before": _compared(lambda actual, wanted: actual < wanted),
}


def _problem(path: str, message: str) -> dict[str, str]:
    return problem(f"filterCriteria{path}", message)
