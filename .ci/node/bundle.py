"""Start an unpacked desktop bundle as a host does, with its defaults, and list its tools: bundle.py FOLDER."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, get_default_environment, stdio_client


def filled(text: str, folder: Path, asked: dict[str, Any]) -> str:
    """Return the text as the host passes it on: what the user was asked for is as it was, but for the key."""
    values = {f"user_config.{name}": one.get("default", "AS_not_a_key_of_anybody") for name, one in asked.items()}
    values["__dirname"] = str(folder)
    return re.sub(r"\$\{([\w.]+)\}", lambda found: _text(values[found[1]]), text)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def main(folder: Path) -> None:
    """Compare the tools of the server with those that the manifest names."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    asked, config = manifest["user_config"], manifest["server"]["mcp_config"]
    server = StdioServerParameters(
        command=config["command"],
        args=[filled(word, folder, asked) for word in config["args"]],
        env=get_default_environment() | {name: filled(text, folder, asked) for name, text in config["env"].items()},
    )
    with anyio.fail_after(60):
        async with Client(stdio_client(server)) as client:
            offered = [(tool.name, tool.description) for tool in (await client.list_tools()).tools]
    named = [(tool["name"], tool["description"]) for tool in manifest["tools"]]
    if sorted(offered) != sorted(named):
        sys.exit(f"the bundle names {len(named)} tools, and its server offers {len(offered)}, or others")
    if not (folder / manifest["icon"]).is_file():
        sys.exit("the bundle has no icon")
    print(f"ok uv run starts the bundle, which offers the {len(named)} tools that it names")


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]).resolve())
