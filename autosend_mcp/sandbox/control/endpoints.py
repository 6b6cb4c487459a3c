"""The endpoints under /sandbox, which AutoSend does not have: they need no key."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from autosend_mcp.sandbox.automations.endpoints import AutomationEndpoints
from autosend_mcp.sandbox.envelope import Refused, pagination
from autosend_mcp.sandbox.paging import page_of
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import normalized

Control = Callable[[Request], Awaitable[Response]]


def control_routes(store: Store) -> list[Route]:
    """Return the routes under /sandbox."""

    def route(method: str, path: str, control: Control) -> Route:
        async def respond(request: Request) -> Response:
            store.db.catch_up()
            try:
                return await control(request)
            except Refused as refused:
                return refused.response(store.options.error_shape)

        return Route(f"/sandbox{path}", respond, methods=[method])

    return [route(*endpoint, control) for endpoint, control in ControlEndpoints(store).routes().items()]


class ControlEndpoints:
    """Each method answers one endpoint."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> dict[tuple[str, str], Control]:
        """Return what answers each method and path."""
        return {
            ("GET", "/automations"): AutomationEndpoints(self._store).log,
            ("GET", "/mails"): self.mails,
        }

    async def mails(self, request: Request) -> Response:
        """Return one page of the mails, oldest first, or of those to one address (`to`)."""
        page, limit = page_of(request, default=100, maximum=1_000)
        self._store.automated_mails.catch_up()
        mails, total = self._store.mails.page(page, limit, normalized(request.query_params.get("to", "")))
        return JSONResponse({"mails": mails, "pagination": pagination(page, limit, total)})
