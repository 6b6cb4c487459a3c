"""What a refused client is told to ask its issuer for."""

from collections.abc import Collection

from mcp.server.auth.routes import create_protected_resource_routes
from mcp.shared.auth import ProtectedResourceMetadata
from pydantic import AnyHttpUrl
from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class WithScopes:
    """Names the scopes in each WWW-Authenticate, as MCP asks for since 2025-11-25; the SDK (2.3.0) leaves them out."""

    def __init__(self, app: ASGIApp, scopes: Collection[str]) -> None:
        self._app = app
        self._scope = " ".join(scopes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if challenge := headers.get("www-authenticate"):
                    headers["www-authenticate"] = f'{challenge}, scope="{self._scope}"'
            await send(message)

        await self._app(scope, receive, named)


def metadata_routes(url: AnyHttpUrl, issuer: str, scopes: list[str], title: str) -> list[Route]:
    """Return the routes of the metadata (RFC 9728): at the path of the URL, and at the root, where MCP looks next."""
    about = {"resource": url, "authorization_servers": [issuer]}  # its URL as it is written
    issuers = ProtectedResourceMetadata.model_validate(about).authorization_servers
    routes = create_protected_resource_routes(url, issuers, scopes, title)
    return [*routes, Route("/.well-known/oauth-protected-resource", routes[0].endpoint)]
