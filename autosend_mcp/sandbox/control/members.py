"""What a body has that AutoSend does not document for it."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, cast, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict

from autosend_mcp.sandbox.control.bodies import BODIES


class _Members(NamedTuple):
    names: frozenset[str]
    inner: dict[str, "_Members"]


def undocumented(endpoint: tuple[str, str], body: Mapping[str, Any]) -> Iterator[str]:
    """Yield each member of the body that no page has, below its parents as in `to.phone`."""
    if members := _members_of(BODIES.get(" ".join(endpoint))):
        yield from _unknown(members, body, "")


def _unknown(members: _Members, value: object, at: str) -> Iterator[str]:
    """Yield the unknown members of an object, or of each in an array: a client may send one for the other."""
    for one in cast("list[object]", value) if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            given = cast("dict[str, object]", one)
            if not members.names.issuperset(given):
                yield from (f"{at}{name}" for name in sorted(given.keys() - members.names))
            for name, below in members.inner.items():
                if name in given:
                    yield from _unknown(below, given[name], f"{at}{name}.")


@cache
def _members_of(kind: Any) -> _Members | None:
    """Return the members of an object of this type, or of those in an array; None where it may have any."""
    while get_origin(kind) is list:
        kind = get_args(kind)[0]
    if not is_typeddict(kind):
        return None
    hints = get_type_hints(kind)
    inner = {name: found for name, one in hints.items() if (found := _members_of(one))}
    return _Members(frozenset(hints), inner)
