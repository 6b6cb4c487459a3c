"""The manifests: valid against their schemas, and true about the package."""

import base64
import json
import re
import subprocess
import tomllib
import zlib
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker

from autosend_mcp.api.client import AutoSend
from autosend_mcp.server.app import TITLE, build_server, chosen
from autosend_mcp.settings import Settings, load_settings
from autosend_mcp.variables import variable_of
from manifests.catalogue import checked_out, lay_out
from manifests.exchanges import FOLDER
from manifests.extensions import plugin_servers
from manifests.generate import ICONS, ROOT, generated
from manifests.hosts import ASKED, REQUIRED
from manifests.links import LINKS
from tests.support.manifests import (
    BUNDLE,
    DESKTOP,
    ENTRY,
    GEMINI,
    MANIFESTS,
    MARKETPLACE,
    PLUGIN_FILE,
    PROJECT,
    SERVER,
    SERVERS,
    VARIABLES,
)

pytestmark = pytest.mark.anyio

SCHEMAS = {SERVER: "server.schema.json", BUNDLE: "mcpb-manifest-v0.4.schema.json"}
HOST = re.compile(r"(?:https?://[^\s/\"]+|\b(?:[a-z0-9-]+\.)+(?:com|dev|io|net|org)\b)")

FORMATS = FormatChecker()  # its own copy of the checks; jsonschema alone knows no "uri"


@FORMATS.checks("uri", raises=ValueError)
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)


def _load(path: str) -> dict[str, Any]:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def _schema_of(path: str) -> dict[str, Any]:
    return _load(f"manifests/schema/{SCHEMAS[path]}")


def _problems(path: str, document: dict[str, Any]) -> list[str]:
    schema = _schema_of(path)
    Draft7Validator.check_schema(schema)
    validator: Any = Draft7Validator(schema, format_checker=FORMATS)
    return [error.message for error in validator.iter_errors(document)]


def _keys(value: object, below: str = "") -> set[str]:
    """Return the keys of every object in a document, or of those that are the value of `below`."""
    if isinstance(value, list):
        return {key for item in cast("list[object]", value) for key in _keys(item, below)}
    if not isinstance(value, dict):
        return set()
    items = cast("dict[str, object]", value)
    own = set(items) if not below else set(cast("dict[str, object]", items.get(below, {})))
    return own.union(*(_keys(item, below) for item in items.values()))


def _hosts(text: str) -> set[str]:
    return {found.split("://")[-1] for found in HOST.findall(text)}


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_manifest_is_valid_against_its_schema(path: str) -> None:
    assert _problems(path, _load(path)) == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (SERVER, {"name": "autosend-mcp"}),
        (SERVER, {"description": "d" * 101}),
        (SERVER, {"$schema": "no address"}),
        (BUNDLE, {"manifest_version": "0.3"}),
        (BUNDLE, {"unknown": True}),
        (BUNDLE, {"author": {"name": "a", "email": "no address"}}),
    ],
)
def test_the_schema_refuses_a_wrong_manifest(path: str, wrong: dict[str, Any]) -> None:
    assert len(_problems(path, _load(path) | wrong)) == 1


def test_the_registry_entry_has_only_fields_that_its_schema_names() -> None:
    assert _keys(_load(SERVER)) <= _keys(_schema_of(SERVER), below="properties")


def test_every_version_is_the_version_of_the_package() -> None:
    entry = _load(SERVER)
    versions = {entry["version"], *(package["version"] for package in entry["packages"])}
    versions |= {_load(path)["version"] for path in (BUNDLE, PLUGIN_FILE, GEMINI)}
    versions |= {tomllib.loads((ROOT / PROJECT).read_text())["project"]["version"]}
    assert versions == {version("autosend-mcp")}


def test_the_title_is_the_one_that_the_server_gives_itself() -> None:
    nothing: Any = None
    assert build_server(AutoSend(load_settings()), nothing, nothing).title == TITLE
    assert (_load(SERVER)["title"], _load(BUNDLE)["display_name"]) == (TITLE, TITLE)


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_description_is_at_most_100_characters(path: str) -> None:
    assert 0 < len(_load(path)["description"]) <= 100


def test_every_environment_variable_in_a_generated_file_is_a_setting() -> None:
    texts = {path: text for path, text in generated(ROOT).items() if path.endswith(".json")}
    named = {path: set(re.findall(r"AUTOSEND_[A-Z_]+", text)) for path, text in texts.items()}
    assert {path: names - VARIABLES for path, names in named.items() if names - VARIABLES} == {}
    assert named[SERVER] == VARIABLES
    assert named[DESKTOP] == {variable_of(field) for field in REQUIRED}


