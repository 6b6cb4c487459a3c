"""What a client sends that AutoSend does not document, or no longer: the sandbox answers, but AutoSend may not.

Sources: the pages of the API reference, and the changelog of 2026-06-26 (custom fields).
"""

import re
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers

from autosend_mcp.sandbox.control.members import undocumented
from autosend_mcp.sandbox.documented import is_documented
from autosend_mcp.sandbox.mails.records import timestamp

_MAX_KEPT = 1_000
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE)
INSTEAD = {
    "/custom-fields": "/contact-properties",
    "/suppression-groups/email/entries": "POST /suppression-groups/entries",
    "/suppression-groups/entries/all": "POST /suppression-groups/entries",
    "/mails/bulk-send": "POST /mails/bulk",
}


class Warnings:
    """Each warning once, with how often there was cause for it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], dict[str, Any]] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return the warnings, oldest first."""
        return [*self._found.values()]

    def clear(self) -> None:
        """Forget all of them."""
        self._found.clear()

    def look_at(
        self, method: str, path: str, endpoint: tuple[str, str] | None, body: Mapping[str, Any] | None, at: float
    ) -> None:
        """Warn of the path and of the members of a request. `endpoint`: what answered it, if anything did."""
        path = path.removeprefix("/v1")
        about = endpoint[1] if endpoint else path
        for begin, instead in INSTEAD.items():
            if path == begin or path.startswith(f"{begin}/"):
                self._add(at, method, about, "deprecated path", instead=instead)
                break
        else:
            if endpoint is None and not is_documented(method, path):
                self._add(at, method, about, "undocumented path")
        if endpoint and body:
            for member in undocumented(endpoint, body):
                self._add(at, method, about, "undocumented member", name=member)

    def look_at_type(self, method: str, path: str, headers: Headers, at: float) -> None:
        """Warn of a body whose Content-Type is not JSON."""
        given = headers.get("content-type", "")
        if not _JSON.fullmatch(given):
            self._add(
                at, method, path.removeprefix("/v1"), "wrong Content-Type", name=given, instead="application/json"
            )

    def _add(self, at: float, method: str, path: str, what: str, *, name: str = "", instead: str = "") -> None:
        key, when = (method, path, what, name), timestamp(at)
        if key not in self._found and len(self._found) < _MAX_KEPT:
            about = {"name": name} if name else {}
            about |= {"instead": instead} if instead else {}
            self._found[key] = {"warning": what, "method": method, "path": path, **about, "count": 0, "first": when}
        if found := self._found.get(key):
            found |= {"count": found["count"] + 1, "last": when}
