"""The page at `/`: what is in the sandbox, for who would rather look than ask. It needs no key, as the control paths.

It is rendered here and works without its script, which only keeps it up to date. Nothing on it comes from elsewhere,
and nothing that it shows is run: names are text, and the HTML of a mail is in a frame without scripts.
"""

import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from autosend_mcp.sandbox.control.exchanges import Exchanges
from autosend_mcp.sandbox.page.section import ROWS, Section, Seen
from autosend_mcp.sandbox.page.sections import SECTIONS
from autosend_mcp.sandbox.store import Store

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; style-src 'self' 'unsafe-inline'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TYPES = {"page.css": "text/css", "page.js": "text/javascript"}
_AFTER_SIGN = re.compile(r"(?<=[@._-])(?=\w)")
_MAX_TEXT = 200  # of what is looked for


def page_routes(store: Store, exchanges: Exchanges) -> list[Route]:
    """Return the routes of the page and of its two files."""
    page = _Page(Seen(store, exchanges))
    return [
        Route("/", page.page, methods=["GET"]),
        Route("/sandbox/page/{name}", page.file, methods=["GET"]),
    ]


class _Page:
    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._store = seen.store

    async def page(self, request: Request) -> Response:
        """Return the page: `show` names a section, `q` is looked for in it, `before` and `row` are keys of rows."""
        query = request.query_params
        section = SECTIONS.get(query.get("show", "contacts"), SECTIONS["contacts"])
        text = query.get("q", "")[:_MAX_TEXT]
        body = self._rendered(section, text, _key(query.get("before")), _key(query.get("row"))).encode()
        tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=_HEADERS | {"ETag": tag})
        return Response(body, media_type="text/html", headers=_HEADERS | {"ETag": tag})

    async def file(self, request: Request) -> Response:
        """Return the style or the script."""
        name = request.path_params["name"]
        if name not in _TYPES:
            return Response(status_code=404)
        return Response(_files().joinpath("static", name).read_bytes(), media_type=_TYPES[name], headers=_HEADERS)

    def _rendered(self, section: Section, text: str, before: int | None, row: int | None) -> str:
        self._store.db.catch_up()
        self._store.automated_mails.catch_up()
        with self._store.db.transaction():  # all of it is of one moment
            rows = section.rows(self._seen, text, before)
            return _template().render(
                sections=[(each, each.count(self._seen)) for each in SECTIONS.values()],
                section=section,
                text=text,
                found=section.count(self._seen, text),
                rows=rows[:ROWS],
                older=rows[ROWS - 1].key if len(rows) > ROWS else None,
                is_first=before is None,
                chosen=section.row(self._seen, row) if row is not None else None,
            )


def _files():
    return files("autosend_mcp.sandbox.page")


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only who looks at the page waits for it

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["breakable"] = _breakable
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return environment.from_string(_files().joinpath("templates", "page.html").read_text(encoding="utf-8"))


def _breakable(text: str) -> "Markup":
    """Return the text, in which long addresses and names may be broken after a sign rather than anywhere."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - it comes with jinja2

    return Markup("<wbr>").join(map(escape, _AFTER_SIGN.split(text)))


def _key(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None
