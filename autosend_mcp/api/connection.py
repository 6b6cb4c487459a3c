"""The connections to AutoSend: through which proxy, with which certificates, and what it means when one fails."""

import ssl

import httpx2

from autosend_mcp.api.pace import Leaving
from autosend_mcp.errors import AutoSendError, NotSent, Unknown
from autosend_mcp.variables import proxy_for

_KEEPALIVE = 4.0  # Node's servers close an idle connection after 5 s.

# The errors after which the request has provably not left. Any other one is ambiguous once a connection exists.
_UNSENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
    httpx2.ProxyError,
)


def http_client(base_url: str, transport: httpx2.AsyncBaseTransport | None) -> tuple[httpx2.AsyncClient, str]:
    """Return a client for this URL, and the variable that names its proxy, or nothing.

    `transport` replaces the network.

    Raises:
        NotSent: The proxy that applies cannot be used.
        OSError: The certificates cannot be read.
    """
    secure = base_url.startswith("https:")
    variable, proxy = (proxy_for(base_url) if secure and transport is None else None) or ("", "")
    client = httpx2.AsyncClient(
        transport=transport,
        # Building the real context reads the certificate store, which plain http on loopback never needs.
        verify=httpx2.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        proxy=_usable(variable, proxy) if proxy else None,
        trust_env=False,  # it takes proxies for other URLs too, and fails over one that it cannot use
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=100, keepalive_expiry=_KEEPALIVE),
    )
    return client, variable


def _usable(variable: str, proxy: str) -> httpx2.Proxy:
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
        return httpx2.Proxy(proxy)
    except (httpx2.InvalidURL, ValueError):
        what = f"{variable} names no proxy that can be used."
        raise NotSent(what, user_step=f"set {variable} to the URL of an http proxy") from None


def failure(error: Exception, leaving: Leaving, proxy: str) -> AutoSendError:
    """Return what became of a request that ended in this error. `proxy`: the variable that names its proxy, or ""."""
    if leaving.only_to_proxy or isinstance(error, _UNSENT):
        return _unsent(error, proxy)
    what = "The connection broke before AutoSend's answer arrived."
    if isinstance(error, TimeoutError):
        what = "AutoSend did not answer in time."
    return Unknown(what, "Try again in a minute.", cause=type(error).__name__)


def _unsent(error: Exception, proxy: str) -> NotSent:
    cause = type(error).__name__
    if _certificate_failed(error):
        return NotSent(
            "The certificate of the AutoSend server could not be verified.",
            "Trying again does not help.",
            user_step="check the network, the proxy and AUTOSEND_BASE_URL",
            cause="SSLCertVerificationError",
        )
    through, checked = (f" through the proxy that {proxy} names", proxy) if proxy else ("", "the network")
    return NotSent(
        f"AutoSend could not be reached{through}.",
        f"It is safe to try the same call again in a minute; if that fails too, {checked} must be checked.",
        repeat_after=0.0,
        cause=cause,
    )


def _certificate_failed(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
