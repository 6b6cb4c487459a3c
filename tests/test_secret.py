"""The key: read however it was pasted, from a file or a pipe, and taken out of whatever is shown."""

import os
import re
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autosend_mcp.errors import NotSent
from autosend_mcp.secret import MASK, read_secret, redactor
from autosend_mcp.settings import load_settings
from tests.support.examples import TIMES

SECRET = "AS_sEcReT"


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({}, "AUTOSEND_API_KEY is missing or empty"),
        ({"AUTOSEND_API_KEY": ""}, "AUTOSEND_API_KEY is missing or empty"),
        ({"AUTOSEND_API_KEY": f"{SECRET}\nx"}, "The key in AUTOSEND_API_KEY is malformed"),
        ({"AUTOSEND_API_KEY": f"{SECRET} x"}, "The key in AUTOSEND_API_KEY is malformed"),
        ({"AUTOSEND_API_KEY": f"{SECRET}é"}, "The key in AUTOSEND_API_KEY is malformed"),
        ({"AUTOSEND_API_KEY": "${user_config.api_key}"}, "holds a placeholder that was not filled in"),
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
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\xd8")
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
        load_settings(api_key=f"{SECRET}\0x").credentials()


def test_the_key_is_read_from_a_file_without_its_line_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    monkeypatch.setenv("AUTOSEND_API_KEY_FILE", str(tmp_path / "key"))
    assert load_settings().credentials() == {"Authorization": f"Bearer {SECRET}"}
    monkeypatch.setenv("AUTOSEND_API_KEY", "AS_other")
    assert load_settings().credentials() == {"Authorization": "Bearer AS_other"}


PASTED = [
    "{}\n", "\r\n {}\t", "\ufeff{}", '"{}"', "'{}'", "\u201c{}\u201d", "`{}`", '" {} "', "Bearer {}", "bearer {}",
    "Authorization: Bearer {}", "-H 'Authorization: Bearer {}'", "AUTOSEND_API_KEY={}", 'AUTOSEND_API_KEY="{}"',
    "export AUTOSEND_API_KEY='{}'", "export AUTOSEND_API_KEY={};", "set AUTOSEND_API_KEY={}",
    '$env:AUTOSEND_API_KEY = "{}"',
    '"AUTOSEND_API_KEY": "{}",', "AUTOSEND_API_KEY: {}", "api-key: {}", "x-api-key={}", "{},",
    "<{}>", "{}  # production", "{} (production)", "My API key is {}", "-e AUTOSEND_API_KEY={}", "{}.", "[{}]",
    "\u200b{}\u200b", "\u202a{}\u202c", "\xa0{}\u3000", "AUTOSEND_API_KEY\u2060=\u00ad{}",
]  # fmt: skip


