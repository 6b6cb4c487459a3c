"""The AutoSend client: one exchange over HTTP."""

import json
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import httpx2

from autosend_mcp.api.cache import Cache
from autosend_mcp.api.connection import failure
from autosend_mcp.api.envelope import Reply, read_reply, unreadable
from autosend_mcp.api.pace import Leaving, Pace, Slot
from autosend_mcp.api.request import Request
from autosend_mcp.api.telemetry import Observer
from autosend_mcp.api.waits import reset_wait
from autosend_mcp.errors import AutoSendError, NotSent, Unreadable
from autosend_mcp.models.text import compact_json, visible_data
from autosend_mcp.settings import Settings

if TYPE_CHECKING:  # the first request loads it
    from autosend_mcp.api.transport import Transport

MAX_REPLY_BYTES = 1_000_000
MAX_BULK_REPLY_BYTES = 5_000_000  # of a request about many contacts

_VALID = {"AUTOSEND_API_KEY": "a valid key", "AUTOSEND_API_KEY_FILE": "a file with a valid key"}

VERSION = version("autosend-mcp")
_HEADERS = {
    "User-Agent": f"autosend-mcp/{VERSION}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}
_JSON = {"Content-Type": "application/json"}


class AutoSend:
    """AutoSend's API for one key: what all calls of the process share, connections, pace and cache."""

    def __init__(
        self,
        settings: Settings,
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        target: str | None = "",
        now: Callable[[], float] = time.time,
        is_sandbox: bool = False,
    ) -> None:
        """`transport` replaces the network, for the sandbox in the same process, which `is_sandbox`.

        `target` distinguishes this AutoSend from others with the same URL and key; None if it ends with this process.
        `now` is the clock that shows the time of day; the one that measures is the event loop's.
        """
        self.settings = settings
        self.now = now
        self.target = target
        self.is_sandbox = is_sandbox
        self.pace = Pace(settings.rate_limit, settings.rate_limit_minute)
        self.cache = Cache()
        self.observers: tuple[Observer, ...] = ()
        self._transport = transport
        self._network: Transport | None = None  # the transport, where it is none of the caller's
        self._proxy = ""

    def with_settings(self, settings: Settings) -> "AutoSend":
        """Return a client of the same AutoSend for somebody with other settings, with connections of their own."""
        transport = self._transport if self.is_sandbox else None
        return AutoSend(settings, transport, target=self.target, now=self.now, is_sandbox=self.is_sandbox)

    async def close_idle(self) -> bool:
        """Close connections that have been idle for long; return whether others are left."""
        return self._network is not None and await self._network.close_idle()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def exchange(
        self,
        slot: Slot,
        request: Request[Any],
        *,
        connect: float,
        within: float,
    ) -> Reply:
        """Send one request and read its reply: at most `connect` seconds to get a connection, `within` for all of it.

        Raises:
            NotSent: It provably did not leave.
            Refused: AutoSend said no.
            Unknown: It left, or may have, and no readable answer came back.
        """
        leaving = Leaving(slot)
        transport, sent = self._prepare(leaving, request, connect)
        most = MAX_BULK_REPLY_BYTES if request.many else MAX_REPLY_BYTES
        try:
            with anyio.fail_after(within):
                response = await transport.handle_async_request(sent)
                try:
                    received = await _read_capped(response, most)
                finally:
                    await response.aclose()
        except AutoSendError:
            raise
        except Exception as error:  # noqa: BLE001 - not only httpx2's: a broken TLS record raises ssl.SSLError
            raise failure(error, leaving, self._proxy) from None
        except BaseException:
            leaving.cut_off()
            raise
        return self._read(response, received)

    def _prepare(
        self, leaving: Leaving, request: Request[Any], connect: float
    ) -> tuple[httpx2.AsyncBaseTransport, httpx2.Request]:
        """Return the connections and the request as it travels; nothing leaves yet.

        Raises:
            NotSent: The key, the URL, a proxy or the certificates cannot be used.
        """
        text = request.text if request.body is None else compact_json(request.body)
        headers = self.settings.credentials() | _HEADERS | ({} if text is None else _JSON)
        # Reading and writing have no time limit of their own: the exchange as a whole has one.
        extensions: dict[str, Any] = {"timeout": {"connect": connect, "pool": connect}, "trace": leaving}
        content = None if text is None else text.encode()
        try:
            url = _url(self.settings.base_url + request.path)
            sent = httpx2.Request(request.method, url, headers=headers, content=content, extensions=extensions)
            return self._connections(), sent
        except (httpx2.InvalidURL, OSError, ValueError) as error:
            raise NotSent(
                "The connection to AutoSend could not be set up.",
                user_step="check AUTOSEND_BASE_URL and the variables that name certificates",
                cause=type(error).__name__,
            ) from None

    def _read(self, response: httpx2.Response, content: bytes) -> Reply:
        headers = dict(response.headers)
        announced = headers.get("x-ratelimit-limit", "")
        limit, until_reset = int(announced[:9]) if announced.isdecimal() else 0, reset_wait(headers)
        spent = headers.get("x-ratelimit-remaining") == "0" and response.status_code != 429
        self.pace.announced(limit, until_reset, spent=spent)
        try:
            return read_reply(response.status_code, headers, self._without_key(content), self.now)
        except AutoSendError as error:
            if error.status == 429:
                self.pace.refused(error.repeat_after or 0)
            elif error.status == 401:
                error.user_step = f"set {self.settings.key_variable} to {_VALID[self.settings.key_variable]}"
            elif error.status == 404 and self.settings.lacks_version:
                error.user_step = "set AUTOSEND_BASE_URL to a URL with /v1 at its end; it has none"
            raise

    def _without_key(self, content: bytes) -> bytes:
        """Return the reply without the key, also where it stood in escapes or between characters that do not show.

        A reply in UTF-16 or UTF-32 is returned in UTF-8, so that what is searched is what is read.
        """
        try:
            text = content.decode(json.detect_encoding(content), "surrogatepass")
        except ValueError:
            return b""  # nobody can read it, as JSON or otherwise
        plain = self.settings.without_key(text)
        if not text.isascii() or "\\u" in text:
            with suppress(ValueError, RecursionError):
                shown = json.dumps(visible_data(json.loads(text)), ensure_ascii=False)
                clean = self.settings.without_key(shown)
                plain = plain if clean == shown else clean
        return plain.encode(errors="surrogatepass")

    def _connections(self) -> httpx2.AsyncBaseTransport:
        if self._transport is None:
            from autosend_mcp.api.transport import network  # noqa: PLC0415 - the start of a server can do without

            self._network, self._proxy = network(self.settings.base_url)
            self._transport = self._network
        return self._transport


@lru_cache(maxsize=64)
def _url(text: str) -> httpx2.URL:
    """Return the URL, parsed once for the paths that come again and again."""
    return httpx2.URL(text)


async def _read_capped(response: httpx2.Response, most: int) -> bytes:
    """Return the decoded body, never holding more than the cap.

    Raises:
        Unreadable: It is larger, or encoded in a way that was not asked for.
    """
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise unreadable(response.status_code)
    unzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    received = bytearray()
    async for chunk in response.aiter_raw():
        room = most + 1 - len(received)
        try:
            received += unzip.decompress(chunk, room) if unzip else chunk[:room]
        except zlib.error:
            raise unreadable(response.status_code) from None
        if len(received) > most:
            raise Unreadable(
                "AutoSend's answer was too large to read.", "Ask for fewer at once.", status=response.status_code
            )
    return bytes(received)
