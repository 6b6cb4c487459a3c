"""Arguments in a wrapper: `{"input": {...}}`, the same as a text, the whole call once more. Models and hosts do that.

A wrapper is read where that is the only reading: its name is one that wrappers have, the tool has no such argument, it
holds arguments of the tool, and none stands beside it. With some in it and some beside it the call is refused: to drop
`{"options": {"dryRun": true}}` would make a write of a dry run. Anything else is left to `foreign.py`.
"""

import re
from collections.abc import Mapping

from autosend_mcp.models.foreign import why_refused
from autosend_mcp.models.given import is_empty, object_in


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# These hold arguments, whatever they are called.
_OF_ARGUMENTS = _words(
    "input inputs argument arguments arg args param params parameter parameters kwarg kwargs toolinput toolargs "
    "toolarguments toolparams toolparameters toolkwargs actioninput functionargs functionarguments rawinput "
    "rawarguments structuredinput namedarguments"
)
# These may hold something of the host's, too: what is called `id` or `name` in them may be the host's own.
_OF_ANYTHING = _words(
    "data body json payload request req requestbody requestdata object obj value values properties props options "
    "opts setting settings flags record contact content named"
)
_OF_ANYBODY = _words("id name type description list text file fields limit cursor group reason write")
# These hold a call: its name, and its arguments in a wrapper of their own.
_OF_CALLS = _words("tool tooluse toolcall action function functioncall call calltool command request")
_NAMES_OF_CALLS = _words("name tool toolname function functionname action method recipientname")
_TYPES_OF_CALLS = _words("function functioncall toolcall tooluse object tool")

_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")
_MAX_DEPTH = 4


def unwrapped(
    arguments: Mapping[str, object], tool: str, known: Mapping[str, str], notes: list[str]
) -> tuple[Mapping[str, object], list[str]]:
    """Return the arguments out of their wrapper, with a note; or as they are, with what is wrong with a wrapper.

    `known`: the tool's own, by every accepted spelling.
    """
    for _ in range(_MAX_DEPTH):
        wrappers = {name: inner for name, value in arguments.items() if (inner := _inner(name, value, tool, known))}
        beside = {
            name: value
            for name, value in arguments.items()
            if name not in wrappers and not is_empty(value) and not _names_call(name, value, tool)
        }
        ours = {name: value for name, value in beside.items() if name in known}
        if ours:
            wrappers = {name: inner for name, inner in wrappers.items() if not known.keys().isdisjoint(_sure(inner))}
        if not wrappers:
            return arguments, []
        inner, *others = wrappers.values()
        if any(other != inner for other in others) or (ours and not inner.items() <= ours.items()):
            where = " and ".join(wrappers)[:80]
            return arguments, [
                f"{where}: no such argument, yet arguments are in it. Give each once, beside the others."
            ]
        notes.append(f"The arguments were read out of {next(iter(wrappers))}.")
        arguments = {**beside, **inner}
    return arguments, []


def _inner(name: str, value: object, tool: str, known: Mapping[str, str], depth: int = 0) -> dict[str, object] | None:
    """Return the arguments in a wrapper; None where this is none."""
    plain = _plain(name)
    if name in known or name.startswith(("_", "$")) or depth > _MAX_DEPTH:
        return None
    is_certain = plain in _OF_ARGUMENTS or plain == _plain(tool)
    if not is_certain and plain not in _OF_ANYTHING | _OF_CALLS:
        return None
    inner = object_in(value)
    if not inner or any(_inner(each, inside, tool, known, depth + 1) for each, inside in inner.items()):
        return inner or None
    if is_certain:
        holds = any(each in known or why_refused(each, inside, known) for each, inside in inner.items())
    else:
        holds = plain in _OF_ANYTHING and not known.keys().isdisjoint(_sure(inner))
    return inner if holds else None


def _sure(inner: Mapping[str, object]) -> set[str]:
    """Return the names in a wrapper that nobody but the caller has given."""
    return inner.keys() - _OF_ANYBODY


def _names_call(name: str, value: object, tool: str) -> bool:
    """Return whether it only says which tool is called, or that one is."""
    if not isinstance(value, str):
        return False
    said = _plain(value)
    return (_plain(name) in _NAMES_OF_CALLS and said.endswith(_plain(tool))) or (
        _plain(name) == "type" and said in _TYPES_OF_CALLS
    )


def _plain(name: str) -> str:
    return _NEITHER_LETTER_NOR_DIGIT.sub("", name[:100]).lower()
