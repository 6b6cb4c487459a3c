"""Regenerate every file that is derived from the definitions, so that none is ever edited by hand.

    .venv/bin/python manifests/generate.py            write what differs
    .venv/bin/python manifests/generate.py --check    only compare: a line for each file that differs, exit code 1

A setting is defined in autosend_mcp/settings.py, a tool in autosend_mcp/tools, everything else in pyproject.toml.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autosend_mcp.sandbox import app as sandbox
from autosend_mcp.server.app import NAME, TITLE, chosen  # importing the server registers the tools
from autosend_mcp.settings import Settings, variable_of
from autosend_mcp.tools.registry import TOOLS, Tool
from manifests.tool_pages import PAGE, tools_page, tools_table

ROOT = Path(__file__).resolve().parents[1]
REGISTRY_NAME = f"io.github.{NAME}/{NAME}"
REQUIRED = frozenset({"api_key"})

# The title under which a host's installer asks for a setting; None where only the environment sets it.
ASKED: dict[str, str | None] = {
    "api_key": "API key",
    "api_key_file": None,
    "project_id": "Project id",
    "base_url": None,
    "rate_limit": "Requests a second",
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

DEFINITIONS = "autosend_mcp/tools/definitions"
COMMAND = ".venv/bin/python manifests/generate.py"
README = "README.md"
OPEN, CLOSE = "<!-- settings: generated -->", "<!-- /settings -->"
TOOLS_OPEN, TOOLS_CLOSE = "<!-- tools: generated -->", "<!-- /tools -->"
UNKNOWNS_OPEN, UNKNOWNS_CLOSE = "<!-- unknowns: generated -->", "<!-- /unknowns -->"

Json = dict[str, Any]


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or compare the files below `root`; the exit code."""
    parser = argparse.ArgumentParser(description="Regenerate every file that is derived from the definitions.")
    parser.add_argument("--check", action="store_true", help="only compare; exit code 1 when a file differs")
    only_compare: bool = parser.parse_args(argv).check
    for line in (OPEN, TOOLS_OPEN, UNKNOWNS_OPEN):
        if line not in _read(root / README):
            print(f"{README}: has no line {line}, so nothing is written there", file=sys.stderr)
    files = drifted(root)
    for path, text in files.items():
        if only_compare:
            print(f"{path}: differs; run {COMMAND}")
        else:
            _write(root / path, text)
            print(f"{path}: {'removed' if text is None else 'written'}")
    return int(only_compare and bool(files))


def drifted(root: Path) -> dict[str, str | None]:
    """The files below `root` that are not as generated: path and right text, None where there should be no file."""
    right: dict[str, str | None] = dict(generated(root))
    found = (path.relative_to(root).as_posix() for path in (root / DEFINITIONS).glob("*.json"))
    right |= {path: None for path in sorted(found) if path not in right}
    return {path: text for path, text in right.items() if text is None or _read(root / path) != text}


def generated(root: Path) -> dict[str, str]:
    """Every generated file as path and text; of README.md below `root` only the tables are."""
    project = _project()
    files = {
        "manifests/server.json": _json(registry_entry(project)),
        "manifests/mcpb/manifest.json": _json(bundle(project)),
        "manifests/claude-desktop.json": _json(desktop_config()),
        PAGE: tools_page(),
    }
    files |= {f"{DEFINITIONS}/{name}.json": _json(_shown(tool)) for name, tool in sorted(TOOLS.items())}
    readme = _with_part(_read(root / README), OPEN, CLOSE, settings_table())
    readme = _with_part(readme, TOOLS_OPEN, TOOLS_CLOSE, tools_table())
    readme = _with_part(readme, UNKNOWNS_OPEN, UNKNOWNS_CLOSE, unknowns_table())
    return files | ({README: readme} if "generated -->" in readme else {})


