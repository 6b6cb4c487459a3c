"""A segment's `filterCriteria`: what may be in it, and which contacts meet it.

Source: the page "Create contact list" (operators by type of field). Not said there, so chosen: text is compared
whatever the case, a day without a time stands for that whole day (UTC), `between` takes an array of two and includes
both, and what a contact has no value for meets only the negative operators and `is_empty`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

from autosend_mcp.sandbox.contacts import Contact

Details = list[dict[str, str]]

_STRING = ("equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with", "is_empty", "is_not_empty")
OPERATORS = {
    "string": _STRING,
    "number": ("equals", "not_equals", "greater_than", "less_than", "between"),
    "boolean": ("equals", "not_equals"),
    "date": ("equals", "not_equals", "before", "after", "between", "is_empty", "is_not_empty"),
}
_BUILT_IN = {"email", "firstName", "lastName", "userId", "createdAt", "updatedAt"}
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:([T ])|\Z)")
_POSITIVE = {"not_equals": "equals", "not_contains": "contains", "is_not_empty": "is_empty"}


def property_of(contact: Contact, field: str) -> Any:
    """A contact's value of a built-in or custom field; None when it has none."""
    return contact.get(field) if field in _BUILT_IN else contact["customFields"].get(field)


def meets(contact: Contact, criteria: Mapping[str, Any] | None) -> bool:
    """Whether the contact meets the criteria. Nobody meets none."""
    groups: list[dict[str, Any]] = (criteria or {}).get("groups", [])
    met = (_holds(group, property_of(contact, group["field"])) for group in groups)
    return bool(groups) and (any(met) if criteria and criteria["logicalOperator"] == "OR" else all(met))


def criteria_problems(value: object) -> Details:
    """What is wrong with a `filterCriteria`; empty when nothing is."""
    if not isinstance(value, dict):
        return [_problem("", "filterCriteria is required for a segment")]
    criteria = cast("dict[str, object]", value)
    problems: Details = []
    if criteria.get("logicalOperator") not in ("AND", "OR"):
        problems.append(_problem(".logicalOperator", "logicalOperator must be AND or OR"))
    groups = criteria.get("groups")
    if not isinstance(groups, list) or not groups:
        return [*problems, _problem(".groups", "groups must be a non-empty array")]
    for place, group in enumerate(cast("list[object]", groups)):
        problems += _group_problems(f".groups.{place}", group)
    return problems


def as_date(value: object) -> date | datetime | None:
    """A day, or a moment in UTC; None if the text is no ISO date."""
    found = _ISO.match(value) if isinstance(value, str) else None
    if not found:
        return None
    try:
        if not found[1]:
            return date.fromisoformat(found[0])
        moment = datetime.fromisoformat(found.string)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _group_problems(place: str, value: object) -> Details:
    if not isinstance(value, dict):
        return [_problem(place, "A condition must be an object")]
    group = cast("dict[str, Any]", value)
    if not isinstance(group.get("field"), str) or not group["field"]:
        return [_problem(f"{place}.field", "field is required")]
    kind = group.get("fieldType")
    if not isinstance(kind, str) or kind not in OPERATORS:
        return [_problem(f"{place}.fieldType", f"fieldType must be one of {', '.join(OPERATORS)}")]
    operator = group.get("operator")
    if operator not in OPERATORS[kind]:
        return [_problem(f"{place}.operator", f"operator must be one of {', '.join(OPERATORS[kind])}")]
    wanted: Any = group.get("value")
    if operator == "between":
        ends = cast("list[object]", wanted) if isinstance(wanted, list) else []
        fits = len(ends) == 2 and all(_read(kind, one) is not None for one in ends)
    else:
        fits = operator in ("is_empty", "is_not_empty") or _read(kind, wanted) is not None
    return [] if fits else [_problem(f"{place}.value", f"value does not fit {kind} {operator}")]


def _holds(group: Mapping[str, Any], value: object) -> bool:
    operator: str = group["operator"]
    if operator in _POSITIVE:
        return not _holds({**group, "operator": _POSITIVE[operator]}, value)
    if operator == "is_empty":
        return value is None or value == ""
    kind: str = group["fieldType"]
    had = _read(kind, value)
    if had is None:
        return False
    if operator == "between":
        low, high = (_read(kind, one) for one in group["value"])
        return not _COMPARE["less_than"](had, low) and not _COMPARE["greater_than"](had, high)
    return _COMPARE[operator](had, _read(kind, group["value"]))


def _read(kind: str, value: object) -> Any:
    """The value as this type of field compares it; None when it is no such value."""
    if kind == "date":
        return as_date(value)
    if kind == "boolean":
        return {"true": True, "false": False}.get(str(value).lower())
    if kind == "string":
        return None if value is None else (str(value) if not isinstance(value, bool) else str(value).lower()).casefold()
    try:
        return None if isinstance(value, bool) or not isinstance(value, str | int | float) else float(value)
    except (ValueError, OverflowError):
        return None


def _days(had: Any, wanted: Any) -> tuple[Any, Any]:
    """Two dates that can be compared: as days, if either has no time."""
    if isinstance(had, datetime) and isinstance(wanted, datetime):
        return had, wanted
    return _day(had), _day(wanted)


def _day(one: date | datetime) -> date:
    return one.date() if isinstance(one, datetime) else one


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def both(had: Any, wanted: Any) -> bool:
        return compare(*(_days(had, wanted) if isinstance(had, date) else (had, wanted)))

    return both


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _compared(lambda had, wanted: had == wanted),
    "contains": lambda had, wanted: wanted in had,
    "starts_with": lambda had, wanted: had.startswith(wanted),
    "ends_with": lambda had, wanted: had.endswith(wanted),
    "greater_than": _compared(lambda had, wanted: had > wanted),
    "less_than": _compared(lambda had, wanted: had < wanted),
    "after": _compared(lambda had, wanted: had > wanted),
    "before": _compared(lambda had, wanted: had < wanted),
}


def _problem(place: str, message: str) -> dict[str, str]:
    return {"field": f"filterCriteria{place}", "message": message}
