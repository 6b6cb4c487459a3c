"""The keys of an OAuth issuer: read from where its metadata says, and kept while the issuer cannot be reached."""

import json
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import anyio
import httpx2
import jwt

from autosend_mcp.api.transport import network
from autosend_mcp.errors import NotSent
from autosend_mcp.logs import report
from autosend_mcp.server.http.settings import public_url

# By type and curve of a key, as RFC 7518 and RFC 8037 name them. Nothing symmetric: who can check it can forge it.
_ALGORITHMS: dict[tuple[object, object], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
_MIN_RSA_BITS = 2_048
_FRESH = 3_600.0  # seconds after which the keys are read again
_LOOK = 60.0  # seconds after which readiness looks at the issuer again
_PAUSE = 10.0  # seconds between two attempts, however many tokens name a key that is not known
_MAX_SECONDS = 5.0
_MAX_BYTES = 512_000
_MAX_REDIRECTS = 3

_ByAlgorithm = dict[str, jwt.PyJWK]
Transport = Callable[[str], httpx2.AsyncBaseTransport]


def _network(url: str) -> httpx2.AsyncBaseTransport:
    return network(url)[0]


class _Unusable(Exception):
    """What the issuer answered cannot be used. The text is for who runs the server."""


class IssuerKeys:
    """The public keys of one issuer."""

    def __init__(
        self,
        issuer: str,
        jwks: str | None,
        transport: Transport | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`jwks`: where the keys are, if not where the issuer's metadata says. `transport`: the way to a URL."""
        self._issuer = issuer
        self._jwks = jwks
        self._transport = transport or _network
        self._now = now
        self._keys: dict[str | None, _ByAlgorithm] = {}
        self._read_at = self._tried_at = float("-inf")
        self._reading = anyio.Lock()
        self.problem = ""

    @property
    def are_known(self) -> bool:
        """Whether any key is known."""
        return bool(self._keys)

    async def key(self, name: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the key of this name, or the only one where a token names none; None if it is not known.

        A known key is used also while the issuer cannot be reached.
        """
        await self._read_if(older_than=_FRESH, waits=not self._keys)
        if self._found(name) is None:
            await self._read_if(older_than=_PAUSE)
        return (self._found(name) or {}).get(algorithm)

    async def look(self) -> str:
        """Return what is wrong with the issuer, or nothing; look again when that was a minute ago."""
        await self._read_if(older_than=_LOOK)
        return self.problem

    def _found(self, name: str | None) -> _ByAlgorithm | None:
        if name is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(name)

    async def _read_if(self, *, older_than: float, waits: bool = True) -> None:
        """Read the keys if they were last read so long ago, and not too often. `waits`: for who reads already."""
        if self._now() - self._read_at < older_than or (self._reading.locked() and not waits):
            return
        async with self._reading:
            if self._now() - max(self._tried_at, self._read_at) < min(older_than, _PAUSE):
                return
            self._tried_at = self._now()
            try:
                with anyio.fail_after(_MAX_SECONDS):
                    self._keys = await self._read()
                self._read_at, self.problem = self._now(), ""
            except (_Unusable, NotSent) as error:
                self._fail(str(error))
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
                self._fail(f"The issuer cannot be reached ({type(error).__name__}).")

    def _fail(self, problem: str) -> None:
        self.problem = problem
        report("issuer_unusable", why=problem)

    async def _read(self) -> dict[str | None, _ByAlgorithm]:
        document = await self._get(self._jwks or await self._jwks_of_metadata())
        given: object = (document or {}).get("keys")
        rows = cast("list[object]", given) if isinstance(given, list) else []
        keys: dict[str | None, _ByAlgorithm] = {}
        for name, key in map(_usable, rows):
            if key:  # one name may be of keys of several kinds (RFC 7517, 4.5)
                keys.setdefault(name, {}).update(key)
        if not keys:
            raise _Unusable("The issuer has no key that can be used.")
        return keys

    async def _jwks_of_metadata(self) -> str:
        """Return where the keys are, by RFC 8414 or OpenID Connect Discovery."""
        url = urlsplit(self._issuer)
        origin, path = f"{url.scheme}://{url.netloc}", url.path.rstrip("/")
        for where in (
            f"{origin}/.well-known/oauth-authorization-server{path}",
            f"{origin}/.well-known/openid-configuration{path}",
            f"{origin}{path}/.well-known/openid-configuration",
        ):
            metadata = await self._get(where, may_miss=True)
            if metadata is None:
                continue
            named = metadata.get("issuer")
            if named != self._issuer:
                raise _Unusable(f"The metadata of the issuer names another one, {named!r:.200}; AUTOSEND_HTTP_ISSUER "
                                "must be exactly the issuer of the tokens.")  # fmt: skip
            try:
                return public_url(str(metadata.get("jwks_uri")))
            except ValueError:
                raise _Unusable("The metadata of the issuer does not say where its keys are.") from None
        raise _Unusable("The issuer has no metadata; set AUTOSEND_HTTP_JWKS to where its keys are.")

    async def _get(self, url: str, *, may_miss: bool = False) -> dict[str, Any] | None:
        """Return a JSON object; None for a page that is not there, if it may be missing. Follow no other host."""
        async with httpx2.AsyncClient(transport=self._transport(url), timeout=_MAX_SECONDS) as client:
            for _ in range(_MAX_REDIRECTS):
                async with client.stream("GET", url, headers=_HEADERS) as answer:
                    if answer.has_redirect_location:
                        target = urljoin(url, answer.headers["location"])
                        if urlsplit(target)[:2] != urlsplit(url)[:2]:
                            raise _Unusable("The issuer sends to another host.")
                        url = target
                        continue
                    if may_miss and 400 <= answer.status_code < 500:
                        return None
                    return _object_in(answer.status_code, await _content(answer))
        raise _Unusable("The issuer sends from one page to another.")


_HEADERS = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}


async def _content(answer: httpx2.Response) -> bytes:
    content = b""
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > _MAX_BYTES:
            raise _Unusable("The issuer answers with too much.")
    return content


def _object_in(status: int, content: bytes) -> dict[str, Any]:
    if status != 200:
        raise _Unusable(f"The issuer answers with {status}.")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _Unusable("The issuer does not answer with a JSON object.")
    return cast("dict[str, Any]", document)


def _usable(row: object) -> tuple[str | None, _ByAlgorithm]:
    """Return the name of a key and the key for each algorithm; none for what signs nothing, or nothing safely."""
    key = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
    name, kind = key.get("kid"), key.get("kty")
    about = (kind, key.get("crv") if kind != "RSA" else None)
    if not isinstance(name, str | None) or not all(isinstance(each, str | None) for each in about):
        return None, {}
    algorithms = _ALGORITHMS.get(about, ()) if key.get("use", "sig") == "sig" and "d" not in key else ()
    try:
        made = {each: jwt.PyJWK(key, each) for each in algorithms if key.get("alg", each) == each}
    except (jwt.PyJWTError, ValueError, TypeError):
        return None, {}
    if kind == "RSA" and any(each.key.key_size < _MIN_RSA_BITS for each in made.values()):
        return None, {}
    return name, made
