"""An AutoSend in memory whose every answer is made up by the test: a project that may hold anything."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx2

from tests.support.line import saying

Row = dict[str, Any]


@dataclass
class Answering(httpx2.AsyncBaseTransport):
    """Answers each documented endpoint from these rows.

    `contact`: the one asked for, by address; `written`: the one created or changed. `more`: added to what is
    said of a write, `left` to what is said of leaving a list. `refuses`: the status and body of an error for a request,
    by "METHOD /path"; None where it is to succeed.
    """

    contact: Callable[[str], Row | None] = lambda email: {"id": f"id-{email}", "email": email}
    written: Callable[[str], Row | None] | None = None
    lists: list[Row] = field(default_factory=list[Row])
    fields: list[Row] = field(default_factory=list[Row])
    members: list[Row] = field(default_factory=list[Row])
    groups: list[Any] = field(default_factory=list[Any])
    more: Row = field(default_factory=dict[str, Any])
    left: Row = field(default_factory=dict[str, Any])
    refuses: Callable[[str], tuple[int, Any] | None] = lambda _asked: None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode().removeprefix("/v1")
        asked = f"{request.method} {path}"
        if refusal := self.refuses(asked):
            return saying(*refusal)
        content = await request.aread()
        body: Row = json.loads(content) if content else {}
        found = self._data(asked, path, body)
        if found is None:
            return saying(404, {"success": False, "error": {"message": "Not found", "code": "NOT_FOUND"}})
        return saying(200, {"success": True, "data": found})

    def _data(self, asked: str, path: str, body: Row) -> Row | None:
        endpoints: dict[str, Callable[[], Row | None]] = {
            r"POST /contacts(/email)?": lambda: (self.written or self.contact)(body["email"]),
            r"POST /contacts/search/emails": lambda: {"contacts": [*filter(None, map(self.contact, body["emails"]))]},
            r"POST /contacts/bulk-update": lambda: {"successCount": len(body["contacts"]), "failedCount": 0},
            r"GET /contacts/[^/]+/unsubscribe-groups": lambda: {"groups": self.groups},
            r"GET /contacts/[^/]+": lambda: self.contact(unquote(path).removeprefix("/contacts/")),
            r"GET /contact-lists": lambda: {"lists": self.lists},
            r"GET /contact-properties\?.*": lambda: {"contactProperties": self.fields},
            r"GET /custom-fields\?.*": lambda: {"customFields": self.fields},
            r"POST /suppression-groups/entries": lambda: {"entries": [], "pagination": {"total": 0}},
            r"POST /contact-lists/contacts/search": lambda: self._page(body.get("page", 1), body.get("limit", 20)),
            r"POST /contact-lists": lambda: {"id": "made", "name": body["name"]} | self.more,
            r"POST /contact-properties": lambda: {"name": body["name"]} | self.more,
            r"POST /contact-lists/[^/]+/contacts/remove": lambda: {"removed": 1, "notInList": 1} | self.left,
            r"POST /contact-lists/.+|POST /contacts/remove|DELETE /.+": lambda: {"added": 1} | self.more,
        }
        return next((answer() for known, answer in endpoints.items() if re.fullmatch(known, asked)), None)

    def _page(self, page: int, limit: int) -> Row:
        shown = self.members[(page - 1) * limit : page * limit]
        return {"contacts": shown, "pagination": {"page": page, "total": len(self.members)}}
