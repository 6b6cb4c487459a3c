"""What values a contact's properties take, by the types of those that are defined.

Source: the pages of "Contact properties" and of "Custom fields" (types, reserved names).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from autosend_mcp.sandbox.contact_lists.criteria import as_date
from autosend_mcp.sandbox.contact_properties import RESERVED
from autosend_mcp.sandbox.contacts.records import SYSTEM
from autosend_mcp.sandbox.options import Options
from autosend_mcp.sandbox.validation import Details, problem

_FITTING: dict[str | None, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,)}


class CheckedValues(NamedTuple):
    """What a write does to a contact's values: those to set, properties to define first, what is wrong."""

    values: dict[str, Any]
    defined: dict[str, str]
    problems: Details


def fitting(types: Mapping[str, str], options: Options) -> dict[str, tuple[type, ...]]:
    """Return the Python types that fit each defined property, for `all_fit`; of a date, none."""
    system = SYSTEM if options.system_properties else ()
    return {name: _FITTING.get(kind, ()) for name, kind in types.items() if name not in system}


def all_fit(custom: Mapping[str, Any], types: Mapping[str, tuple[type, ...]]) -> bool:
    """Return whether each value is one of a defined property, and fits it: what is true of most rows, and soon said."""
    for name, value in custom.items():
        kinds = types.get(name)
        if kinds is None or (type(value) not in kinds and (kinds or not as_date(value))):
            return False
    return True


def checked_values(custom: dict[str, Any], types: Mapping[str, str], options: Options) -> CheckedValues:
    """Judge each value by the defined types and the switches."""
    checked = CheckedValues({}, {}, [])
    for name, value in custom.items():
        if options.system_properties and name in SYSTEM:
            continue
        kind = types.get(name)
        if value is None and options.null_properties == "refuse":
            checked.problems.append(problem(f"customFields.{name}", "Value must not be null"))
        if kind is None and name not in RESERVED and value is not None:
            if options.unknown_fields == "refuse":
                checked.problems.append(problem(f"customFields.{name}", "Unknown custom field"))
            elif options.unknown_fields == "create":
                checked.defined[name] = _type_of(value)
            elif options.unknown_fields == "ignore":
                continue
        elif kind is not None and not _fits(value, kind) and options.wrong_types == "refuse":
            checked.problems.append(problem(f"customFields.{name}", f"Value must be a {kind}"))
        checked.values[name] = value
    return checked


def _type_of(value: object) -> str:
    """Return the type that a value would have as a property of its own."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "date" if as_date(value) else "string"


def _fits(value: object, kind: str | None) -> bool:
    """Return whether a property of this type may hold the value. Any text fits a string, also one that is a date."""
    return value is None or type(value) in _FITTING.get(kind, ()) or (kind == "date" and as_date(value) is not None)
