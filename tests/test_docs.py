"""The pages are true: their commands run, show what they print, and lead to what there is."""

import html
import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from autosend_mcp.sandbox.options import Options
from autosend_mcp.server.http.settings import HttpSettings
from autosend_mcp.settings import Settings
from autosend_mcp.variables import variable_of
from manifests.generate import COMMAND, main
from manifests.pages import ROOT, Block, blocks, pages_below, printed_by, refreshed

PAGES = pages_below(ROOT)
TEXTS = {path: (ROOT / path).read_text(encoding="utf-8") for path in PAGES}
README = TEXTS["README.md"]
GLOSSARY = TEXTS["CONTRIBUTING.md"].partition("## Words")[2].partition("\n## ")[0]
NOT_RUN = [
    (path, block)
    for path, text in TEXTS.items()
    for block in blocks(text)
    if block.language == "sh" and not block.is_run
]
HOSTS = {"autosend.com", "keepachangelog.com", "modelcontextprotocol.io", "semver.org"} | {
    "cursor.com", "insiders.vscode.dev", "kiro.dev", "vscode.dev",  # links that install
}  # fmt: skip

# Links and pictures, with their targets; no code, where brackets mean something else.
LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")
GENERATED = re.compile(r"<!-- (\w+): generated -->.*?<!-- /\1 -->", re.DOTALL)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.slow
def test_every_command_runs_and_prints_what_its_page_shows(path: str) -> None:
    assert TEXTS[path] == refreshed(TEXTS[path]), f"run {COMMAND}"


@pytest.mark.parametrize(("path", "block"), NOT_RUN, ids=str)
def test_a_command_that_is_not_run_here_is_run_by_ci_or_needs_the_network(path: str, block: Block) -> None:
    if block.comment == "not run: it needs the network":
        return
    assert block.comment == "not run: .ci/run runs it"
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    position = [text.text for text in blocks(README)].index(block.text) if path == "README.md" else -1
    assert f"readme_command {position}" in ci or block.text in ci


@pytest.mark.parametrize("path", PAGES)
def test_every_block_of_a_page_is_run_compared_or_measured(path: str) -> None:
    for before, block in zip([None, *blocks(TEXTS[path])], blocks(TEXTS[path]), strict=False):
        match block.language:
            case "sh":
                assert block.comment.split(":")[0] in {"", "exit code", "not run"}
            case "json":
                assert isinstance(json.loads(block.text), dict)
            case "python":
                compile(block.text, path, "exec")
            case "text":
                follows = before is not None and before.is_run
                assert follows or block.comment.split(":")[0] in {"output", "measured", "drawn"}, block.text
            case other:
                pytest.fail(f"what is a block of {other}?")


def test_the_first_command_runs_the_demo_and_the_second_the_tests() -> None:
    first, second, *_ = blocks(README)
    assert first.text.endswith("&& .venv/bin/autosend-mcp demo\n")
    assert second.text == ".venv/bin/python -m pytest\n"


@pytest.mark.slow
def test_the_demo_logs_no_address() -> None:
    log = printed_by(".venv/bin/autosend-mcp demo").partition("What the server logged")[2]
    assert '"tool": "upsert_contact"' in log
    assert "john@example.com" not in log


