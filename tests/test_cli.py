"""The command: its answers, its exit codes, and that it fails in words."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from autosend_mcp.cli import main

JANE = ["--email", "jane@example.com"]


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "autosend_mcp", *words],
        capture_output=True,
        text=True,
        timeout=30,
        env=env,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_call_prints_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*JANE, "--firstName=Jane", "--customFields", '{"plan":"pro","n":42}', "--listIds", '["l1"]']
    assert main(["call", "--sandbox", "", "create_contact", *words]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert (answer["outcome"], answer["firstName"], answer["customFields"]) == (
        "created",
        "Jane",
        {"plan": "pro", "n": 42},
    )
    assert not any("JSON string" in note for note in answer["notes"])
    assert err == ""


def test_call_takes_one_json_object_and_prints_the_raw_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "create_contact", '{"email": "jane@example.com"}', "--json", "--sandbox"]) == 0
    assert json.loads(capsys.readouterr().out)["structuredContent"]["email"] == "jane@example.com"


def test_call_keeps_the_sandbox_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "contacts.sqlite3")
    assert main(["call", "create_contact", "--sandbox", file, *JANE]) == 0
    assert main(["call", "create_contact", *JANE, f"--sandbox={file}"]) == 1
    assert "already exists" in capsys.readouterr().err


def test_a_tool_error_is_exit_code_1_and_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "create_contact", "--sandbox", "--emial", "x"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "emial: no such argument; did you mean email?" in err
    assert main(["call", "create_contact", "--sandbox", "--json", "--email", "x"]) == 1
    assert json.loads(capsys.readouterr().out)["isError"] is True


@pytest.mark.parametrize("value", ["{", "plain"])
def test_a_value_that_should_be_json_and_is_not_is_told_by_the_tool(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", "create_contact", "--sandbox", *JANE, "--customFields", value]) == 1
    assert "customFields: must be an object" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nope"], "no tool is called 'nope'; there are: create_contact"),
        (["create_contact", "x"], "expected --name value pairs or one JSON object, not 'x'"),
        (["create_contact", "-x"], "expected --name value pairs"),
        (["create_contact", "--email"], "--email needs a value"),
        (["create_contact", "{"], "the arguments are not JSON"),
    ],
)
def test_wrong_usage_is_exit_code_2(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "--sandbox", "", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_wrong_setting_is_exit_code_2_and_names_the_variable() -> None:
    for words in ((), ("call", "create_contact", *JANE)):
        done = run(*words, AUTOSEND_TIMEOUT="sEcReT")
        assert done.returncode == 2
        assert done.stderr.startswith("autosend-mcp: AUTOSEND_TIMEOUT must be a number of seconds from 1 to 300")
        assert "sEcReT" not in done.stderr


def test_a_sandbox_file_that_cannot_be_opened_is_told_in_words(tmp_path: Path) -> None:
    for words in (("--sandbox", str(tmp_path)), ("sandbox", "--port", "0", "--file", str(tmp_path))):
        done = run(*words)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "cannot be opened" in done.stderr


def test_a_port_that_is_taken_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("sandbox", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert done.stderr.startswith("autosend-mcp: sandbox: Address already in use")


@pytest.mark.parametrize("words", [(), ("call",), ("demo",), ("sandbox",), ("call", "create_contact")])
def test_help_has_what_a_reader_needs(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main([*words, "--help"])
    except SystemExit as end:
        code = end.code
    out = capsys.readouterr().out
    assert code == 0
    assert "examples:" in out or "demo" in words or words == ("call", "create_contact")
    assert words != ("call", "create_contact") or "--email (string, required)" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == "autosend-mcp 0.1.0\n"


def test_demo_shows_the_three_answers() -> None:
    done = run("demo")
    assert done.returncode == 0, done.stderr
    for part in ('"outcome": "created"', "did you mean firstName?", "already exists", "as promised"):
        assert part in done.stdout
    log = done.stdout.partition("What the server logged")[2]
    assert "john@example.com" not in log
