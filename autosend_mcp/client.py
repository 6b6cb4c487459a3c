"""The AutoSend client: one exchange over HTTP, and the requests of one tool call under one deadline."""

import random
import ssl
import zlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from time import monotonic, time
from typing import Any, NamedTuple

import anyio
import httpx2

from autosend_mcp.envelope import Reply, read_reply, reset_wait, unreadable
from autosend_mcp.errors import AutoSendError, NotSent, Refused, Unknown, Unreadable, compact_json
from autosend_mcp.pace import Pace, Slot
from autosend_mcp.settings import Settings

MAX_REPLY_BYTES = 1_000_000

# How a call of 45 s is spent, in seconds; another AUTOSEND_TIMEOUT scales them all. The parts after the latest start
# add up to the rest of the call: 2.5 to connect, 9 for the reply, and 8 for the look-ups of a lost write, which even
# when each hangs have ended after 0.5 + 3 x 2.5 s.
_CALL = 45.0
_LATEST_START = 25.5
_CONNECT = 2.5
_REPLY = 9.0
_LOOK_UP = 2.5
_BACKOFF = 0.5
LOOK_UP_TIMES = (0.5, 2.0, 5.0)

_REPEATS = 2
_CLOCKS_AGREE = 2.0
_KEEPALIVE = 4.0  # Node's servers close an idle connection after 5 s.

_HEADERS = {
    "User-Agent": f"autosend-mcp/{version('autosend-mcp')}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
}

# The errors after which the request has provably not left. Any other one is ambiguous once a connection exists.
_UNSENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
    httpx2.ProxyError,
)


