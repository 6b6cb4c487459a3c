"""The ASGI application: /mcp for clients, /health and /ready for what watches the process."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

import anyio
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.routes import build_resource_metadata_url
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from pydantic import AnyHttpUrl
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from autosend_mcp.api.client import AutoSend
from autosend_mcp.logs import calling, report
from autosend_mcp.server.app import NAME, TITLE, open_server
from autosend_mcp.server.http.access import READ, WRITE, AnyOf, FileTokens, caller
from autosend_mcp.server.http.bodies import readable
from autosend_mcp.server.http.challenge import Admitted, Challenge, metadata_routes
from autosend_mcp.server.http.ending import TO_END, noticing_the_end
from autosend_mcp.server.http.headers import ReadInOneWay
from autosend_mcp.server.http.issuer import IssuerKeys, Transport
from autosend_mcp.server.http.oauth import IssuedTokens
from autosend_mcp.server.http.pages import HEALTH, ForPages, Readable
from autosend_mcp.server.http.scopes import refusal
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.server.http.telemetry import Telemetry
from autosend_mcp.server.http.tenants import MAX_IDLE, Connect, Open, Tenants
from autosend_mcp.server.http.tokens import TokenFile
from autosend_mcp.settings import Settings, SettingsError
from autosend_mcp.tools import registry

if TYPE_CHECKING:  # of an extra, which a process without Redis can do without
    from autosend_mcp.server.http.shared.store import Shared
    from autosend_mcp.server.telemetry.tracing import Tracing

PATH = "/mcp"


class McpApp:
    """Serves MCP over HTTP, to each caller by a server of their own."""

    def __init__(
        self,
        settings: Settings,
        http: HttpSettings,
        connect: Connect = AutoSend,
        *,
        to_issuer: Transport | None = None,
        tracing: "Tracing | None" = None,
        opened: Open = open_server,
        max_idle: int = MAX_IDLE,
    ) -> None:
        """`connect` makes the client of AutoSend for some settings, `opened` the server of a caller.

        `to_issuer`: the way to a URL of the issuer's.

        Raises:
            SettingsError: Redis cannot be used as it is set, what serves metrics is not installed, or the file of
                tokens is none.
        """
        registry.import_all()
        self._settings = settings
        self._http = http
        self._connect = connect
        self._opened = opened
        self._max_idle = max_idle
        self._telemetry = Telemetry(http, tracing)
        self._tokens = TokenFile(http.http_tokens) if http.http_tokens else None
        if self._tokens:
            self._tokens.tokens()  # a wrong file is reported now
        self._open_shared = _shared(http)
        self._challenge = Challenge((READ, WRITE))
        self._is_ending = False
        self._keys = IssuerKeys(http.http_issuer, http.http_jwks, to_issuer) if http.http_issuer else None

    def app(self) -> Starlette:
        """Return the application."""
        routes: list[BaseRoute] = [Route(HEALTH, _health), Route("/ready", self._ready)]
        middleware = [Middleware(ReadInOneWay)]
        endpoint: ASGIApp = self._mcp
        if self._http.authenticates:
            url = AnyHttpUrl(self._http.http_url) if self._http.http_url else None
            backend = BearerAuthBackend(AnyOf(self._verifiers()), resource_server_url=url)
            middleware += [Middleware(AuthenticationMiddleware, backend=backend), Middleware(AuthContextMiddleware)]
            if url and self._http.http_issuer:
                routes += metadata_routes(url, self._http.http_issuer, [READ, WRITE], TITLE)
                self._challenge = self._challenge._replace(metadata=build_resource_metadata_url(url))
            endpoint = Admitted(self._mcp, READ, self._challenge)
        routes += [Route(PATH, ForPages(endpoint, self._http)), *self._telemetry.routes(self._challenge)]
        app = Starlette(
            routes=routes,
            middleware=middleware,
            exception_handlers={HTTPException: _refused, Exception: _failed},
            lifespan=self._lifespan,
        )
        app.router.redirect_slashes = False  # behind a proxy that speaks TLS it would send clients to http
        app.middleware_stack = Readable(app.build_middleware_stack(), self._http)  # also around what answers a mistake
        return app

    def _verifiers(self) -> list[TokenVerifier]:
        verifiers: list[TokenVerifier] = []
        if self._tokens:
            verifiers.append(FileTokens(self._tokens, self._http.http_url))
        if self._keys and self._http.http_issuer and self._http.http_url:
            verifiers.append(IssuedTokens(self._http.http_issuer, self._http.http_url, self._keys))
        return verifiers

    def _connected(self, settings: Settings) -> AutoSend:
        autosend = self._connect(settings)
        autosend.observers = self._telemetry.observers
        return autosend

    async def _mcp(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request by its caller's server. Only a POST is one: nothing is kept between two of them."""
        if scope["method"] != "POST":
            text = "Method Not Allowed: send each message by POST."
            await JSONResponse({"error": text}, 405, {"Allow": "POST"})(scope, receive, send)
            return
        user = scope.get("user")
        access = user.access_token if isinstance(user, AuthenticatedUser) else None
        tenants: Tenants = scope["state"]["tenants"]
        try:
            with calling(caller(access) if access else None), self._telemetry.request(scope):
                async with tenants.server_for(access) as manager:
                    if (body := await readable(scope, receive, send)) is not None:
                        refused = access and refusal(body.message, access, self._settings, self._challenge)
                        await (refused or manager.handle_request)(scope, body.receive, send)
        except ClientDisconnect:
            return  # in the middle of the request: nobody is there to be answered
        except SettingsError as error:
            report("settings_wrong", principal=caller(access), why=str(error))
            text = "The server has no usable settings for this caller. Tell the user to ask who runs the server."
            await JSONResponse({"error": text}, status_code=500)(scope, receive, send)

    async def _ready(self, request: Request) -> JSONResponse:
        """Say whether calls can be served, and what is wrong, also where calls are served all the same."""
        hindering, shared = self._hindering(), request.scope["state"]["shared"]
        if shared is not None and not await shared.alive():
            hindering.append("Redis (AUTOSEND_REDIS_URL) cannot be reached: reads are served, writes are not.")
        problems = list(hindering)
        if self._keys and (problem := await self._keys.look()):
            problems.append(problem)
            if not self._tokens and not self._keys.are_known:  # by those that are known, callers are still let in
                hindering.append(problem)
        return JSONResponse({"ready": not hindering, "problems": problems}, status_code=503 if hindering else 200)

    def _hindering(self) -> list[str]:
        if self._is_ending:
            return ["This process is ending."]
        problem = self._tokens.problem(needed=not self._keys) if self._tokens else ""
        return [problem] if problem else []

    def _sealed(self) -> RequestStateBoundary:
        """Return what seals the state that clients carry: for who was asked, and for the same call alone."""
        key = self._http.state_key
        security = RequestStateSecurity(keys=[key.get_secret_value()]) if key else RequestStateSecurity.ephemeral()
        return RequestStateBoundary(security, default_audience=self._http.http_url or NAME)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncGenerator[dict[str, object]]:
        async with self._open_shared() as shared, anyio.create_task_group() as tasks:
            tenants = Tenants(
                tasks,
                self._settings,
                self._connected,
                sealed=self._sealed(),
                shared=shared,
                opened=self._opened,
                max_idle=self._max_idle,
            )
            self._telemetry.add_paces(tenants.paces)
            AppStatus.disable_automatic_graceful_drain()  # it cuts each answer at SIGTERM; ours end with their calls
            async with self._importing(shared, tenants):
                with noticing_the_end(lambda: self._end(tenants)):
                    yield {"tenants": tenants, "shared": shared}
                tenants.close()
        await self._telemetry.close()

    def _end(self, tenants: Tenants) -> None:
        """Report to balancers that this process ends; end what is under way when its time is over."""
        if not self._is_ending:
            self._is_ending = True
            asyncio.get_running_loop().call_later(TO_END, tenants.close)
            if tenants.imports is not None:
                tenants.imports.end()

    @asynccontextmanager
    async def _importing(self, shared: "Shared | None", tenants: Tenants) -> AsyncGenerator[None]:
        """Do imports together with the other workers, if there may be any."""
        if shared is None or self._http.redis_url is None:
            yield
            return
        from autosend_mcp.server.http.imports.queue import open_imports  # noqa: PLC0415 - of an extra

        async with open_imports(shared, self._http.redis_url.get_secret_value(), tenants.client_for) as imports:
            tenants.imports = imports
            yield


