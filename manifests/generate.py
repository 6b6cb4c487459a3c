"""Regenerate every file that is derived from the definitions, so that none is ever edited by hand.

    .venv/bin/python manifests/generate.py            write what differs
    .venv/bin/python manifests/generate.py --check    only compare: a line for each file that differs, exit code 1

A setting is defined in autosend_mcp/settings.py, a tool in autosend_mcp/tools, everything else in pyproject.toml.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from autosend_mcp.tools.registry import TOOLS
from manifests.blocks import BLOCKS, filled, opening
from manifests.extensions import docker_entry, docker_tools, gemini_extension, marketplace, plugin, plugin_servers
from manifests.hosts import bundle, bundle_project, desktop_config, registry_entry
from manifests.icon import icon
from manifests.offer import offer
from manifests.openapi import openapi
from manifests.pages import pages_below, refreshed
from manifests.pictures import exchange

ROOT = Path(__file__).resolve().parents[1]
COMMAND = ".venv/bin/python manifests/generate.py"
DEFINITIONS = "autosend_mcp/tools/definitions"
PLUGIN = "manifests/claude-plugin"
ICONS = ("manifests/mcpb/icon.png", f"{PLUGIN}/icon.png")

Json = dict[str, Any]


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or compare the files below `root`, the output that pages show included, and return the exit code."""
    parser = argparse.ArgumentParser(description="Regenerate every file that is derived from the definitions.")
    parser.add_argument("--check", action="store_true", help="only compare; exit code 1 when a file differs")
    only_compare: bool = parser.parse_args(argv).check
    files = drifted(root, outputs=True)
    for path, text in files.items():
        if only_compare:
            print(f"{path}: differs; run {COMMAND}")
        else:
            _write(root / path, text)
            print(f"{path}: {'removed' if text is None else 'written'}")
    return int(only_compare and bool(files))


def drifted(root: Path, *, outputs: bool = False) -> dict[str, str | None]:
    """Return the files below `root` that are not as generated: the right text of each, None for no file.

    `outputs`: run the commands of the pages, and take what they print for right.
    """
    right: dict[str, str | None] = dict(generated(root))
    right |= {path: refreshed(text) for path, text in right.items() if outputs and text and path.endswith(".md")}
    found = (path.relative_to(root).as_posix() for path in (root / DEFINITIONS).glob("*.json"))
    right |= {path: None for path in sorted(found) if path not in right}
    return {path: text for path, text in right.items() if text is None or _read(root / path) != text}


def generated(root: Path) -> dict[str, str]:
    """Return the text of every generated file by its path, and of every page below `root` with its blocks."""
    return {**_files(), **_icons(root), **_pages(root)}


def _icons(root: Path) -> dict[str, str]:
    """Return the icon wherever a manifest shows it; what is there stays, if it shows the same."""
    return {path: _text(icon((root / path).read_bytes() if (root / path).exists() else b"")) for path in ICONS}


@cache
def _files() -> dict[str, str]:
    """Return the text of every file that is generated as a whole."""
    project = tomllib.loads(_read(ROOT / "pyproject.toml"))["project"]
    return {
        "manifests/server.json": _json(registry_entry(project)),
        "manifests/mcpb/manifest.json": _json(bundle(project)),
        "manifests/mcpb/pyproject.toml": bundle_project(project),
        "manifests/claude-desktop.json": _json(desktop_config()),
        ".claude-plugin/marketplace.json": _json(marketplace(project)),
        f"{PLUGIN}/.claude-plugin/plugin.json": _json(plugin(project)),
        f"{PLUGIN}/.mcp.json": _json(plugin_servers()),
        "manifests/gemini-extension/gemini-extension.json": _json(gemini_extension(project)),
        "manifests/docker/server.yaml": docker_entry(project),
        "manifests/docker/tools.json": _json(docker_tools()),
        "autosend_mcp/server/front/offer.json": _json(offer(project)),
        "autosend_mcp/sandbox/openapi.json": _json(openapi(project)),
        "autosend_mcp/tools/modules.json": _json(
            {
                name: {"module": tool.module, "toolset": tool.toolset, "effect": tool.effect.name}
                for name, tool in sorted(TOOLS.items())
            }
        ),
        "docs/exchange.svg": exchange(),
        **{
            f"{DEFINITIONS}/{name}.json": _json(tool.derive().model_dump(by_alias=True, exclude_none=True, mode="json"))
            for name, tool in sorted(TOOLS.items())
        },
    }


def _pages(root: Path) -> dict[str, str]:
    """Return the pages below `root` with their generated blocks as they should be; a block may be on any page."""
    texts = {path: _read(root / path) for path in pages_below(root)}
    for name in BLOCKS:
        if not any(opening(name) in text for text in texts.values()):
            print(f"no page has the line {opening(name)}, so that block is written nowhere", file=sys.stderr)
    return {path: filled(path, text) for path, text in texts.items()}


def _json(value: Json | list[Json]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> str:
    """Return the text of a file, empty where there is none: no generated file is empty."""
    return _text(path.read_bytes()) if path.exists() else ""


def _text(content: bytes) -> str:
    """Return the bytes as text, a picture's too."""
    return content.decode(errors="surrogateescape")


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
