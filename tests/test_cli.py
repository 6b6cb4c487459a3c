"""The command: its answers, its exit codes, and that it fails in words."""

import io
import json
import os
import socket
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from autosend_mcp.cli.main import main

JANE = ["--email", "jane@example.com"]


def test_call_prints_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*JANE, "--firstName=Jane", "--dryRun", "false"]
    assert main(["call", "--sandbox", "", "create_contact", *words]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert (answer["outcome"], answer["firstName"], "notes" in answer) == ("created", "Jane", False)
    assert err == ""
    words = [*JANE, "--customFields", '{"plan":"pro","n":42}']
    assert main(["call", "--sandbox", "", "create_contact", *words]) == 1
    assert 'as in {"fieldName":"plan","fieldType":"string"}' in capsys.readouterr().err


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


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (["call", "get_contact", "--email", "a@b.co"], "Set AUTOSEND_API_KEY to your AutoSend API key."),
        (["--read-only", "call", "create_contact", *JANE], "Unset AUTOSEND_READ_ONLY or leave out --read-only."),
        (["--toolsets", "lists", "call", "create_contact", *JANE], "Add contacts to AUTOSEND_TOOLSETS or --toolsets."),
    ],
)
def test_an_error_says_what_to_do_at_the_shell(words: list[str], step: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    error = capsys.readouterr().err
    assert error.strip().endswith(f"Nothing was sent and nothing changed. {step}")
    assert "You cannot" not in error


@pytest.mark.parametrize("value", ["{", "plain"])
def test_a_value_that_should_be_json_is_refused_by_the_tool(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "create_contact", "--sandbox", *JANE, "--customFields", value]) == 1
    assert "customFields: must be an object" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope"], "no tool is called 'nope'; there are: create_contact"),
        (["create-contct"], "did you mean create_contact?"),
        ([], "name a tool, as in autosend-mcp call list_contact_lists\ntools:\n  add_to_list  "),
        (["create_contact", "-"], "the arguments are not a JSON object"),
        (["create_contact", "--customFields.a", "1", "--customFields.a", "2"], "--customFields.a is given twice"),
        (["create_contact", "x"], "expected --name value pairs or one JSON object, not 'x'"),
        (["create_contact", "-x"], "expected --name value pairs"),
        (["create_contact", "--email"], "--email needs a value"),
        (["create_contact", "--email", "--dryRun"], "--email needs a value"),
        (["create_contact", "--first-name", "--last-name=X"], "--first-name needs a value"),
        (["create_contact", "{"], "the arguments are not a JSON object"),
        (["create_contact", '{"a":' * 5000], "the arguments are not a JSON object"),
        (["create_contact", "--email", "a@b.co", "--email=c@d.co"], "--email is given twice"),
        (["create_contact", "--email", "a@b.co", "--sandbox", "c@d.co"], "'c@d.co' is no file name with an ending"),
        (["create_contact", "--sandbox=contacts"], "'contacts' is no file name with an ending"),
        (["create_contact", "--sandbox", "contacts"], "not 'contacts'"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("5"))
    assert main(["call", "--sandbox", "", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_wrong_setting_is_exit_code_2_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUTOSEND_TIMEOUT", "sEcReT")
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("autosend-mcp: AUTOSEND_TIMEOUT must be a number of seconds from 1 to 300")
    assert "sEcReT" not in error


def test_a_placeholder_that_a_host_left_is_noted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOSEND_TOOLSETS", "${TOOLSETS}")
    assert main(["call", "list_contact_lists", "--sandbox"]) == 0
    said = "AUTOSEND_TOOLSETS holds a placeholder that was not filled in; it counts as not set."
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--sandbox"], ["sandbox", "--port", "0", "--file"]])
def test_a_sandbox_file_that_cannot_be_opened_is_reported_in_words(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a.folder"
    folder.mkdir()
    try:
        code = main([*words, str(folder)])
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert "cannot be opened" in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sandbox", "contacts"], "invalid choice: 'contacts'"),
        (["--sandbox", "a@b"], "'a@b' is no file name with an ending"),
        (["cal", "create_contact"], "did you mean call?"),
        (["--sandbx"], "unknown argument '--sandbx'; did you mean --sandbox?"),
        (["--read-onyl", "call", "x"], "usage: autosend-mcp [-h]"),
        (["import", "people.csv", "--dryrun"], "did you mean --dry-run?"),
        (["import", "people.csv", "--dryrun"], "usage: autosend-mcp import "),
        (["sandbox", "--prot", "1"], "did you mean --port?"),
        (["sandbox", "--port", "70000"], "a port is a number from 0 to 65535"),
        (["sandbox", "--port", "-1"], "port"),
    ],
)
def test_a_word_in_the_wrong_place_is_reported_as_such(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_a_stream_that_is_not_unicode_is_written_in_escapes() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")
    with redirect_stdout(stream):
        assert main(["call", "create_contact", "--sandbox", *JANE, "--firstName", "\u738b"]) == 0
    assert b"\\u738b" in written.getvalue()


def test_a_port_that_is_taken_is_reported_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["sandbox", "--port", str(taken.getsockname()[1])]) == 2
    error = capsys.readouterr().err
    assert error.startswith("autosend-mcp: sandbox: Address already in use")


def dry_run_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the body that a call at the shell would send, over the sample."""
    code = main(["call", *words, "--sandbox-sample"])
    out, err = capsys.readouterr()
    assert code == 0, err
    return json.loads(out)["plan"]["request"]["body"]


def test_arguments_are_written_as_at_any_shell(capsys: pytest.CaptureFixture[str]) -> None:
    create = ["create_contact", "--email", "new@example.com"]
    fields = ["--customFields.plan", "01067", "--custom-fields.logins", "4"]
    more = [*create, "--first-name", "Jo", "--last_name=Doe", *fields, "--dryRun", "--listIds", "Newsletter"]
    body = dry_run_of(more, capsys)
    assert (body["firstName"], body["lastName"], len(body["listIds"])) == ("Jo", "Doe", 1)
    assert body["customFields"] == {"plan": "01067", "logins": 4}
    people = ["--emails", "a@example.com", "--emails", "b@example.com", "--emails", '["c@example.com"]']
    added = dry_run_of(["add_to_list", "--dry-run", "--list", "Newsletter", *people], capsys)
    assert added["emails"] == ["a@example.com", "b@example.com", "c@example.com"]
    assert dry_run_of(["suppress_emails", "--emails", "a@example.com", "--group", "Blog", "--dryRun"], capsys)


@pytest.mark.parametrize("words", [["-"], []])
def test_a_json_object_comes_through_stdin(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "contact.json").write_text('\ufeff{"email": "new@example.com", "dryRun": true}')
    with (tmp_path / "contact.json").open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert dry_run_of(["create_contact", *words], capsys)["email"] == "new@example.com"


@pytest.mark.parametrize("stdin", [None, io.StringIO('{"limit": 1}')])
def test_where_nothing_can_be_piped_a_call_has_no_arguments(
    stdin: io.StringIO | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["call", "list_contact_lists", "--sandbox-sample"]) == 0
    assert "Newsletter" in capsys.readouterr().out


def test_what_the_shell_says_is_said_to_who_sits_there(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["create_contact", "--email", "jane@example.com", "--firstName", "J"],
        ["find_contacts", "--list", "Nope"],
        ["remove_from_list", "--list", "All Contacts", "--emails", "jane@example.com"],
    ):
        assert main(["call", *words, "--sandbox-sample"]) == 1
        error = capsys.readouterr().err.partition("\n")[0]
        assert "the user" not in error
        assert "You cannot" not in error


def test_served_at_a_terminal_it_says_what_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(*_: object) -> None:
        """Serve nothing: a terminal has no end."""

    ours, theirs = os.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        monkeypatch.setattr("anyio.run", at_once)
        assert main(["--sandbox"]) == 0
    os.close(ours)
    assert "is an MCP server: a host (Claude, Cursor, VS Code, ...) starts it" in capsys.readouterr().err


def test_json_after_sandbox_is_the_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "create_contact", "--sandbox", '{"email": "jane@example.com"}']) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "created"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == "autosend-mcp 0.1.0\n"


TYPED = "AS_typed0123456789-into.the_shell"


@pytest.mark.parametrize(
    "words",
    [
        ["--api-key", TYPED],
        [TYPED],
        ["--toolsets", TYPED],
        ["call", TYPED],
        ["call", "list_contact_lists", f"--key={TYPED}"],
        ["call", "find_contacts", TYPED],
        ["import", TYPED],
        ["install", TYPED],
        ["install", "cursor", f"--api-key={TYPED}"],
        ["install", "cursor", "--key-file", TYPED],
        ["doctor", TYPED],
        ["sandbox", "--file", f"{TYPED}/x"],
    ],
    ids=" ".join,
)
def test_a_key_in_the_command_line_is_never_used_and_never_repeated(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    try:
        assert main(words) != 0
    except SystemExit as end:
        assert end.code == 2
    said = "".join(capsys.readouterr())
    assert TYPED[:12] not in said
    assert "AUTOSEND_" in said
    assert [*tmp_path.iterdir()] == []
