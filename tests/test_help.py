"""The help of each command: what a reader needs, examples that are right, and lines that fit the terminal."""

import re
import shlex

import pytest

from autosend_mcp.cli.flags import parser
from autosend_mcp.cli.main import main

HELPS = [(), ("call",), ("completion",), ("demo",), ("doctor",), ("import",), ("install",), ("sandbox",)]


@pytest.mark.parametrize("words", [*HELPS, ("call", "create_contact")])
def test_help_has_what_a_reader_needs(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main([*words, "--help"])
    except SystemExit as end:
        code = end.code
    out = capsys.readouterr().out
    assert code == 0
    assert "examples:" in out or words == ("call", "create_contact")
    assert words != ("call", "create_contact") or "--email (string, required)" in out


def examples_in(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Return the examples of a help that run the command, each as its words."""
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    shown = capsys.readouterr().out.partition("examples:")[2].partition("\n\n")[0]
    lines = re.sub(r" \\\n +", " ", shown).splitlines()
    commands = (re.split(r"\s{2,}", line.strip())[0].partition("autosend-mcp ")[2] for line in lines)
    return [shlex.split(command) for command in commands if command]


@pytest.mark.parametrize("words", HELPS)
def test_the_examples_in_each_help_are_right(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    examples = examples_in(words, capsys)
    assert examples
    for example in examples:
        args = parser().parse_args(example)
        if args.command == "call":
            assert main([*example[:2], "--sandbox", *(word for word in example[2:] if word != "--sandbox")]) == 0


@pytest.mark.parametrize(
    "words", [[], ["call"], ["completion"], ["doctor"], ["import"], ["install"], ["sandbox"], ["demo"]]
)
def test_help_fits_a_narrow_terminal(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    out = capsys.readouterr().out
    assert all(len(line) <= 40 or len(line.partition("{")[0].split()) == 1 for line in out.splitlines())
    assert "AUTOSEND_READ_ONLY" in out or words
    assert "\n  create_contact\n" in out or words != ["call"]
