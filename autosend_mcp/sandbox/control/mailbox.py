"""The mailbox under /sandbox/mails: all mails, one mail in several forms, and none any more."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from autosend_mcp.sandbox.envelope import check, not_found, pagination
from autosend_mcp.sandbox.mails.source import source_of
from autosend_mcp.sandbox.paging import page_of
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import normalized, problem

FORMS = ("json", "html", "text", "source")
# The HTML of a mail runs nothing and loads nothing, also where it is opened by itself.
_POLICY = {
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Mailbox:
    """Each method answers one endpoint."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def mails(self, request: Request) -> Response:
        """Return one page of the mails, oldest first, or of those to one address (`to`)."""
        page, limit = page_of(request, default=100, maximum=1_000)
        self._store.automated_mails.catch_up()
        mails, total = self._store.mails.page(page, limit, normalized(request.query_params.get("to", "")))
        return JSONResponse({"mails": mails, "pagination": pagination(page, limit, total)})

    async def mail(self, request: Request) -> Response:
        """Return one mail: as JSON, its HTML or text alone, or its source as a mail program would receive it."""
        form = request.query_params.get("as", "json")
        check([] if form in FORMS else [problem("as", f"as is one of {', '.join(FORMS)}")])
        self._store.automated_mails.catch_up()
        mail = self._store.mails.one(request.path_params["id"])
        if mail is None or (form in mail and mail[form] is None):
            raise not_found("Mail" if mail is None else f"{form} of the mail", "MAIL_NOT_FOUND")
        if form == "json":
            return JSONResponse(mail)
        content = source_of(mail) if form == "source" else mail[form]
        return Response(content, media_type="text/html" if form == "html" else "text/plain", headers=_POLICY)

    async def empty(self, _request: Request) -> Response:
        """Delete the mails, but for those that wait to be sent."""
        self._store.automated_mails.empty()
        return JSONResponse({"status": "ok"})
