"""The generated files: in step with the definitions, valid, and true about the package."""

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
from mcp_types import Tool as ToolDefinition

from autosend_mcp.api.client import AutoSend
from autosend_mcp.errors import NotSent
from autosend_mcp.server.app import ALL_TOOLS, TITLE, build_server, chosen
from autosend_mcp.settings import TOOLSETS, Settings, load_settings
from autosend_mcp.tools.registry import TOOLS, Effect, Tool, published, tools_in_table
from autosend_mcp.variables import variable_of
from manifests.blocks import BLOCKS, closing, opening, settings_table, tokens, tokens_sentence, toolsets_table
from manifests.catalogue import checked_out, lay_out
from manifests.examples import EXAMPLES
from manifests.exchanges import FOLDER
from manifests.extensions import plugin_servers
from manifests.generate import COMMAND, DEFINITIONS, ICONS, PLUGIN, ROOT, drifted, generated, main
from manifests.hosts import ASKED, REQUIRED
from manifests.links import LINKS
from manifests.tool_pages import reference_of, tools_reference, tools_table
from tests.support.line import over_a_line

pytestmark = pytest.mark.anyio

SERVER, BUNDLE, DESKTOP = "manifests/server.json", "manifests/mcpb/manifest.json", "manifests/claude-desktop.json"
SCHEMAS = {SERVER: "server.schema.json", BUNDLE: "mcpb-manifest-v0.4.schema.json"}
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


