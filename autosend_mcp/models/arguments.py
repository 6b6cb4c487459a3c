"""An assistant's arguments, read liberally into a request body, or refused with a line a field."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic.alias_generators import to_snake
from pydantic_core import ErrorDetails, from_json

from autosend_mcp.errors import NotSent
from autosend_mcp.models.base import RULE, Body
from autosend_mcp.models.schema import published_schema
from autosend_mcp.models.text import compact_json, visible
from autosend_mcp.models.values import RESERVED

BodyT = TypeVar("BodyT", bound=Body)

_JSON_TYPES: dict[str, type] = {"array": list, "object": dict}
_SHOWN_PROBLEMS = 20


def read_arguments(model: type[BodyT], arguments: Mapping[str, object], tool: str) -> tuple[BodyT, list[str]]:
    """Return the request body the arguments stand for, and a note for every repair made on the way.

    snake_case names and AutoSend's other names are accepted; null and "" mean "not given" for an optional field; an
    array or object may come as a JSON string.

    Raises:
        NotSent: Something is wrong. A line for each field: its name, the rule, an example. Never its value.
    """
    properties: dict[str, Any] = published_schema(model)["properties"]
    notes: list[str] = []
    given, problems = _named(arguments, _spellings(model))
    given = {name: _parsed(name, value, properties[name], notes) for name, value in given.items()}
    empty = [name for name, value in given.items() if value is not None and _absent(value)]
    body = None
    try:
        body = model.model_validate({k: v for k, v in given.items() if not _absent(v)}, context=notes)
    except ValidationError as error:
        problems += problem_lines(model, error)
    if problems or body is None:
        raise _not_valid(problems, tool)
    if empty:
        to_clear = " To remove a value, name it in clear." if "clear" in properties else ""
        notes.append(f"Empty, so not sent: {', '.join(empty)}.{to_clear}")
    return body, notes


@cache
def _spellings(model: type[Body]) -> dict[str, str]:
    """Return every accepted spelling of an argument's name, and AutoSend's own."""
    names: list[str] = list(published_schema(model)["properties"])
    known = {name: name for name in names} | {other: name for other, name in model.spellings.items() if name in names}
    return {to_snake(spelling): name for spelling, name in known.items()} | known


def _named(arguments: Mapping[str, object], spellings: dict[str, str]) -> tuple[dict[str, object], list[str]]:
    """Return the arguments under AutoSend's names, and a line for each that is unknown or given twice."""
    given: dict[str, object] = {}
    spelt: dict[str, str] = {}
    problems: list[str] = []
    for spelling, value in arguments.items():
        name = spellings.get(spelling)
        if name is None:
            attribute = _as_attribute(spelling) if "customFields" in spellings else ""
            problems.append(f"{_shown(spelling)}: no such argument; {nearest(spelling, spellings)}{attribute}")
        elif _absent(given.get(name)):
            given[name], spelt[name] = value, spelling
        elif not _absent(value):
            problems.append(f"{name}: given twice, as {spelt[name]} and {spelling}.")
    return given, problems


def _as_attribute(spelling: str) -> str:
    """Return what to do with an argument that stands for an attribute without an argument of its own."""
    if spelling in RESERVED:
        return " AutoSend reserves this name: choose another, and put it into customFields."
    return " Any other attribute goes into customFields."


def _absent(value: object) -> bool:
    """Return whether the value means "not given": null, or a text of nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def nearest(name: str, known: Mapping[str, str]) -> str:
    """Return a question that names the nearest of the known spellings, or a list of what there is."""
    lowered = {spelling.lower(): proper for spelling, proper in known.items()}
    near = get_close_matches(name[:64].lower(), lowered, n=1, cutoff=0.7)
    if near:
        return f"did you mean {lowered[near[0]]}?"
    return f"there are {', '.join(dict.fromkeys(known.values()))}."


def _parsed(name: str, value: object, schema: dict[str, Any], notes: list[str]) -> object:
    """Return the value, parsed when an array or object came as a JSON string."""
    wanted = _JSON_TYPES.get(schema.get("type", ""))
    if wanted is None or not isinstance(value, str):
        return value
    try:
        parsed = from_json(value, allow_inf_nan=False)
    except ValueError:
        return value
    if isinstance(parsed, wanted):
        notes.append(f"{name} came as a JSON string and was read as an {schema['type']}.")
        return cast("object", parsed)
    return value


_RULES = {
    "missing": "is required",
    "string_type": "must be a string",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "string_too_long": "must be at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
}


def problem_lines(model: type[Body], error: ValidationError) -> list[str]:
    """Return each problem in our own words: the field's path, the rule, one example a field. Never the value."""
    fields = {field.alias: field for field in model.model_fields.values()}
    lines: list[str] = []
    for problem in error.errors(include_url=False):
        path = [str(part) for part in problem["loc"] if part != "[key]"]
        if not path:  # the arguments do not go together
            lines.append(f"{_rule(problem)}.")
            continue
        field = fields.pop(path[0], None)
        example = f" Example: {compact_json(field.examples[0])}" if field and field.examples else ""
        lines.append(f"{_shown('.'.join(path))}: {_rule(problem)}.{example}")
    return lines


def _rule(problem: ErrorDetails) -> str:
    kind = problem["type"]
    return problem["msg"] if kind == RULE else _RULES.get(kind, "is not valid").format(**problem.get("ctx", {}))


def _shown(name: str) -> str:
    """Return a name that the caller chose, made safe to repeat."""
    text = visible(name)[:80]
    return text if text.replace(".", "").replace("_", "").isalnum() else compact_json(text)


def _not_valid(problems: list[str], tool: str) -> NotSent:
    shown = problems[:_SHOWN_PROBLEMS]
    if len(problems) > len(shown):
        shown.append(f"and {len(problems) - len(shown)} more.")
    return NotSent(
        "The arguments are not valid.",
        "\n".join([f"Fix this and call {tool} again:", *(f"- {line}" for line in shown)]),
    )


def refused_fields(model: type[Body], fields: Sequence[str]) -> list[str]:
    """Return a line in our own words for each of the model's fields that AutoSend refused."""
    properties: dict[str, Any] = published_schema(model)["properties"]
    spellings = _spellings(model)
    named = dict.fromkeys(spellings.get(name := field.partition(".")[0], name) for field in fields)
    return [f"- {name}: AutoSend refused it. {properties[name]['description']}" for name in named if name in properties]
