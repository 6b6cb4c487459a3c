"""The generated files by name, and a look at what is in them."""

from autosend_mcp.settings import Settings
from autosend_mcp.variables import variable_of
from manifests.generate import DEFINITIONS, ICONS, PLUGIN

SERVER, BUNDLE, DESKTOP = "manifests/server.json", "manifests/mcpb/manifest.json", "manifests/claude-desktop.json"
README, GUIDE = "README.md", "docs/guide.md"  # pages with generated blocks
OFFER, OPENAPI = "autosend_mcp/server/front/offer.json", "autosend_mcp/sandbox/openapi.json"
MODULES = "autosend_mcp/tools/modules.json"
MARKETPLACE, PLUGIN_FILE = ".claude-plugin/marketplace.json", f"{PLUGIN}/.claude-plugin/plugin.json"
SERVERS, GEMINI = f"{PLUGIN}/.mcp.json", "manifests/gemini-extension/gemini-extension.json"
ENTRY, LISTED, PROJECT = "manifests/docker/server.yaml", "manifests/docker/tools.json", "manifests/mcpb/pyproject.toml"
MANIFESTS = [SERVER, BUNDLE, DESKTOP, MARKETPLACE, PLUGIN_FILE, SERVERS, GEMINI, ENTRY, LISTED, PROJECT]
# One of each kind, and of what is generated from the tools.
WHOLE = [*MANIFESTS, *ICONS, OFFER, OPENAPI, MODULES, "docs/exchange.svg", f"{DEFINITIONS}/create_contact.json"]
VARIABLES = {variable_of(field) for field in Settings.model_fields}
