"""JSON with comments, as editors keep their settings: changed in one place, and the same in every other byte."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_BLANK = re.compile(r"(?:[\s\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_REMARK = re.compile(r"[ \t]*(?://[^\n]*|/\*[^\n]*?\*/)")
_SCALAR = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
_MAX_DEPTH = 100


class CannotEditError(Exception):
    """A file is not as its host writes it, so that nothing is changed in it. The text says what is odd."""


@dataclass
class Node:
    """A value and where it stands; `members` by name or index: where each begins, with its name, and its value."""

    value: Any
    start: int
    end: int
    members: dict[str | int, tuple[int, "Node"]] = field(default_factory=dict[str | int, tuple[int, "Node"]])


def read(text: str) -> Any:
    """Return the value of a document, an empty object for an empty one.

    Raises:
        CannotEditError: It is no object in JSON, with or without comments.
    """
    return _document(text).value


def with_member(text: str, path: Sequence[str | int], value: Any) -> str:
    """Return the document with this value under the path, in objects that are made where they are missing.

    An index in the path that an array does not have appends to it.

    Raises:
        CannotEditError: It is no such document, or something else stands on the path.
    """
    at, names, depth = _document(text), list(path), 0
    if at.end == at.start:  # nothing but blanks and comments
        return f"{text}{json.dumps(_nested(names, value), indent=2, ensure_ascii=False)}\n"
    while names and names[0] in at.members:
        at = at.members[names.pop(0)][1]
        depth += 1
        if names and not isinstance(at.value, list if isinstance(names[0], int) else dict):
            raise CannotEditError(f"{path[depth - 1]} in it is something else than usual")
    unit = _indent_of(text)
    if not names:
        return text[: at.start] + _shown(value, unit, depth) + text[at.end :]
    name, *rest = names
    shown = _shown(_nested(rest, value), unit, depth + 1)
    member = shown if isinstance(name, int) else f"{json.dumps(name, ensure_ascii=False)}: {shown}"
    return _inserted(text, at, "\n" + unit * (depth + 1) + member, "\n" + unit * depth)


def without_member(text: str, path: Sequence[str | int]) -> str:
    """Return the document without what is under the path, and its comma; unchanged where nothing is.

    Raises:
        CannotEditError: It is no such document.
    """
    at = _document(text)
    for name in path[:-1]:
        if name not in at.members:
            return text
        at = at.members[name][1]
    if path[-1] not in at.members:
        return text
    start, node = at.members[path[-1]]
    comma, line = _comma(text, node.end), len(text[:start].rstrip(" \t"))
    begin = line - 1 if text[:line].endswith("\n") else start
    before = max((other.end for _, other in at.members.values() if other.end < start), default=0)
    if comma is None and (last := _comma(text, before) if before else None) is not None:
        return text[:last] + text[last + 1 : begin] + text[node.end :]
    return text[:begin] + text[node.end if comma is None else comma + 1 :]


def _inserted(text: str, at: Node, member: str, closing: str) -> str:
    """Return the text with a member more in this object or array, after what is said of its last one."""
    if not at.members:
        inner = text[at.start + 1 : at.end - 1].rstrip()
        return text[: at.start + 1] + inner + member + closing + text[at.end - 1 :]
    last = max(node.end for _, node in at.members.values())
    comma = _comma(text, last)
    here = last if comma is None else comma + 1
    if said := _REMARK.match(text, here):
        here = said.end()
    first, then = ("", ",") if comma is not None else (",", "")
    return text[:last] + first + text[last:here] + member + then + text[here:]


def _comma(text: str, at: int) -> int | None:
    """Return where the comma after a value is, None for none."""
    here = _blank(text, at)
    return here if text.startswith(",", here) else None


def _nested(names: Sequence[str | int], value: Any) -> Any:
    for name in reversed(names):
        value = [value] if isinstance(name, int) else {name: value}
    return value


def _shown(value: Any, unit: str, depth: int) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", "\n" + unit * depth)


def _indent_of(text: str) -> str:
    found = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    return found[1] if found else "  "


def _document(text: str) -> Node:
    start = _blank(text, 0)
    if start == len(text):
        return Node({}, start, start)
    node = _value(text, start, 0)
    if not isinstance(node.value, dict) or _blank(text, node.end) != len(text):
        raise CannotEditError("it is no JSON object")
    return node


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise CannotEditError("it is nested too deep")
    if text.startswith(("{", "["), at):
        return _collection(text, at, depth)
    if found := _STRING.match(text, at) or _SCALAR.match(text, at):
        try:
            return Node(json.loads(found[0]), at, found.end())
        except ValueError:
            pass
    raise _no_json(text, at)


def _collection(text: str, at: int, depth: int) -> Node:
    """Read an object or an array; a comma may stand at its end."""
    is_object, end = text[at] == "{", "}" if text[at] == "{" else "]"
    node, here = Node({} if is_object else [], at, at), _blank(text, at + 1)
    while not text.startswith(end, here):
        start, name = here, len(node.members)
        if is_object:
            name, here = _name(text, here, depth)
            if name in node.members:
                raise _no_json(text, here)
        member = _value(text, here, depth + 1)
        node.members[name] = start, member
        here = _blank(text, member.end)
        if text.startswith(",", here):
            here = _blank(text, here + 1)
        elif not text.startswith(end, here):
            raise _no_json(text, here)
    values = {name: member.value for name, (_, member) in node.members.items()}
    node.value, node.end = values if is_object else [*values.values()], here + 1
    return node


def _name(text: str, at: int, depth: int) -> tuple[str, int]:
    key = _value(text, at, depth + 1)
    here = _blank(text, key.end)
    if not isinstance(key.value, str) or not text.startswith(":", here):
        raise _no_json(text, here)
    return key.value, _blank(text, here + 1)


def _no_json(text: str, at: int) -> CannotEditError:
    return CannotEditError(f"its line {text.count(chr(10), 0, at) + 1} is no JSON")