def registry_entry(project: Json) -> Json:
    """The entry of the MCP Registry: where the package is, and which variables it reads."""
    schema = json.loads(_read(ROOT / "manifests/schema/server.schema.json"))
    package = {
        "registryType": "pypi",
        "identifier": project["name"],
        "version": project["version"],
        "runtimeHint": "uvx",
        "transport": {"type": "stdio"},
        "environmentVariables": [_variable(name, setting) for name, setting in _settings().items()],
    }
    return {
        "$schema": schema["$id"],
        "name": REGISTRY_NAME,
        "title": TITLE,
        "description": project["description"],
        "version": project["version"],
        "packages": [package],
    }


def bundle(project: Json) -> Json:
    """The manifest of the desktop bundle, which asks a person for the settings instead of reading a file."""
    asked = [name for name, title in ASKED.items() if title]
    return {
        "manifest_version": "0.4",
        "name": project["name"],
        "display_name": TITLE,
        "version": project["version"],
        "description": project["description"],
        "author": {"name": project["authors"][0]["name"]},
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
        "user_config": {name: _question(name, _settings()[name]) for name in asked},
    }


def desktop_config() -> Json:
    """What a person pastes into a host's `mcpServers`."""
    key = {variable_of(name): "your key" for name in sorted(REQUIRED)}
    return {"mcpServers": {"autosend": {"command": "uvx", "args": [NAME], "env": key}}}


def settings_table() -> str:
    """The settings as the Markdown table of the README."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, setting in _settings().items():
        default = f"`{_text(setting['default'])}`" if setting["default"] not in {None, ""} else ""
        rows.append(f"| `{variable_of(name)}` | {default} | {setting['description'].replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def unknowns_table() -> str:
    """What the sandbox does where AutoSend's documentation is silent, as its docstring has it."""
    return "\n".join(line for line in (sandbox.__doc__ or "").splitlines() if line.startswith("|"))


def _text(default: object) -> str:
    """A default as the variable would hold it."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _variable(name: str, setting: Json) -> Json:
    """A setting as server.json describes an environment variable."""
    entry: Json = {
        "name": variable_of(name),
        "description": _plain(setting),
        "isRequired": name in REQUIRED,
        "isSecret": _is_secret(setting),
    }
    kind, _ = _kind(setting)
    entry |= {"format": kind} if kind else {}
    entry |= {"default": _text(setting["default"])} if setting["default"] is not None else {}
    return entry | ({"choices": setting["enum"]} if "enum" in setting else {})


def _question(name: str, setting: Json) -> Json:
    """A setting as the bundle asks for it.

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


def _settings() -> dict[str, Json]:
    """Each setting by name as the JSON Schema of the model describes it, without the alternative null."""
    described: dict[str, Json] = Settings.model_json_schema()["properties"]
    return {name: setting | setting.get("anyOf", [{}])[0] for name, setting in described.items()}


def _kind(setting: Json) -> tuple[str | None, str]:
    return KINDS.get(setting.get("format", "")) or KINDS[setting["type"]]


def _is_secret(setting: Json) -> bool:
    return setting.get("format") == "password"


def _plain(setting: Json) -> str:
    """The description as plain text."""
    return setting["description"].replace("`", "")


def _shown(tool: Tool) -> Json:
    """Return the tool's definition as `tools/list` shows it, derived anew."""
    return tool.derive().model_dump(by_alias=True, exclude_none=True, mode="json")


def _project() -> Json:
    return tomllib.loads(_read(ROOT / "pyproject.toml"))["project"]


def _with_part(readme: str, first: str, last: str, part: str) -> str:
    """The README with the part between these two lines, where it has them."""
    between = re.compile(f"^{re.escape(first)}\n.*?^{re.escape(last)}$", re.MULTILINE | re.DOTALL)
    if first in readme and not between.search(readme):
        sys.exit(f"{README}: {first} must be a line of its own, and a line {last} must follow it")
    return between.sub(lambda _: f"{first}\n\n{part}\n\n{last}", readme)


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> str:
    """The text of a file, empty where there is none: no generated file is empty."""
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
