"""OAuth 2.1, as a resource server: accepts the access tokens (JWTs) that the issuer has signed for this server."""

from typing import Any, cast

import jwt
from mcp.server.auth.provider import AccessToken, TokenVerifier

from autosend_mcp.server.http.access import READ, WRITE
from autosend_mcp.server.http.issuer import IssuerKeys

_LEEWAY = 30  # seconds by which the clocks of the issuer and of this machine may differ
_MAX_CHARACTERS = 16_384
_MAX_NAME = 512  # characters of a client's or a user's name
# RFC 9068, and what issuers wrote before it. Others are JWTs of another kind, such as a logout.
_TYPES = {"at+jwt", "application/at+jwt", "jwt", "application/jwt"}
_REQUIRED = ["exp", "iss", "aud"]


class IssuedTokens(TokenVerifier):
    """Accepts the tokens of one issuer for one resource. They stay here: AutoSend never gets one."""

    def __init__(self, issuer: str, resource: str, keys: IssuerKeys) -> None:
        """`resource`: the URL of this server, which must be the audience."""
        self._issuer = issuer
        self._resource = resource
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return who shows this token and what they may do; None if it is not good."""
        try:
            claims = await self._claims(token)
            subject = _name(claims, "sub")
            client = _name(claims, "client_id") or _name(claims, "azp") or subject
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):  # of a token that is made up
            return None
        if client is None:
            return None
        return AccessToken(
            token="",  # nothing here needs it, and it is not kept
            client_id=client,
            subject=subject,
            scopes=_scopes(claims),
            expires_at=int(claims["exp"]) + _LEEWAY,
            resource=self._resource,
            claims={"iss": self._issuer},
        )

    async def _claims(self, token: str) -> dict[str, Any]:
        """Return what a token says, if the issuer has said it to be used here and now.

        Raises:
            PyJWTError: The token is not good.
        """
        if len(token) > _MAX_CHARACTERS:
            raise jwt.InvalidTokenError
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        key = await self._keys.key(header.get("kid"), algorithm) if isinstance(algorithm, str) else None
        if key is None or "crit" in header or str(header.get("typ", "jwt")).lower() not in _TYPES:
            raise jwt.InvalidTokenError
        bare = self._resource.removesuffix("/")
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=[bare, f"{bare}/"],
            issuer=self._issuer,
            leeway=_LEEWAY,
            options={"require": _REQUIRED},
        )


def _name(claims: dict[str, Any], claim: str) -> str | None:
    """Return whom a claim names; None if the token has no such claim.

    Raises:
        ValueError: It names nobody: to leave it out would make one caller of all whom it cannot tell apart.
    """
    value = claims.get(claim)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME:
        raise ValueError
    value.encode()  # half of a surrogate pair is no text
    return value


def _scopes(claims: dict[str, Any]) -> list[str]:
    """Return the scopes that mean something here: of `scope`, or of `scp`, as texts or as lists."""
    named: set[object] = set()
    for claim in ("scope", "scp"):
        value = claims.get(claim)
        words = value.split() if isinstance(value, str) else value
        named |= (
            {each for each in cast("list[object]", words) if isinstance(each, str)}
            if isinstance(words, list)
            else set()
        )
    return [scope for scope in (READ, WRITE) if scope in named]
