"""Run by an installed package: check that it has a definition of each tool, and serves that and no other."""

import sys
from pathlib import Path

from mcp_types import Tool

from autosend_mcp.server.app import ALL_TOOLS
from autosend_mcp.server.icons.icons import icons
from autosend_mcp.server.view.extension import page
from autosend_mcp.settings import TOOLSETS
from autosend_mcp.tools import registry

package = Path(registry.__file__).parents[1]
written = {file.stem: Tool.model_validate_json(file.read_bytes()) for file in package.glob("tools/definitions/*.json")}
served = {name: tool.definition for name, tool in ALL_TOOLS.items()}
if (package.parent / "manifests").exists() or "site-packages" not in package.parts:
    sys.exit(f"{package} is no installed package")
if written != served:
    sys.exit(f"other definitions are served than {package}/tools/definitions has")
drawn = {name: icons(name) for name in (None, *TOOLSETS)}
print(f"{len(served)} tools served as defined, with {len(drawn)} icons and a page of {len(page()):,} characters")
