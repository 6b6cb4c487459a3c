"""What the doctor finds on the way to AutoSend: proxy, DNS, TLS, one harmless read, rate limit, clock."""

import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
from anyio.streams.tls import TLSAttribute

from autosend_mcp.api.client import AutoSend
from autosend_mcp.api.contact_lists import list_all
from autosend_mcp.api.transport import network
from autosend_mcp.api.waits import date_of
from autosend_mcp.cli.doctor.findings import Finding, note, ok, problem
from autosend_mcp.errors import AutoSendError
from autosend_mcp.settings import Settings
from autosend_mcp.variables import proxy_for

_PATIENCE = 10.0
_MAX_CLOCK_ERROR = 120.0


class Heard(httpx2.AsyncBaseTransport):
    """Connections that keep the headers of the last response, and when it came."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.headers: dict[str, str] = {}
        self.at = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass the request on."""
        response = await self._inner.handle_async_request(request)
        self.headers, self.at = dict(response.headers), time.time()
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


async def of_way(settings: Settings) -> list[Finding]:
    """Return what is found of the proxy, of the host's addresses and of its certificate, up to the first problem."""
    url = urlsplit(settings.base_url)
    host, port, secure = url.hostname or "", url.port or (443 if url.scheme == "https" else 80), url.scheme == "https"
    if secure and (proxy := proxy_for(settings.base_url)):
        variable, named = proxy[0], urlsplit(proxy[1])
        said = f"{variable}: {named.hostname}:{named.port or 80}, which looks up and reaches {host} itself"
        return [ok("proxy", said)]
    found = [ok("proxy", "none for this URL")]
    try:
        with anyio.fail_after(_PATIENCE):
            addresses = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = f"{host} was not found: {getattr(error, 'strerror', None) or type(error).__name__}"
        return [*found, problem("dns", said, "check AUTOSEND_BASE_URL and the network")]
    shown = dict.fromkeys(str(address[4][0]) for address in addresses)
    found.append(ok("dns", f"{host} is {', '.join([*shown][:3])}"))
    return [*found, await _of_certificate(host, port)] if secure else [*found, ok("tls", "not used on loopback")]


async def _of_certificate(host: str, port: int) -> Finding:
    try:
        context = httpx2.create_ssl_context()
    except OSError as error:
        said = f"the trusted certificates cannot be read: {error.strerror or type(error).__name__}"
        return problem("tls", said, "let SSL_CERT_FILE and SSL_CERT_DIR name certificates in PEM, or unset them")
    try:
        with anyio.fail_after(_PATIENCE):
            async with await anyio.connect_tcp(host, port, ssl_context=context, tls_standard_compatible=False) as line:
                attributes = line.extra_attributes
                version = attributes[TLSAttribute.tls_version]()
                certificate: Any = attributes[TLSAttribute.peer_certificate]()
    except ssl.SSLCertVerificationError as error:
        said = f"the certificate of {host} is not trusted: {error.verify_message}"
        fix = "check this machine's clock; name the certificates of a proxy that reads along in SSL_CERT_FILE"
        return problem("tls", said, fix)
    except (OSError, ssl.SSLError, TimeoutError) as error:
        said = f"no TLS connection to {host}:{port}: {type(error).__name__}"
        return problem("tls", said, "check the network, a firewall, and AUTOSEND_BASE_URL")
    return ok("tls", f"{version}, certificate valid until {certificate['notAfter']}")


async def of_read(settings: Settings) -> list[Finding]:
    """Read the contact lists, which changes nothing; return what is found of that, the rate limit and the clock."""
    try:
        heard = Heard(network(settings.base_url)[0])
    except (AutoSendError, OSError) as error:
        return [problem("read", str(error), getattr(error, "user_step", "") or "check SSL_CERT_FILE")]
    autosend, began = AutoSend(settings, heard), time.monotonic()
    try:
        slot = await autosend.pace.turn(_PATIENCE)
        reply = await autosend.exchange(slot, list_all(), connect=_PATIENCE / 2, within=_PATIENCE)
        lists, took = list_all().parse(reply), time.monotonic() - began
        found = [ok("read", f"{len(lists)} contact lists and segments in {took:.1f} s")]
    except AutoSendError as error:
        fix = error.user_step or error.next_step or "try again in a minute"
        found = [problem("read", error.what, fix[0].lower() + fix[1:])]
    finally:
        await autosend.aclose()
    return [*found, *_of_rate(heard.headers), *_of_clock(heard)] if heard.headers else found


def _of_rate(headers: dict[str, str]) -> list[Finding]:
    limit, remaining = headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining")
    if not (limit and remaining and limit.isdecimal() and remaining.isdecimal()):
        return [ok("rate limit", "AutoSend's reply names none")]
    said = f"{remaining} of {limit} requests are left in this window"
    return [ok("rate limit", said) if remaining != "0" else note("rate limit", said, "wait a moment")]


def _of_clock(heard: Heard) -> list[Finding]:
    date = date_of(heard.headers)
    if date is None:
        return []
    error = heard.at - date.timestamp()
    if abs(error) <= _MAX_CLOCK_ERROR:
        return [ok("clock", f"within {max(1, round(abs(error)))} s of AutoSend's")]
    said = f"{abs(error):.0f} s {'before' if error > 0 else 'behind'} AutoSend's"
    return [problem("clock", said, "set this machine's clock, best by its time service")]
