"""What it means when a connection to AutoSend fails: whether the request left."""

import ssl

import httpx2

from autosend_mcp.api.pace import Leaving
from autosend_mcp.errors import AutoSendError, NotSent, Unknown

# The errors after which the request has provably not left. Any other one is ambiguous once a connection exists.
_UNSENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
    httpx2.ProxyError,
)


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
        f"Call again in a minute, which is safe; if that fails too, {checked} must be checked.",
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
