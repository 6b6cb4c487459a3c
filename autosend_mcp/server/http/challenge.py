"""What a refused client is answered: what is wrong with its token, and what to ask its issuer for (RFC 6750, MCP)."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.routes import create_protected_resource_routes
from mcp.shared.auth import ProtectedResourceMetadata
from pydantic import AnyHttpUrl
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

_WRONG = "The token is not known, not for this server, or has ended"
_NONE = "No token was shown. Send one as Authorization: Bearer ..."


class Challenge(NamedTuple):
    """What each refusal names: `scopes`, all that a client may need, and where the metadata is, if there is any.

    The SDK (2.3.0) has the like, but names no scopes, and an error also where no token was shown.
    """

    scopes: Collection[str]
    metadata: AnyHttpUrl | None = None

    def unauthorized(self, headers: Headers) -> JSONResponse:
        """Return the answer to who has shown no token, or one that does not count."""
        if not headers.get("authorization", "").lower().startswith("bearer "):
            return JSONResponse({"error": _NONE}, 401, self._header())
        return self._refused(401, "invalid_token", _WRONG)

    def forbidden(self, scope: str, content: Mapping[str, Any] | None = None) -> JSONResponse:
        """Return the answer to who may not do this. `content`: of the answer, if it is more than OAuth has to say."""
        return self._refused(403, "insufficient_scope", f"Required scope: {scope}", content)

    def _refused(self, status: int, error: str, why: str, content: Mapping[str, Any] | None = None) -> JSONResponse:
        about = {"error": error, "error_description": why}
        return JSONResponse(content or about, status, self._header(**about))

    def _header(self, **about: str) -> dict[str, str]:
        if self.metadata:
            about["resource_metadata"] = str(self.metadata)
        about["scope"] = " ".join(self.scopes)
        return {"WWW-Authenticate": "Bearer " + ", ".join(f'{name}="{value}"' for name, value in about.items())}


class Admitted:
    """Serves who has shown a token with a scope."""

    def __init__(self, app: ASGIApp, needed: str, challenge: Challenge) -> None:
        self._app = app
        self._needed = needed
        self._challenge = challenge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        user = scope.get("user")
        answer: ASGIApp = self._app
        if not isinstance(user, AuthenticatedUser):
            answer = self._challenge.unauthorized(Headers(scope=scope))
        elif self._needed not in user.scopes:
            answer = self._challenge.forbidden(self._needed)
        await answer(scope, receive, send)


def metadata_routes(url: AnyHttpUrl, issuer: str, scopes: list[str], title: str) -> list[Route]:
    """Return the routes of the metadata (RFC 9728): at the path of the URL, and at the root, where MCP looks next."""
    about = {"resource": url, "authorization_servers": [issuer]}  # its URL as it is written
    issuers = ProtectedResourceMetadata.model_validate(about).authorization_servers
    routes = create_protected_resource_routes(url, issuers, scopes, title)
    return [*routes, Route("/.well-known/oauth-protected-resource", routes[0].endpoint)]
