"""The requests that a host begins with, in their plainest form, and their answers without the SDK.

Whatever is not plain beyond doubt is left to the SDK, and with it all that follows. So what is answered here is what
the SDK would answer, to the byte; tests compare both.
"""

import json
import re
from typing import Any, NamedTuple, cast

from autosend_mcp.server.front.offer import MODERN, Offer
from autosend_mcp.server.view.extension import is_declared

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")

_MAX_LINE = 16_384
_ID = re.compile(r"[ !#-\[\]-~]{0,64}")  # nothing that JSON would write in another way
_MEMBERS = ({"jsonrpc", "id", "method"}, {"jsonrpc", "id", "method", "params"})
_LISTS = {"tools/list", "prompts/list", "resources/list", "resources/templates/list"}
_META = "io.modelcontextprotocol/"
_ENVELOPE = {f"{_META}protocolVersion", f"{_META}clientInfo", f"{_META}clientCapabilities"}
# Capabilities whose members must be objects; others can be anything, but for roots.
_NESTED = {"sampling", "elicitation", "tasks", "extensions", "experimental"}
_MAX_NESTED = 64
_TEXTS = {"name", "version", "title", "websiteUrl", "description"}

Json = dict[str, Any]


class Answered(NamedTuple):
    """What a line comes to: the answer as a line, empty where it needs none, and the id of the request.

    `is_kept`: whether the SDK must read the line too, to know the connection; no other answer depends on the rest.
    """

    id: int | str
    answer: str
    is_kept: bool


class Opening:
    """The first requests of one connection. The first that is no discovery settles the version of the protocol."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._version = ""
        self._capabilities: Json = {}  # of an older client, which declares them once
        self._is_initialized = False

    def answer(self, line: bytes) -> Answered | None:
        """Return what a line comes to; None for one that is not plain."""
        message = _parsed(line)
        if message is None:
            return None
        if message == {}:
            return Answered(0, "", is_kept=False)
        if "id" not in message:
            return Answered(0, "", is_kept=True) if self._is_initialization(message) else None
        before = self._version
        version = self._version_for(message)
        if not version:
            return None
        written = json.dumps(message["id"])
        capabilities = _capabilities(message) if version == MODERN else self._capabilities
        result = self._offer.result(message["method"], version, shows_pages=is_declared(capabilities))
        answer = f'{{"jsonrpc":"2.0","id":{written},"result":{result}}}\n'
        return Answered(message["id"], answer, is_kept=self._version != before)

    def _version_for(self, message: Json) -> str:
        """Return the version that a request is answered in, which it may settle; nothing for one that is not plain."""
        method, params = message["method"], message.get("params", {})
        if method == "initialize":
            if self._version or not _is_introduction(params):
                return ""
            self._version, self._capabilities = params["protocolVersion"], params["capabilities"]
        elif method == "server/discover":
            return "" if self._version or not _is_modern(params) else MODERN
        elif _is_modern(params):
            if method not in _LISTS or self._version not in {"", MODERN}:
                return ""
            self._version = MODERN
        elif self._version in {"", MODERN} or not self._may_ask(method) or not _has_only_a_token(params):
            return ""
        return self._version

    def _may_ask(self, method: str) -> bool:
        return method == "ping" or (method in _LISTS and self._is_initialized)

    def _is_initialization(self, message: Json) -> bool:
        """Return whether a notification says that the client has initialized, as it must, and note that."""
        plain = message.get("params", {}) == {} and message["method"] == "notifications/initialized"
        self._is_initialized = plain and self._version in LEGACY
        return self._is_initialized


def _parsed(line: bytes) -> Json | None:
    """Return a line that is a request or a notification, {} for a blank one, None for one that is anything else."""
    if (
        len(line) > _MAX_LINE
        or not line.isascii()
        or b"\\u" in line
        or line.count(b"{") + line.count(b"[") > _MAX_NESTED
    ):
        return None
    if line in {b"\n", b"\r\n"}:
        return {}
    try:
        message: object = json.loads(line, object_pairs_hook=_without_repetition, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    members = cast("Json", message)
    if {*members} | {"id"} not in _MEMBERS or members["jsonrpc"] != "2.0" or not isinstance(members["method"], str):
        return None
    return members if _is_plain_id(members.get("id", 0)) and isinstance(members.get("params", {}), dict) else None


def _without_repetition(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError
    return members


def _refused(_constant: str) -> None:
    raise ValueError  # NaN and Infinity are no JSON


def _is_plain_id(given: object) -> bool:
    if isinstance(given, str):
        return _ID.fullmatch(given) is not None
    return isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**53


def _is_introduction(params: Json) -> bool:
    """Return whether these are the parameters of `initialize`."""
    if {*params} != {"protocolVersion", "capabilities", "clientInfo"} or params["protocolVersion"] not in LEGACY:
        return False
    return _is_client(params["clientInfo"]) and _are_capabilities(params["capabilities"])


def _is_modern(params: Json) -> bool:
    """Return whether these are parameters of a request of the newer protocol, that has no others."""
    meta = params.get("_meta")
    if {*params} != {"_meta"} or not isinstance(meta, dict):
        return False
    given = cast("Json", meta)
    if {*given} - {"progressToken"} != _ENVELOPE or given[f"{_META}protocolVersion"] != MODERN:
        return False
    client, capabilities = given[f"{_META}clientInfo"], given[f"{_META}clientCapabilities"]
    return _is_plain_id(given.get("progressToken", 0)) and _is_client(client) and _are_capabilities(capabilities)


def _capabilities(message: Json) -> Json:
    """Return the capabilities in a request of the newer protocol, each of which declares them."""
    return message["params"]["_meta"][f"{_META}clientCapabilities"]


def _is_client(given: object) -> bool:
    if not isinstance(given, dict):
        return False
    members = cast("dict[str, object]", given)
    return {"name", "version"} <= {*members} <= _TEXTS and all(isinstance(text, str) for text in members.values())


def _are_capabilities(given: object) -> bool:
    if not isinstance(given, dict):
        return False
    members = cast("Json", given)
    roots = members.get("roots", {})
    if not isinstance(roots, dict) or not isinstance(cast("Json", roots).get("listChanged", False), bool):
        return False
    return all(_is_nested(members[name], 2 if name == "tasks" else 1) for name in _NESTED & {*members})


def _is_nested(given: object, levels: int) -> bool:
    """Return whether this is an object whose members are objects too, `levels` deep."""
    if not isinstance(given, dict):
        return False
    return not levels or all(_is_nested(value, levels - 1) for value in cast("Json", given).values())


def _has_only_a_token(params: Json) -> bool:
    meta = params.get("_meta", {})
    if {*params} - {"_meta"} or not isinstance(meta, dict):
        return False
    given = cast("Json", meta)
    return not {*given} - {"progressToken"} and _is_plain_id(given.get("progressToken", 0))
