"""The README is true: its commands run, its output is what they print, its tables name what there is."""

import re
import subprocess
import sys
from pathlib import Path

from tests.beside import beside

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [text.strip() for language, text in BLOCKS if language == "sh"]

# What differs from run to run.
CHANGING = [
    (r"\b[0-9a-f]{24}\b", "ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|\+00:00)", "TIME"),
    (r'"address": "[0-9a-f]{12}"', "HASH"),
    (r'"ms": \d+', "MS"),
]


def settled(text: str) -> str:
    """The text with everything replaced that differs from run to run."""
    for pattern, name in CHANGING:
        text = re.sub(pattern, name, text)
    return text.strip()


def run(command: str) -> str:
    """What the command prints, run with the Python that runs the tests."""
    command = command.replace(".venv/bin", str(Path(sys.executable).parent))
    done = subprocess.run(["bash", "-ec", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_command_sets_up_and_runs_the_demo_and_the_second_runs_the_tests() -> None:
    """CI runs both as they stand; running them here would run this test."""
    assert COMMANDS[0].endswith("&& .venv/bin/autosend-mcp demo")
    assert COMMANDS[1] == ".venv/bin/python -m pytest"
    assert [language for language, _ in BLOCKS][:2] == ["sh", "sh"]


@beside()
def test_the_demo_prints_what_the_readme_shows() -> None:
    shown = README.partition("<!-- output: autosend-mcp demo -->\n```text\n")[2].partition("\n```")[0]
    printed = run(".venv/bin/autosend-mcp demo")
    assert settled(shown) == settled(printed)
    log = printed.partition("What the server logged")[2]
    assert log
    assert "john@example.com" not in log


@beside(*((command,) for command in COMMANDS[2:]))
def test_every_other_command_runs_and_prints_what_follows_it(command: str) -> None:
    shown = re.search(re.escape(command) + r"\n```\n\n```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    output = run(command)
    assert output
    assert shown is None or settled(shown[1]) == settled(output)


def test_every_wing_is_on_the_map() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
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
