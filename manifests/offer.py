"""What the server answers before the SDK is loaded: what it offers, by what each part of it depends on."""

import json
from typing import Any, cast

import anyio
from pydantic import BaseModel

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server import resources
from autosend_mcp.server.app import ALL_TOOLS, NAME, OF_SANDBOX, TITLE, open_server
from autosend_mcp.server.prompts import PROMPTS
from autosend_mcp.settings import DEFAULT_TOOLSETS, TOOLSETS, Settings

Json = dict[str, Any]


def offer(project: Json) -> Json:
    """Return the content of `offer.json`; autosend_mcp/server/front/offer.py says what is in it."""
    return {
        "serverInfo": {"name": NAME, "title": TITLE, "version": project["version"]},
        "ofSandbox": OF_SANDBOX,
        "toolsets": TOOLSETS,
        "default": list(DEFAULT_TOOLSETS),
        "tools": [[tool.name, tool.toolset, tool.reads] for tool in ALL_TOOLS.values()],
        "prompts": [
            {"needs": sorted(prompt.needs), "shown": _shown(prompt.definition(name))}
            for name, prompt in PROMPTS.items()
        ],
        "resources": [{"toolset": toolset, "shown": _shown(each)} for toolset, each in resources.DEFINITIONS],
        "templates": [{"toolset": toolset, "shown": _shown(each)} for toolset, each in resources.TEMPLATES],
        "capabilities": anyio.run(_capabilities),
    }


def _shown(model: BaseModel) -> Json:
    """Return a model as the SDK writes it: its members in alphabetical order."""
    return cast(
        "Json", json.loads(json.dumps(model.model_dump(by_alias=True, exclude_none=True, mode="json"), sort_keys=True))
    )


async def _capabilities() -> Json:
    async with open_server(AutoSend(Settings())) as (server, _):
        capabilities = _shown(server.create_initialization_options().capabilities)
        return {name: about for name, about in capabilities.items() if (name, about) != ("extensions", {})}
