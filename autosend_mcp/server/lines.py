"""Lines as they arrive on stdin: which are messages of JSON-RPC, and what answers those that are none.

The SDK drops a line that it cannot parse, so that the host waits for ever. Here every line is answered but a blank
one, a notification, and an answer of the client's. An answer never has an id that the line has not; where it has
none that could be read, it is null (JSON-RPC 2.0, 5). An error of the client's is never answered, so that two who
do not understand each other stop (modelcontextprotocol/rust-sdk#938).
"""

import json
import re
from contextlib import suppress
from math import isfinite
from typing import Any, NamedTuple, cast

from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

UNREADABLE = (
    "This request could not be read, and nothing was done. It must be JSON-RPC 2.0 whose params are an object. No "
    "string may hold half of a surrogate pair, no number 4,300 digits, and nothing may nest 200 levels deep. Fix "
    "it and repeat."
)
NO_JSON = "This line is not JSON, and nothing was done. Write one JSON-RPC message a line, in UTF-8."
NO_BODY = "The body is not JSON, and nothing was done. Send one JSON-RPC message a POST, in UTF-8."
NO_BATCH = "The body must be one message, and nothing was done. Send each message by a POST of its own."
DAMAGED = "This request is not in UTF-8, so that its texts are damaged, and nothing was done. Repeat it in UTF-8."
TOO_LONG = (
    "This request is longer than 5 MB, and nothing was done. Send fewer or shorter values at once; a file of contacts "
    "is imported by autosend-mcp import."
)

# Characters. What a tool takes at most is a fraction of this; reading a longer line would take 40 times its memory.
_MAX_LINE = 5_000_000

# What a line of JSON is made of: brackets, and what stands between them, strings and all.
_JSON_PARTS = re.compile(r'[\[\]{}]|(?:"(?:[^"\\]|\\.)*+"?|[^"\[\]{}])++')

# What may be no text or whole number, and no object.
_TO_REPAIR = re.compile(r'"progressToken"|"_meta"\s*:\s*[^{\s]')

_BOM = "\ufeff"


class Line(NamedTuple):
    """What a line comes to: `messages` to handle, and `answers` to those that cannot be, which end in a line break."""

    messages: list[JSONRPCMessage]
    answers: list[str]


def read_line(raw: bytes) -> Line:
    """Return the messages in a line, and the answers to what in it is none."""
    text, is_damaged = _decoded(raw)
    if not text:
        return Line([], [])
    if len(text) > _MAX_LINE:
        return Line([], _refused(text, TOO_LONG))
    if is_damaged and '"tools/call"' in text:
        return Line([], _refused(text, DAMAGED))
    message = None if _TO_REPAIR.search(text) else _message(text)
    return Line([message], []) if message else _parsed(text)


def read_body(raw: bytes) -> tuple[bytes, bool]:
    """Return the message that is the body of a POST, as the SDK reads it; or the answer to what is none, and False."""
    text, is_damaged = _decoded(raw)
    if is_damaged:
        return _as_answer(_refused(text, DAMAGED), DAMAGED)
    if not _TO_REPAIR.search(text) and _message(text):
        return text.encode(), True
    try:
        found = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return _as_answer(_refused(text, UNREADABLE, NO_BODY), UNREADABLE)
    if isinstance(found, list):
        return _as_answer([], NO_BATCH)
    line = _read(found)
    if line.messages:
        return line.messages[0].model_dump_json(by_alias=True, exclude_unset=True).encode(), True
    return _as_answer(line.answers, UNREADABLE)


def _as_answer(answers: list[str], why: str) -> tuple[bytes, bool]:
    """Return an answer: by HTTP there is one to each body, also where a line needs none."""
    return (answers or [_error(None, INVALID_REQUEST, why)])[0].encode(), False


def _parsed(text: str) -> Line:
    """Return what a line comes to that is no message as it is, or has something in it to be repaired."""
    try:
        found = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return Line([], _refused(text, UNREADABLE))
    # A batch, which MCP had in 2025-03-26 alone: each of its messages is handled by itself.
    batch = cast("list[object]", found) if isinstance(found, list) else []
    several = [_read(one) for one in batch or [found]]
    messages = [message for each in several for message in each.messages]
    return Line(messages, [answer for each in several for answer in each.answers])


def method_of(message: JSONRPCMessage) -> str:
    """Return the method of a message that is a request; nothing for a notification or an answer."""
    return message.method if isinstance(message, JSONRPCRequest) else ""


