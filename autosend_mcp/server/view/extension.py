"""The MCP App: a page on which a host shows the answers of some tools; unknown to hosts that declare no such extension.

Source: MCP Apps, stable version 2026-01-26 (SEP-1865). It needs no SDK: the front answers before that is loaded. The
SDK's own extension (`mcp.server.apps`) is for its `MCPServer`, which this server is not; a test compares both.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

EXTENSION = "io.modelcontextprotocol/ui"
HTML = "text/html;profile=mcp-app"
URI = "ui://autosend-mcp/answer.html"

# The tools whose answers the page shows: one contact, and what a batch or an import would do or has done.
SHOWN = frozenset({"create_contact", "get_contact", "get_import", "start_import", "upsert_contact", "upsert_contacts"})

# What a definition of these tools has besides.
OF_TOOL: dict[str, Any] = {"ui": {"resourceUri": URI}}

# It loads nothing from anywhere, and needs nothing that hosts ask users for.
OF_PAGE: dict[str, Any] = {
    "ui": {
        "csp": {"baseUriDomains": [], "connectDomains": [], "frameDomains": [], "resourceDomains": []},
        "prefersBorder": True,
    }
}

LISTED: dict[str, Any] = {
    "_meta": OF_PAGE,
    "description": "Shows the answers of tools in hosts with MCP Apps; all that it shows is in their text too.",
    "mimeType": HTML,
    "name": "answer",
    "title": "Answer",
    "uri": URI,
}

_FILES = Path(__file__).parent


def is_declared(capabilities: Mapping[str, Any] | None) -> bool:
    """Return whether a client with these capabilities shows pages such as this one."""
    found: object = capabilities
    for name in ("extensions", EXTENSION):
        found = cast("Mapping[str, object]", found).get(name) if isinstance(found, Mapping) else None
    types = cast("Mapping[str, object]", found).get("mimeTypes") if isinstance(found, Mapping) else None
    return isinstance(types, list) and HTML in types


def is_used(tools: Collection[str]) -> bool:
    """Return whether it shows the answer of one of these tools."""
    return not SHOWN.isdisjoint(tools)


def page() -> str:
    """Return the page, its style and its script in it, for a host may load nothing else."""
    html, css, js = ((_FILES / f"view.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return html.replace("/* view.css */", css).replace("/* view.js */", js)
