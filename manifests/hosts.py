"""What hosts and registries read: the entry of the MCP Registry, the desktop bundle, a configuration to paste."""

import json
from pathlib import Path
from typing import Any

from autosend_mcp.server.app import NAME, TITLE, chosen
from autosend_mcp.settings import Settings
from autosend_mcp.variables import variable_of

ROOT = Path(__file__).resolve().parents[1]
RAW = "https://raw.githubusercontent.com"
SCHEMA = ROOT / "manifests" / "schema" / "server.schema.json"
REGISTRY_NAME = f"io.github.{NAME}/{NAME}"
REQUIRED = frozenset({"api_key"})

# The title under which a host's installer asks for a setting; None where only the environment sets it.
ASKED: dict[str, str | None] = {
    "api_key": "API key",
    "api_key_file": None,
    "project_id": "Project id",
    "base_url": None,
    "rate_limit": "Requests a second",
    "rate_limit_minute": None,
    "timeout": "Time limit in seconds",
    "read_only": "Read only",
    "toolsets": "Toolsets",
    "import_dir": "Import directory",
    "ask": None,
    "log_level": None,
}

# A format or type in the model's JSON Schema: the format in server.json (a string needs none), the type in the bundle.
KINDS: dict[str, tuple[str | None, str]] = {
    "path": ("filepath", "file"),
    "directory-path": ("filepath", "directory"),
    "number": ("number", "number"),
    "integer": ("number", "number"),
    "boolean": ("boolean", "boolean"),
    "string": (None, "string"),
}
# A bound in the bundle, which a value may equal: the keyword in the JSON Schema.
BOUNDS = {"min": "minimum", "max": "maximum"}

Json = dict[str, Any]


def registry_entry(project: Json) -> Json:
    """Return the entry of the MCP Registry: where the package is, and which variables it reads."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    package = {
        "registryType": "pypi",
        "identifier": project["name"],
        "version": project["version"],
        "runtimeHint": "uvx",
        "transport": {"type": "stdio"},
        "environmentVariables": [_variable(name, setting) for name, setting in described_settings().items()],
    }
    return {
        "$schema": schema["$id"],
        "name": REGISTRY_NAME,
        "title": TITLE,
        "description": project["description"],
        "version": project["version"],
        "websiteUrl": project["urls"]["Homepage"],
        "repository": {"url": project["urls"]["Repository"], "source": "github"},
        "icons": [{"src": icon_address(project), "mimeType": "image/png", "sizes": ["512x512"]}],
        "packages": [package],
    }


def bundle(project: Json) -> Json:
    """Return the manifest of the desktop bundle, which asks the user for the settings instead of reading a file."""
    asked = [name for name, title in ASKED.items() if title]
    urls = project["urls"]
    return {
        "manifest_version": "0.4",
        "name": project["name"],
        "display_name": TITLE,
        "version": project["version"],
        "description": project["description"],
        "author": {"name": project["authors"][0]["name"]},
        "repository": {"type": "git", "url": f"{urls['Repository']}.git"},
        "homepage": urls["Homepage"],
        "documentation": urls["Documentation"],
        "support": urls["Issues"],
        "privacy_policies": [f"{urls['Documentation']}#security-and-privacy"],
        "icon": "icon.png",
        "icons": [{"src": "icon.png", "size": "512x512"}],
        "license": project["license"],
        "keywords": project["keywords"],
        "server": {
            "type": "uv",
            "entry_point": "autosend_mcp/__main__.py",
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", *project["scripts"]],
                "env": {variable_of(name): f"${{user_config.{name}}}" for name in asked},
            },
        },
        "tools": [
            {"name": name, "description": tool.description} for name, tool in chosen((), read_only=False).items()
        ],
        "compatibility": {
            "platforms": ["darwin", "win32", "linux"],
            "runtimes": {"python": project["requires-python"]},
        },
        "user_config": {name: question(name, described_settings()[name]) for name in asked},
    }


def bundle_project(project: Json) -> str:
    """Return the pyproject.toml of the bundle: what it runs, and the versions that the tests ran with.

    It stands for a lock, which would name a package index.
    """
    pins = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line]
    named = [f"{name} = {json.dumps(project[name])}" for name in ("name", "version", "description", "requires-python")]
    command, entry = next(iter(project["scripts"].items()))
    return "\n".join([
        "[build-system]", 'requires = ["hatchling>=1.27"]', 'build-backend = "hatchling.build"', "",
        "[project]", *named, f"dependencies = {_toml_list(project['dependencies'])}", "",
        "[project.scripts]", f"{command} = {json.dumps(entry)}", "",
        "[tool.hatch.build.targets.wheel]", 'packages = ["autosend_mcp"]', "",
        "[tool.uv]", f"constraint-dependencies = {_toml_list(pins)}", "",
    ])  # fmt: skip


def _toml_list(texts: list[str]) -> str:
    return "\n".join(["[", *(f"    {json.dumps(text)}," for text in texts), "]"])


def icon_address(project: Json) -> str:
    """Return the address of the icon, once the project is published."""
    repository: str = project["urls"]["Repository"]
    return f"{repository.replace('https://github.com', RAW)}/main/manifests/mcpb/icon.png"


def desktop_config() -> Json:
    """Return what a user pastes into a host's `mcpServers`."""
    key = {variable_of(name): "your key" for name in sorted(REQUIRED)}
    return {"mcpServers": {"autosend": {"command": "uvx", "args": [NAME], "env": key}}}


def described_settings() -> dict[str, Json]:
    """Return each setting by name as the JSON Schema of the model describes it, without the alternative null."""
    described: dict[str, Json] = Settings.model_json_schema()["properties"]
    return {name: setting | setting.get("anyOf", [{}])[0] for name, setting in described.items()}


def as_text(default: object) -> str:
    """Return a default as the variable would hold it."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _variable(name: str, setting: Json) -> Json:
    """Return a setting as server.json describes an environment variable."""
    entry: Json = {
        "name": variable_of(name),
        "description": _plain(setting),
        "isRequired": name in REQUIRED,
        "isSecret": _is_secret(setting),
    }
    kind, _ = _kind(setting)
    entry |= {"format": kind} if kind else {}
    entry |= {"default": as_text(setting["default"])} if setting["default"] is not None else {}
    return entry | ({"choices": setting["enum"]} if "enum" in setting else {})


def question(name: str, setting: Json) -> Json:
    """Return a setting as the bundle asks for it.

    An optional one always has a default: without one a host leaves `${user_config...}` as it stands in the
    variable, and the server would take that for the value. The empty string counts as not set.
    """
    _, kind = _kind(setting)
    entry: Json = {"type": kind, "title": ASKED[name], "description": _plain(setting)}
    entry |= {"sensitive": True} if _is_secret(setting) else {}
    entry |= {key: setting[bound] for key, bound in BOUNDS.items() if bound in setting}
    if name in REQUIRED:
        return entry | {"required": True}
    return entry | {"required": False, "default": "" if setting["default"] is None else setting["default"]}


def _kind(setting: Json) -> tuple[str | None, str]:
    return KINDS.get(setting.get("format", "")) or KINDS[setting["type"]]


def _is_secret(setting: Json) -> bool:
    return setting.get("format") == "password"


def _plain(setting: Json) -> str:
    """Return the description as plain text."""
    return setting["description"].replace("`", "")
