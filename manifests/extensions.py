"""What extends a host: the plugin of Claude Code, the extension of Gemini CLI, the entry of Docker's catalogue."""

import json
from collections.abc import Iterable
from typing import Any, cast

from autosend_mcp.server.app import NAME, TITLE, chosen
from autosend_mcp.variables import variable_of
from manifests.hosts import ASKED, REQUIRED, described_settings, icon_address, question

SERVER = "autosend"

Json = dict[str, Any]


def plugin(project: Json) -> Json:
    """Return the plugin of Claude Code, which asks for the settings and keeps the key in its secret storage."""
    asked = [name for name, title in ASKED.items() if title]
    return {
        "name": NAME,
        "displayName": TITLE,
        "version": project["version"],
        "description": project["description"],
        "author": {"name": project["authors"][0]["name"]},
        "homepage": project["urls"]["Homepage"],
        "repository": project["urls"]["Repository"],
        "license": project["license"],
        "keywords": project["keywords"],
        "mcpServers": "./.mcp.json",
        "userConfig": {name: question(name, described_settings()[name]) for name in asked},
    }


def plugin_servers() -> Json:
    """Return the servers of the plugin."""
    env = {variable_of(name): f"${{user_config.{name}}}" for name, title in ASKED.items() if title}
    return {"mcpServers": {SERVER: {"command": "uvx", "args": [NAME], "env": env}}}


def marketplace(project: Json) -> Json:
    """Return the marketplace that this repository is, of one plugin."""
    return {
        "name": NAME,
        "description": project["description"],
        "owner": {"name": project["authors"][0]["name"]},
        "plugins": [
            {"name": NAME, "source": "./manifests/claude-plugin", "description": project["description"]},
        ],
    }


def gemini_extension(project: Json) -> Json:
    """Return the extension of Gemini CLI: a server there has only the variables that the settings name.

    Each setting is a question at the installation, so that only what must be known is asked.
    """
    asked = ("api_key", "project_id")
    questions = {name: question(name, described_settings()[name]) for name in asked}
    return {
        "name": NAME,
        "version": project["version"],
        "description": project["description"],
        "mcpServers": {
            SERVER: {
                "command": "uvx",
                "args": [NAME],
                "env": {variable_of(name): f"${{{variable_of(name)}}}" for name in asked},
            }
        },
        "settings": [
            {
                "name": one["title"],
                "description": one["description"],
                "envVar": variable_of(name),
                "sensitive": one.get("sensitive", False),
            }
            for name, one in questions.items()
        ],
    }


def docker_entry(project: Json) -> str:
    """Return the entry of Docker's catalogue: how its image is built, started and configured.

    The rules are those of its registry's CONTRIBUTING.md and validation (2026); `catalogue.py` adds the commit.
    """
    secret = {name: variable_of(name) for name in sorted(REQUIRED)}
    shown = [name for name, title in ASKED.items() if title and name not in REQUIRED and name != "import_dir"]
    entry: Json = {
        "name": NAME,
        "image": f"mcp/{NAME}",
        "type": "server",
        "meta": {"category": "communication", "tags": ["communication", "email", "contacts"]},
        "about": {
            "title": TITLE.title().replace("Autosend", "AutoSend"),  # each word of it has a capital there
            "description": project["description"],
            "icon": icon_address(project),
        },
        "source": {"project": project["urls"]["Repository"], "branch": "main", "dockerfile": "deploy/Dockerfile"},
        "run": {"command": [NAME]},  # the image itself starts the sandbox
        "config": {
            "description": "Your AutoSend project.",
            "secrets": [
                {"name": f"{NAME}.{name}", "env": variable, "example": "AS_..."} for name, variable in secret.items()
            ],
            "env": [
                {"name": variable_of(name), "example": _example(name), "value": f"{{{{{NAME}.{name}}}}}"}
                for name in shown
            ],
            "parameters": {
                "type": "object",
                "properties": {
                    name: {"type": "string", "description": question(name, described_settings()[name])["description"]}
                    for name in shown
                },
            },
        },
    }
    return "\n".join(_yaml(entry, "")) + "\n"


def docker_tools() -> list[Json]:
    """Return the tools as the catalogue lists them."""
    return [
        {
            "name": name,
            "description": tool.description,
            "arguments": [
                {"name": argument, "type": schema["type"], "desc": schema.get("description", "")}
                for argument, schema in tool.derive().input_schema["properties"].items()
            ],
        }
        for name, tool in chosen((), read_only=False).items()
    ]


def _example(name: str) -> str:
    default = described_settings()[name]["default"]
    return json.dumps(default) if default not in {None, ""} else {"toolsets": "contacts,lists"}.get(name, "")


def _yaml(value: Json | list[Any], indent: str) -> list[str]:
    """Return the lines of an object or a list; what is no word of its own is in quotes."""
    lines: list[str] = []
    parts: Iterable[tuple[str | None, Any]] = (
        value.items() if isinstance(value, dict) else ((None, one) for one in value)
    )
    for key, one in parts:
        begin = f"{indent}- " if key is None else f"{indent}{key}:"
        if not isinstance(one, dict | list):
            lines.append(f"{begin}{'' if key is None else ' '}{json.dumps(one, ensure_ascii=False)}")
            continue
        first, *others = _yaml(cast("Json | list[Any]", one), f"{indent}  ")
        lines += [f"{begin}{first.strip()}", *others] if key is None else [begin, first, *others]
    return lines
