"""An OAuth issuer on no socket: its metadata, its keys, and the tokens that it signs."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUDIENCE = "http://127.0.0.1:8000/mcp"
BOTH = "openid contacts:read contacts:write"


class Issuer(httpx2.AsyncBaseTransport):
    """Answers for https://login.example.com, or whatever `url` says, and keeps what it was asked for."""

    def __init__(self, url: str = "https://login.example.com/team") -> None:
        self.url = url
        self.keys: dict[str, Any] = {"one": ec.generate_private_key(ec.SECP256R1())}
        self.more: list[object] = []  # in its JWKS beside the keys
        self.metadata: dict[str, Any] = {"issuer": url, "jwks_uri": "https://keys.example.com/jwks"}
        self.at = "/.well-known/oauth-authorization-server/team"
        self.answer: httpx2.Response | Exception | None = None  # for every request, instead
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer, or fail as a network does."""
        self.asked.append(str(request.url))
        assert "authorization" not in request.headers
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        if request.url.path == self.at:
            return httpx2.Response(200, json=self.metadata)
        if request.url.path == "/jwks":
            return httpx2.Response(200, json={"keys": [*self.more, *map(self.jwk, self.keys)]})
        return httpx2.Response(404)

    def jwk(self, name: str) -> dict[str, Any]:
        """Return the public half of a key, as a JWKS has it."""
        public = self.keys[name].public_key()
        kind = {ec.EllipticCurvePublicKey: "ES256", rsa.RSAPublicKey: "RS256", ed25519.Ed25519PublicKey: "EdDSA"}
        algorithm = next(kind[each] for each in kind if isinstance(public, each))
        made = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
        return {**made, "kid": name, "use": "sig"}

    def token(self, key: str = "one", *, algorithm: str = "ES256", header: Any = None, **claims: Any) -> str:
        """Return a token of Ana's for this server. Claims given as None are left out; times are seconds from now."""
        of_ana: dict[str, Any] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ana",
            "client_id": "host",
            "exp": 600,
            "scope": BOTH,
        }
        said = {name: value for name, value in (of_ana | claims).items() if value is not None}
        said |= {name: int(time.time()) + said[name] for name in ("exp", "nbf") if isinstance(said.get(name), int)}
        about: dict[str, Any] = {"kid": key, "typ": "at+jwt"} | (header or {})
        about = {name: value for name, value in about.items() if value is not None}
        return jwt.encode(said, self.keys[key], algorithm, about)

    def forged(self, algorithm: str) -> str:
        """Return a token that nobody has signed (`none`), or that the public key has, used as a secret (HS256)."""
        public = self.keys["one"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        said = self.token().split(".")[1]
        header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "one"}).encode()).rstrip(b"=").decode()
        signature = b"" if algorithm == "none" else hmac.digest(public, f"{header}.{said}".encode(), hashlib.sha256)
        return f"{header}.{said}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
