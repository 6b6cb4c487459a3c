"""Who calls: from a bearer token to the settings that the caller's own server works with."""

import hashlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mcp.server.auth.provider import AccessToken, TokenVerifier, principal_components
from pydantic import SecretStr, ValidationError

from autosend_mcp.errors import NotSent
from autosend_mcp.logs import report
from autosend_mcp.models.text import compact_json
from autosend_mcp.server.audience import OverHttp
from autosend_mcp.server.http.tokens import PREFIX, Token, TokenFile
from autosend_mcp.settings import Settings, SettingsError, rule_of

READ, WRITE = "contacts:read", "contacts:write"
METRICS = "metrics:read"  # what no caller of tools may see: it is of all of them
ANYBODY = "local"  # who calls a server that asks nobody


class FileTokens(TokenVerifier):
    """Accepts the tokens of a file. `resource`: the URL that each of them is for, None if nobody asks."""

    def __init__(self, file: TokenFile, resource: str | None) -> None:
        self._file = file
        self._resource = resource

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return whose token this is; None for nobody's. A file that cannot be read lets nobody in."""
        if not token.startswith(PREFIX):
            return None
        try:
            found = self._file.find(token, datetime.now(UTC))
        except SettingsError as error:
            report("tokens_unreadable", why=str(error))
            return None
        if found is None:
            return None
        scopes = [METRICS] if found.metrics else [READ] if found.read_only else [READ, WRITE]
        claims = {"settings": settings_of(found)}
        expires = int(found.expires.timestamp()) if found.expires else None
        return AccessToken(
            token="",  # nothing here needs it, and it is not kept
            client_id=found.name,
            scopes=scopes,
            expires_at=expires,
            resource=self._resource,
            claims=claims,
        )


class AnyOf(TokenVerifier):
    """Accepts what one of these accepts."""

    def __init__(self, verifiers: Collection[TokenVerifier]) -> None:
        self._verifiers = verifiers

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what the first one says that knows the token."""
        for verifier in self._verifiers:
            if found := await verifier.verify_token(token):
                return found
        return None


def settings_of(token: Token) -> dict[str, Any]:
    """Return the settings that the owner of a token has of their own."""
    own: dict[str, Any] = {}
    if token.key_file is not None:
        own |= {"api_key": None, "api_key_file": Path(token.key_file), "project_id": token.project_id}
    elif token.project_id is not None:
        own["project_id"] = token.project_id
    if token.toolsets:
        own["toolsets"] = token.toolsets
    return own


def settings_for(base: Settings, access: AccessToken | None) -> Settings:
    """Return the settings of a caller's server: the process's, with what the caller has of their own.

    A caller may be given less than the process's settings allow, never more.

    Raises:
        SettingsError: The caller's own settings are wrong.
    """
    if access is None:
        return base
    own = _own(access)
    may_write = WRITE in access.scopes and not base.read_only
    given = {name: getattr(base, name) for name in base.model_fields_set} | _key_of_process(base)
    try:
        settings = Settings.model_validate({**given, **own, "read_only": not may_write})
    except ValidationError as error:
        fields = {str(problem["loc"][0]) for problem in error.errors(include_input=False, include_url=False)}
        raise SettingsError(", ".join(sorted(f"{field} {rule_of(Settings, field)}" for field in fields))) from None
    settings.toolsets_named()
    return settings


def _key_of_process(base: Settings) -> dict[str, Any]:
    """Return the key that the process has read from what can be read only once, such as a pipe; else nothing."""
    file = _key_file(base)
    if file is None or file.is_file():
        return {}
    with suppress(NotSent):
        return {"api_key": SecretStr(base.credentials()["Authorization"].removeprefix("Bearer "))}
    return {}


def _key_file(base: Settings, own: Mapping[str, Any] | None = None) -> Path | None:
    """Return the file that a caller's AutoSend key is in, if it is in one."""
    file: Path | None = (own or {}).get("api_key_file") or (base.api_key_file if base.api_key is None else None)
    return file and file.expanduser()


def audience_of(base: Settings, access: AccessToken | None) -> OverHttp:
    """Return who reads what this caller is answered. `base`: the settings of the process."""
    if access is None:
        return OverHttp()
    claims = access.claims or {}
    may_only_read = WRITE not in access.scopes and not base.read_only
    own: dict[str, Any] | None = claims.get("settings")  # of a token of the file
    return OverHttp("" if not may_only_read else "scope" if own is None else "token", "toolsets" in (own or {}))


def caller(access: AccessToken | None) -> str:
    """Return who calls, as logs name them and as one caller is told from another."""
    if access is None:
        return ANYBODY
    return f"{access.client_id}/{access.subject}" if access.subject else access.client_id


def identity(access: AccessToken | None) -> str:
    """Return what tells one server from another: the caller, and what they may do and with which key."""
    if access is None:
        return caller(access)
    about = [*principal_components(access), sorted(access.scopes), str(_own(access))]
    return compact_json(about)


def key_now(base: Settings, access: AccessToken | None) -> str:
    """Return what tells the content of the file of a caller's AutoSend key from that of before; "" if there is none.

    With another key in it, as after `token revoke` and `token create`, the file is that of somebody else.
    """
    file = _key_file(base, _own(access)) if access is not None else None
    if file is None or not file.is_file():
        return ""
    with suppress(OSError):
        return hashlib.sha256(file.read_bytes()).hexdigest()
    return ""


def _own(access: AccessToken) -> dict[str, Any]:
    """Return the settings that a caller has of their own."""
    return (access.claims or {}).get("settings", {})
