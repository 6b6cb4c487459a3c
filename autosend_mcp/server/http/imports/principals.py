"""Whose import it is: what a worker must know of a caller to do their import later."""

from typing import Any

from mcp.server.auth.provider import AccessToken, principal_components

from autosend_mcp.models.text import compact_json
from autosend_mcp.server.http.access import ANYBODY
from autosend_mcp.server.http.shared.seal import Seal
from autosend_mcp.server.http.shared.store import Shared
from autosend_mcp.settings import Settings


def seal_of(shared: Shared, settings: Settings, access: AccessToken | None) -> Seal | None:
    """Return what hides a caller's imports from everybody else: the same whatever they may do today.

    None without an AutoSend key: there is nothing to seal with, and nothing can be imported.
    """
    if settings.fingerprint("") is None:
        return None
    who = ANYBODY if access is None else compact_json([*principal_components(access)])
    return Seal(shared, settings, f"imports of {who}")


def as_data(access: AccessToken | None) -> dict[str, Any] | None:
    """Return what is kept of a caller's token: nothing that lets anybody in."""
    if access is None:
        return None
    claims = access.claims or {}
    given: dict[str, Any] = claims.get("settings", {})
    settings = {name: str(value) if name == "api_key_file" else value for name, value in given.items()}
    kept = {"settings": settings} | ({"iss": str(claims["iss"])} if "iss" in claims else {})
    return {"client_id": access.client_id, "scopes": access.scopes, "subject": access.subject, "claims": kept}


def from_data(kept: dict[str, Any] | None) -> AccessToken | None:
    """Return the caller again, as when they asked."""
    return None if kept is None else AccessToken(token="", **kept)