def test_the_registry_entry_requires_and_hides_the_key_alone() -> None:
    variables = _load(SERVER)["packages"][0]["environmentVariables"]
    assert [v["name"] for v in variables if v["isRequired"]] == ["AUTOSEND_API_KEY"]
    assert [v["name"] for v in variables if v["isSecret"]] == ["AUTOSEND_API_KEY"]
    assert all("`" not in v["description"] for v in variables)


def test_every_setting_is_asked_for_by_the_bundle_or_left_out_on_purpose() -> None:
    assert set(ASKED) == set(Settings.model_fields)


def test_no_variable_of_the_bundle_can_be_left_unfilled() -> None:
    bundle = _load(BUNDLE)
    asked = bundle["user_config"]
    environment = bundle["server"]["mcp_config"]["env"]
    assert environment == {variable_of(field): f"${{user_config.{field}}}" for field in asked}
    assert all(question["required"] or "default" in question for question in asked.values())


def test_the_defaults_of_the_bundle_are_the_defaults_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    plain = Settings()
    for field, question in _load(BUNDLE)["user_config"].items():
        monkeypatch.setenv(variable_of(field), str(question.get("default", "")))
    assert Settings() == plain


def test_the_bundle_lists_the_default_tools() -> None:
    assert [tool["name"] for tool in _load(BUNDLE)["tools"]] == list(chosen((), read_only=False))


def test_the_bundle_starts_a_file_and_a_command_that_exist() -> None:
    server = _load(BUNDLE)["server"]
    assert (ROOT / server["entry_point"]).is_file()
    assert f'\n{server["mcp_config"]["args"][-1]} = "' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_bundle_pins_what_the_package_needs_and_starts_what_it_starts() -> None:
    ours, bundled = (tomllib.loads((ROOT / path).read_text()) for path in ("pyproject.toml", PROJECT))
    for part in ("name", "dependencies", "requires-python", "scripts"):
        assert bundled["project"][part] == ours["project"][part]
    pinned = {pin.partition("==")[0] for pin in bundled["tool"]["uv"]["constraint-dependencies"]}
    assert {re.split("[<>=]", needed)[0] for needed in ours["project"]["dependencies"]} <= pinned


def test_the_key_is_a_secret_wherever_a_host_asks_for_it() -> None:
    assert _load(BUNDLE)["user_config"] == _load(PLUGIN_FILE)["userConfig"]
    assert [name for name, one in _load(PLUGIN_FILE)["userConfig"].items() if one.get("sensitive")] == ["api_key"]
    assert _load(PLUGIN_FILE)["mcpServers"] == "./.mcp.json"
    assert _load(SERVERS) == plugin_servers()
    settings = {one["envVar"]: one["sensitive"] for one in _load(GEMINI)["settings"]}
    assert settings == {"AUTOSEND_API_KEY": True, "AUTOSEND_PROJECT_ID": False}
    assert settings.keys() == _load(GEMINI)["mcpServers"]["autosend"]["env"].keys()
    entry = (ROOT / ENTRY).read_text()
    assert entry.count('env: "AUTOSEND_API_KEY"') == entry.count("AUTOSEND_API_KEY") == 1
    assert entry.index("secrets:") < entry.index("AUTOSEND_API_KEY") < entry.index("  env:\n")


def test_the_entry_of_dockers_catalogue_keeps_its_rules_and_is_pinned_where_it_is_laid_out(tmp_path: Path) -> None:
    lay_out(tmp_path / "entry", "0123456789abcdef" * 2 + "01234567")
    assert {file.name for file in (tmp_path / "entry").iterdir()} == {"server.yaml", "tools.json", "readme.md"}
    entry = yaml.safe_load((tmp_path / "entry/server.yaml").read_text())
    assert (entry["source"].pop("commit"), entry["type"]) == ("0123456789abcdef0123456789abcdef01234567", "server")
    assert entry == yaml.safe_load((ROOT / ENTRY).read_text())
    assert re.fullmatch(r"[a-z0-9-]+", entry["name"])
    assert entry["image"] == f"mcp/{entry['name']}"
    assert all(word[0].isupper() and word not in {"MCP", "Server"} for word in entry["about"]["title"].split())
    assert all(re.fullmatch(r"[\w-]+\.[\w.-]+", secret["name"]) for secret in entry["config"]["secrets"])
    asked = {variable["value"] for variable in entry["config"]["env"]}
    assert asked == {f"{{{{{entry['name']}.{name}}}}}" for name in entry["config"]["parameters"]["properties"]}
    assert "CMD" in (ROOT / entry["source"]["dockerfile"]).read_text()
    assert entry["run"]["command"] == ["autosend-mcp"]
    with pytest.raises(ValueError, match="main"):
        lay_out(tmp_path / "other", "main")


