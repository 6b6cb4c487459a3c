"""Writes of who may only read: refused by HTTP, as MCP has it, so that a client can sign its user in for more."""

import json
import logging
from typing import Any

from mcp.server.auth.provider import AccessToken
from mcp_types import INVALID_REQUEST
from starlette.responses import JSONResponse

from autosend_mcp.logs import report
from autosend_mcp.server.http.access import WRITE, audience_of
from autosend_mcp.server.http.challenge import Challenge
from autosend_mcp.server.results import error_text
from autosend_mcp.settings import Settings
from autosend_mcp.tools.registry import TOOLS


def refusal(message: bytes, access: AccessToken, base: Settings, challenge: Challenge) -> JSONResponse | None:
    """Return the answer to a call whose token has no scope for it; None for any other message.

    `base`: the settings of the process. Where it writes for nobody, no scope would help, and the tool says so.
    """
    if not message or WRITE in access.scopes or base.read_only:
        return None
    called: dict[str, Any] = json.loads(message)
    params: dict[str, Any] = called.get("params") or {}
    name: object = params.get("name")
    if called.get("method") != "tools/call" or "id" not in called or not isinstance(name, str):
        return None
    if name not in TOOLS or TOOLS[name].reads:
        return None
    audience = audience_of(base, access)
    error = audience.no_writes(name)
    audience.address(error)
    report("scope_missing", logging.INFO, tool=name, scope=WRITE)
    said = {"code": INVALID_REQUEST, "message": error_text(error, [])}
    return challenge.forbidden(WRITE, {"jsonrpc": "2.0", "id": called["id"], "error": said})
