"""The connections to AutoSend: through which proxy, with which certificates. A request leaves in one write.

httpcore2 writes headers and body apart, and looks for the socket each time it asks whether an idle connection is still
open (httpcore2 2.16). It takes a network of our own, but httpx2's transport does not, which is why there is one here.
The first request loads all this, not the start of the server.
"""

import select
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from contextlib import contextmanager
from socket import socket
from ssl import SSLContext
from typing import Any, cast

import httpcore2
import httpx2

from autosend_mcp.errors import NotSent
from autosend_mcp.variables import proxy_for

_MAX_CONNECTIONS = 100
_KEEPALIVE = 4.0  # Node's servers close an idle connection after 5 s.

_ERRORS: dict[type[Exception], type[httpx2.TransportError]] = {
    httpcore2.ConnectError: httpx2.ConnectError,
    httpcore2.ConnectTimeout: httpx2.ConnectTimeout,
    httpcore2.LocalProtocolError: httpx2.LocalProtocolError,
    httpcore2.PoolTimeout: httpx2.PoolTimeout,
    httpcore2.ProxyError: httpx2.ProxyError,
    httpcore2.ReadError: httpx2.ReadError,
    httpcore2.ReadTimeout: httpx2.ReadTimeout,
    httpcore2.RemoteProtocolError: httpx2.RemoteProtocolError,
    httpcore2.UnsupportedProtocol: httpx2.UnsupportedProtocol,
    httpcore2.WriteError: httpx2.WriteError,
    httpcore2.WriteTimeout: httpx2.WriteTimeout,
}


def network(base_url: str) -> "tuple[Transport, str]":
    """Return the connections to this URL, and the variable that names its proxy, or nothing.

    Proxies for other URLs are not for this one, nor is there another way past one that cannot be used.

    Raises:
        NotSent: The proxy that applies cannot be used.
        OSError: The certificates cannot be read.
    """
    secure = base_url.startswith("https:")
    variable, proxy = (proxy_for(base_url) if secure else None) or ("", "")
    pool = httpcore2.AsyncConnectionPool(
        # Building the context reads the certificate store, which plain http on loopback never needs.
        ssl_context=httpx2.create_ssl_context() if secure else None,
        proxy=_usable(variable, proxy) if proxy else None,
        max_connections=_MAX_CONNECTIONS,
        keepalive_expiry=_KEEPALIVE,
        network_backend=Network(),
    )
    return Transport(pool), variable


def _usable(variable: str, proxy: str) -> httpcore2.Proxy:
    """Return the proxy that the variable names.

    Raises:
        NotSent: It is none that can be used.
    """
    if proxy.lower().startswith("socks"):
        what = f"{variable} names a SOCKS proxy, which is not supported."
        raise NotSent(
            what, user_step="set HTTPS_PROXY to an http proxy, or name the host of AUTOSEND_BASE_URL in NO_PROXY"
        )
    try:
        read = httpx2.Proxy(proxy)
        url = read.url
        return httpcore2.Proxy(
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            auth=read.raw_auth,
        )
    except (httpx2.InvalidURL, ValueError):
        what = f"{variable} names no proxy that can be used."
        raise NotSent(what, user_step=f"set {variable} to the URL of an http proxy") from None


class Transport(httpx2.AsyncBaseTransport):
    """Sends the requests of httpx2 over the connections of a pool, which should have a `Network`."""

    def __init__(self, pool: httpcore2.AsyncConnectionPool) -> None:
        """`pool` is closed with this."""
        self._pool = pool

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return its response, whose body is still to be read.

        Raises:
            httpx2.TransportError: The exchange failed, as httpx2's own transport reports it.
        """
        url = request.url
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        sent = httpcore2.Request(
            request.method,
            target,
            headers=request.headers.raw,
            content=cast("AsyncIterable[bytes]", request.stream),
            extensions=request.extensions,
        )
        with _as_httpx2_raises():
            reply = await self._pool.handle_async_request(sent)
        body = _Body(reply.stream)
        return httpx2.Response(reply.status, headers=reply.headers, stream=body)

    async def close_idle(self) -> bool:
        """Close connections that have been idle for long, as the pool does with its next request; are others left?"""
        for connection in self._pool.connections:
            if connection.has_expired():
                await connection.aclose()
        return any(not connection.is_closed() for connection in self._pool.connections)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


class Network(httpcore2.AsyncNetworkBackend):
    """Opens the connections of another network, and lets a request leave in one write on them."""

    def __init__(self, network: httpcore2.AsyncNetworkBackend | None = None) -> None:
        """`network` opens them; anyio's if it is None."""
        self._network = network or cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a host."""
        return _Stream(await self._network.connect_tcp(host, port, timeout, local_address, socket_options))


class _Stream(httpcore2.AsyncNetworkStream):
    """A connection that holds what is written until something is to be read. What was held by then never leaves."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._held = b""
        self._is_broken = False
        self._socket: socket | None = stream.get_extra_info("socket")
        self._poll = None
        if sys.platform != "win32" and self._socket is not None:
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._held:
            whole, self._held = self._held, b""
            try:
                await self._stream.write(whole)
            except httpcore2.WriteError:
                self._is_broken = True  # the answer may have come before all of the request had left
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held += buffer

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._is_broken:
            return True  # so that nobody uses it further
        if info == "is_readable" and self._poll is not None and self._socket is not None:
            # The number of a closed socket may be that of another file by now.
            return self._socket.fileno() < 0 or bool(self._poll.poll(0))
        return self._stream.get_extra_info(info)


class _Body(httpx2.AsyncByteStream):
    """The body of a response, as it arrives."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with _as_httpx2_raises():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _as_httpx2_raises() -> Generator[None]:
    try:
        yield
    except tuple(_ERRORS) as error:
        raise _ERRORS.get(type(error), httpx2.TransportError)(str(error)) from error
