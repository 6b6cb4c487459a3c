"""An assistant's arguments, read liberally into a request body, or refused with a line a field."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.alias_generators import to_snake
from pydantic_core import ErrorDetails

from autosend_mcp.errors import NotSent
from autosend_mcp.models.base import RULE, Body
from autosend_mcp.models.foreign import nearest_of, why_refused
from autosend_mcp.models.given import as_wanted, is_blank, is_empty, is_word_for_nothing
from autosend_mcp.models.schema import published_schema
from autosend_mcp.models.text import compact_json, visible
from autosend_mcp.models.values import EMPTY
from autosend_mcp.models.wrapped import unwrapped

BodyT = TypeVar("BodyT", bound=Body)

TO_CLEAR = " To remove a value, name it in clear."

_SHOWN_PROBLEMS = 20
_SHOWN_DROPPED = 10


def read_arguments(
    model: type[BodyT], arguments: Mapping[str, object], tool: str, *, from_host: bool = True
) -> tuple[BodyT, list[str]]:
    """Return the request body the arguments stand for, and a note for every repair made on the way.

    snake_case names and AutoSend's other names are accepted; null, "", [], {} and the word "null" mean "not given" for
    an optional field; an array or object may come as a JSON string, an array of one as its value, and all arguments in
    a wrapper. What a host added is dropped (`from_host`: the arguments are those of a call, to which hosts add).

    Raises:
        NotSent: Something is wrong. A line for each field: its name, the rule, an example. Never its value.
    """
    schema = published_schema(model)
    properties: dict[str, Any] = schema["properties"]
    notes: list[str] = []
    spellings = _spellings(model)
    if from_host:
        arguments, wrong = unwrapped(arguments, tool, spellings, notes)
        if wrong:
            raise _not_valid(wrong, tool)
    given, problems = _named(arguments, spellings, notes, from_host=from_host)
    given = {name: as_wanted(name, value, properties[name], notes) for name, value in given.items()}
    absent = _absent(given, schema.get("required", ()))
    body = None
    try:
        body = model.model_validate({k: v for k, v in given.items() if k not in absent}, context=notes)
    except ValidationError as error:
        problems += problem_lines(model, error)
    if problems or body is None:
        raise _not_valid(problems, tool)
    to_clear = TO_CLEAR if "clear" in properties else ""
    notes = [f"{note}{to_clear}" if note.startswith(EMPTY) else note for note in notes]
    return body, notes + _not_sent(absent, to_clear)


def _absent(given: Mapping[str, object], required: Collection[str]) -> dict[str, object]:
    """Return the arguments that mean "not given"."""
    return {
        name: value
        for name, value in given.items()
        if is_blank(value) or (name not in required and (is_empty(value) or is_word_for_nothing(value)))
    }


def _not_sent(absent: Mapping[str, object], to_clear: str) -> list[str]:
    words = [name for name, value in absent.items() if is_word_for_nothing(value)]
    empty = [name for name, value in absent.items() if value is not None and name not in words]
    notes = [f"{EMPTY} {', '.join(empty)}.{to_clear}"] if empty else []
    return [*notes, f"The word for nothing was not sent: {', '.join(words)}.{to_clear}"] if words else notes


@cache
def _spellings(model: type[Body]) -> dict[str, str]:
    """Return every accepted spelling of an argument's name, and AutoSend's own."""
    names: list[str] = list(published_schema(model)["properties"])
    known = {name: name for name in names} | {other: name for other, name in model.spellings.items() if name in names}
    return {to_snake(spelling): name for spelling, name in known.items()} | known


def _named(
    arguments: Mapping[str, object], spellings: dict[str, str], notes: list[str], *, from_host: bool
) -> tuple[dict[str, object], list[str]]:
    """Return the arguments under AutoSend's names, and a line for each that is given twice or none of ours."""
    given: dict[str, object] = {}
    spelt: dict[str, str] = {}
    problems: list[str] = []
    dropped: list[str] = []
    for spelling, value in arguments.items():
        name = spellings.get(spelling)
        if name is None:
            if why := why_refused(spelling, value, spellings, dropping=from_host):
                problems.append(f"{_shown(spelling)}: {why}")
            else:
                dropped.append(_shown(spelling)[:40])
        elif is_blank(given.get(name)):
            given[name], spelt[name] = value, spelling
        elif not is_blank(value):
            problems.append(f"{name}: given twice, as {spelt[name]} and {spelling}.")
    if dropped:
        more = f" and {len(dropped) - _SHOWN_DROPPED} more" if len(dropped) > _SHOWN_DROPPED else ""
        notes.append(f"Ignored, for it is no argument of this tool: {', '.join(dropped[:_SHOWN_DROPPED])}{more}.")
    return given, problems


def nearest(name: str, known: Mapping[str, str]) -> str:
    """Return a question that names the nearest of the known spellings, or a list of what there is."""
    near = nearest_of(name, known)
    return f"did you mean {near}?" if near else f"there are {', '.join(dict.fromkeys(known.values()))}."


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