def _shared(http: HttpSettings) -> "Callable[[], AbstractAsyncContextManager[Shared | None]]":
    """Return what connects to the Redis of the settings, if they name one.

    Raises:
        SettingsError: It cannot be used as it is set.
    """
    if http.redis_url is None:
        return nullcontext
    try:
        import_module("saq")  # of the same extra, and needed later

        from autosend_mcp.server.http.shared.store import Shared, open_shared  # noqa: PLC0415 - of an extra
    except ImportError:
        raise SettingsError("AUTOSEND_REDIS_URL needs an extra: install autosend-mcp[redis].") from None
    url = http.redis_url.get_secret_value()
    Shared(url)  # a wrong URL is reported now
    return partial(open_shared, url)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    """Answer what is no request of ours, such as an unknown path."""
    refusal = cast("HTTPException", error)
    return JSONResponse({"error": refusal.detail}, refusal.status_code, refusal.headers)


async def _failed(_request: Request, _error: Exception) -> JSONResponse:
    """Answer what has failed by a mistake of ours, without a word of the mistake."""
    return JSONResponse({"error": "The server failed. Tell the user to report it to who runs the server."}, 500)


async def _health(_request: Request) -> JSONResponse:
    """Say that the process is alive."""
    return JSONResponse({"status": "ok"})
