"""What a refused client is told to ask its issuer for."""

from collections.abc import Collection

from starlette.datastructures import MutableHeaders
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
