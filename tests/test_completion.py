"""`completion`: what a shell offers after some words, asked of the shell itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from autosend_mcp.cli.install_flags import HOST_NAMES
from autosend_mcp.cli.main import main
from autosend_mcp.cli.parsing import tools_by_name

OFFERED: list[tuple[str, set[str]]] = [
    ("", {"call", "completion", "demo", "doctor", "import", "install", "sandbox", "serve", "token"}),
    ("in", {"install"}),
    ("install ", set(HOST_NAMES)),
    ("install cl", {"claude-desktop", "claude-code"}),
    ("install cursor --key", {"--key-file"}),
    ("completion ", {"bash", "zsh", "fish"}),
    ("call find", {"find_contacts"}),
    ("call ", {*tools_by_name()}),
    ("import --dates ", {"dmy", "mdy", "ymd"}),
    ("import pe", {"people.csv"}),
    ("sandbox --error-shape o", {"object"}),
]
# What bash does on Tab: call the function with the words, and read COMPREPLY.
BASH = """
source ./script
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_shtab_autosend_mcp autosend-mcp "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script_for(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_bash_completes_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "script").write_text(script_for("bash", capsys))
    (tmp_path / "people.csv").touch()
    for line, offered in OFFERED:
        words = ["bash", "-c", BASH, "bash", "autosend-mcp", *line.split(" ")]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True)
        shown = {word for word in done.stdout.split() if not word.startswith("-") or "-" in line.split(" ")[-1]}
        assert shown == offered, line


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_another_shell_reads_its_script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = script_for(shell, capsys)
    assert all(host in written for host in HOST_NAMES)
    assert all(tool in written for tool in tools_by_name())
    if shutil.which(shell):
        (tmp_path / "script").write_text(written)
        subprocess.run([shell, "-n", str(tmp_path / "script")], timeout=20, check=True)