@pytest.fixture
def copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a folder with every generated file, and two pages that share the blocks."""
    first, *others = (f"{opening(name)}\n{closing(name)}\n\nAfter {name}\n" for name in BLOCKS)
    (tmp_path / "docs").mkdir()
    (tmp_path / README).write_text(f"# Before\n\n{first}", encoding="utf-8")
    (tmp_path / GUIDE).write_text("\n".join(others), encoding="utf-8")
    assert main([], tmp_path) == 0
    capsys.readouterr()
    return tmp_path


@pytest.mark.slow
def test_every_generated_file_is_in_step() -> None:
    assert list(drifted(ROOT)) == [], f"run {COMMAND}"


@pytest.mark.slow
def test_nothing_else_is_generated(copy: Path) -> None:
    files = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert files == {*WHOLE, *(f"{DEFINITIONS}/{name}.json" for name in TOOLS), README, GUIDE}


def test_a_fresh_copy_is_in_step_and_a_second_run_writes_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], copy) == 0
    assert main([], copy) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", [SERVER, ENTRY, PROJECT, ICONS[0], OFFER, "docs/exchange.svg", README, GUIDE])
@pytest.mark.slow
def test_one_changed_byte_is_reported_and_written_anew(
    copy: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    right = (copy / path).read_bytes()
    middle = right.index(b"AUTOSEND_") if b"AUTOSEND_" in right else len(right) // 2
    (copy / path).write_bytes(right[:middle] + b"\xff" + right[middle + 1 :])
    assert main(["--check"], copy) == 1
    assert capsys.readouterr().out == f"{path}: differs; run {COMMAND}\n"
    assert main([], copy) == 0
    assert (copy / path).read_bytes() == right


@pytest.mark.parametrize("path", [SERVER, ICONS[1]])
def test_a_missing_file_is_reported(copy: Path, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / path).unlink()
    assert main(["--check"], copy) == 1
    assert capsys.readouterr().out.startswith(f"{path}: differs")


def test_the_definition_of_a_tool_that_is_gone_is_reported_and_removed(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_over = copy / DEFINITIONS / "no_such_tool.json"
    left_over.write_text("{}\n", encoding="utf-8")
    assert main(["--check"], copy) == 1
    assert left_over.exists()
    assert main([], copy) == 0
    assert not left_over.exists()
    assert capsys.readouterr().out.count("no_such_tool") == 2


def test_each_block_is_put_between_its_lines_and_nothing_else_is_touched(copy: Path) -> None:
    name, *_ = BLOCKS
    text = (copy / README).read_text(encoding="utf-8")
    assert text == f"# Before\n\n{opening(name)}\n\n{BLOCKS[name]()}\n\n{closing(name)}\n\nAfter {name}\n"
    assert (copy / GUIDE).read_text(encoding="utf-8").count("\nAfter ") == len(BLOCKS) - 1


def test_every_block_is_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
    assert [name for name in BLOCKS if opening(name) not in pages] == []


def test_a_page_without_blocks_is_left_alone_and_a_missing_block_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / README).write_text("# Nothing here\n", encoding="utf-8")
    assert main([], tmp_path) == 0
    assert (tmp_path / README).read_text(encoding="utf-8") == "# Nothing here\n"
    assert all(opening(name) in capsys.readouterr().err for name in [*BLOCKS][:1])


@pytest.mark.parametrize(
    ("page", "said"),
    [
        *((f"{opening(name)}\n", "must follow") for name in BLOCKS),
        (f"In a line: {opening('tokens')} {closing('tokens')}\n", "must be a line of its own"),
        (f"{opening('weather')}\n{closing('weather')}\n", "there is no such block; there are toolsets, "),
    ],
)
def test_a_wrong_block_stops_the_run(tmp_path: Path, page: str, said: str) -> None:
    (tmp_path / README).write_text(page, encoding="utf-8")
    with pytest.raises(SystemExit, match=f"{README}: .*{said}"):
        main([], tmp_path)


def test_the_table_of_settings_has_a_row_for_each() -> None:
    assert {row.split("`")[1] for row in settings_table().splitlines()[2:]} == VARIABLES


def test_the_table_of_toolsets_has_each_tool_in_the_row_of_its_toolset() -> None:
    rows = {row.split("`")[1]: re.findall(r"`(\w+)`", row.split(" | ")[1]) for row in toolsets_table().splitlines()[2:]}
    assert rows.pop("undo") == ["undo"]
    assert rows == {name: list(chosen([name], read_only=False))[:-1] for name in TOOLSETS}


async def test_the_tokens_of_the_default_tools_are_those_that_a_client_is_sent() -> None:
    async with over_a_line() as (client, _):
        definitions = (await client.list_tools()).tools
        shown = {"name", "description", "input_schema"}
        sent = sum(tokens(tool.model_dump_json(by_alias=True, include=shown)) for tool in definitions)
    assert f"cost an assistant {sent:,} tokens (o200k)" in tokens_sentence()


def test_the_table_of_tools_has_a_row_for_each() -> None:
    rows = tools_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(ALL_TOOLS)
    assert [row.rpartition("| ")[2] == "reads |" for row in rows] == [tool.reads for tool in ALL_TOOLS.values()]
    deleting = [row.split("`")[1] for row in rows if row.endswith("| deletes |")]
    assert deleting == [name for name in ALL_TOOLS if name.startswith("delete_")]
    headings = {line.removeprefix("### ").lower().replace(" ", "-") for line in tools_reference().splitlines()}
    assert set(re.findall(r"\]\(#(.+?)\)", tools_table())) <= headings


def test_the_page_of_tools_has_a_section_for_each() -> None:
    """That it is the same in every run is held by its file, which is in step."""
    assert re.findall(r"^### (.+)$", tools_reference(), re.MULTILINE) == [tool.title for tool in ALL_TOOLS.values()]
    assert all(tool.description in tools_reference() for tool in TOOLS.values())


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ({name: call for name, call in EXAMPLES.items() if name != "get_contact"}, "no example of get_contact$"),
        ({**EXAMPLES, "no_such_tool": {}}, "no_such_tool, which is no tool"),
        ({**EXAMPLES, "get_contact": {"email": "nobody@example.com"}}, "the example of get_contact fails"),
    ],
)
def test_a_tool_without_an_example_and_an_example_that_fails_stop_the_run(examples: Any, said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        reference_of(examples)


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


@pytest.mark.parametrize("name", TOOLS)
def test_the_definition_in_the_file_is_the_one_derived_from_the_models(name: str) -> None:
    written = ToolDefinition.model_validate_json((ROOT / DEFINITIONS / f"{name}.json").read_bytes())
    assert written == TOOLS[name].derive(), f"run {COMMAND}"


def test_the_table_has_every_tool_as_its_module_registers_it() -> None:
    assert tools_in_table() == TOOLS, f"run {COMMAND}"


@pytest.mark.parametrize("module", ["autosend_mcp.tools.no_such_module", "autosend_mcp.tools.registry"])
def test_a_tool_whose_module_was_replaced_asks_for_a_new_start(module: str) -> None:
    with pytest.raises(NotSent, match="changed on disk while it ran") as raised:
        _ = Tool("no_such_tool", Effect.READ, None, module).body
    assert raised.value.user_step == "start this server again"


def test_a_checkout_derives_the_definition_an_installed_package_reads_it(tmp_path: Path) -> None:
    tool = TOOLS["create_contact"]
    older = tool.derive().model_copy(update={"description": "As it was before."})
    without_file, installed, checkout = (tmp_path / name for name in ("without_file", "installed", "checkout"))
    for root in (installed, checkout):
        (root / DEFINITIONS).mkdir(parents=True)
        (root / DEFINITIONS / "create_contact.json").write_text(older.model_dump_json(by_alias=True))
    (checkout / "manifests").mkdir()
    (checkout / "manifests/generate.py").touch()
    assert published(tool, without_file) == published(tool, checkout) == tool.derive()
    assert published(tool, installed) == older
    assert (ROOT / "manifests/generate.py").is_file()
