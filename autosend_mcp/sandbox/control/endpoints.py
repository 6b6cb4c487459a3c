"""The endpoints under /sandbox, and /openapi.json, which AutoSend does not have: they need no key."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from autosend_mcp.sandbox.access import KEY, PROJECT
from autosend_mcp.sandbox.automations.endpoints import AutomationEndpoints
from autosend_mcp.sandbox.control.clock import MovedClock
from autosend_mcp.sandbox.control.exchanges import Exchanges
from autosend_mcp.sandbox.control.mailbox import Mailbox
from autosend_mcp.sandbox.control.seeds import add_seed, state_of
from autosend_mcp.sandbox.control.snapshot import Snapshot
from autosend_mcp.sandbox.envelope import Refused, body_of, check, not_found, pagination
from autosend_mcp.sandbox.mails.records import timestamp
from autosend_mcp.sandbox.paging import page_of
from autosend_mcp.sandbox.store import Store
from autosend_mcp.sandbox.validation import problem
from autosend_mcp.sandbox.webhooks.deliveries import Deliveries

Control = Callable[[Request], Awaitable[Response]]

_MAX_MOVE = 100 * 366 * 86_400  # seconds


class ControlEndpoints:
    """Each method answers one endpoint, or is what it does."""

    def __init__(self, store: Store, deliveries: Deliveries, clock: MovedClock, exchanges: Exchanges) -> None:
        self._store = store
        self._deliveries = deliveries
        self._clock = clock
        self._exchanges = exchanges
        self._mailbox = Mailbox(store)
        self._snapshot = Snapshot(store.db)
        self._declared = store.automations.definitions

    def routes(self) -> list[Route]:
        """Return the routes under /sandbox."""
        return [
            self._route("GET", "/automations", AutomationEndpoints(self._store).log),
            self._route("GET", "/mails", self._mailbox.mails),
            self._route("DELETE", "/mails", self._mailbox.empty),
            self._route("GET", "/mails/{id}", self._mailbox.mail),
            self._route("GET", "/health", self.health),
            self._route("POST", "/reset", self.reset),
            self._route("GET", "/state", self.state),
            self._route("POST", "/seed", self.seed),
            self._route("POST", "/rename", self.rename),
            self._route("GET", "/requests", self.requests),
            self._route("GET", "/warnings", self.warnings),
            self._route("GET", "/faults", self.faults),
            self._route("POST", "/faults", self.fail),
            self._route("DELETE", "/faults", self.work),
            self._route("GET", "/clock", self.clock),
            self._route("POST", "/clock", self.move),
            Route("/openapi.json", self.openapi, methods=["GET"]),
        ]

    def keep_seed(self) -> None:
        """Keep what there is now: a reset brings it back."""
        self._snapshot.take()
        self._declared = self._store.automations.definitions

    def start_anew(self) -> None:
        """Bring back what there was at the start, and forget all else: requests, faults, waits, a moved clock."""
        self._clock.offset += self._store.db.delay
        self._store.db.catch_up()
        self._clock.offset = 0
        self._deliveries.forget()
        self._exchanges.clear()
        self._snapshot.restore()
        self._store.suppression_groups.standard(PROJECT)
        self._store.automations.declare(self._declared, anew=True)
        self._store.automated_mails.forget()

    async def health(self, _request: Request) -> Response:
        """Return that the sandbox is there, and a key for it."""
        return JSONResponse({"status": "ok", "key": KEY})

    async def openapi(self, _request: Request) -> Response:
        """Return the OpenAPI document of the sandbox, this path included."""
        document = files("autosend_mcp.sandbox").joinpath("openapi.json").read_bytes()
        return Response(document, media_type="application/json")

    async def reset(self, _request: Request) -> Response:
        """Start anew."""
        self.start_anew()
        return JSONResponse({"status": "ok"})

    async def state(self, _request: Request) -> Response:
        """Return what the project of the keys `AS_...` holds, as a seed."""
        return JSONResponse(state_of(self._store, PROJECT))

    async def seed(self, request: Request) -> Response:
        """Add what the body holds; a reset takes it away again."""
        try:
            add_seed(self._store, PROJECT, await body_of(request))
        except ValueError as error:
            raise Refused(400, "VALIDATION_FAILED", str(error)) from None
        return JSONResponse({"status": "ok"})

    async def rename(self, request: Request) -> Response:
        """Give a list or segment another name, as people do in AutoSend's dashboard (changelog of 2026-07-14)."""
        body = await body_of(request)
        list_id, name = body.get("listId"), body.get("name")
        if not isinstance(name, str) or not name.strip():
            check([problem("name", "name is required")])
        if not self._store.contact_lists.rename(PROJECT, str(list_id), str(name)):
            raise not_found("Contact list", "CONTACT_LIST_NOT_FOUND")
        return JSONResponse({"status": "ok"})

    async def requests(self, request: Request) -> Response:
        """Return one page of the last 1,000 requests with their answers, oldest first."""
        page, limit = page_of(request, default=100, maximum=1_000)
        kept = [*self._exchanges.kept]
        shown = [exchange.shown() for exchange in kept[(page - 1) * limit : page * limit]]
        return JSONResponse({"requests": shown, "pagination": pagination(page, limit, len(kept))})

    async def warnings(self, _request: Request) -> Response:
        """Return what clients sent that AutoSend does not document."""
        return JSONResponse({"warnings": self._exchanges.warnings.all()})

    async def faults(self, _request: Request) -> Response:
        """Return the faults that are still to come."""
        return JSONResponse({"faults": [asdict(fault) for fault in self._exchanges.faults.all]})

    async def fail(self, request: Request) -> Response:
        """Add a fault."""
        fault = self._exchanges.faults.add(await body_of(request))
        return JSONResponse({"fault": asdict(fault)}, 201)

    async def work(self, _request: Request) -> Response:
        """Take all faults away."""
        self._exchanges.faults.all.clear()
        return JSONResponse({"status": "ok"})

    async def clock(self, _request: Request) -> Response:
        """Return the time, and how many seconds it is moved."""
        return JSONResponse({"now": timestamp(self._clock()), "moved": self._clock.offset})

    async def move(self, request: Request) -> Response:
        """Move the clock forward, by seconds (`advance`) or to a time (`to`), and do what is due by then."""
        body = await body_of(request)
        seconds, to = body.get("advance"), body.get("to")
        if isinstance(to, str):
            try:
                seconds = datetime.fromisoformat(to).timestamp() - self._clock()
            except ValueError:
                seconds = None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= _MAX_MOVE:
            what = "Give advance, in seconds forward, or to, an ISO time that is not past"
            raise Refused(400, "VALIDATION_FAILED", what)
        self._clock.offset += seconds
        self._store.db.catch_up()
        self._store.automated_mails.catch_up()
        return await self.clock(request)

    def _route(self, method: str, path: str, control: Control) -> Route:
        async def respond(request: Request) -> Response:
            self._store.db.catch_up()
            try:
                return await control(request)
            except Refused as refused:
                return refused.response(self._store.options.error_shape)

        respond.__doc__ = control.__doc__
        return Route(f"/sandbox{path}", respond, methods=[method])
