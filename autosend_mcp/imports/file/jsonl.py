"""JSONL: an object a line, the members of objects in it among the others: `customFields.plan`, `address.city`.

AutoSend's newer name of them, `contactProperties`, is read as the older one.
"""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, cast

from autosend_mcp.imports.file.encodings import FileError
from autosend_mcp.imports.file.json_documents import NO_ROWS, Layout, cut_out
from autosend_mcp.imports.file.rows import MAX_COLUMNS, FileRow, check_lengths
from autosend_mcp.imports.file.spreading import Spreading
from autosend_mcp.models.contacts.contact import CUSTOM, PROPERTIES


class NoRowError(ValueError):
    """The line is no JSON object that can be sent. The text says why, as a predicate of the row."""


def find_members(
    lines: Iterable[str], layout: Layout | None = None, spreading: Spreading | None = None
) -> tuple[str, ...]:
    """Return the names of all members of all objects, in order of appearance.

    Raises:
        FileError: There are none, too many, or one is too long.
    """
    spreading = spreading or Spreading()
    names: dict[str, None] = {}
    for row in json_rows(lines, layout, spreading):
        if new := row.values.keys() - names:
            check_lengths(new, row.line)
        names |= dict.fromkeys(row.values)
        if len(names) > MAX_COLUMNS:
            raise FileError(
                f"By line {row.line} the objects have more than {MAX_COLUMNS} different members. Leave out those that "
                "no contact needs."
            )
    if not names and layout is not None:
        raise FileError(NO_ROWS)
    if not names:
        raise FileError('No line of the file is a JSON object with members. Write one a line: {"email": "a@b.co"}.')
    return spreading.columns(names)


def json_rows(
    lines: Iterable[str], layout: Layout | None = None, spreading: Spreading | None = None
) -> Iterator[FileRow]:
    """Yield a row for each line that is not blank, or that the layout has; one that is no object has a problem."""
    number, spreading = 0, spreading or Spreading()
    for line, text in enumerate(lines, start=1) if layout is None else cut_out(lines, layout):
        if not text.strip():
            continue
        number += 1
        raw, values, problem = text.rstrip("\r\n"), {}, ""
        try:
            values = _members_of(raw, spreading)
        except NoRowError as error:
            problem = str(error)
        yield FileRow(number, line, values, raw, problem)


def _members_of(line: str, spreading: Spreading) -> dict[str, Any]:
    """Return the members of the object. `customFields` that is no object stays as it is.

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
    return _flattened(cast("dict[str, Any]", found), spreading)


def _flattened(members: dict[str, Any], spreading: Spreading) -> dict[str, Any]:
    """Return the members with those of objects among them; both names of the custom fields may be there, if they
    agree."""
    if not any(isinstance(value, dict | list) for value in members.values()):
        return members
    flat: dict[str, Any] = {}
    for name, value in members.items():
        held: dict[str, Any] = {name: value}
        if name not in (CUSTOM, PROPERTIES):
            held = dict(spreading.spread(name, value))
        elif isinstance(value, dict):
            held = {f"{CUSTOM}.{inner}": each for inner, each in cast("dict[str, Any]", value).items()}
        for inner, each in held.items():
            if inner in flat and (PROPERTIES not in members or flat[inner] != each):
                raise NoRowError("names a member twice")
            flat[inner] = each
    return flat


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
