"""`serve --http` and `token`: which variables and flags are refused, and why; tokens made, listed and revoked."""

import json
import logging
from pathlib import Path

import pytest

from autosend_mcp.cli.main import main
from autosend_mcp.server.http.settings import HttpSettings, load_http_settings
from autosend_mcp.settings import Settings, SettingsError, load_settings
from autosend_mcp.variables import OF_HTTP


def test_nobody_but_this_machine_is_served_unasked() -> None:
    with pytest.raises(SettingsError, match="who may call"):
        HttpSettings().checked(loopback=False)
    with pytest.raises(SettingsError, match="AUTOSEND_HTTP_HOSTS"):
        HttpSettings(http_tokens=Path("tokens.json")).checked(loopback=False)
    named = HttpSettings(http_tokens=Path("tokens.json"), http_hosts=("mcp.example.com",))
    assert named.checked(loopback=False).hosts == ["mcp.example.com"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HOSTS", "https://mcp.example.com"),
        ("ORIGINS", "app.test"),
        ("URL", "http://mcp.example.com/mcp"),
        ("ISSUER", "https://ana:pw@login.example.com"),
        ("ISSUER", "https://login.exa\tmple.com"),
        ("ISSUER", "${ISSUER}"),
        ("TOKENS", "${TOKENS}"),
        ("STATE_KEY", "short"),
        ("TOKEN", "tokens.json"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    name = f"AUTOSEND_{variable}" if variable == "STATE_KEY" else f"AUTOSEND_HTTP_{variable}"
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as raised:
        load_http_settings()
    assert value not in str(raised.value) or variable == "TOKEN"


def test_an_issuer_needs_the_url_that_its_tokens_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSEND_HTTP_ISSUER", "https://login.example.com")
    with pytest.raises(SettingsError, match="AUTOSEND_HTTP_URL is missing: the tokens of AUTOSEND_HTTP_ISSUER"):
        load_http_settings()


def test_serving_over_stdin_leaves_the_variables_of_http_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSEND_HTTP_TOKENS", "tokens.json")
    monkeypatch.setenv("AUTOSEND_REDIS_URL", "redis://127.0.0.1")
    assert load_settings().base_url == "https://api.autosend.com/v1"


def test_tokens_are_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = ["--file", str(tmp_path / "folder" / "tokens.json")]
    assert main(["token", "create", "ana", "--read-only", "--days", "90", *file]) == 0
    token = capsys.readouterr().out.strip()
    path = Path(file[1])
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)  # for the group of who serves
    assert main(["token", "create", "ben", *file]) == 0
    assert path.stat().st_mode & 0o777 == 0o640
    assert main(["token", "revoke", "ben", *file]) == 0
    assert main(["token", "create", "ana", *file]) == 2
    assert "revoke it first" in capsys.readouterr().err
    assert main(["token", "list", "--json", *file]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["read_only"], row["valid"], "sha256" in row) == ("ana", True, True, False)
    assert main(["token", "list", *file]) == 0
    assert "ana\treads\tuntil " in capsys.readouterr().out
    assert main(["token", "revoke", "ana", *file]) == 0
    assert main(["token", "revoke", "ana", *file]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "ana"], "AUTOSEND_HTTP_TOKENS"),
        (["create", "a b", "--file", "{}/t.json"], "letters, digits"),
        (["create", "ana", "--file", "{}/t.json", "--key-file", "{}/none"], "key"),
        (["create", "ana", "--file", "{}/t.json", "--toolsets", "letters"], "AUTOSEND_TOOLSETS"),
        (["list", "--file", "{}"], "cannot be read"),
        (["create", "ana", "--file", "/dev/null/t.json"], "token: /dev/null: "),
    ],
)
def test_a_token_that_cannot_be_made_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["token", *(word.replace("{}", str(tmp_path)) for word in words)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--http", "8000"], "HOST:PORT"),
        (["--http", "127.0.0.1:99999"], "HOST:PORT"),
        (["--http", "0.0.0.0:0"], "who may call"),
        (["--http", "127.0.0.1:0", "--allow-host", "https://x"], "AUTOSEND_HTTP_HOSTS"),
        (["--http", "192.0.2.1:8000"], "192.0.2.1"),
        (["--http", "127.0.0.1:0", "--tokens", ""], "AUTOSEND_HTTP_TOKENS is given as nothing"),
        (["--workers", "2"], "--http HOST:PORT"),
        (["--http", "127.0.0.1:0", "--workers", "2"], "neither the pace"),
        (["--http", "8000", "--workers", "2"], "HOST:PORT"),
    ],
)
def test_what_cannot_be_served_says_why(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["serve", "--sandbox", *words]) == 2
    assert said in capsys.readouterr().err
    logging.getLogger().handlers.clear()


def test_the_help_of_serve_says_which_variables_count(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for name, field in HttpSettings.model_fields.items():
        assert f"AUTOSEND_{name.upper()} {(field.description or '').replace('`', '')}" in said
    assert all(f"AUTOSEND_{name.upper()}" in said for name in Settings.model_fields)
    assert {*HttpSettings.model_fields} == {*OF_HTTP}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metrics"], "--metrics counts one process"),
        (["--toolsets", "letters"], "AUTOSEND_TOOLSETS"),
        (["--workers", "0"], "1 to 64"),
    ],
)
def test_what_workers_cannot_serve_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    monkeypatch.setenv("AUTOSEND_REDIS_URL", "redis://127.0.0.1")
    try:
        assert main(["serve", "--http", "127.0.0.1:0", "--workers", "2", *words]) == 2
    except SystemExit as ended:
        assert ended.code == 2
    assert said in capsys.readouterr().err
