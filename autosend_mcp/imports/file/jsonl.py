"""One line of JSONL as the members of a contact, `customFields` among them by their own names."""

import json
import math
from typing import Any, NoReturn, cast


class NoRowError(ValueError):
    """The line is no JSON object that can be sent. The text says why, as something said of the row."""


def members_of(line: str) -> dict[str, Any]:
    """The members of the object, those of `customFields` as `customFields.plan`.

    `customFields` that is no object stays as it is.

    Raises:
        NoRowError: No object, a name twice, NaN or Infinity, half a character, a number too long, or nested too deeply.
    """
    try:
        found: object = _DECODER.decode(line)
        if "\\u" in line:
            json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise NoRowError(f"is no JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise NoRowError("is nested too deeply") from error
    except UnicodeEncodeError as error:
        raise NoRowError(r"holds half a character (a \u escape of a surrogate pair without the other)") from error
    except NoRowError:
        raise
    except ValueError as error:
        raise NoRowError("holds a number that is too long") from error
    if not isinstance(found, dict):
        raise NoRowError("is no JSON object")
    return _flattened(cast("dict[str, Any]", found))


def _flattened(members: dict[str, Any]) -> dict[str, Any]:
    custom = members.get("customFields")
    if not isinstance(custom, dict):
        return members
    pairs: list[tuple[str, Any]] = []
    for name, value in members.items():
        if name == "customFields":
            pairs += [(f"customFields.{inner}", one) for inner, one in cast("dict[str, Any]", custom).items()]
        else:
            pairs.append((name, value))
    return _once_each(pairs)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise NoRowError("names a member twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NoRowError("holds a number that is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise NoRowError(f"holds {name}, which is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_once_each, parse_float=_finite, parse_constant=_refuse_constant)
