"""The settings: a wrong value is reported by its variable and the rule, and no value is ever shown."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.errors import NotSent
from autosend_mcp.secret import read_secret
from autosend_mcp.settings import Settings, SettingsError, load_settings
from tests.support.examples import TIMES

SECRET = "AS_sEcReT"


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("AUTOSEND_BASE_URL", "http://sEcReT.example.com/v1", "must be an https URL (or http on loopback)"),
        ("AUTOSEND_BASE_URL", "ftp://127.0.0.1", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://user:sEcReT@example.com", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://example.com?sEcReT", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://example.com:sEcReT", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "sEcReT", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://sEcReT..com", "must be an https URL"),
        ("AUTOSEND_BASE_URL", "https://1.2.3.999", "must be an https URL"),
        ("AUTOSEND_RATE_LIMIT", "sEcReT", "must be a number above 0"),
        ("AUTOSEND_RATE_LIMIT", "0", "must be a number above 0"),
        ("AUTOSEND_RATE_LIMIT", "nan", "must be a number above 0"),
        ("AUTOSEND_TIMEOUT", "0.1", "must be a number of seconds from 1 to 300"),
        ("AUTOSEND_TIMEOUT", "301", "must be a number of seconds from 1 to 300"),
        ("AUTOSEND_LOG_LEVEL", "sEcReT", "must be DEBUG, INFO, WARNING or ERROR"),
        ("AUTOSEND_PROJECT_ID", "sEcReT\nid", "must be printable ASCII without spaces"),
    ],
)
def test_a_wrong_setting_is_reported_by_variable_and_rule_alone(
    variable: str, value: str, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value).startswith(f"{variable} {rule}")
    assert "sEcReT" not in str(raised.value)
    assert raised.value.__cause__ is raised.value.__context__ is None


def test_every_wrong_setting_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSEND_TIMEOUT", "x")
    monkeypatch.setenv("AUTOSEND_RATE_LIMIT", "x")
    with pytest.raises(SettingsError, match=r"(?s)AUTOSEND_RATE_LIMIT .*\nAUTOSEND_TIMEOUT "):
        load_settings()


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({}, "AUTOSEND_API_KEY is missing or empty"),
        ({"AUTOSEND_API_KEY": ""}, "AUTOSEND_API_KEY is missing or empty"),
        ({"AUTOSEND_API_KEY": f"{SECRET}\nx"}, "The key in AUTOSEND_API_KEY is malformed"),
        ({"AUTOSEND_API_KEY": f"{SECRET}\n"}, "The key in AUTOSEND_API_KEY is malformed"),
        ({"AUTOSEND_API_KEY": f"{SECRET} x"}, "The key in AUTOSEND_API_KEY is malformed"),
        ({"AUTOSEND_API_KEY": f"{SECRET}é"}, "The key in AUTOSEND_API_KEY is malformed"),
        ({"AUTOSEND_API_KEY": "${user_config.api_key}"}, "holds a placeholder that the host did not fill in"),
        ({"AUTOSEND_API_KEY": "ASA_sEcReT"}, "AUTOSEND_PROJECT_ID is missing"),
        ({"AUTOSEND_API_KEY_FILE": "no/such/file"}, "AUTOSEND_API_KEY_FILE names a file that cannot be read"),
        ({"AUTOSEND_API_KEY_FILE": "empty"}, "AUTOSEND_API_KEY_FILE is missing or empty"),
        ({"AUTOSEND_API_KEY_FILE": "binary"}, "AUTOSEND_API_KEY_FILE names a file that cannot be read"),
    ],
)
def test_a_key_that_cannot_be_used_is_reported_by_its_variable_alone(
    env: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    monkeypatch.chdir(tmp_path)
    for variable, value in env.items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    with pytest.raises(NotSent) as raised:
        settings.credentials()
    assert problem in str(raised.value)
    assert "Nothing was sent and nothing changed. Set AUTOSEND_" in str(raised.value)
    assert "sEcReT" not in str(raised.value) + repr(settings) + str(settings)


def test_a_key_with_nul_is_malformed() -> None:
    """An environment variable cannot have one."""
    with pytest.raises(NotSent, match="malformed"):
        load_settings(api_key=f"{SECRET}\0").credentials()


def test_the_key_is_read_from_a_file_without_its_line_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    monkeypatch.setenv("AUTOSEND_API_KEY_FILE", str(tmp_path / "key"))
    assert load_settings().credentials() == {"Authorization": f"Bearer {SECRET}"}
    monkeypatch.setenv("AUTOSEND_API_KEY", "AS_other")
    assert load_settings().credentials() == {"Authorization": "Bearer AS_other"}


def test_an_account_key_goes_with_its_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSEND_API_KEY", "ASA_account")
    monkeypatch.setenv("AUTOSEND_PROJECT_ID", "p1")
    assert load_settings().credentials() == {"Authorization": "Bearer ASA_account", "x-project-id": "p1"}


@pytest.mark.parametrize("url", ["http://127.0.0.1:8025/v1", "http://[::1]/v1", "http://localhost/v1/", "https://a.co"])
def test_https_and_loopback_are_good_base_urls(url: str) -> None:
    assert load_settings(base_url=url).base_url == url.rstrip("/")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.setenv(f"AUTOSEND_{field.upper()}", "")
    assert load_settings() == Settings.model_construct(**load_settings().model_dump())
    assert load_settings().timeout == 45


KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=80)


@given(KEYS.filter(lambda key: not key.startswith("${")))  # a placeholder is no key, and is never sent
def test_a_key_never_leaves_in_plain_or_in_json(key: str) -> None:
    settings = load_settings(api_key=key, project_id="p")
    for form in (key, f"x{key}y"):
        assert key not in settings.without_key(form) or "[key]" in key
    assert repr(settings) == repr(load_settings(api_key="AS_another", project_id="p"))


@given(st.from_regex(r"AS_[A-Za-z0-9._-]{21,60}", fullmatch=True), st.data())
@settings(max_examples=20 * TIMES, deadline=None)
def test_no_piece_of_a_key_is_left_however_it_is_cut_or_written(key: str, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([0, 0, *range(1, len(key) - 15)]))
    stop = data.draw(st.integers(start + (16 if start else 8), len(key)))
    piece = data.draw(st.sampled_from([key, key.lower(), key.upper()]))[start:stop]
    text = f'"\u738b {piece}\u2026" \U0001f600'
    assert load_settings(api_key=key, project_id="p").without_key(text) == text.replace(piece, "[key]")


@pytest.mark.parametrize("text", ["as_news", "newsletter", "AS_00000"])
def test_what_a_key_only_resembles_is_left(text: str) -> None:
    assert load_settings(api_key=f"AS_newsl{'0' * 16}").without_key(text) == text


def test_a_key_comes_through_a_pipe_and_one_that_brings_none_is_named(tmp_path: Path) -> None:
    pipe = tmp_path / "key"
    os.mkfifo(pipe)
    with pytest.raises(TimeoutError):
        read_secret(pipe, patience=0.01)
    writer = os.open(pipe, os.O_RDWR)
    os.write(writer, b"AS_from_a_pipe\n")
    assert load_settings(api_key_file=pipe).credentials() == {"Authorization": "Bearer AS_from_a_pipe"}
    os.close(writer)


def test_the_fingerprint_of_an_address_depends_on_the_key() -> None:
    prints: set[Any] = {load_settings(api_key=key).fingerprint("jane@example.com") for key in ("AS_1", "AS_2", "AS_1")}
    assert len(prints) == 2