def _decoded(raw: bytes) -> tuple[str, bool]:
    """Return a line as text without what stands around it, and whether some of it could not be decoded.

    One of UTF-16 begins or ends with half of a line break, which was split at its other half.
    """
    zeros = raw[1::2].count(0), raw[::2].count(0)
    if max(zeros) > len(raw) // 3:
        after_break = raw.startswith(b"\0") and zeros[1] > zeros[0] and not raw.endswith(b"\0\n")
        plain = raw[1:] if after_break else raw
        encoding = "utf-16-le" if after_break or zeros[0] > zeros[1] else "utf-16-be"
        return _stripped(plain.removesuffix(b"\n").decode(encoding, "ignore")), False
    try:
        return _stripped(raw.decode()), False
    except UnicodeDecodeError:
        return _stripped(raw.decode(errors="replace")), True


def _stripped(text: str) -> str:
    return text.strip(f"{_BOM}\ufffe\0 \t\r\n")


def _message(text: str) -> JSONRPCMessage | None:
    """Return the text as the SDK reads it; None if it does not, or reads as a notification what has an id.

    Such a one it would never answer.
    """
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValidationError:
        return None
    is_request = isinstance(message, JSONRPCNotification) and '"id"' in text and "id" in json.loads(text)
    return None if is_request else message


def _read(found: object) -> Line:
    """Return what parsed JSON comes to."""
    if isinstance(found, dict):
        members = _repaired(cast("dict[str, Any]", found))
        message = _message(json.dumps(members))
        return Line([message], []) if message else Line([], _answered(members, UNREADABLE))
    return Line([], [_error(None, INVALID_REQUEST, UNREADABLE)])


def _repaired(members: dict[str, Any]) -> dict[str, Any]:
    """Return a message with what does not matter put right, or left out.

    That is an id such as 7.0, that of a notification if it is null, params that are null, `_meta` that is no object,
    and a progress token that is no text or whole number.
    """
    given: object = members.get("id")
    if isinstance(given, float) and given.is_integer():
        members = members | {"id": int(given)}
    elif "id" in members and given is None and str(members.get("method")).startswith("notifications/"):
        members = {name: value for name, value in members.items() if name != "id"}
    if members.get("params", ...) is None:
        return {name: value for name, value in members.items() if name != "params"}
    params: object = members.get("params")
    if not isinstance(params, dict) or "_meta" not in params:
        return members
    meta = cast("dict[str, Any]", params)["_meta"]
    if not isinstance(meta, dict):
        kept = {name: value for name, value in cast("dict[str, Any]", params).items() if name != "_meta"}
        return members | {"params": kept}
    token: object = cast("dict[str, Any]", meta).get("progressToken")
    if isinstance(token, str) or (isinstance(token, int) and not isinstance(token, bool)):
        return members
    kept = {name: value for name, value in cast("dict[str, Any]", meta).items() if name != "progressToken"}
    return members | {"params": cast("dict[str, Any]", params) | {"_meta": kept}}


def _refused(text: str, why: str, no_json: str = NO_JSON) -> list[str]:
    """Return the answer to a line that cannot be parsed or is too long, or none if it needs none."""
    with suppress(ValueError):
        outermost: object = json.loads(_outermost(text))
        if isinstance(outermost, dict):
            return _answered(cast("dict[str, Any]", outermost), why)
    return [_error(None, PARSE_ERROR, why if why == TOO_LONG else no_json)]


def _answered(members: dict[str, Any], why: str) -> list[str]:
    if "method" not in members and ("result" in members or "error" in members):
        return []  # an answer of the client's
    if "id" not in members and isinstance(members.get("method"), str):
        return []  # a notification
    return [_error(members.get("id"), INVALID_REQUEST, why)]


def _error(given: object, code: int, why: str) -> str:
    """Return an error as a line, with the id that was given if one can be written back as it is."""
    writable = isinstance(given, int | float | str) and not isinstance(given, bool)
    known = given if writable and not (isinstance(given, float) and not isfinite(given)) else None
    answer: dict[str, object] = {"jsonrpc": "2.0", "id": known, "error": {"code": code, "message": why}}
    try:
        line = json.dumps(answer, ensure_ascii=False)
        line.encode()
    except ValueError:  # half of a surrogate pair, or 4,300 digits
        line = json.dumps(answer | {"id": None})
    return f"{line}\n"


def _outermost(line: str) -> str:
    """Return a JSON object with null for each value that nests: there may be more in it than `json` can read."""
    depth = 0
    kept: list[str] = []
    for match in _JSON_PARTS.finditer(line):
        part = match[0]
        depth += part in ("[", "{")
        if depth == 1:
            kept.append(part)
        elif depth == 2 and part in ("[", "{"):
            kept.append("null")
        depth -= part in ("]", "}")
    return "".join(kept)