class AutoSend:
    """AutoSend's API for one key: the connection pool and the pace that all calls of the process share."""

    def __init__(self, settings: Settings, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        """`transport` replaces the network, for the sandbox in the same process."""
        self.settings = settings
        self.scale = settings.timeout / _CALL
        self.pace = Pace(settings.rate_limit)
        self._transport = transport
        self._http: httpx2.AsyncClient | None = None
        # Reading and writing have no time limit of their own: the exchange as a whole has one.
        connect = _CONNECT * self.scale
        self._timeouts = {"connect": connect, "pool": connect, "read": None, "write": None}

    def call(self) -> "Call":
        """The requests of one tool call."""
        return Call(self)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def exchange(self, slot: Slot, method: str, path: str, body: Mapping[str, Any], *, within: float) -> Reply:
        """One request and its reply, within so many seconds.

        Raises:
            NotSent: It provably did not leave.
            Refused: AutoSend said no.
            Unknown: It left, or may have, and no readable answer came back.
        """
        try:
            # Built here rather than by the client, which would merge defaults into it that we do not have.
            request = httpx2.Request(
                method,
                _url(self.settings.base_url + path),
                headers=self.settings.credentials() | _HEADERS,
                content=compact_json(body).encode(),
                extensions={"timeout": self._timeouts, "trace": _leaving(slot)},
            )
            client = self._client()
        except (httpx2.InvalidURL, ImportError, OSError, ValueError) as error:
            raise NotSent(
                "The connection to AutoSend could not be set up.",
                "A person must check AUTOSEND_BASE_URL and the variables that name a proxy or certificates.",
                cause=type(error).__name__,
            ) from None
        try:
            with anyio.fail_after(within):
                response = await client.send(request, stream=True)
                try:
                    received = await _read_capped(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise Unknown("AutoSend did not answer in time.", "Try again in a minute.", cause="TimeoutError") from None
        except _UNSENT as error:
            raise _unsent(error) from None
        except AutoSendError:
            raise
        except Exception as error:  # noqa: BLE001 - not only httpx2's: a broken TLS record raises ssl.SSLError
            raise Unknown(
                "The connection broke before AutoSend's answer arrived.",
                "Try again in a minute.",
                cause=type(error).__name__,
            ) from None
        return self._read(response, received)

    def _read(self, response: httpx2.Response, content: bytes) -> Reply:
        headers = dict(response.headers)
        if (limit := headers.get("x-ratelimit-limit", "")).isdecimal():
            self.pace.allow(int(limit[:9]))
        if headers.get("x-ratelimit-remaining") == "0" and response.status_code != 429:
            self.pace.pause(reset_wait(headers) or 1.0)
        try:
            return read_reply(response.status_code, headers, self.settings.without_key(content))
        except AutoSendError as error:
            if error.status == 429:
                self.pace.pause(error.repeat_after or 0)
            raise

    def _client(self) -> httpx2.AsyncClient:
        if self._http is None:
            secure = self.settings.base_url.startswith("https:")
            self._http = httpx2.AsyncClient(
                transport=self._transport,
                # Building the real context reads the certificate store, which plain http on loopback never needs.
                verify=True if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                trust_env=secure,
                follow_redirects=False,
                limits=httpx2.Limits(max_connections=100, keepalive_expiry=_KEEPALIVE),
            )
        return self._http


class Moment(NamedTuple):
    """An instant by both clocks of this machine. They part while it sleeps, or when its clock is set."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> "Moment":
        """This instant."""
        return cls(monotonic(), time())

    def elapsed(self) -> float | None:
        """Seconds since then, None where the clocks disagree."""
        now = Moment.now()
        ran, shown = now.monotonic - self.monotonic, now.wall - self.wall
        return ran if abs(ran - shown) < _CLOCKS_AGREE else None


class Call:
    """The requests of one tool call, under one deadline. `attempts` and `status` are for the log."""

    def __init__(self, autosend: AutoSend) -> None:
        """The deadline runs from now."""
        self._autosend = autosend
        self._started = monotonic()
        self.scale = autosend.scale
        self.sent_at = Moment.now()
        self.attempts = 0
        self.status: int | None = None
        self.exposed = False  # a write may be with AutoSend, or have been applied
        self._stopped = False

    def fingerprint(self, text: str) -> str | None:
        """A keyed hash that stands for a person in the log."""
        return self._autosend.settings.fingerprint(text)

    def stop(self) -> bool:
        """Let no write leave any more; whether that came in time."""
        self._stopped = not self.exposed
        return self._stopped

    async def write(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        """A request that changes something, repeated only when it was provably not applied.

        Raises:
            Unknown: It may have been applied. The caller finds out; it never sends the request again.
        """
        within = (_CONNECT + _REPLY) * self.scale
        latest_start = self._started + _LATEST_START * self.scale
        attempt = 0
        while True:
            left = latest_start - monotonic()
            try:
                return await self._once(method, path, body, patience=left, within=within, urgent=False)
            except AutoSendError as error:
                if error.repeat_after is None or attempt == _REPEATS:
                    raise
                backoff = _BACKOFF * self.scale * 2**attempt * random.random()  # noqa: S311 - jitter, no secret
                wait = max(backoff, error.repeat_after)
                if monotonic() + wait > latest_start:
                    raise
            await anyio.sleep(wait)
            attempt += 1

    async def look_up(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        """One short read, before all that wait in line: it finds out what became of a write."""
        left = self._started + self._autosend.settings.timeout - monotonic()
        within = min(_LOOK_UP * self.scale, left)
        with anyio.move_on_after(within):
            return await self._once(method, path, body, patience=within, within=within, urgent=True)
        raise Unknown("The look-up took too long.", "Try again in a minute.", changed="Looking up changes nothing.")

    async def _once(
        self, method: str, path: str, body: Mapping[str, Any], *, patience: float, within: float, urgent: bool
    ) -> Reply:
        self._autosend.settings.credentials()  # without a key there is nothing to wait for
        slot = await self._autosend.pace.turn(patience, urgent=urgent)
        try:
            if self._stopped:
                raise NotSent("The call was cancelled before its request left.", "")
            self._leave(writes=not urgent)
            reply = await self._autosend.exchange(slot, method, path, body, within=within)
        except AutoSendError as error:
            self.status = error.status
            if not urgent and isinstance(error, NotSent | Refused):
                self.exposed = False
            raise
        finally:
            slot.leave()
        self.status = reply.status
        return reply

    def _leave(self, *, writes: bool) -> None:
        self.attempts += 1
        if writes:
            self.exposed = True
            self.sent_at = Moment.now()


@lru_cache(maxsize=64)
def _url(text: str) -> httpx2.URL:
    """The URL, parsed once for the paths that come again and again."""
    return httpx2.URL(text)


def _leaving(slot: Slot) -> Any:
    async def trace(event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            slot.leave()

    return trace


async def _read_capped(response: httpx2.Response) -> bytes:
    """The decoded body, never holding more than the cap.

    Raises:
        Unreadable: It is larger, or encoded in a way that was not asked for.
    """
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise unreadable(response.status_code)
    unzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    received = bytearray()
    async for chunk in response.aiter_raw():
        room = MAX_REPLY_BYTES + 1 - len(received)
        try:
            received += unzip.decompress(chunk, room) if unzip else chunk[:room]
        except zlib.error:
            raise unreadable(response.status_code) from None
        if len(received) > MAX_REPLY_BYTES:
            raise Unreadable(
                "AutoSend's answer was too large to read.", "Try again in a minute.", status=response.status_code
            )
    return bytes(received)


def _unsent(error: httpx2.HTTPError) -> NotSent:
    cause = type(error).__name__
    if _certificate_failed(error):
        return NotSent(
            "The certificate of the AutoSend server could not be verified.",
            "A person must check the network, the proxy and AUTOSEND_BASE_URL; trying again does not help.",
            cause="SSLCertVerificationError",
        )
    return NotSent(
        "AutoSend could not be reached.",
        "It is safe to try the same call again in a minute; if that fails too, a person must check the network.",
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