NO_KEYS = {
    "sk_live_51abc": "begins like a key of Stripe",
    "re_abcdefgh": "begins like a key of Resend",
    "SG.abc.def": "begins like a key of SendGrid",
    "whsec_abcdef": "is the secret of a webhook",
    "/run/secrets/key": "looks like the path of a file",
    "hunter2hunter2": "does not begin with AS_ or ASA_",
    "Bearer": "does not begin with AS_ or ASA_",
    "AS_sEc ReT": "has a space",
    "AS_sEcR\u00e9T": "has U+00E9 in it",
    "AS_sEc\nReT": "has a line break in it",
    "AS_sEcReT AS_sEcReT": "has a space",
    "AS_01...ef": "is cut short",
    "AS_01\u2026ef": "is cut short",
    "\u0410S_sEcReT": "begins with U+0410",
    "507f1f77bcf86cd799439011": "AUTOSEND_PROJECT_ID takes",
    "sEcReT@example.com": "is a mail address",
    **dict.fromkeys(
        ("${user_config.api_key}", "$AUTOSEND_API_KEY", "{{key}}", "%KEY%", "<your key>", "YOUR_API_KEY", "your key",
         "AS_...",
         "AS_xxxxxxxx", "AS_YOUR_KEY_HERE", "your-autosend-api-key", "changeme",
         "[your key]", "REPLACE_ME", "fake", "dummy-key", "AS_\u2022\u2022\u2022\u2022", "{env:KEY}", "undefined",
         "null", '"${K}"'),
        "holds a placeholder that was not filled in",
    ),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_key_is_read_however_it_was_pasted(encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for pasted in PASTED:
        for key in ("AS_abc123.def-456_7", "ASA_abc", "as_demo_old"):
            (tmp_path / "key").write_bytes(pasted.format(key).encode(encoding))
            monkeypatch.setenv("AUTOSEND_API_KEY_FILE", str(tmp_path / "key"))
            assert load_settings(project_id="p").credentials()["Authorization"] == f"Bearer {key}", pasted
            assert (
                load_settings(project_id="p", api_key=pasted.format(key)).credentials()["Authorization"].endswith(key)
            )


def test_what_is_no_key_is_never_sent_and_named_by_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOSEND_API_KEY_FILE", str(tmp_path / "key"))
    for text, what in NO_KEYS.items():
        (tmp_path / "key").write_text(text)
        for variable, more in (("AUTOSEND_API_KEY_FILE", {}), ("AUTOSEND_API_KEY", {"api_key": text})):
            with pytest.raises(NotSent) as raised:
                load_settings(**more).credentials()
            assert what in str(raised.value), text
            assert re.search(rf"\b{variable} (holds|is malformed)", str(raised.value))
            assert "sEcReT" not in str(raised.value)
    monkeypatch.setenv("AUTOSEND_API_KEY_FILE", "AS_sEcReT")
    with pytest.raises(NotSent, match="AUTOSEND_API_KEY_FILE holds a key, and not the name of a file"):
        load_settings().credentials()


def test_an_account_key_goes_with_its_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSEND_API_KEY", "ASA_account")
    monkeypatch.setenv("AUTOSEND_PROJECT_ID", "p1")
    assert load_settings().credentials() == {"Authorization": "Bearer ASA_account", "x-project-id": "p1"}


KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=80).map("AS_{}x".format)


@given(KEYS)
def test_a_key_never_leaves_in_plain_or_in_json(key: str) -> None:
    settings = load_settings(api_key=key, project_id="p")
    for form in (key, f"x{key}y"):
        assert key not in settings.without_key(form) or "[key]" in key
    assert repr(settings) == repr(load_settings(api_key="AS_another", project_id="p"))


@given(st.from_regex(r"AS_[A-Za-z0-9._-]{21,60}", fullmatch=True), st.data())
@settings(max_examples=20 * TIMES)
def test_no_piece_of_a_key_is_left_however_it_is_cut_or_written(key: str, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([0, 0, *range(1, len(key) - 15)]))
    stop = data.draw(st.integers(start + (16 if start else 8), len(key)))
    piece = data.draw(st.sampled_from([key, key.lower(), key.upper()]))[start:stop]
    text = f'"\u738b {piece}\u2026" \U0001f600'
    assert load_settings(api_key=key, project_id="p").without_key(text) == text.replace(piece, "[key]")


@pytest.mark.parametrize("around", ["", "a", "ab", "Bearer ", "user:"])
def test_a_key_in_base64_in_hexadecimal_or_in_a_url_is_taken_out(around: str) -> None:
    key = "AS_canary.0a1b2c3d4e5f6A7B8C9D0"
    said = f"{around}{key}{around}".encode()
    for written in (b64encode(said), urlsafe_b64encode(said), said.hex().encode(), quote_from_bytes(said, "").encode()):
        assert MASK in redactor(key)(written)
        assert len(redactor(key)(written)) <= 4 * len(around) + len(MASK) + 10
    assert redactor(key)("".join(f"%{byte:02X}" for byte in said).encode()).count(MASK) == 1


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
