"""The bound on the size of an answer, and how data is cut to fit in it."""

from typing import Any, cast

from pydantic_core import to_json

# No answer is longer than this in UTF-8, so that none has more than 25,000 tokens: a token is at least one byte.
MAX_ANSWER_BYTES = 24_000


SHORTENED = "Shortened to fit: long texts end in three dots, and long arrays and objects are cut."


# What distinguishes one thing from another is not cut, as long as it can be one.
_IDENTITY = frozenset({"id", "email", "fieldName", "groupId"})


_MAX_IDENTITY = 1_000


def size(value: object) -> int:
    """Return the bytes of the value as compact JSON."""
    return len(to_json(value))


def shortened(data: Any, most: int = MAX_ANSWER_BYTES) -> Any:
    """Return the data cut until it has at most `most` bytes: long texts first, then long arrays and objects."""
    for text, entries in ((2_000, 10_000), (500, 10_000), (200, 200), (100, 50), (50, 20), (20, 10), (10, 4)):
        if size(data) <= most:
            break
        data = _cut(data, text, entries)
    return data if size(data) <= most else type(data)()


def _cut(value: Any, text: int, entries: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= text else f"{value[:text]}..."
    if isinstance(value, dict):
        members = list(cast("dict[str, Any]", value).items())[:entries]
        return {name: _cut(inner, _MAX_IDENTITY if name in _IDENTITY else text, entries) for name, inner in members}
    if isinstance(value, list):
        return [_cut(one, text, entries) for one in cast("list[Any]", value)[:entries]]
    return value
