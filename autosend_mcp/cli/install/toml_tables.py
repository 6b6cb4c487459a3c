"""TOML as Codex keeps its settings: one table exchanged, and the same in every other byte."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any, cast

from autosend_mcp.cli.install.jsonc import CannotEditError

_HEADER = re.compile(r"^[ \t]*\[.*\][ \t]*(?:#.*)?$", re.MULTILINE)
_AFTER = re.compile(r"(?:^[ \t]*(?:#.*)?\n)*\Z", re.MULTILINE)  # blank lines and remarks, which belong to what follows


def read(text: str) -> dict[str, Any]:
    """Return the value of a document.

    Raises:
        CannotEditError: It is no TOML.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise CannotEditError(f"it is no TOML: {error}") from None


def with_table(text: str, path: tuple[str, str], table: Mapping[str, Any] | None) -> str:
    """Return the document with this table under the path, in place of the one that is there; without it for None.

    Raises:
        CannotEditError: It is no TOML, or what is under the path is written in another way than as tables.
    """
    expected = read(text)
    group = dict(expected.get(path[0], {}))
    group.pop(path[1], None)
    if table is not None:
        group[path[1]] = dict(table)
    expected = {**expected, path[0]: group}
    spans = _spans(text, path)
    at = spans[0][0] if spans else len(text)
    before, after = text[:at], text[at:]
    for start, end in reversed(spans):
        after = after[: start - at] + after[end - at :]
    if table is not None:
        if before and not spans:
            before = before.rstrip("\n") + "\n\n"
        before += shown(path, table) + ("\n" if after.strip() and not after.startswith("\n") else "")
    changed = before + after
    if _is_whole(changed) and {path[0]: {}, **read(changed)} == expected:
        return changed
    raise CannotEditError(f"{'.'.join(path)} is written in it in another way than as a table")


def shown(path: tuple[str, ...], table: Mapping[str, Any]) -> str:
    """Return a table of texts, arrays of texts and tables, as TOML."""
    values = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"[{'.'.join(map(_key, path))}]", *(f"{_key(name)} = {_value(value)}" for name, value in values.items())]
    tables = [shown((*path, name), value) for name, value in table.items() if name not in values]
    return "\n".join(["\n".join(lines) + "\n", *tables])


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    """Return a value as TOML writes it.

    Raises:
        CannotEditError: It is of a kind that is not copied, such as a date.
    """
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in cast('list[Any]', value))}]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)
    raise CannotEditError("its table of this server holds more than texts and numbers")


def _spans(text: str, path: tuple[str, str]) -> list[tuple[int, int]]:
    """Return where the tables under the path are, from the header of each up to what belongs to the next."""
    headers = [found for found in _HEADER.finditer(text) if _names(found[0]) and _is_whole(text[: found.start()])]
    ends = [*(found.start() for found in headers[1:]), len(text)][: len(headers)]
    spans: list[tuple[int, int]] = []
    for header, end in zip(headers, ends, strict=True):
        if _names(header[0])[:2] == path:
            rest = _AFTER.search(text, header.end(), end)
            spans.append((header.start(), rest.start() if rest and end < len(text) else end))
    return spans


def _is_whole(text: str) -> bool:
    """Return whether a text is TOML: it is not, where it ends within a string or an array."""
    try:
        tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _names(header: str) -> tuple[str, ...]:
    """Return the names in a header, none where it is no header: a line of an array, say."""
    try:
        at: object = tomllib.loads(header)
    except tomllib.TOMLDecodeError:
        return ()
    names: list[str] = []
    while inner := cast("dict[str, object]", cast("list[object]", at)[0] if isinstance(at, list) else at):
        name, at = next(iter(inner.items()))
        names.append(name)
    return tuple(names)