def test_output_that_differs_is_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "README.md"
    page.write_text("```sh\necho now\n```\n\n```text\nbefore\n```\n", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert "README.md: differs" in capsys.readouterr().out
    main([], tmp_path)
    assert page.read_text(encoding="utf-8") == "```sh\necho now\n```\n\n```text\nnow\n```\n"
    assert main(["--check"], tmp_path) == 0


def test_output_that_differs_in_ids_and_times_only_is_left() -> None:
    shown = '0123456789abcdef01234567 2026-01-01T00:00:00.000Z "ms": 5'
    again = shown.replace("0123", "3210").replace("2026", "2027").replace("5", "6")
    page = f"```sh\necho '{again}'\n```\n\n```text\n{shown}\n```\n"
    assert refreshed(page) == page


def test_a_command_with_an_unexpected_exit_code_stops_the_run() -> None:
    assert refreshed("<!-- exit code: 3 -->\n```sh\nexit 3\n```\n")
    for page in ("```sh\nexit 3\n```\n", "<!-- exit code: 3 -->\n```sh\nexit 0\n```\n", "```sh\nfalse\ntrue\n```\n"):
        with pytest.raises(SystemExit, match="these end with"):
            refreshed(page)


def test_a_part_of_the_output_that_is_not_there_stops_the_run() -> None:
    with pytest.raises(SystemExit, match="no line from 'one' to 'two'"):
        refreshed('<!-- output: echo one, from "one" to "two" -->\n```text\n```\n')


@pytest.mark.parametrize("path", [*PAGES, "tests/support/README.md"])
def test_every_link_leads_to_a_file_or_heading_that_is_there(path: str) -> None:
    for _, target in LINK.findall(CODE.sub("", (ROOT / path).read_text(encoding="utf-8"))):
        if target.startswith("https://"):
            assert target.split("/")[2] in HOSTS
            continue
        file, _, heading = target.partition("#")
        found = (ROOT / path).parent / file if file else ROOT / path
        assert found.exists(), target
        assert not heading or heading in anchors(found.read_text(encoding="utf-8")), target


def anchors(page: str) -> set[str]:
    """Return the anchors of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES)
def test_every_variable_in_a_page_is_a_setting(path: str) -> None:
    switches = {f"sandbox_{name}" for name in ("", *(field.name for field in fields(Options)))}
    known = {variable_of(name) for name in switches | {*Settings.model_fields, *HttpSettings.model_fields}}
    assert set(re.findall(r"AUTOSEND_[A-Z_]+", TEXTS[path])) <= known


def test_the_picture_of_an_import_has_the_words_of_the_import_on_the_page() -> None:
    picture = html.unescape((ROOT / "docs/import.svg").read_text(encoding="utf-8")).replace("\xa0", " ")
    words = [re.findall(r"\b(merged|invalid) +\d+  ([^<\n]+)", text) for text in (picture, TEXTS["docs/imports.md"])]
    assert len(words[0]) == 2
    assert set(words[0]) == set(words[1]), "run .venv/bin/python manifests/import_picture.py"


def test_every_page_is_linked_from_the_readme() -> None:
    assert {target for _, target in LINK.findall(README)} >= set(PAGES) - {"README.md"}


@pytest.mark.parametrize("path", [path for path in PAGES if path not in {"CHANGELOG.md", "CONTRIBUTING.md"}])
def test_a_page_uses_the_words_of_the_glossary(path: str) -> None:
    avoided = {
        word for row in re.findall(r"^\|(?:[^|]+\|){2} ([^|]+) \|$", GLOSSARY, re.MULTILINE) for word in row.split(", ")
    }
    assert {"as asked", "mend", "whoever"} < avoided
    prose = CODE.sub("", GENERATED.sub("", TEXTS[path])).lower()
    assert [word for word in sorted(avoided) if re.search(rf"\b{word}\b", prose)] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200


def test_the_config_for_hosts_is_that_of_the_manifests_for_a_clone() -> None:
    desktop = json.loads((ROOT / "manifests/claude-desktop.json").read_text(encoding="utf-8"))["mcpServers"]
    for path in ("README.md", "docs/hosts.md"):
        shown = next(json.loads(block.text) for block in blocks(TEXTS[path]) if block.language == "json")["mcpServers"]
        assert shown["autosend"]["command"].endswith("/.venv/bin/autosend-mcp")
        assert {name: server["env"] for name, server in shown.items()} == {
            name: server["env"] for name, server in desktop.items()
        }


def test_every_wing_is_on_the_map() -> None:
    table = TEXTS["CONTRIBUTING.md"]
    for entry in (ROOT / "autosend_mcp").iterdir():
        if entry.is_dir() or entry.suffix == ".py":
            if entry.name.startswith("__"):
                continue
            assert f"`{entry.name}{'/' * entry.is_dir()}`" in table, entry.name


def test_the_pins_cover_every_dependency_and_name_no_host() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {line.partition("==")[0] for line in pins.splitlines()}
    listed = re.findall(r'^    "([a-z0-9-]+)(?:\[[a-z]+\])?>=', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert len(listed) > 10
    assert set(listed) <= pinned
    assert "//" not in pins


def test_every_recipe_is_on_the_page_of_hosts_and_run_by_ci() -> None:
    ci = "".join((ROOT / ".ci" / name).read_text(encoding="utf-8") for name in ("run", "node/run.sh", "hosts/run.sh"))
    recipes = [file for file in (ROOT / "docs/recipes").iterdir() if file.name.startswith("with_")]
    assert len(recipes) == 5
    for file in recipes:
        assert f"(recipes/{file.name})" in TEXTS["docs/hosts.md"]
        assert file.stem.removeprefix("with_") in re.findall(r"[\w]+", ci.replace("with_", "")), file.name


def test_every_threat_has_a_test_that_is_there() -> None:
    tests = {file: file.read_text(encoding="utf-8") for file in (ROOT / "tests").glob("test_*.py")}
    there = set(re.findall(r"^(?:async )?def (test_\w+)\(", "\n".join(tests.values()), re.MULTILINE))
    page = TEXTS["SECURITY.md"]
    assert set(re.findall(r"`(test_\w+)`", page)) <= there
    threats = page.partition("## Threats and measures")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+) \|$", threats, re.MULTILINE)[1:]
    assert len(rows) > 20
    assert [row for row in rows if "`test_" not in row.rpartition(" | ")[2]] == []


def test_what_the_package_index_shows_links_to_the_repository() -> None:
    """The index renders the README without the repository: links and pictures get the addresses they have there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    index = README
    for change in project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        index = re.sub(change["pattern"], change["replacement"], index)
    before, after = ([*LINK.finditer(CODE.sub("", text))] for text in (README, index))
    assert len(before) == len(after) > 10
    pages = f"{project['project']['urls']['Repository']}/blob/main/"
    pictures = pages.replace("github.com", "raw.githubusercontent.com").replace("/blob/", "/")
    for link, shown in zip(before, after, strict=True):
        place = pictures if link[0].startswith("!") else pages
        is_file = not link[2].startswith(("https://", "#"))
        assert shown[2] == (f"{place}{link[2]}" if is_file else link[2])