def test_the_commit_of_the_catalogue_is_the_one_checked_out_with_nothing_beside_it(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        names = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        done = subprocess.run(["git", *names, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    with pytest.raises(SystemExit, match="git status"):
        checked_out(tmp_path)
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    assert checked_out(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "more").write_text("x")
    with pytest.raises(SystemExit, match="commit what is not committed"):
        checked_out(tmp_path)


def test_the_marketplace_and_every_address_lead_to_files_that_are_there() -> None:
    (listed,) = _load(MARKETPLACE)["plugins"]
    assert listed["name"] == json.loads((ROOT / listed["source"] / ".claude-plugin/plugin.json").read_text())["name"]
    home = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    texts = "".join((ROOT / path).read_text() for path in [*MANIFESTS, "pyproject.toml", "manifests/docker/readme.md"])
    named = set(re.findall(r"https://(?:raw\.githubusercontent|github)\.com/([\w./-]+)", texts))
    inside = {one.removeprefix(home.removeprefix("https://github.com/")).removesuffix(".git") for one in named}
    paths = {re.sub(r"^/(?:blob/)?main/", "", one) for one in inside - {"", "/issues", "/blob/main/", "/main/"}}
    assert {"docs/hosts.md", "CHANGELOG.md", "manifests/mcpb/icon.png"} <= paths
    assert [path for path in paths if not (ROOT / path).is_file()] == []
    assert "## Security and privacy" in (ROOT / "docs/hosts.md").read_text()


def _entry_in(link: str) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Return the name, the entry and the inputs that a link holds, as a host reads it."""
    query = urlsplit(link).query
    if "=" not in query.partition("&")[0]:
        entry = json.loads(unquote(query))
        return entry.pop("name"), entry, entry.pop("inputs", [])
    parts = parse_qs(query, strict_parsing=True)
    if link.startswith("goose:"):
        assert parts["env"] == ["AUTOSEND_API_KEY=AutoSend API key"]
        return parts["id"][0], {"command": parts["cmd"][0], "args": parts["arg"]}, []
    (config,) = parts["config"]
    entry = json.loads(config if config.startswith("{") else base64.b64decode(config, validate=True))
    return parts["name"][0], entry, json.loads(parts.get("inputs", ["[]"])[0])


@pytest.mark.parametrize("host", LINKS)
def test_a_link_installs_the_entry_that_is_pasted_elsewhere(host: str) -> None:
    link = LINKS[host]()
    assert re.fullmatch(r"[!-~]+", link)
    assert not set("()<>|`") & set(link)
    assert any(link in (ROOT / path).read_text() for path in ("README.md", "docs/hosts.md"))
    name, entry, inputs = _entry_in(link)
    key = entry.pop("env", {}).pop("AUTOSEND_API_KEY", "")
    pasted = _load(DESKTOP)["mcpServers"][name]
    assert entry == {part: pasted[part] for part in ("command", "args")}
    assert key in {"", "${AUTOSEND_API_KEY}", "${env:AUTOSEND_API_KEY}"} or key == f"${{input:{inputs[0]['id']}}}"
    assert all(one["password"] for one in inputs)


def test_the_icon_is_a_square_of_512_pixels_that_is_drawn_from_the_svg() -> None:
    content = (ROOT / ICONS[0]).read_bytes()
    assert (content[:8], content[16:26]) == (b"\x89PNG\r\n\x1a\n", b"\0\0\2\0\0\0\2\0\x08\x06")
    rows = zlib.decompress(content[41:-16])
    assert len(rows) == 512 * (512 * 4 + 1)
    at = {(x, y): rows[y * 2049 + 1 + x * 4 :][:4].hex() for x, y in ((0, 0), (256, 20), (256, 170), (120, 380))}
    assert at == {(0, 0): "00000000", (256, 20): "3d63ddff", (256, 170): "ffffffff", (120, 380): "ffffffff"}


def test_no_manifest_names_a_package_registrys_host() -> None:
    assert _hosts('"https://packages.example.net/simple", files.example.org') == {
        "packages.example.net",
        "files.example.org",
    }
    allowed = _hosts(f"{Settings.model_fields['base_url'].default} {_schema_of(SERVER)['$id']} example.com")
    allowed |= {host for file in FOLDER.rglob("*.json") for host in _hosts(file.read_text(encoding="utf-8"))}
    allowed |= {"github.com", "raw.githubusercontent.com"}
    named = {path: _hosts(text) for path, text in generated(ROOT).items() if path in MANIFESTS}
    assert {path: hosts - allowed for path, hosts in named.items() if hosts - allowed} == {}
    assert "registryBaseUrl" not in (ROOT / SERVER).read_text(encoding="utf-8")
